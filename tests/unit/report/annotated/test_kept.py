"""What a plain copy writes so that the next read finds what this one found."""

from datetime import datetime, timedelta

import pytest

from bulk_onboard.model.sheet import Stored
from bulk_onboard.report.annotated.plain import CellValue, Formula, kept

DAY, MOMENT, HOURS = "yyyy\\-mm\\-dd", "yyyy\\-mm\\-dd\\ hh:mm:ss", "[h]:mm:ss"
LOST = CellValue(Formula("=#VALUE!", "#VALUE!"))


@pytest.mark.parametrize(
    ("text", "stored", "written"),
    [
        ("560001", Stored.NUMBER, CellValue(560001.0)),
        ("1234", Stored.FORMATTED, CellValue(1234.0, "#,##0")),
        ("1.2345678901234E+17", Stored.NUMBER, CellValue(1.2345678901234e17)),
        ("-0.5", Stored.NUMBER, CellValue(-0.5)),
        ("2026-01-02", Stored.DATE, CellValue(datetime.fromisoformat("2026-01-02"), DAY)),
        ("2026-01-02 03:04:05", Stored.DATE, CellValue(datetime.fromisoformat("2026-01-02 03:04:05"), MOMENT)),
        ("36:05:00", Stored.DATE, CellValue(timedelta(hours=36, minutes=5), HOURS)),
        ("6:05:00", Stored.DATE, CellValue(timedelta(hours=6, minutes=5), HOURS)),
        ("06:05:00", Stored.DATE, CellValue(timedelta(hours=6, minutes=5), "hh:mm:ss")),
        ("TRUE", Stored.BOOLEAN, CellValue(True)),
        ("FALSE", Stored.BOOLEAN, CellValue(False)),
        ("#N/A", Stored.ERROR, CellValue(Formula("=#N/A", "#N/A"))),
        ("", Stored.UNCALCULATED, CellValue(Formula("=NA()", ""))),
    ],
)
def test_cell_is_kept_as_the_file_keeps_it(text, stored, written):
    """The same kind, and a format that shows the same."""
    assert written == kept(text, stored)


@pytest.mark.parametrize(
    ("text", "stored"),
    [("#SPILL!", Stored.ERROR), ("", Stored.ERROR), ("1066-10-14", Stored.DATE), ("someday", Stored.DATE)],
)
def test_what_cannot_be_kept_is_an_error(text, stored):
    """Never a text, which would be sent."""
    assert LOST == kept(text, stored)


def test_number_that_is_none_is_an_error():
    """No cell can hold it."""
    assert CellValue(Formula("=#NUM!", "#NUM!")) == kept("NAN", Stored.NUMBER) == kept("INF", Stored.NUMBER)
