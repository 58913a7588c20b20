"""Documents: there, readable, of the right kind and size."""

import pytest

from bulk_onboard.model.application import DOCUMENT_LIMIT
from bulk_onboard.model.finding import Finding

COLUMN = "document:identity_proof"


@pytest.mark.parametrize(
    "finding",
    [
        Finding("document-not-found", details={"nearest": ' Did you mean "ID.pdf"?'}),
        Finding("document-outside"),
        Finding("document-not-a-file", details={"what": "a pipe"}),
        Finding("document-unreadable"),
        Finding("document-empty"),
    ],
)
def test_file_that_cannot_be_had_is_told_as_such(*, make_row, judge_one, make_facts, codes, finding):
    """Not found, outside the folder, not a file, unreadable, empty: each has its own finding, with its details."""
    judged = judge_one(make_row(), files={"acme/id.pdf": make_facts("x", 0, media_type="", findings=[finding])})

    assert [finding.code] == codes(judged)
    assert finding.details == judged.findings[0].details
    assert judged.findings[0].problem
    assert judged.application is None


def test_all_findings_of_a_file_are_told(make_row, judge_one, make_facts, codes):
    """Errors and warnings about one file stand side by side; warnings alone keep no row out."""
    damaged = Finding("document-damaged", details={"kind": "PDF", "why": "it is damaged"})
    active = Finding("document-active-content", details={"what": "attached files"})

    both = judge_one(make_row(), files={"acme/id.pdf": make_facts("x", findings=[damaged, active])})
    warned = judge_one(make_row(), files={"acme/id.pdf": make_facts("x", findings=[active])})

    assert ["document-damaged", "document-active-content"] == codes(both)
    assert (True, False) == (both.application is None, warned.application is None)


def test_same_file_in_two_columns(make_row, judge_one, make_facts, codes):
    """The second of them is told of the first, by its title; the row is sent all the same."""
    copy = make_facts("copy.pdf", sha256="digest of acme/id.pdf")

    judged = judge_one(make_row(**{"document:address_proof": "copy.pdf"}), files={"copy.pdf": copy})

    (finding,) = judged.findings
    assert ("document-in-two-slots", "Address Proof") == (finding.code, finding.column)
    assert ("copy.pdf", "Identity Proof has the very same file.") == (finding.seen, finding.problem)
    assert judged.application is not None


def test_files_without_a_digest_are_not_the_same(make_row, judge_one, codes):
    """Two columns that name one missing file are two missing files, no more."""
    judged = judge_one(make_row(**{COLUMN: "gone.pdf", "document:address_proof": "gone.pdf"}))

    assert ["document-not-found", "document-not-found"] == codes(judged)


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
        (1, "application/pdf", []),
        (DOCUMENT_LIMIT, "image/png", []),
        (DOCUMENT_LIMIT + 1, "image/png", ["document-too-large"]),
        (DOCUMENT_LIMIT + 1, "", ["document-too-large"]),
        (DOCUMENT_LIMIT + 1, "image/jpeg", ["document-too-large", "document-wrong-type"]),
        (100, "image/jpeg", ["document-wrong-type"]),
        (100, "", ["document-wrong-type"]),
    ],
)
def test_size_and_content_decide(*, make_row, judge_one, make_facts, codes, size, media_type, expected):
    """PNG or PDF by content, at most 5 MiB; all that is wrong is told at once."""
    too_large = Finding("document-too-large", details={"size": size, "limit": DOCUMENT_LIMIT})
    findings = [too_large] if size > DOCUMENT_LIMIT else []

    judged = judge_one(
        make_row(), files={"acme/id.pdf": make_facts("x", size, media_type=media_type, findings=findings)}
    )

    assert expected == codes(judged)


@pytest.mark.parametrize(
    ("media_type", "found", "how"),
    [
        ("image/jpeg", "a JPEG image", "Microsoft Print to PDF"),
        ("image/heic", "a HEIC photo, as iPhones take them", "On the iPhone"),
        ("application/zip", "a ZIP archive", "Unpack it first"),
        ("text/html", "a web page", "log-in page"),
        ("", "of an unknown type", "scan it again"),
    ],
)
def test_wrong_type_says_what_was_found_and_how_to_fix_it(*, make_row, judge_one, make_facts, media_type, found, how):
    """In plain words: what the file is instead, and how to make a PDF or PNG of that very type."""
    (finding,) = judge_one(make_row(), files={"acme/id.pdf": make_facts("x", media_type=media_type)}).findings

    assert f"By its content the file is {found}, not a PNG or PDF; its name does not matter." == finding.problem
    assert how in finding.fix
    assert finding.fix.endswith(". Changing the ending of its name is not enough.")


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
