"""Texts that a cell can hold, and instants and days as readers see them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bulk_onboard.reporting.table import LONGEST_TEXT, business_days_after, cell_text, day_text, local_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é 漢 😀", "plain é 漢 😀"),
        ("no-break\u00a0space, \u2028 and \u200b stay", "no-break\u00a0space, \u2028 and \u200b stay"),
        ("a\x00\x0b\x1b[31mb\x7f\x85", "a[31mb"),
        ("lone \ud800 surrogate \ufffe", "lone  surrogate "),
        ("two\r\nlines\rthree\tx", "two\nlines\nthree\tx"),
    ],
)
def test_what_cannot_be_written_is_left_out(text, expected):
    """Control characters and lone surrogates go; everything readable stays."""
    assert expected == cell_text(text)


def test_long_text_is_cut_visibly():
    """A text longer than a cell says that it was cut."""
    cut = cell_text("x" * (LONGEST_TEXT + 1))

    assert LONGEST_TEXT == len(cut)
    assert cut.endswith("x … (cut)")
    assert "x" * LONGEST_TEXT == cell_text("x" * LONGEST_TEXT)


@pytest.mark.parametrize(
    ("day", "days", "expected"),
    [
        (date(2026, 1, 5), 0, date(2026, 1, 5)),
        (date(2026, 1, 5), 3, date(2026, 1, 8)),
        (date(2026, 1, 8), 3, date(2026, 1, 13)),
        (date(2026, 1, 9), 1, date(2026, 1, 12)),
        (date(2026, 1, 10), 1, date(2026, 1, 12)),
        (date(2026, 1, 11), 5, date(2026, 1, 16)),
    ],
)
def test_weekends_are_skipped(day, days, expected):
    """Business days leave out Saturday and Sunday."""
    assert expected == business_days_after(day, days)


def test_instants_are_shown_in_the_readers_zone():
    """The ledger's instants and datetimes alike; nothing stays nothing."""
    india = ZoneInfo("Asia/Kolkata")

    assert "3 Jan 2026 00:00" == local_text("2026-01-02T18:30:00.123Z", india)
    assert "3 Jan 2026 00:00" == local_text(datetime(2026, 1, 2, 18, 30, tzinfo=UTC), india)
    assert local_text("", india) is None


def test_days_are_readable():
    """A day has its weekday's name."""
    assert "Thu 8 Jan 2026" == day_text(date(2026, 1, 8))
