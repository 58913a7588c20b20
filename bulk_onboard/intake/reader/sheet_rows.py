"""One sheet's columns as text: the values of its cells and what its XML told beyond them, put together.

A row that holds anything comes once, under its number; a row that holds only errors or formulas without a result holds
something. A blank row is left out, however many of them a file has. Values without any content are left out first
(`held_rows`), because a sheet may claim a million rows; rows of blanks and unseen characters once everything is in
(`_without_blank_rows`).
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress, pairwise
from typing import Any, NamedTuple, cast

from bulk_onboard.frames import Frame
from bulk_onboard.intake.reader.number_format import is_spelt, whole_number
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.sheet import Merged, Stored, column_letters
from bulk_onboard.model.text import looks_like_nothing

CellValue = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta
"""A value as calamine gives it."""

Place = tuple[int, int]
"""Row and column, both counted from 0."""

_ALL_TEXT = {str}
_SURROGATE = re.compile("_x([Dd][89A-Fa-f][0-9A-Fa-f]{2})_")
_MOST_RUNS = 12  # runs of rows or columns that are named one by one; people look at a few, and then at the sheet


@dataclass(slots=True)
class XmlExtras:
    """What a sheet's XML tells that calamine does not.

    Attributes:
        errors: the code an error cell shows.
        uncalculated: cells with a formula and no result.
        texts: what a cell holds of which calamine leaves something out, and the code that is shown of a number.
        kinds: how a cell is stored, where its value tells otherwise or less.
        hidden_rows: first and last of each run.
        hidden_columns: first and last of each run.
        double: the first cell that stands there twice with a value; empty where there is none.
        merged: merged cells, as the model counts them; only where calamine does not tell them.
    """

    errors: dict[Place, str] = field(default_factory=dict)
    uncalculated: set[Place] = field(default_factory=set)
    texts: dict[Place, str] = field(default_factory=dict)
    kinds: dict[Place, Stored] = field(default_factory=dict)
    hidden_rows: list[Place] = field(default_factory=list)
    hidden_columns: list[Place] = field(default_factory=list)
    double: str = ""
    merged: list[Merged] = field(default_factory=list)

    def note_number(self, places: Iterable[Place], value: str, shown: str | None) -> None:
        """Note what is shown of a whole number in these places; None where that is not known.

        A code such as K-00042 is the text that is meant. Where the format only spells the number, with dividers,
        decimals or a currency, the number is.
        """
        number = whole_number(value.removeprefix("-"))
        if not number or shown in (number, value):
            return
        if not shown or value.startswith("-") or is_spelt(shown, number):
            self.kinds |= dict.fromkeys(places, Stored.FORMATTED)
        else:
            self.texts |= dict.fromkeys(places, shown)


class Column(NamedTuple):
    """The cells of one column: their texts, and by their place how those are stored that are no text."""

    texts: list[str]
    kinds: dict[int, Stored]


class SheetRows(NamedTuple):
    """One sheet from its first row on.

    Attributes:
        name: the sheet's.
        numbers: of the rows that hold something, headers among them, as Excel counts them.
        columns: by position, those in which something stands; a cell for each of `numbers`.
        merged: all merged cells.
        extras: what is hidden, among others.
        findings: of the file as a whole.
    """

    name: str
    numbers: list[int]
    columns: Mapping[int, Column]
    merged: Sequence[Merged] = ()
    extras: XmlExtras | None = None
    findings: Sequence[Finding] = ()

    def held(self, start: int = 0) -> set[int]:
        """Return the positions of the columns in which anything stands from the row at this place on."""
        return {
            position
            for position, (texts, kinds) in self.columns.items()
            if any(place >= start for place in kinds) or any(map(str.strip, texts[start:] if start else texts))
        }

    def all_findings(self) -> list[Finding]:
        """Return the file's own findings, and what the sheet hides of that which holds something."""
        findings = list(self.findings)
        if self.extras is None:
            return findings
        if hidden := set(self.numbers) & _each_of(self.extras.hidden_rows, 1):
            findings.append(Finding("hidden-rows", details={"rows": rows_in_words(hidden)}))
        columns = _each_of(self.extras.hidden_columns, 0)
        if hidden := columns and self.held() & columns:
            findings.append(Finding("hidden-columns", details={"columns": columns_in_words(hidden)}))
        return findings


def sheet_rows(
    name: str, frame: Frame, extras: XmlExtras | None, *, numbers: Sequence[int] = (), has_surrogates: bool = False
) -> SheetRows:
    """Return the rows that hold something, as columns of text.

    Args:
        frame: values from the sheet's first column on.
        extras: what the values do not tell; None where there is nothing.
        numbers: of the frame's rows, as Excel counts them; 1, 2, 3 … where none are given.
        has_surrogates: whether half characters are written as Excel's escapes.
    """
    columns = {position: _column(frame.iloc[:, position].tolist()) for position in range(frame.shape[1])}
    numbers = list(numbers) or list(range(1, len(frame) + 1))
    if extras:
        columns, numbers = _put_in(extras, columns, numbers)
    if has_surrogates:
        columns = {p: Column(list(map(without_surrogates, texts)), kinds) for p, (texts, kinds) in columns.items()}
    return _without_blank_rows(SheetRows(name, numbers, columns, extras=extras))


# -- values as text


