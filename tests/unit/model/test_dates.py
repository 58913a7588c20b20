"""Dates as the API asks for them: formats, days that exist, and texts that can be read in one way only."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.model.dates import NoSuchDayError, any_day_in, date_format, day_of_excel

FORMATS = {
    "yyyy-mm-dd": "2026-03-05",
    "DD/MM/YYYY": "05/03/2026",
    "dd-mm-yyyy": "05-03-2026",
    "mm/dd/yyyy": "03/05/2026",
    "yyyymmdd": "20260305",
    "d.m.yyyy": "5.3.2026",
    "dd mmm yyyy": "05 Mar 2026",
    "dd-mmmm-yyyy": "05-March-2026",
    "dd/mm/yy": "05/03/26",
    "%Y-%m-%d": "2026-03-05",
    "%d/%m/%y": "05/03/26",
    "ISO 8601": "2026-03-05",
    " YYYY-MM-DD ": "2026-03-05",
}


@pytest.mark.parametrize(("written", "text"), FORMATS.items())
def test_format_as_the_api_may_write_it(written, text):
    """Any case, the codes of programs and the standard's name are understood, for reading and for writing."""
    wanted = date_format(written)

    assert (date(2026, 3, 5), text) == (wanted.day_in(text), wanted.text_of(date(2026, 3, 5)))


@pytest.mark.parametrize(
    "written", ["", "yyyy", "yyyy-mm", "dd-dd-yyyy", "yyyy-mm-ddThh:mm", "as on the card", "dmyyyy"]
)
def test_format_that_is_not_understood(written):
    """None at all, one that lacks a part or has one twice, one with more than a date, one that cannot be read back."""
    assert date_format(written) is None


@pytest.mark.parametrize(
    "text", ["2026-3-05", "05-03-2026", "2026/03/05", "2026-03-05 ", "2026-03-05T00:00", "२०२६-०३-०५", "", "46086"]
)
def test_text_in_another_format(text):
    """What is not written as asked for is no day, even where people can read it."""
    assert date_format("yyyy-mm-dd").day_in(text) is None


@pytest.mark.parametrize(
    ("written", "text"),
    [("dd/mm/yyyy", "31/02/2026"), ("yyyy-mm-dd", "2026-13-01"), ("yyyymmdd", "20250229"), ("d.m.yyyy", "0.1.2026")],
)
def test_day_that_no_calendar_has(written, text):
    """The form is right, the day is not."""
    with pytest.raises(NoSuchDayError):
        date_format(written).day_in(text)


@given(st.dates(min_value=date(1970, 1, 1), max_value=date(2068, 12, 31)), st.sampled_from(sorted(FORMATS)))
def test_what_is_written_is_read(day, written):
    """Every day of a format is read as the day it was."""
    wanted = date_format(written)

    assert day == wanted.day_in(wanted.text_of(day))


@pytest.mark.parametrize(
    "text",
    ["2026-03-31", "2026/3/31", "20260331", "31/03/2026", "03/31/2026", "31.3.2026", "31 Mar 2026", "31-March-2026",
     "March 31, 2026", "mar-31-2026"],
)  # fmt: skip
def test_date_that_can_be_read_in_one_way(text):
    """Without a format it is taken, whichever way it is written."""
    assert date(2026, 3, 31) == any_day_in(text)


def test_day_and_month_of_one_number_are_told_apart_by_nothing_and_need_not_be():
    """05/05 is the fifth of May whichever number is the month."""
    assert date(2026, 5, 5) == any_day_in("05/05/2026")


@pytest.mark.parametrize("text", ["05/06/2026", "5-6-26", "May 2026", "soon", "12345678", "31 Foo 2026"])
def test_date_that_cannot_be_read_or_in_two_ways(text):
    """It is not taken: nobody knows which day is meant."""
    assert any_day_in(text) is None


@pytest.mark.parametrize("text", ["31/02/2026", "2026-02-31", "32/13/2026", "31 Apr 2026"])
def test_date_of_any_form_that_does_not_exist(text):
    """However it is read, there is no such day."""
    with pytest.raises(NoSuchDayError):
        any_day_in(text)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-05", date(2026, 3, 5)),
        ("2026-03-05 00:00:00", date(2026, 3, 5)),
        ("2026-03-05 13:45:00+05:30", date(2026, 3, 5)),
        ("13:45:00", None),
        ("36:00:00", None),
        ("", None),
    ],
)
def test_cell_that_excel_keeps_as_a_date(text, day):
    """Its day counts, whatever the hour; a time of day alone has none."""
    assert day == day_of_excel(text)


def test_two_digits_of_a_year():
    """They turn at 69, as in POSIX."""
    wanted = date_format("dd/mm/yy")

    assert [date(1970, 1, 1), date(2026, 1, 1), date(2068, 1, 1)] == [
        wanted.day_in(f"01/01/{year}") for year in ("70", "26", "68")
    ]
