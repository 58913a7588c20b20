"""The one door to pandas and calamine: a workbook's sheets, as frames of values from the very first cell on."""

import io
from collections.abc import Sequence
from itertools import compress
from typing import Any, NamedTuple

import pandas as pd
import pandas.io.excel._calamine  # else the first workbook loads it, behind doors that are shut
from python_calamine import CalamineError, PasswordError, SheetTypeEnum, SheetVisibleEnum

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.reader.archive.container import damaged
from bulk_onboard.model.sheet import LAST_COLUMN, Merged, column_letters

_STEP = 1_000  # cells that are looked at together


class Grid(NamedTuple):
    """One sheet.

    Attributes:
        frame: the values of its rows as objects (`cell.Value`), columns counted from 0; blank rows are left out.
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
        pages = [page for page in self._book.sheets_metadata if page.typ == SheetTypeEnum.WorkSheet]
        self.names = [page.name for page in pages]
        self.visible = [page.name for page in pages if page.visible == SheetVisibleEnum.Visible]

    def grid(self, name: str) -> Grid:
        """The sheet of this name; WorkbookError when it is damaged.

        What `read_excel` does besides, turning whole floats and midnights into other types and cutting blank edges
        off, would cost as much again, and has to be undone: a date without a time is not one at midnight.
        """
        try:
            sheet = self._book.get_sheet_by_name(name)
            values = sheet.to_python(skip_empty_area=False)
        except CalamineError as error:
            raise _unreadable(self._path, error) from None
        merged = [
            Merged(first[0] + 1, last[0] + 1, first[1], last[1]) for first, last in sheet.merged_cell_ranges or ()
        ]
        return _grid(self._path, values, merged)


def framed(rows: Sequence[list[Any]]) -> pd.DataFrame:
    """Rows of values, some maybe shorter than others, as a frame of objects."""
    width = max(map(len, rows), default=0)
    if any(len(row) < width for row in rows):
        rows = [row + [""] * (width - len(row)) for row in rows]
    return pd.DataFrame(rows, dtype=object)


def _grid(path: str, values: list[list[Any]], merged: list[Merged]) -> Grid:
    """A sheet may claim a million rows, or columns, that hold nothing: none of them gets into the frame."""
    filled = [len(row) - row.count("") for row in values]
    numbers = [number for number, held in enumerate(filled, 1) if held]
    rows = list(compress(values, filled))
    width = max(map(_width, rows), default=0)
    if width > LAST_COLUMN:
        raise damaged(path, f"a cell stands beyond column {column_letters(LAST_COLUMN - 1)}, where every sheet ends")
    if rows and width < len(rows[0]):
        rows = [row[:width] for row in rows]
    return Grid(framed(rows), numbers, sum(filled), merged)


def _width(row: list[Any]) -> int:
    """How many cells there are up to the last one that holds something."""
    end = len(row)
    while end and row[end - 1] == "":
        start = max(0, end - _STEP)
        end = start if row[start:end].count("") == end - start else end - 1
    return end


def _unreadable(path: str, error: CalamineError) -> WorkbookError:
    """The kind of the error is told, never its text: that may quote cells."""
    return damaged(path, f"it has Excel's form, but cannot be read ({type(error).__name__})")
