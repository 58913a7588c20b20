"""The sheets that are added to the user's own workbook: "How to fix", and a hidden one with the copy's base."""

from collections.abc import Sequence
from typing import Any

from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from bulk_onboard.model.sheet import HOW_TO_FIX
from bulk_onboard.report.annotated import looks
from bulk_onboard.report.annotated.base import BASE_SHEET, BASE_TITLE
from bulk_onboard.report.annotated.columns import font, write_text
from bulk_onboard.report.annotated.looks import lines_of
from bulk_onboard.report.annotated.mends import GUIDE, HEADERS, NOT_KEPT, TITLE, Mend

_COUNTED = Alignment(vertical="top", horizontal="center")
_WRAPPED = Alignment(vertical="top", wrap_text=True)


def write_guide(book: Any, mends: Sequence[Mend], notes: Sequence[str]) -> None:
    """Write the sheet, in the place of an earlier one; a sheet of the user's that is called so stays what it is."""
    earlier = next((sheet for sheet in book.worksheets if sheet.title.casefold() == HOW_TO_FIX.casefold()), None)
    if earlier is not None:
        if earlier["A1"].value != TITLE:
            return
        book.remove(earlier)
    sheet = book.create_sheet(HOW_TO_FIX)
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight, sheet.sheet_properties.pageSetUpPr = 0, PageSetupProperties(fitToPage=True)
    for column, width in enumerate(looks.MEND_WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    _write_line(sheet, 1, TITLE, font(book, bold=True, size=16, color=looks.TITLE_INK), height=26)
    row = 2
    for line in GUIDE:
        _write_line(sheet, row, line, font(book))
        row += 1
    row = _write_table(sheet, row + 1, mends)
    if notes:
        _write_line(sheet, row + 1, NOT_KEPT, font(book, bold=True, size=12, color=looks.TITLE_INK), height=20)
        for place, note in enumerate(notes, start=row + 2):
            _write_line(sheet, place, note, font(book))


def write_base(book: Any, pieces: Sequence[str]) -> None:
    """Write the hidden sheet, in the place of an earlier one."""
    earlier = next((sheet for sheet in book.worksheets if sheet.title == BASE_SHEET), None)
    if earlier is not None:
        if earlier["A1"].value != BASE_TITLE:
            return
        book.remove(earlier)
    if pieces:
        sheet = book.create_sheet(BASE_SHEET)
        sheet.sheet_state = "veryHidden"
        for row, text in enumerate((BASE_TITLE, *pieces), start=1):
            write_text(sheet.cell(row, 1), text)


def _write_line(sheet: Any, row: int, text: str, look: Font, height: float | None = None) -> None:
    """A text over the whole width."""
    write_text(sheet.cell(row, 1), text)
    sheet.cell(row, 1).font = look
    sheet.cell(row, 1).alignment = _WRAPPED
    sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(HEADERS))
    sheet.row_dimensions[row].height = height or looks.LINE_HEIGHT * lines_of(text, sum(looks.MEND_WIDTHS))


def _write_table(sheet: Any, row: int, mends: Sequence[Mend]) -> int:
    """Headers and a line each; the row below."""
    for column, header in enumerate(HEADERS, start=1):
        cell = sheet.cell(row, column, header)
        cell.font = font(sheet.parent, bold=True, color=looks.HEADER_INK)
        cell.fill = PatternFill("solid", fgColor=looks.HEADER_PAPER)
    for place, mend in enumerate(mends, start=row + 1):
        for column, value in enumerate(mend, start=1):
            cell = sheet.cell(place, column)
            if isinstance(value, str):
                write_text(cell, value)
            else:
                cell.value = value
            cell.font = font(sheet.parent)
            cell.alignment = _COUNTED if column == 1 else _WRAPPED
        severity = sheet.cell(place, 2)
        severity.fill = PatternFill("solid", fgColor=looks.PAPER[mend.severity])
        severity.font = font(sheet.parent, bold=True, color=looks.INK[mend.severity])
        sheet.row_dimensions[place].height = looks.mend_height(mend)
    return row + 1 + len(mends)
