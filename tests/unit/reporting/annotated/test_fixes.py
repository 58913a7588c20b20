"""The lines of the sheet How to fix."""

from bulk_onboard.reporting.annotated.annotation import fixes
from tests.unit.reporting.annotated.samples import email, whole_row
from tests.unit.reporting.samples import finding


def test_each_kind_is_one_line_errors_first_then_biggest_first():
    """However many rows have it."""
    lines = fixes([whole_row(), *(email(row) for row in range(2, 5)), *(finding(row=row) for row in range(2, 7))])

    assert [(5, "error"), (3, "error"), (1, "warning")] == [line[:2] for line in lines]


def test_a_line_names_the_first_rows_and_the_columns():
    """Very many rows are counted, not listed."""
    (line,) = fixes([finding(row=row) for row in range(2, 202)])

    assert "2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 188 more" == line.rows
    assert ("Email", "Email is required and the cell is blank.") == (line.columns, line.problem)


def test_sentences_that_differ_are_told_by_an_example():
    """Two fields are missing: the line says which it quotes."""
    (line,) = fixes([finding(), finding(column="City", details={"label": "City"})])

    assert "For example: Email is required and the cell is blank." == line.problem
    assert "Email, City" == line.columns
