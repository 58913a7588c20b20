"""What a plain copy writes so that the next read finds what this one found."""

from datetime import datetime, timedelta

import pytest

from bulk_onboard.model.sheet import Stored
from bulk_onboard.report.annotated.kept import Formula, Kept, kept

DAY, MOMENT, HOURS = "yyyy\\-mm\\-dd", "yyyy\\-mm\\-dd\\ hh:mm:ss", "[h]:mm:ss"
LOST = Kept(Formula("=#VALUE!", "#VALUE!"))


@pytest.mark.parametrize(
    ("text", "stored", "written"),
    [
        ("560001", Stored.NUMBER, Kept(560001.0)),
        ("1234", Stored.FORMATTED, Kept(1234.0, "#,##0")),
        ("1.2345678901234E+17", Stored.NUMBER, Kept(1.2345678901234e17)),
        ("-0.5", Stored.NUMBER, Kept(-0.5)),
        ("2026-01-02", Stored.DATE, Kept(datetime.fromisoformat("2026-01-02"), DAY)),
        ("2026-01-02 03:04:05", Stored.DATE, Kept(datetime.fromisoformat("2026-01-02 03:04:05"), MOMENT)),
        ("36:05:00", Stored.DATE, Kept(timedelta(hours=36, minutes=5), HOURS)),
        ("6:05:00", Stored.DATE, Kept(timedelta(hours=6, minutes=5), HOURS)),
        ("06:05:00", Stored.DATE, Kept(timedelta(hours=6, minutes=5), "hh:mm:ss")),
        ("TRUE", Stored.BOOLEAN, Kept(True)),
        ("FALSE", Stored.BOOLEAN, Kept(False)),
        ("#N/A", Stored.ERROR, Kept(Formula("=#N/A", "#N/A"))),
        ("", Stored.UNCALCULATED, Kept(Formula("=NA()", ""))),
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
    assert Kept(Formula("=#NUM!", "#NUM!")) == kept("NAN", Stored.NUMBER) == kept("INF", Stored.NUMBER)
