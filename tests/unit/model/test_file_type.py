"""Words of file types: each says how a PDF or PNG is made of it."""

import pytest

from bulk_onboard.model.catalogue import CATALOGUE
from bulk_onboard.model.documents import (
    ACCEPTED_TYPES,
    FILE_TYPES,
    ending_of,
    file_type,
    may_be_a_document,
    type_told_by,
)


@pytest.mark.parametrize("media_type", [*sorted(FILE_TYPES.keys() - ACCEPTED_TYPES), "", "model/vrml"])
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
