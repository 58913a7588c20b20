"""Instants and days as readers see them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bulk_onboard.report.table import business_days_after, day_text, local_text


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

    assert "2026-01-03 00:00:00" == local_text("2026-01-02T18:30:00.123Z", india)
    assert "2026-01-03 00:00:00" == local_text(datetime(2026, 1, 2, 18, 30, tzinfo=UTC), india)
    assert local_text("", india) is None


def test_days_are_readable():
    """A day has its weekday's name."""
    assert "Thu 8 Jan 2026" == day_text(date(2026, 1, 8))
