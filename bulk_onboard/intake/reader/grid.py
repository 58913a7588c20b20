"""The one door to pandas and calamine: the values of a workbook's sheets, from the very first cell on."""

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
import pandas.io.excel._calamine  # else the first workbook loads it, when files can no longer be opened
from python_calamine import CalamineError, PasswordError, SheetTypeEnum, SheetVisibleEnum

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.reader.container import damaged
from bulk_onboard.intake.reader.sheet_rows import held_rows
from bulk_onboard.model.sheet import LAST_COLUMN, Merged, column_letters

_STEP = 1_000  # cells that are looked at together


class Grid(NamedTuple):
    """One sheet.

    Attributes:
        frame: the values of the rows that hold any, as objects (`sheet_rows.CellValue`), columns counted from 0.
        numbers: of these rows, as Excel counts them.
        filled: how many cells hold something.
        merged: its merged cells.
    """

    frame: pd.DataFrame
    numbers: list[int]
    filled: int
    merged: list[Merged]


class Book:
    """A workbook that pandas has opened, with calamine for its engine."""

    def __init__(self, path: str, content: bytes) -> None:
        """Open it; WorkbookError when calamine cannot."""
        self._path = path
        try:
            self._book = pd.ExcelFile(io.BytesIO(content), engine="calamine").book
        except PasswordError:
            raise WorkbookError(f"{path} is protected by a password. Save it in Excel without a password.") from None
        except CalamineError as error:
            raise _unreadable(path, error) from None
        sheets = [sheet for sheet in self._book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        self.names = [sheet.name for sheet in sheets]
        self.visible = [sheet.name for sheet in sheets if sheet.visible == SheetVisibleEnum.Visible]

    def grid(self, name: str) -> Grid:
        """Return the values of the sheet of this name; WorkbookError when it is damaged.

        `read_excel` would also turn whole floats and midnights into other types and cut blank edges off. That costs
        as much again and would have to be undone: a date without a time is not one at midnight.
        """
        try:
            sheet = self._book.get_sheet_by_name(name)
            values = sheet.to_python(skip_empty_area=False)
        except CalamineError as error:
            raise _unreadable(self._path, error) from None
        merged = [
            Merged(first[0] + 1, last[0] + 1, first[1], last[1]) for first, last in sheet.merged_cell_ranges or ()
        ]
        rows, numbers, filled = held_rows(values)
        return Grid(framed(_trimmed(self._path, rows)), numbers, filled, merged)


def framed(rows: Sequence[list[Any]]) -> pd.DataFrame:
    """Return rows of values, some maybe shorter than others, as a frame of objects."""
    width = max(map(len, rows), default=0)
    if any(len(row) < width for row in rows):
        rows = [row + [""] * (width - len(row)) for row in rows]
    return pd.DataFrame(rows, dtype=object)


def _trimmed(path: str, rows: list[list[Any]]) -> list[list[Any]]:
    """Cut off the columns beyond the last one that holds something; a sheet may claim thousands of them."""
    width = max(map(_width, rows), default=0)
    if width > LAST_COLUMN:
        raise damaged(path, f"a cell stands beyond column {column_letters(LAST_COLUMN - 1)}, where every sheet ends")
    return [row[:width] for row in rows] if rows and width < len(rows[0]) else rows


def _width(row: list[Any]) -> int:
    """How many cells there are up to the last one that holds something."""
    end = len(row)
    while end and row[end - 1] == "":
        start = max(0, end - _STEP)
        end = start if row[start:end].count("") == end - start else end - 1
    return end


def _unreadable(path: str, error: CalamineError) -> WorkbookError:
    """Name the kind of the error, never its text: that may quote cells."""
    return damaged(path, f"it has Excel's form, but cannot be read ({type(error).__name__})")
