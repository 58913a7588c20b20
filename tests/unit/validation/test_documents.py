"""Documents: there, readable, of the right kind and size."""

import pytest

from bulk_onboard.model.application import DOCUMENT_LIMIT, FileTrouble

COLUMN = "document:identity_proof"


@pytest.mark.parametrize("trouble", list(FileTrouble))
def test_file_that_cannot_be_had_is_told_as_such(make_row, judge_one, make_facts, codes, trouble):
    """Not found, outside the folder, not a file, unreadable: each has its own finding."""
    judged = judge_one(make_row(), files={"acme/id.pdf": make_facts("x", 0, trouble=trouble)})

    assert [f"document-{trouble}"] == codes(judged)
    assert judged.application is None


def test_required_document_with_a_blank_cell_is_missing(make_row, judge_one):
    """A document the requirements list is required; the sentence names it by its title."""
    (finding,) = judge_one(make_row(**{COLUMN: None})).findings

    assert ("document-missing", "Identity Proof is required and the cell is blank.") == (finding.code, finding.problem)


def test_file_nobody_looked_at_is_not_there(make_row, judge_one, codes):
    """A path without facts counts as a file that does not exist."""
    assert ["document-not-found"] == codes(judge_one(make_row(**{COLUMN: "never seen.pdf"})))


@pytest.mark.parametrize(
    ("size", "media_type", "expected"),
    [
        (0, "", ["document-empty"]),
        (1, "application/pdf", []),
        (DOCUMENT_LIMIT, "image/png", []),
        (DOCUMENT_LIMIT + 1, "image/png", ["document-too-large"]),
        (DOCUMENT_LIMIT + 1, "", ["document-too-large"]),
        (DOCUMENT_LIMIT + 1, "image/jpeg", ["document-too-large", "document-wrong-type"]),
        (100, "image/jpeg", ["document-wrong-type"]),
        (100, "", ["document-wrong-type"]),
    ],
)
def test_size_and_content_decide(*, make_row, judge_one, make_facts, size, media_type, expected):
    """PNG or PDF by content, at least one byte, at most 5 MiB; all that is wrong is told at once."""
    judged = judge_one(make_row(), files={"acme/id.pdf": make_facts("x", size, media_type=media_type)})

    assert expected == [finding.code for finding in judged.findings]


@pytest.mark.parametrize(
    ("media_type", "found"), [("image/jpeg", "a JPEG image"), ("", "of an unknown type"), ("text/html", "text/html")]
)
def test_wrong_type_says_what_was_found(make_row, judge_one, make_facts, media_type, found):
    """The sentence tells in plain words what the file is instead."""
    (finding,) = judge_one(make_row(), files={"acme/id.pdf": make_facts("x", media_type=media_type)}).findings

    assert f"By its content the file is {found}, not a PNG or PDF; its name does not matter." == finding.problem


@pytest.mark.parametrize("kind", ["passport", "National ID", "NATIONAL_ID", " nationalid "])
def test_kind_is_understood_however_it_is_written(make_row, judge_one, kind):
    """Case, blanks and underscores in a kind do not matter."""
    assert () == judge_one(make_row(**{"kind:identity_proof": kind})).findings


def test_other_kind_is_told_with_those_that_are_accepted(make_row, judge_one):
    """A kind the requirements do not list is an error that lists those they do."""
    (finding,) = judge_one(make_row(**{"kind:identity_proof": "library card"})).findings

    assert "Identity Proof may be: passport, national_id." == finding.problem
    assert ("Identity Proof Kind", "library card") == (finding.column, finding.seen)


def test_long_path_is_shown_by_its_end(make_row, judge_one):
    """The file's name is what one looks for, so the beginning of a long path goes."""
    (finding,) = judge_one(make_row(**{COLUMN: "folder/" * 30 + "id.pdf"})).findings

    assert 80 == len(finding.seen)
    assert finding.seen.startswith("…")
    assert finding.seen.endswith("folder/id.pdf")
