"""Turn the cells of a sheet into rows that know what they ask for.

Strip blanks and characters that are not seen from both ends of each text, and turn digits of other scripts into
ordinary ones in columns of digits; the row records what was removed and what was converted. Half a character becomes
the sign for a broken one. Nothing else is changed.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bulk_onboard.model import sheet as ours
from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.row import Row
from bulk_onboard.model.text import DIGITS_ARE_DUE, ORDINARY_BLANKS, ordinary_digits, stripped, whole

_TOKEN = re.compile(r"~[a-z2-7]{16}")
_NOTHING: Mapping[str, str] = {}
_NOTHING_STORED: Mapping[str, ours.Stored] = {}


def rows_of(
    sheet: ours.Sheet, columns: ours.Columns, *, defaults: Combination, places: Sequence[int] | None = None
) -> tuple[Row, ...]:
    """Return the rows of the sheet, in its order.

    Args:
        defaults: for cells that are blank or not there.
        places: which rows, by their place in the sheet; all of them where it is None.
    """
    placed = tuple(columns.positions.items())
    judged = tuple((name, position) for name, position in placed if name != ours.BO_KEY)
    merged = _merged_cells(sheet, judged)
    combinations: dict[tuple[str, str, str], Combination] = {}
    rows = []
    for row in sheet.rows if places is None else sheet.rows_at(places):
        texts = _texts(row, placed)
        wanted = (
            texts.cells.get(ours.COUNTRY_ISO, ""),
            texts.cells.get(ours.NUMBER_TYPE, ""),
            texts.cells.get(ours.USER_TYPE, ""),
        )
        if wanted not in combinations:
            combinations[wanted] = Combination.written(wanted, defaults)
        stored = {name: row.stored[p] for name, p in judged if p in row.stored} if row.stored else _NOTHING_STORED
        rows.append(
            Row(
                sheet.name,
                row.number,
                combinations[wanted],
                texts.cells,
                stored,
                merged.get(row.number, _NOTHING),
                texts.left_out,
                texts.converted,
            )
        )
    return tuple(rows)


def combinations_in(sheet: ours.Sheet, columns: ours.Columns, *, defaults: Combination) -> set[Combination]:
    """Return the combinations that the rows ask for, by looking at their three columns only."""
    blank = ("",) * sheet.height
    cells = (
        sheet.texts[columns.positions[name]] if name in columns.positions else blank
        for name in (ours.COUNTRY_ISO, ours.NUMBER_TYPE, ours.USER_TYPE)
    )
    return {
        Combination.written((stripped(country), stripped(number_type), stripped(user_type)), defaults)
        for country, number_type, user_type in set(zip(*cells, strict=True))
    }


@dataclass(slots=True)
class _Texts:
    """The cells of a row by our names, and what was removed from them or converted."""

    cells: dict[str, str]
    left_out: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    converted: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


def _texts(row: ours.SheetRow, placed: Iterable[tuple[str, int]]) -> _Texts:
    joined = "".join(row.cells)
    if joined.isascii() and joined.isprintable():
        texts = _Texts({name: text for name, position in placed if (text := row.cells[position].strip())})
    else:
        texts = _unusual_texts(row, placed)
    if ours.BO_KEY in texts.cells:
        _heed_bo_key(texts.cells)
    return texts


def _unusual_texts(row: ours.SheetRow, placed: Iterable[tuple[str, int]]) -> _Texts:
    """Clean a row that holds characters other than printable ASCII, and record what was changed."""
    cells, left_out, converted = {}, {}, {}
    for name, position in placed:
        told = whole(row.cells[position])
        text = stripped(told)
        if not text:
            continue
        if len(text) < len(told):
            head, _, tail = told.partition(text)
            if (head + tail).strip(ORDINARY_BLANKS):
                left_out[name] = head + tail
        cells[name] = ordinary_digits(text) if name in DIGITS_ARE_DUE else text
        if cells[name] != text:
            converted[name] = text
    return _Texts(cells, left_out, converted)


def _heed_bo_key(cells: dict[str, str]) -> None:
    """Keep a token in `bo_key`; anything else there is the Key repeated, and serves where the Key is blank."""
    if not _TOKEN.fullmatch(cells[ours.BO_KEY]):
        cells.setdefault(ours.KEY, cells.pop(ours.BO_KEY))


def _merged_cells(sheet: ours.Sheet, judged: Iterable[tuple[str, int]]) -> dict[int, dict[str, str]]:
    """Return by row number and our name of a column the range of the merged cells that a cell belongs to.

    Each row of a column is looked at once, however many ranges claim it.
    """
    numbers = sheet.numbers
    found: dict[int, dict[str, str]] = {}
    for name, position in judged:
        seen_to = sheet.header_row
        for merged in sorted(m for m in sheet.merged if m.first_column <= position <= m.last_column):
            first, last = bisect_left(numbers, max(merged.first_row, seen_to + 1)), merged.last_row
            for number in numbers[first : bisect_right(numbers, last)]:
                found.setdefault(number, {})[name] = _range(merged)
            seen_to = max(seen_to, last)
    return found


def _range(merged: ours.Merged) -> str:
    first = f"{ours.column_letters(merged.first_column)}{merged.first_row}"
    return f"{first}:{ours.column_letters(merged.last_column)}{merged.last_row}"