def text_of(value: CellValue) -> str:
    """Return the text Excel shows: fifteen digits of a number, a date in ISO form, TRUE or FALSE."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return f"{value:.15g}".upper() if value else "0"
    if isinstance(value, dt.timedelta):
        return _duration(value)
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else value.isoformat()


def stored_of(value: CellValue) -> Stored | None:
    """Return how the file stores it; None for text."""
    if isinstance(value, str):
        return None
    if isinstance(value, bool):
        return Stored.BOOLEAN
    return Stored.NUMBER if isinstance(value, int | float) else Stored.DATE


def without_surrogates(text: str) -> str:
    """Put Excel's escapes of half characters together (calamine decodes all others); a lone half becomes U+FFFD."""
    halves = _SURROGATE.sub(lambda match: chr(int(match[1], 16)), text)
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _column(values: list[CellValue]) -> Column:
    if set(map(type, values)) <= _ALL_TEXT:
        return Column(cast("list[str]", values), {})
    kinds = {place: stored for place, value in enumerate(values) if (stored := stored_of(value))}
    return Column(list(map(text_of, values)), kinds)


def _duration(value: dt.timedelta) -> str:
    """Write it with as many hours as it has: `36:00:00`."""
    sign = "-" if value < dt.timedelta() else ""
    minutes, seconds = divmod(abs(value).total_seconds(), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{sign}{hours}:{minutes:02}:{seconds:02.0f}"


# -- what the XML told, put in its place


class _Special(NamedTuple):
    """What a cell is beyond its value: another text, how it is stored if not as text."""

    text: str | None
    stored: Stored | None


def _special(extras: XmlExtras) -> dict[Place, _Special]:
    special = {place: _Special(None, kind) for place, kind in extras.kinds.items()}
    special |= {place: _Special(text, None) for place, text in extras.texts.items()}
    special |= {place: _Special(code, Stored.ERROR) for place, code in extras.errors.items()}
    return special | dict.fromkeys(extras.uncalculated, _Special("", Stored.UNCALCULATED))


def _put_in(
    extras: XmlExtras, columns: Mapping[int, Column], numbers: list[int]
) -> tuple[dict[int, Column], list[int]]:
    """Put the extras in their places, in rows and columns of their own where there are no values."""
    special = _special(extras)
    whole = sorted({*numbers, *(row + 1 for row, _ in special)})
    places = {number: place for place, number in enumerate(whole)}
    if len(whole) > len(numbers):
        moved = [places[number] for number in numbers]
        columns = {position: _spread(column, moved, len(whole)) for position, column in columns.items()}
    columns = dict(columns)
    for (row, position), what in special.items():
        texts, kinds = columns.setdefault(position, Column([""] * len(whole), {}))
        place = places[row + 1]
        if what.text is not None:
            texts[place] = what.text
        if what.stored:
            kinds[place] = what.stored
        else:
            kinds.pop(place, None)
    return columns, whole


def _spread(column: Column, places: Sequence[int], height: int) -> Column:
    """Move the column's cells to these places, with blank cells between them."""
    texts = [""] * height
    for place, text in zip(places, column.texts, strict=True):
        texts[place] = text
    return Column(texts, {places[place]: kind for place, kind in column.kinds.items()})


# -- blank rows


def held_rows(values: list[list[Any]]) -> tuple[list[list[Any]], list[int], int]:
    """Return the rows of a sheet that have any value, their numbers, and how many cells have one.

    Done before the rows are copied into a frame, where each of a million blank rows would take memory.
    """
    filled = [len(row) - row.count("") for row in values]
    return list(compress(values, filled)), [number for number, held in enumerate(filled, 1) if held], sum(filled)


def _without_blank_rows(rows: SheetRows) -> SheetRows:
    """Leave out the rows of nothing but blanks and characters that are not seen."""
    stored = {place for column in rows.columns.values() for place in column.kinds}
    blank = [place for place in range(len(rows.numbers)) if place not in stored]
    for texts, _ in rows.columns.values():
        if all(map(str.strip, texts)) and "".join(texts).isascii():
            return rows
        blank = [place for place in blank if not texts[place] or _is_blank(texts[place])]
        if not blank:
            return rows
    holds = [True] * len(rows.numbers)
    for place in blank:
        holds[place] = False
    moved = {place: new for new, place in enumerate(compress(range(len(holds)), holds))}
    columns = {
        position: Column(list(compress(texts, holds)), {moved[place]: kind for place, kind in kinds.items()})
        for position, (texts, kinds) in rows.columns.items()
    }
    return rows._replace(numbers=list(compress(rows.numbers, holds)), columns=columns)


def _is_blank(text: str) -> bool:
    text = text.strip()
    return not text or (looks_like_nothing(text[0]) and all(map(looks_like_nothing, text)))


# -- rows and columns in words


def rows_in_words(numbers: Iterable[int]) -> str:
    """Return row numbers with runs together: `5–7, 12`."""
    return _in_words([(str(first), str(last)) for first, last in _runs(numbers)])


def columns_in_words(positions: Iterable[int]) -> str:
    """Return positions, counted from 0, as Excel's letters with runs together: `C, F–G`."""
    return _in_words([(column_letters(first), column_letters(last)) for first, last in _runs(positions)])


def _runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    ordered = sorted(set(numbers))
    if not ordered:
        return []
    gaps = [(left, right) for left, right in pairwise(ordered) if right > left + 1]
    firsts = [ordered[0], *(right for _, right in gaps)]
    lasts = [*(left for left, _ in gaps), ordered[-1]]
    return list(zip(firsts, lasts, strict=True))


def _in_words(runs: list[tuple[str, str]]) -> str:
    told = ", ".join(first if first == last else f"{first}–{last}" for first, last in runs[:_MOST_RUNS])
    return told if len(runs) <= _MOST_RUNS else f"{told} and {len(runs) - _MOST_RUNS} more"


def _each_of(runs: Iterable[tuple[int, int]], start: int) -> set[int]:
    return {place + start for first, last in runs for place in range(first, last + 1)}
