"""What a plain copy writes so that the next read finds what this one found.

Rule: a number stays a number, a date a date and an error an error, since what is wrong with a cell is often how it is
kept: as text it would be valid, and be sent though nobody mended it. What cannot be kept so becomes an error.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from bulk_onboard.model.sheet import Stored

TEXT = "@"
"""The format of a cell that is to hold text, whatever somebody writes into it."""

_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})
_LOST = "#VALUE!"
_FIRST_YEAR = 1901  # spreadsheet programs disagree about the days before
_DURATION = re.compile(r"(?P<hours>[0-9]{1,6}):(?P<minutes>[0-9]{2}):(?P<seconds>[0-9]{2})")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula and what it came to; empty for one that was never calculated."""

    text: str
    result: str


Value: TypeAlias = float | bool | datetime | timedelta | Formula


@dataclass(frozen=True, slots=True)
class Kept:
    """What to write, and the number format of the cell."""

    value: Value
    number_format: str = TEXT


def kept(text: str, stored: Stored) -> Kept:
    """What to write for a cell that is no text and reads like this."""
    return _KEPT[stored](text)


def _error(text: str) -> Kept:
    sign = text if text in _ERRORS else _LOST
    return Kept(Formula(f"={sign}", sign))


def _uncalculated(_text: str) -> Kept:
    return Kept(Formula("=NA()", ""))  # which formula it was nobody knows here


def _number(text: str) -> Kept:
    number = float(text)
    return Kept(number) if math.isfinite(number) else _error("#NUM!")


def _date(text: str) -> Kept:
    """A date, a time of day or a duration."""
    if match := _DURATION.fullmatch(text):
        parts = {name: int(part) for name, part in match.groupdict().items()}
        return Kept(timedelta(**parts), "hh:mm:ss" if text.startswith("0") else "[h]:mm:ss")
    moment = datetime.fromisoformat(text)
    if moment.year < _FIRST_YEAR or moment.tzinfo:
        return _error(_LOST)
    return Kept(moment, "yyyy\\-mm\\-dd" if len(text) == len("2026-01-02") else "yyyy\\-mm\\-dd\\ hh:mm:ss")


def _or_error(keep: Callable[[str], Kept]) -> Callable[[str], Kept]:
    def kept_or_error(text: str) -> Kept:
        try:
            return keep(text)
        except ValueError:
            return _error(_LOST)

    return kept_or_error


_KEPT: Mapping[Stored, Callable[[str], Kept]] = {
    Stored.NUMBER: _or_error(_number),
    Stored.FORMATTED: _or_error(lambda text: replace(_number(text), number_format="#,##0")),
    Stored.DATE: _or_error(_date),
    Stored.BOOLEAN: lambda text: Kept(text == "TRUE"),
    Stored.ERROR: _error,
    Stored.UNCALCULATED: _uncalculated,
}
