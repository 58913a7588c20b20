"""One sheet's rows as text, values and second look put together.

The rule: a row that holds anything comes once, under its number; a row that holds only errors or formulas without a
result holds something. Blank rows are nowhere, however many of them a file has.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

from bulk_onboard.intake.reader.cell import Value, stored_of, text_of
from bulk_onboard.intake.reader.look import Look
from bulk_onboard.intake.reader.ranges import columns_in_words, rows_in_words
from bulk_onboard.model.blank import looks_like_nothing
from bulk_onboard.model.sheet import NOTHING_STORED, Merged, Remark, Stored

_ALL_TEXT = {str}


class PageRow(NamedTuple):
    """One non-blank row; its cells may end before those of others do."""

    number: int
    cells: list[str]
    stored: Mapping[int, Stored] = NOTHING_STORED


class Page(NamedTuple):
    """One sheet from its first row on.

    Attributes:
        name: the sheet's.
        rows: those that hold something, headers among them.
        merged: all merged cells.
        look: what is hidden, among others.
        remarks: of the file as a whole.
    """

    name: str
    rows: list[PageRow]
    merged: Sequence[Merged] = ()
    look: Look | None = None
    remarks: Sequence[Remark] = ()


def rows_of(grid: Iterable[list[Value]], look: Look | None) -> list[PageRow]:
    """The rows that hold something.

    Args:
        grid: values from the sheet's very first cell on.
        look: what the values do not tell; None where there is nothing.
    """
    special = _by_row(look) if look else {}
    rows = [_row(number, values, special.pop(number, None)) for number, values in enumerate(grid, 1)]
    rows += [_row(number, [], special[number]) for number in sorted(special)]
    return [row for row in rows if row is not None]


def text_rows(records: Iterable[list[str]]) -> list[PageRow]:
    """The records of a csv file that hold something."""
    return [PageRow(number, cells) for number, cells in enumerate(records, 1) if not _is_blank(cells)]


def remarks_of(page: Page) -> list[Remark]:
    """What the page hides of that which holds something, and the file's own remarks."""
    remarks = list(page.remarks)
    if page.look is None:
        return remarks
    if hidden := {row.number for row in page.rows} & _all(page.look.hidden_rows, 1):
        remarks.append(Remark("hidden-rows", {"rows": rows_in_words(hidden)}))
    columns = _all(page.look.hidden_columns, 0)
    if hidden := columns and columns_that_hold(page.rows) & columns:
        remarks.append(Remark("hidden-columns", {"columns": columns_in_words(hidden)}))
    return remarks


def columns_that_hold(rows: Iterable[PageRow]) -> set[int]:
    """Positions of the columns in which any of the rows has something."""
    held: set[int] = set()
    for row in rows:
        held |= {i for i, text in enumerate(row.cells) if text and not text.isspace()} | row.stored.keys()
    return held


class _Special(NamedTuple):
    """What a cell is beyond its value: another text, how it is kept if not as text."""

    text: str | None
    stored: Stored | None


def _by_row(look: Look) -> dict[int, dict[int, _Special]]:
    special: dict[int, dict[int, _Special]] = defaultdict(dict)
    for (row, column), kind in look.kinds.items():
        special[row + 1][column] = _Special(None, kind)
    for (row, column), text in look.texts.items():
        special[row + 1][column] = _Special(text, None)
    for (row, column), code in look.errors.items():
        special[row + 1][column] = _Special(code, Stored.ERROR)
    for row, column in look.uncalculated:
        special[row + 1][column] = _Special("", Stored.UNCALCULATED)
    return special


def _row(number: int, values: list[Value], special: Mapping[int, _Special] | None) -> PageRow | None:
    if special is None and set(map(type, values)) <= _ALL_TEXT:
        texts = cast("list[str]", values)
        return None if _is_blank(texts) else PageRow(number, texts)
    cells = list(map(text_of, values))
    stored = {column: how for column, value in enumerate(values) if (how := stored_of(value))}
    for column, what in (special or {}).items():
        cells += [""] * (column + 1 - len(cells))
        if what.text is not None:
            cells[column] = what.text
        if what.stored:
            stored[column] = what.stored
        else:
            stored.pop(column, None)
    return None if not stored and _is_blank(cells) else PageRow(number, cells, stored)


def _is_blank(cells: Sequence[str]) -> bool:
    text = "".join(cells).strip()
    return not text or (looks_like_nothing(text[0]) and all(map(looks_like_nothing, text)))


def _all(runs: Iterable[tuple[int, int]], start: int) -> set[int]:
    return {place + start for first, last in runs for place in range(first, last + 1)}
