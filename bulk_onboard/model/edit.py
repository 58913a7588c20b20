"""Changes to the cells of the user's own workbook, as `merge` makes them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from bulk_onboard.model.sheet import Sheet, SheetRow, Stored


class Edit(NamedTuple):
    """A cell that is to hold another text.

    Attributes:
        row: the row number Excel shows; it may lie below the last row.
        position: of the column, counted from 0; it may lie to the right of the last one.
        stored: how the file is to keep it, None for text. What is no text reads as a number or TRUE and FALSE do.
        is_result: the cell keeps its formula, and this is what that comes to now.
    """

    row: int
    position: int
    text: str
    stored: Stored | None = None
    is_result: bool = False


def edited_sheet(sheet: Sheet, edits: Iterable[Edit]) -> Sheet:
    """The sheet as it reads once these are made."""
    by_row: dict[int, dict[int, Edit]] = {}
    for edit in edits:
        by_row.setdefault(edit.row, {})[edit.position] = edit
    reach = max((edit.position + 1 for cells in by_row.values() for edit in cells.values()), default=0)
    width = max(len(sheet.headers), reach)
    headers = _edited(SheetRow(sheet.header_row, sheet.headers), by_row.get(sheet.header_row, {}), width).cells
    rows = {row.number: row for row in sheet.rows}
    for number in by_row.keys() - rows.keys() - {sheet.header_row}:
        rows[number] = SheetRow(number, ())
    edited = (_edited(rows[number], by_row.get(number, {}), width) for number in sorted(rows))
    return replace(sheet, headers=headers).with_rows(edited)


def _edited(row: SheetRow, edits: Mapping[int, Edit], width: int) -> SheetRow:
    cells = [*row.cells, *[""] * (width - len(row.cells))]
    stored = dict(row.stored)
    for position, edit in edits.items():
        cells[position] = edit.text
        stored.pop(position, None)
        if edit.stored:
            stored[position] = edit.stored
    return SheetRow(row.number, tuple(cells), stored)
