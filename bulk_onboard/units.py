"""Durations, quotas, sizes and lists as people write them: `90s`, `5h`, `60/min`, `none`, `acme and bravo`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

_SECONDS = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)?")
_QUOTA = re.compile(r"(\d+)\s*/\s*(\d+(?:\.\d+)?)?\s*(s|min|m|h)")


def parse_duration(text: str) -> float:
    """Return the seconds of `2.5`, `90s`, `5h` or `2d`; ValueError with a sentence for anything else."""
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(f"{text!r} is not a duration; {_duration_meant(text)}")
    return float(match[1]) * _SECONDS[match[2] or "s"]


def _duration_meant(text: str) -> str:
    """Say what to write in place of what is no duration: of `2days` that is `2d`."""
    spelt = re.match(r"\s*(\d+(?:\.\d+)?)\s*([smhd])[a-z]+\s*$", text.lower())
    return f"write {spelt[1]}{spelt[2]}" if spelt else "write seconds (2.5) or 90s, 10m, 5h, 2d"


def format_duration(seconds: float) -> str:
    """Return roughly how long, for people: `8 s`, `4 min`, `2 h 47 min`, `3 d 4 h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def format_countdown(seconds: float) -> str:
    """Return how long a wait lasts, for people who watch it: `37 s`, `2 min 30 s`; from ten minutes on `2 h 47 min`."""
    whole = max(0, round(seconds))
    if whole < 60 or whole >= 600:
        return format_duration(whole)
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def format_estimate(seconds: float) -> str:
    """Return about how long something takes, no finer than anybody can know: `45 s`, `2 min 30 s`, `2 h 47 min`."""
    step = 1 if seconds < 20 else 5 if seconds < 60 else 10 if seconds < 600 else 60
    return format_countdown(max(step, round(seconds / step) * step))


def format_clock(at: datetime, now: datetime) -> str:
    """Return an instant as people say it, in the zone that it has: `15:31`, else `Tue 15:31`, else `12 Jan 15:31`.

    Args:
        now: aware; its day is today.
    """
    days = (at.date() - now.astimezone(at.tzinfo).date()).days
    if days == 0:
        return f"{at:%H:%M}"
    return f"{at:%a %H:%M}" if 0 < days < 7 else f"{at.day} {at:%b %H:%M}"


def write_duration(seconds: float) -> str:
    """Return exactly how long, as `parse_duration` reads it, in the largest unit that fits: `5h`, `90m`, `2.5s`."""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and not seconds % length:
            return f"{seconds / length:.10g}{unit}"
    return f"{seconds:.10g}s"


def format_age(at: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """Return how long ago an instant is, and when that was: `2 minutes ago (15:31)`, `3 days ago (26 Nov 15:31)`.

    Args:
        at, now: aware.
        zone: of the clock that is read; None for the machine's.
    """
    here, today = at.astimezone(zone), now.astimezone(zone).date()
    seconds = (now - at).total_seconds()
    ago = "just now" if seconds > -60 else "in the future"
    for unit, length in (("minute", 60), ("hour", 3600), ("day", 86400)):
        if seconds >= length:
            ago = f"{format_count(int(seconds // length), unit)} ago"
    return f"{ago} ({here:%H:%M})" if here.date() == today else f"{ago} ({format_instant(at, zone)})"


def format_instant(at: datetime, zone: tzinfo | None = None) -> str:
    """Return an instant as the clocks of a zone show it, the machine's by default: `26 Nov 2026 15:31`."""
    here = at.astimezone(zone)
    return f"{here.day} {here:%b %Y %H:%M}"


def format_count(number: int, noun: str) -> str:
    """Return a number with its noun, singular or plural: `1 row`, `1,200 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def format_list(names: Sequence[str], *, last: str = "and", at_most: int | None = None) -> str:
    """Return the names in a row: `acme, bravo and coral`; empty where there are none.

    Args:
        last: what stands before the last one.
        at_most: of more names, and at least two more, only so many are shown: `acme, bravo and 12 more`.
    """
    more = 0 if at_most is None else len(names) - at_most
    *before, end = ("", *names) if more <= 1 else (*names[:at_most], f"{more:,} more")
    return f" {last} ".join(filter(None, (", ".join(filter(None, before)), end)))


def format_size(size: int) -> str:
    """Return a number of bytes for people: `812 B`, `4.9 MiB`."""
    amount = float(size)
    for unit in ("B", "KiB", "MiB"):
        if round(amount, 1) < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `limit` requests in any `window_s` seconds."""

    limit: int
    window_s: float

    def __str__(self) -> str:
        return f"{self.limit}/min" if self.window_s == 60 else f"{self.limit}/{self.window_s:g}s"


def parse_quota(text: str) -> Quota | None:
    """Return the quota of `60/min`, `600/60s` or `5/s`; None for `none`; ValueError with a sentence otherwise."""
    words = text.strip().lower()
    if words == "none":
        return None
    match = _QUOTA.fullmatch(words)
    if match is None or int(match[1]) == 0 or (match[2] is not None and float(match[2]) == 0):
        raise ValueError(f"{text!r} is not a quota; write {_quota_meant(words)}")
    return Quota(int(match[1]), float(match[2] or 1) * _SECONDS[match[3]])


def _quota_meant(words: str) -> str:
    """Say what to write in place of what is no quota: of `60` that is `60/min`."""
    spelt = re.match(r"([1-9]\d*)\s*(?:/|per)?\s*(?:(s|m|h)[a-z]*)?$", words)
    unit = {"s": "s", "m": "min", "h": "h"}[spelt[2] or "m"] if spelt else ""
    return f"{spelt[1]}/{unit}" if spelt else "60/min, 600/60s, 60/6s, 5/s, or none"
