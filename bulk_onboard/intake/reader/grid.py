"""The one door to calamine: a workbook's sheets, as values from the very first cell on."""

import io
from typing import NamedTuple

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.reader.archive.container import damaged
from bulk_onboard.intake.reader.cell import Value
from bulk_onboard.model.sheet import Merged


class Grid(NamedTuple):
    """One sheet as calamine reads it."""

    values: list[list[Value]]
    merged: list[Merged]


class Book:
    """A workbook that calamine has opened."""

    def __init__(self, path: str, content: bytes) -> None:
        """Open it; WorkbookError when calamine cannot."""
        self._path = path
        try:
            self._book = CalamineWorkbook.from_object(io.BytesIO(content))
        except PasswordError:
            raise WorkbookError(f"{path} is protected by a password. Save it in Excel without a password.") from None
        except CalamineError as error:
            raise _unreadable(path, error) from None
        pages = [page for page in self._book.sheets_metadata if page.typ == SheetTypeEnum.WorkSheet]
        self.names = [page.name for page in pages]
        self.visible = [page.name for page in pages if page.visible == SheetVisibleEnum.Visible]

    def grid(self, name: str) -> Grid:
        """The sheet of this name; WorkbookError when it is damaged."""
        try:
            sheet = self._book.get_sheet_by_name(name)
            values = sheet.to_python(skip_empty_area=False)
        except CalamineError as error:
            raise _unreadable(self._path, error) from None
        merged = [
            Merged(first[0] + 1, last[0] + 1, first[1], last[1]) for first, last in sheet.merged_cell_ranges or ()
        ]
        return Grid(values, merged)


def _unreadable(path: str, error: CalamineError) -> WorkbookError:
    """The kind of the error is told, never its text: that may quote cells."""
    return damaged(path, f"it has Excel's form, but cannot be read ({type(error).__name__})")
