"""The column Numbers: warnings that keep nothing out."""

import pytest

from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.requirements import Combination, Requirements, RequirementsBook
from bulk_onboard.model.sheet import Stored

GERMAN = Combination("DE", "local", "business")


def numbers_of(judged):
    """Code and seen text of the row's findings."""
    return [(finding.code, finding.seen) for finding in judged.findings]


@pytest.mark.parametrize(
    "cell", ["", "911140000000", "+91 11 4000-0000; (91)1140000001, 911140000002\n911140000003", "911140000000,"]
)
def test_numbers_of_the_country_are_fine(make_row, judge_one, cell):
    """However they are written and divided; a blank cell, too."""
    assert () == judge_one(make_row(numbers=cell or None)).findings


@pytest.mark.parametrize(
    ("cell", "seen"),
    [
        ("to be ordered", "to be ordered"),
        ("911140000000, x, 91-11", "x, 91-11"),
        ("a, b, c, d, e", "a, b, c and 2 more"),
        ("911140000000 911140000001", "XXXX-XXXX-0000 XXXX-XXXX-0001"),
        ("9111400000000000", "…"),
    ],
)
def test_what_is_no_number_is_told_once_a_cell(make_row, judge_one, cell, seen):
    """With what it is, masked, and the row stays valid."""
    judged = judge_one(make_row(numbers=cell))

    assert [("number-unreadable", seen)] == numbers_of(judged)
    assert Severity.WARNING is judged.findings[0].severity
    assert judged.application is not None


def test_number_without_the_calling_code(make_row, judge_one):
    """What it begins with is shown, no more: it may be a number that should not be there."""
    judged = judge_one(make_row(numbers="1140000000, 911140000000, 999941057058"))

    assert [("number-without-calling-code", "1140…, 9999…")] == numbers_of(judged)
    assert "Numbers of IN begin with 91, and this one does not." == judged.findings[0].problem


def test_calling_codes_that_nobody_wrote_down_are_not_asked_for(make_row, judge_one):
    """A number of another country passes."""
    book = RequirementsBook.of("a test", live=False, offered=[Requirements(GERMAN, (), ())])

    assert () == judge_one(make_row(combination=GERMAN, numbers="1140000000"), book=book).findings


@pytest.mark.parametrize(
    ("cell", "kept", "code"),
    [
        ("9.1114E+11", {}, "digits-lost"),
        ("911140000000.0", {}, "decimal-point"),
        ("2026-01-02", {"numbers": Stored.DATE}, "date-instead-of-text"),
        ("#N/A", {"numbers": Stored.ERROR}, "cell-error"),
        ("9111\u200b40000000", {}, "blanks-left-out"),
    ],
)
def test_spoilt_cell_is_told_once(make_row, judge_one, cell, kept, code):
    """What Excel made of it, and what nobody sees, is told; nothing is guessed beside that."""
    judged = judge_one(make_row(numbers=cell, kept={"stored": kept}))

    assert [code] == [finding.code for finding in judged.findings]


def test_digits_that_excel_keeps_as_a_number_are_a_number(make_row, judge_one):
    """A cell that is no text still has all digits of one phone number."""
    assert () == judge_one(make_row(numbers="911140000000", kept={"stored": {"numbers": Stored.NUMBER}})).findings


def test_number_in_two_rows(make_row, judge):
    """All but the first row are told, however the number is written; twice in one cell is once."""
    rows = [
        make_row(2, numbers="911140000000, +911140000000"),
        make_row(3, registration_number="U1", numbers="+91 11 4000 0000; 911140000001"),
        make_row(4, registration_number="U2", numbers="911140000001\n911140000000"),
    ]

    first, second, third = (
        [(f.seen, f.details["other"]) for f in one.findings if f.code == "number-in-two-rows"] for one in judge(*rows)
    )

    assert ([], [("…0000", 2)], [("…0001", 3), ("…0000", 2)]) == (first, second, third)


def test_rows_that_stand_aside_have_no_numbers(make_row, judge, codes):
    """A duplicate repeats its first row's numbers, which is told already."""
    same = {"numbers": "911140000000"}

    _, duplicate = judge(make_row(2, **same), make_row(3, **same))

    assert ["duplicate"] == codes(duplicate)


def test_job_rules_shared_numbers(make_row, judge, codes):
    """Off, or an error that keeps the row out."""
    rows = [make_row(2, numbers="911140000000"), make_row(3, registration_number="U1", numbers="911140000000")]

    _, off = judge(*rows, rulings={"number-in-two-rows": "off"})
    _, kept_out = judge(*rows, rulings={"number-in-two-rows": "error"})

    assert "number-in-two-rows" not in codes(off)
    assert off.application is not None
    assert kept_out.application is None
