"""Rows and what they ask for."""

from pathlib import Path

import pytest

from bulk_onboard.intake.rows import rows_of
from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import Columns, Sheet

DEFAULTS = Combination("IN", "", "business")


def rows(headers, *cells, defaults=DEFAULTS):
    """The rows of a sheet whose headers are our own names."""
    sheet = Sheet(Path("firms.xlsx"), "Firms", "0" * 64, 1, headers, tuple(enumerate(cells, 2)))
    named = {header: header for header in headers if header}
    return rows_of(sheet, Columns({name: headers.index(name) for name in named}, named), defaults=defaults)


def test_cells_are_stripped_and_blank_ones_absent():
    """Outer blanks go, NBSP included; inner ones stay; columns without meaning are left out."""
    row = rows(("key", "", "email", "address.city"), (" 001\u00a0", "note", " \u00a0", "Navi  Mumbai\n"))[0]

    assert Row("Firms", 2, DEFAULTS, {"key": "001", "address.city": "Navi  Mumbai"}) == row


def test_order_and_numbers_are_the_sheets():
    """Every row comes once, in the sheet's order."""
    assert [(2, "b"), (3, "a"), (4, "")] == [
        (row.number, row.cell("key")) for row in rows(("key", "email"), ("b", ""), ("a", ""), ("", "x"))
    ]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("", "", ""), ("IN", "", "business")),
        ((" in ", "Local", "Business "), ("IN", "local", "business")),
        (("US", "Toll Free", "INDIVIDUAL"), ("US", "tollfree", "individual")),
        (("", "toll-free", ""), ("IN", "tollfree", "business")),
    ],
)
def test_combination_is_written_as_the_api_writes_it(cells, expected):
    """A row's own cells count, else the job's defaults."""
    assert Combination(*expected) == rows(("country_iso", "number_type", "user_type"), cells)[0].combination


def test_defaults_are_normalised_too():
    """A default may be written as freely as a cell."""
    defaults = Combination("in", "Toll Free", "Business")

    assert Combination("IN", "tollfree", "business") == rows(("key",), ("k",), defaults=defaults)[0].combination
