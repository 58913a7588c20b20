"""Patterns of documents' names: which ones can lead to a file of each row."""

import pytest

from bulk_onboard.model.documents import Token, check_pattern, components, fields_of


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
