"""The Problems table."""

from bulk_onboard.model.finding import VERY_MANY
from bulk_onboard.report.sheets import problems_table
from tests.unit.report.samples import finding


def test_headers_and_a_row():
    """A finding is told with its place, what was seen, what is wrong and how to fix it."""
    table = problems_table([finding(row=7, seen="?")])

    assert ("Row", "Column", "Code", "Severity", "Seen", "Problem", "How to fix") == table.headers
    problem = "Email is required and the cell is blank."
    assert [(7, "Email", "field-missing", "error", "?", problem, "Fill in the cell.")] == list(table.rows)


def test_the_same_trouble_in_very_many_rows_is_one_line():
    """More than a hundred alike are one line, at the place of the first, with a count; others keep their own lines."""
    alike = [finding(row=row) for row in range(2, VERY_MANY + 3)]
    other = finding(row=3, column="City")

    rows = list(problems_table([alike[0], other, *alike[1:]]).rows)

    assert [(2, "Email"), (3, "City")] == [row[:2] for row in rows]
    assert "Email is required and the cell is blank. And 100 more rows." == rows[0][5]


def test_a_hundred_alike_keep_their_lines():
    """Up to a hundred findings are told one by one."""
    assert VERY_MANY == len(list(problems_table([finding(row=row) for row in range(VERY_MANY)]).rows))


def test_different_details_are_different_troubles():
    """Duplicates of different rows are not the same trouble."""
    findings = [finding("duplicate", row=row, details={"other": row}) for row in range(VERY_MANY + 1)]

    assert VERY_MANY + 1 == len(list(problems_table(findings).rows))
