"""One file that stands as a document of several businesses."""

from pathlib import Path

import pytest

from bulk_onboard.model.application import Application, FileFacts
from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import VERY_MANY
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.validation import mark_shared_documents
from tests.unit.validation.conftest import BOOK, COLUMNS, LOCAL, MOBILE

IDENTITY, ADDRESS = "document:identity_proof", "document:address_proof"


def judged(number, registration, *, combination=LOCAL, key="", **changes):
    """A judged row with documents of its own, unless told otherwise."""
    cells = {"registration_number": registration, "key": key, IDENTITY: f"{number}/id.pdf", ADDRESS: f"{number}/a.png"}
    cells |= {IDENTITY: changes.pop("identity", cells[IDENTITY]), ADDRESS: changes.pop("address", cells[ADDRESS])}
    row = Row("Sheet1", number, combination, cells)
    return JudgedRow(row, Application(combination, {}, ()), f"f{number}", **changes)


def mark(*rows, digests=None, **rulings):
    """The rows marked; each path has content of its own unless `digests` says otherwise."""
    paths = {row.row.cell(name) for row in rows for name in (IDENTITY, ADDRESS)}
    files = {path: FileFacts(Path(path), 1, (digests or {}).get(path, f"digest of {path}")) for path in paths}
    ruled = {code.replace("_", "-"): word for code, word in rulings.items()}
    return mark_shared_documents(rows, book=BOOK, files=files, columns=COLUMNS, rulings=ruled)


def told(one):
    """The findings of a row: column, what was seen, how many businesses and the first row."""
    return [(f.column, f.seen, f.details["count"], f.details["first"]) for f in one.findings]


def test_a_file_of_two_businesses_is_told_at_both():
    """Both rows name the file, how many businesses have it and the first of them; both are still sent."""
    first, other, second = mark(judged(2, "A", identity="x.pdf"), judged(3, "B"), judged(4, "C", identity="x.pdf"))

    assert [("Identity Proof", "x.pdf", 2, 2)] == told(first) == told(second)
    assert [] == told(other)
    assert all(one.application for one in (first, other, second))
    assert [Severity.WARNING] == [finding.severity for finding in first.findings]
    assert "2 businesses, the first of them in row 2, have the very same file." == second.findings[0].problem


def test_a_file_of_very_many_businesses_is_told_once():
    """The first row says how many there are; where the job calls it an error, each row is kept out."""
    rows = [judged(number, f"R{number}", identity="x.pdf") for number in range(2, VERY_MANY + 3)]

    warned, kept_out = mark(*rows), mark(*rows, document_shared="error")

    assert [("Identity Proof", "x.pdf", VERY_MANY + 1, 2)] == told(warned[0])
    assert all(one.findings == () for one in warned[1:])
    assert all(one.has_errors and one.application is None for one in kept_out)


def test_what_is_in_a_file_counts():
    """Copies under other names are the same file; no one path is shown, so that all findings about it read alike."""
    rows = mark(judged(2, "A"), judged(3, "B"), digests={"2/id.pdf": "same", "3/a.png": "same"})

    assert [[("Identity Proof", "", 2, 2)], [("Address Proof", "", 2, 2)]] == [told(one) for one in rows]


def test_rows_of_one_business_may_share_its_papers():
    """Who asks for two types of number, or stands in the sheet under two Keys, is one business."""
    rows = mark(
        judged(2, "A", identity="x.pdf"),
        judged(3, " a ", identity="x.pdf", combination=MOBILE),
        judged(4, "A", identity="x.pdf", key="K"),
    )

    assert [[]] * 3 == [told(one) for one in rows]


def test_a_business_counts_once():
    """However many of its rows and columns have the file; every row is told, at the first such column."""
    rows = mark(
        judged(2, "A", identity="x.pdf", address="x.pdf"),
        judged(3, "A", identity="x.pdf", combination=MOBILE),
        judged(4, "B", address="x.pdf"),
    )

    assert [("Identity Proof", "x.pdf", 2, 2)] == told(rows[0]) == told(rows[1])
    assert [("Address Proof", "x.pdf", 2, 2)] == told(rows[2])


@pytest.mark.parametrize("aside", [{"duplicate_of": 2}, {"is_example": True}])
def test_rows_that_stand_aside_do_not_count(aside):
    """Duplicates and the example share no file with anybody."""
    rows = mark(judged(2, "A", identity="x.pdf"), judged(3, "B", identity="x.pdf", **aside))

    assert [[], []] == [told(one) for one in rows]


def test_rows_with_errors_of_their_own_count():
    """All troubles are told at once, not one after the other is mended."""
    kept_out = JudgedRow(judged(3, "B", identity="x.pdf").row, None, "f")

    rows = mark(judged(2, "A", identity="x.pdf"), kept_out)

    assert [1, 1] == [len(one.findings) for one in rows]


def test_a_row_without_registration_number_goes_by_its_key():
    """Its Key names the business then; without either it cannot be told from others and does not count."""
    keyed = mark(judged(2, "", key="K", identity="x.pdf"), judged(3, "", key="L", identity="x.pdf"))
    nameless = mark(judged(2, "", identity="x.pdf"), judged(3, "", identity="x.pdf"))

    assert [1, 1] == [len(one.findings) for one in keyed]
    assert [0, 0] == [len(one.findings) for one in nameless]


@pytest.mark.parametrize(("ruling", "findings", "sent"), [("off", 0, True), ("error", 1, False)])
def test_the_job_rules(ruling, findings, sent):
    """Switched off nothing is told; as an error every one of the rows is kept out."""
    rows = mark(judged(2, "A", identity="x.pdf"), judged(3, "B", identity="x.pdf"), document_shared=ruling)

    assert [findings] * 2 == [len(one.findings) for one in rows]
    assert [sent] * 2 == [one.application is not None for one in rows]


def test_a_file_nobody_could_read_is_shared_by_nobody():
    """Paths that lead nowhere are told as such, and have no content to compare."""
    rows = (judged(2, "A", identity="x.pdf"), judged(3, "B", identity="x.pdf"))

    marked = mark_shared_documents(rows, book=BOOK, files={"x.pdf": FileFacts(Path("x.pdf"))}, columns=COLUMNS)

    assert [(), ()] == [one.findings for one in marked]
