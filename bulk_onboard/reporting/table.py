"""Tables as plain data, and how cells of the report show texts, instants and days.

A cell is a text, a number, an instant in the readers' time zone, or blank. Two kinds carry a little more for whoever
draws them, and are otherwise what they look like: a `Word` knows whose colour it has, a `Link` where it leads.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TypeAlias


class Word(str):
    """A text in the colour of another word, such as a state's or an outcome's."""

    __slots__ = ("colour",)
    colour: str

    def __new__(cls, text: str, colour: str = "") -> "Word":
        """Make a text with a colour; its own where none is given."""
        word = super().__new__(cls, text)
        word.colour = colour or text
        return word


class FileName(str):
    """A text that leads to a file of our own beside this one; to none where the path is empty."""

    __slots__ = ("path",)
    path: str

    def __new__(cls, text: str, path: str) -> "FileName":
        """Make a text that leads to the file at this path, which is relative."""
        name = super().__new__(cls, text)
        name.path = path
        return name


@dataclass(frozen=True, slots=True)
class Link:
    """A number that leads to a line of another table, the first below the headers being 1."""

    number: int
    table: str
    line: int

    def __str__(self) -> str:
        return str(self.number)


Cell: TypeAlias = str | int | datetime | Link | None
Line: TypeAlias = tuple[Cell, ...]

TOTAL = "Total"
"""What the last line of a table is called that has the sums of the others."""

LONGEST_TEXT = 32_767  # what a cell of a workbook holds
CUT = " … (cut)"
_LINE_END = re.compile(r"\r\n?")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headers; every row is as wide as the headers, and they can be gone through again."""

    headers: tuple[str, ...]
    rows: Iterable[Line]


@dataclass(frozen=True, slots=True)
class MadeAnew:
    """Rows that are made whenever they are gone through, so that nobody holds those of a large table all at once."""

    make: Callable[[], Iterator[Line]]

    def __iter__(self) -> Iterator[Line]:
        return self.make()


def cell_text(text: str) -> str:
    """Return `text` as a workbook can keep it: no control characters or lone surrogates, visibly cut if too long.

    A text from `<r>` on gets a blank before it, since XlsxWriter would take it for markup and write it as it is.
    """
    if text.startswith("<r>"):
        text = f" {text}"
    if text.isprintable() and len(text) <= LONGEST_TEXT:  # nearly every text; this is asked for every cell
        return text
    writable = _UNWRITABLE.sub("", _LINE_END.sub("\n", text))
    return writable if len(writable) <= LONGEST_TEXT else writable[: LONGEST_TEXT - len(CUT)] + CUT


_SATURDAY = 5


def local(at: str | datetime, zone: tzinfo) -> datetime | None:
    """Return an instant of the ledger (ISO 8601) or an aware datetime in the readers' zone; None for an empty text."""
    if not at:
        return None
    instant = datetime.fromisoformat(at) if isinstance(at, str) else at
    return instant.astimezone(zone)


def local_text(at: str | datetime, zone: tzinfo) -> str | None:
    """Return the instant as `5 Jan 2026 15:30` in the zone; None for an empty text."""
    instant = local(at, zone)
    return f"{instant.day} {instant:%b %Y %H:%M}" if instant else None


@lru_cache(maxsize=1_024)  # very many rows are submitted on few days
def business_days_after(day: date, days: int) -> date:
    """Return the day so many business days later; weekends are skipped, public holidays are not known."""
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < _SATURDAY
    return day


def day_text(day: date) -> str:
    """Return the day as `Mon 5 Jan 2026`."""
    return f"{day:%a} {day.day} {day:%b %Y}"
