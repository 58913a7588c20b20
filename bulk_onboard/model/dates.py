"""Dates as the API asks for them: its formats, what a cell's text says, and the days that Excel makes of texts.

A format is what the API writes: `yyyy-mm-dd`, `DD/MM/YYYY`, `yyyymmdd`, `d.m.yy`, `dd-mmm-yyyy`, `%Y-%m-%d`. Where it
writes none, or one that is not understood, a date is taken that can be read in one way only.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

EXAMPLE_DAY = dt.date(2026, 3, 31)
"""Shown where a format is explained; its day cannot be taken for a month."""

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_SHORT = 3  # letters of a month's short name: Jan, Sep
_CENTURY_TURNS = 69  # two digits of a year from here on are of the 20th century, as in POSIX

_OF_PROGRAMS = {"%Y": "yyyy", "%y": "yy", "%m": "mm", "%d": "dd", "%b": "mmm", "%B": "mmmm"}
_ISO = re.compile(r"iso([- ]?8601)?")
_PARTS = r"(yyyy|yy|m{1,4}|dd?)"
_FORMAT = re.compile(rf"{_PARTS}([-/. ]?){_PARTS}\2{_PARTS}")
_SHAPES = {
    "yyyy": "[0-9]{4}",
    "yy": "[0-9]{2}",
    "mmmm": "[A-Za-z]{3,9}",
    "mmm": "[A-Za-z]{3}",
    "mm": "[0-9]{2}",
    "m": "[0-9]{1,2}",
    "dd": "[0-9]{2}",
    "d": "[0-9]{1,2}",
}
_OF_ONE_OR_TWO = frozenset({"m", "d"})

_FROM_EXCEL = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T].*)?")
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/. ])([0-9]{1,2})\2([0-9]{1,2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4})")
_DIGITS_ALONE = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_DAY_MONTH = re.compile(r"([0-9]{1,2})[-/. ]([A-Za-z]{3,9})[-/., ]{1,2}([0-9]{4})")
_MONTH_DAY = re.compile(r"([A-Za-z]{3,9})[-/. ]([0-9]{1,2})[-/., ]{1,2}([0-9]{4})")


class NoSuchDayError(ValueError):
    """A text that has the form of a date, and no calendar has that day."""


@dataclass(frozen=True, slots=True)
class DateFormat:
    """One way to write dates.

    Attributes:
        name: for people: `dd/mm/yyyy`.
        parts: `dd`, `mm` and `yyyy` in their order.
        joint: the sign between them; may be empty.
    """

    name: str
    parts: tuple[str, ...]
    joint: str

    def day_in(self, text: str) -> dt.date | None:
        """Return the day that a text names in this format; None where it has another form.

        Raises:
            NoSuchDayError: it has the form, and there is no such day.
        """
        found = _shape_of(self.parts, self.joint).fullmatch(text)
        if found is None:
            return None
        of = dict(zip((part[0] for part in self.parts), found.groups(), strict=True))
        month = _month_in(of["m"])
        return None if month is None else _day(_year_in(of["y"]), month, int(of["d"]))

    def text_of(self, day: dt.date) -> str:
        """Return the day as this format writes it."""
        return self.joint.join(_text_of(part, day) for part in self.parts)


PLAIN_DATES = DateFormat("yyyy-mm-dd", ("yyyy", "mm", "dd"), "-")
"""Told to people, and used, where the API names no format."""


@cache
def date_format(written: str) -> DateFormat | None:
    """Return the format that the API writes like this, whatever its case; None for one that is not understood."""
    for code, meant in _OF_PROGRAMS.items():
        written = written.replace(code, meant)
    name = " ".join(written.lower().split())
    name = PLAIN_DATES.name if _ISO.fullmatch(name) else name
    found = _FORMAT.fullmatch(name)
    if found is None:
        return None
    first, joint, second, third = found.groups()
    parts = (first, second, third)
    has_each = {part[0] for part in parts} == {"y", "m", "d"}
    return DateFormat(name, parts, joint) if has_each and (joint or _OF_ONE_OR_TWO.isdisjoint(parts)) else None


def any_day_in(text: str) -> dt.date | None:
    """Return the day that a text names in whatever form, where it can be read in one way only; else None.

    Raises:
        NoSuchDayError: it has the form of a date, and there is no such day.
    """
    readings = list(_readings(text))
    days = set()
    for year, month, day in readings:
        try:
            days.add(_day(year, month, day))
        except NoSuchDayError:
            continue
    if readings and not days:
        raise NoSuchDayError
    return days.pop() if len(days) == 1 else None


def day_of_excel(text: str) -> dt.date | None:
    """Return the day of a cell that is kept as a date, as the reader writes it; None for a time of day alone."""
    found = _FROM_EXCEL.fullmatch(text)
    return dt.date.fromisoformat(found[1]) if found else None


def _readings(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield year, month and day of each way to read a text."""
    if found := _DIGITS_ALONE.fullmatch(text):
        yield int(found[1]), int(found[2]), int(found[3])
    elif found := _YEAR_FIRST.fullmatch(text):
        yield int(found[1]), int(found[3]), int(found[4])
    elif found := _YEAR_LAST.fullmatch(text):
        one, other, year = int(found[1]), int(found[3]), int(found[4])
        yield from ((year, other, one), (year, one, other))
    elif found := _DAY_MONTH.fullmatch(text):
        yield from ((int(found[3]), month, int(found[1])) for month in _months_called(found[2]))
    elif found := _MONTH_DAY.fullmatch(text):
        yield from ((int(found[3]), month, int(found[2])) for month in _months_called(found[1]))


@cache
def _shape_of(parts: tuple[str, ...], joint: str) -> re.Pattern[str]:
    return re.compile(re.escape(joint).join(f"({_SHAPES[part]})" for part in parts))


def _text_of(part: str, day: dt.date) -> str:
    match part:
        case "yyyy":
            return f"{day.year:04}"
        case "yy":
            return f"{day.year % 100:02}"
        case "mmmm":
            return _MONTHS[day.month - 1]
        case "mmm":
            return _MONTHS[day.month - 1][:_SHORT]
    number = day.month if part[0] == "m" else day.day
    return f"{number:02}" if len(part) > 1 else str(number)


def _year_in(text: str) -> int:
    year = int(text)
    if len(text) > 2:
        return year
    return year + (1900 if year >= _CENTURY_TURNS else 2000)


def _month_in(text: str) -> int | None:
    return int(text) if text.isdigit() else next(_months_called(text), None)


def _months_called(name: str) -> Iterator[int]:
    """Yield the month of this name, whole or short."""
    called = name.casefold()
    for number, month in enumerate(_MONTHS, 1):
        if called in (month.casefold(), month[:_SHORT].casefold()):
            yield number


def _day(year: int, month: int, day: int) -> dt.date:
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise NoSuchDayError from None
