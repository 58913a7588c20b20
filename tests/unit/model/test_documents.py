"""Documents by name: file types, and the patterns that names follow."""

import pytest

from bulk_onboard.model.catalogue import CATALOGUE
from bulk_onboard.model.documents import (
    ACCEPTED_TYPES,
    FILE_TYPES,
    Token,
    check_pattern,
    components,
    ending_of,
    fields_of,
    file_type,
    may_be_a_document,
    type_told_by,
)
from bulk_onboard.model.requirements import Contract


@pytest.mark.parametrize("media_type", [*sorted(FILE_TYPES.keys() - ACCEPTED_TYPES[Contract.BETA]), "", "model/vrml"])
def test_what_is_not_taken_says_how_to_fix_it(media_type):
    """The fix is whole sentences, whatever the type."""
    words = file_type(media_type)

    fix = CATALOGUE["document-wrong-type"].fix.format(how=words.how)

    assert words.how[0].isupper()
    assert words.how.endswith(".")
    assert fix == f"{words.how} Changing the ending of its name is not enough."


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("a.PDF", "application/pdf"), ("a.b.JpEg", "image/jpeg"), ("a", ""), (".pdf", ""), ("a.scan", ""), ("a.pdf ", "")],
)
def test_endings(name, media_type):
    """The ending after the last dot tells, in whatever case; one nobody knows tells nothing."""
    assert media_type == type_told_by(ending_of(name))


def test_no_ending_tells_two_types():
    """Each ending stands for one type."""
    endings = [ending for words in FILE_TYPES.values() for ending in words.endings]

    assert sorted(set(endings)) == sorted(endings)


def test_what_may_be_a_document():
    """Pictures, documents and what has no ending; no workbook, ledger, report, list or unknown thing."""
    assert all(map(may_be_a_document, ("a.pdf", "a.PNG", "a.heic", "a.docx", "a.zip", "scan")))
    assert not any(map(may_be_a_document, ("a.xlsx", "a.xls", "a.ods", "a.csv", "a.txt", "a.ledger.jsonl", "a.toml")))


@pytest.mark.parametrize(
    "pattern",
    [
        "{registration_number}/{type}.*",
        "{registration_number}_{title}.pdf",
        "scans 2024\\{key}\\{type}.?df",
        "./{address.city}/{type}",
        "*{key}*{type}*",
    ],
)
def test_good_patterns(pattern):
    """Fields anywhere, `*` and `?` in the file's own name."""
    check_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("", "must end in the name of a file"),
        ("{type}/", "must end in the name of a file"),
        ("{type}\0", "must end in the name of a file"),
        ("/scans/{type}.pdf", "must lead below"),
        ("\\\\server\\{type}.pdf", "must lead below"),
        ("C:\\scans\\{type}.pdf", "must lead below"),
        ("file://x/{type}.pdf", "must lead below"),
        ("~/{type}.pdf", "must lead below"),
        ("file:{type}.pdf", "must lead below"),
        ("a/../{type}.pdf", "must lead below"),
        ("{type.pdf", "without its partner"),
        ("type}.pdf", "without its partner"),
        ("{}{type}.pdf", "without its partner"),
        ("{a/b}{type}.pdf", "without its partner"),
        ("*/{type}.pdf", "only after its last /"),
        ("{registration_number}/*.pdf", "must have {type} or {title}"),
    ],
)
def test_bad_patterns(pattern, sentence):
    """What could lead elsewhere, to several folders, or to one file for all documents is refused in a sentence."""
    with pytest.raises(ValueError, match=sentence):
        check_pattern(pattern)


def test_parts_of_a_pattern():
    """Each name on the way down has its fields, wildcards and texts; the fields are known by name."""
    folder, file = components("a {key}\\{type}.*")

    assert ((Token(text="a "), Token(field="key"))) == folder
    assert (Token(field="type"), Token(text="."), Token(wildcard="*")) == file
    assert {"key", "type"} == fields_of("a {key}\\{type}.*")
