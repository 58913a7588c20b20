"""One sheet's columns as text, values and second look put together.

The rule: a row that holds anything comes once, under its number; a row that holds only errors or formulas without a
result holds something. Blank rows are nowhere, however many of them a file has.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from typing import NamedTuple, cast

from bulk_onboard.frames import Frame
from bulk_onboard.intake.reader.cell import Value, stored_of, text_of, without_surrogates
from bulk_onboard.intake.reader.look import Look, Place
from bulk_onboard.intake.reader.ranges import columns_in_words, rows_in_words
from bulk_onboard.model.blank import looks_like_nothing
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.sheet import Merged, Stored

_ALL_TEXT = {str}


class Column(NamedTuple):
    """The cells of one column: their texts, and by their place how one is kept that is no text."""

    texts: list[str]
    kinds: dict[int, Stored]


class Page(NamedTuple):
    """One sheet from its first row on.

    Attributes:
        name: the sheet's.
        numbers: of the rows that hold something, headers among them, as Excel counts them.
        columns: by position, those in which something stands; a cell for each of `numbers`.
        merged: all merged cells.
        look: what is hidden, among others.
        findings: of the file as a whole.
    """

    name: str
    numbers: list[int]
    columns: Mapping[int, Column]
    merged: Sequence[Merged] = ()
    look: Look | None = None
    findings: Sequence[Finding] = ()

    def held(self, start: int = 0) -> set[int]:
        """Positions of the columns in which anything stands from the row at this place on."""
        return {
            position
            for position, (texts, kinds) in self.columns.items()
            if any(place >= start for place in kinds) or any(map(str.strip, texts[start:] if start else texts))
        }


def page_of(
    name: str, frame: Frame, look: Look | None, *, numbers: Sequence[int] = (), has_surrogates: bool = False
) -> Page:
    """The rows that hold something.

    Args:
        frame: values from the sheet's first column on.
        look: what the values do not tell; None where there is nothing.
        numbers: of the frame's rows, as Excel counts them; 1, 2, 3 … where none are given.
        has_surrogates: whether half characters are written as Excel's escapes.
    """
    columns = {position: _column(frame.iloc[:, position].tolist()) for position in range(frame.shape[1])}
    numbers = list(numbers) or list(range(1, len(frame) + 1))
    if look:
        columns, numbers = _put_in(look, columns, numbers)
    if has_surrogates:
        columns = {p: Column(list(map(without_surrogates, texts)), kinds) for p, (texts, kinds) in columns.items()}
    return _without_blank_rows(Page(name, numbers, columns, look=look))


def findings_of(page: Page) -> list[Finding]:
    """What the page hides of that which holds something, and the file's own findings."""
    findings = list(page.findings)
    if page.look is None:
        return findings
    if hidden := set(page.numbers) & _all(page.look.hidden_rows, 1):
        findings.append(Finding("hidden-rows", details={"rows": rows_in_words(hidden)}))
    columns = _all(page.look.hidden_columns, 0)
    if hidden := columns and page.held() & columns:
        findings.append(Finding("hidden-columns", details={"columns": columns_in_words(hidden)}))
    return findings


def _column(values: list[Value]) -> Column:
    if set(map(type, values)) <= _ALL_TEXT:
        return Column(cast("list[str]", values), {})
    kinds = {place: how for place, value in enumerate(values) if (how := stored_of(value))}
    return Column(list(map(text_of, values)), kinds)


class _Special(NamedTuple):
    """What a cell is beyond its value: another text, how it is kept if not as text."""

    text: str | None
    stored: Stored | None


def _special(look: Look) -> dict[Place, _Special]:
    special = {place: _Special(None, kind) for place, kind in look.kinds.items()}
    special |= {place: _Special(text, None) for place, text in look.texts.items()}
    special |= {place: _Special(code, Stored.ERROR) for place, code in look.errors.items()}
    return special | dict.fromkeys(look.uncalculated, _Special("", Stored.UNCALCULATED))


def _put_in(look: Look, columns: Mapping[int, Column], numbers: list[int]) -> tuple[dict[int, Column], list[int]]:
    """What the second look found takes its place, in rows and columns of its own where there are no values."""
    special = _special(look)
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
    """The column with blank cells between its own, which go to these places."""
    texts = [""] * height
    for place, text in zip(places, column.texts, strict=True):
        texts[place] = text
    return Column(texts, {places[place]: kind for place, kind in column.kinds.items()})


def _without_blank_rows(page: Page) -> Page:
    kept = {place for column in page.columns.values() for place in column.kinds}
    blank = [place for place in range(len(page.numbers)) if place not in kept] if kept else range(len(page.numbers))
    for texts, _ in page.columns.values():
        if all(map(str.strip, texts)) and "".join(texts).isascii():
            return page
        blank = [place for place in blank if not texts[place] or _is_blank(texts[place])]
        if not blank:
            return page
    holds = [True] * len(page.numbers)
    for place in blank:
        holds[place] = False
    moved = {place: new for new, place in enumerate(compress(range(len(holds)), holds))}
    columns = {
        position: Column(list(compress(texts, holds)), {moved[place]: how for place, how in kinds.items()})
        for position, (texts, kinds) in page.columns.items()
    }
    return page._replace(numbers=list(compress(page.numbers, holds)), columns=columns)


def _is_blank(text: str) -> bool:
    text = text.strip()
    return not text or (looks_like_nothing(text[0]) and all(map(looks_like_nothing, text)))


def _all(runs: Iterable[tuple[int, int]], start: int) -> set[int]:
    return {place + start for first, last in runs for place in range(first, last + 1)}
