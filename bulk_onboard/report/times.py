"""Instants and days as the report's readers see them."""

from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

_SATURDAY = 5


def local(at: str | datetime, zone: tzinfo) -> datetime | None:
    """An instant of the ledger (ISO 8601) or an aware datetime in the readers' zone; None where there is none."""
    if not at:
        return None
    instant = datetime.fromisoformat(at) if isinstance(at, str) else at
    return instant.astimezone(zone)


def local_text(at: str | datetime, zone: tzinfo) -> str | None:
    """The same as `2026-01-05 15:30:00`, which sorts as text."""
    instant = local(at, zone)
    return instant.strftime("%Y-%m-%d %H:%M:%S") if instant else None


@lru_cache(maxsize=1_024)  # very many rows are submitted on few days
def business_days_after(day: date, days: int) -> date:
    """The day so many business days later; weekends are skipped, public holidays are not known."""
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < _SATURDAY
    return day


def day_text(day: date) -> str:
    """`Mon 5 Jan 2026`."""
    return f"{day:%a} {day.day} {day:%b %Y}"
