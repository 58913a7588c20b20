"""A value as calamine gives it, as the text Excel shows (facts.md): nothing lost, nothing altered."""

import datetime as dt
import re

from bulk_onboard.model.sheet import Stored

Value = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta

_SURROGATE = re.compile("_x([Dd][89A-Fa-f][0-9A-Fa-f]{2})_")


def text_of(value: Value) -> str:
    """Fifteen digits of a number, as Excel has them; a date in ISO form; TRUE or FALSE."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return f"{value:.15g}".upper() if value else "0"
    if isinstance(value, dt.timedelta):
        return _duration(value)
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else value.isoformat()


def stored_of(value: Value) -> Stored | None:
    """How the file keeps it; None for text."""
    if isinstance(value, str):
        return None
    if isinstance(value, bool):
        return Stored.BOOLEAN
    return Stored.NUMBER if isinstance(value, int | float) else Stored.DATE


def without_surrogates(text: str) -> str:
    """Excel's escapes of half characters (calamine decodes all others) put together; a lone half becomes U+FFFD."""
    halves = _SURROGATE.sub(lambda match: chr(int(match[1], 16)), text)
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _duration(value: dt.timedelta) -> str:
    """Hours may be many: `36:00:00`."""
    sign = "-" if value < dt.timedelta() else ""
    minutes, seconds = divmod(abs(value).total_seconds(), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{sign}{hours}:{minutes:02}:{seconds:02.0f}"
