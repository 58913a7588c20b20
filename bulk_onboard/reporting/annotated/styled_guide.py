"""The sheet "How to fix" in the user's own workbook, written by openpyxl; the first sheet, where it is seen at once."""

from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink

from bulk_onboard.model.sheet import HOW_TO_FIX
from bulk_onboard.reporting.annotated import looks
from bulk_onboard.reporting.annotated.annotation import Annotation
from bulk_onboard.reporting.annotated.base import escaped
from bulk_onboard.reporting.annotated.guide import (
    CELL_BY_CELL,
    FIX_HEADERS,
    GUIDE,
    NOT_KEPT,
    SPOT_HEADERS,
    TITLE,
    layout,
    link_to,
)
from bulk_onboard.reporting.annotated.styled_view import set_up_page

_SEVERITY = 2  # the column
_COUNTED = Alignment(vertical="top", horizontal="center")
_WRAPPED = Alignment(vertical="top", wrap_text=True)
_LINE = Border(bottom=Side("thin", color=looks.LINE_INK))


def write_guide(book: Any, annotation: Annotation, notes: Sequence[str]) -> Any:
    """Write the sheet, in the place of an earlier one, and return it.

    Return None where a sheet of the user's own is called so, which stays what it is.
    """
    earlier = next((sheet for sheet in book.worksheets if sheet.title.casefold() == HOW_TO_FIX.casefold()), None)
    if earlier is not None:
        if earlier["A1"].value != TITLE:
            return None
        book.remove(earlier)
    sheet = book.create_sheet(HOW_TO_FIX, 0)
    sheet.sheet_view.showGridLines = False
    set_up_page(sheet)
    for column, width in enumerate(looks.FIX_WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    _write_line(sheet, 1, TITLE, font_of(book, bold=True, size=16, color=looks.TITLE_INK), height=26)
    for row, line in enumerate(GUIDE, start=2):
        _write_line(sheet, row, line, font_of(book))
    heading = font_of(book, bold=True, size=12, color=looks.TITLE_INK)
    at = layout(annotation.fixes, annotation.spots)
    cells = _Cells(sheet)
    cells.headers(at.fixes, FIX_HEADERS)
    for row, fix in enumerate(annotation.fixes, start=at.fixes + 1):
        cells.line(row, fix, fix.severity)
    if annotation.spots:
        _write_line(sheet, at.spots - 1, CELL_BY_CELL, heading, height=20)
        cells.headers(at.spots, SPOT_HEADERS)
        for row, spot in enumerate(annotation.spots, start=at.spots + 1):
            cells.line(row, spot.cells, spot.severity, link=link_to(annotation.sheet, spot.address))
    if notes:
        _write_line(sheet, at.below, NOT_KEPT, heading, height=20)
        for row, note in enumerate(notes, start=at.below + 1):
            _write_line(sheet, row, note, font_of(book))
    return sheet


def font_of(book: Any, **other: Any) -> Font:
    """Return the workbook's usual font, with these changes."""
    usual = book._fonts[0]
    return Font(**{"name": usual.name, "size": usual.size, **other})


def write_text(cell: Any, text: str) -> None:
    """Write a text, also where it reads like a formula or an error value."""
    cell.value = escaped(text)
    cell.data_type = "s"


def _write_line(sheet: Any, row: int, text: str, look: Font, height: float | None = None) -> None:
    """Write a text over the whole width."""
    write_text(sheet.cell(row, 1), text)
    sheet.cell(row, 1).font = look
    sheet.cell(row, 1).alignment = _WRAPPED
    sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(FIX_HEADERS))
    sheet.row_dimensions[row].height = height or looks.LINE_HEIGHT * looks.lines_of(text, sum(looks.FIX_WIDTHS))


class _Cells:
    """Writes lines of tables; a look that many cells share is made once, since making one is slow."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet
        self._looks: dict[tuple[str, str], Any] = {}

    def headers(self, row: int, headers: Iterable[str]) -> None:
        """Write the headers of a table."""
        for column, header in enumerate(headers, start=1):
            cell = self._sheet.cell(row, column, header)
            cell.font = font_of(self._sheet.parent, bold=True, color=looks.HEADER_INK)
            cell.fill = PatternFill("solid", fgColor=looks.HEADER_PAPER)

    def line(self, row: int, values: Sequence[object], severity: str, *, link: str = "") -> None:
        """Write a line, whose second cell is its severity; its first leads where the link does."""
        for column, value in enumerate(values, start=1):
            cell = self._sheet.cell(row, column)
            if isinstance(value, str):
                write_text(cell, value)
            else:
                cell.value = value
            if link and column == 1:
                cell.hyperlink = Hyperlink(ref=cell.coordinate, location=link)
                self._dress(cell, "link", "")
            elif column == 1:
                self._dress(cell, "count", "")
            elif column == _SEVERITY:
                self._dress(cell, "severity", severity)
            else:
                self._dress(cell, "text", "")
        self._sheet.row_dimensions[row].height = looks.line_height(values)

    def _dress(self, cell: Any, kind: str, severity: str) -> None:
        if (kind, severity) not in self._looks:
            book = self._sheet.parent
            cell.alignment, cell.border, cell.font = _WRAPPED, _LINE, font_of(book)
            if kind == "link":
                cell.font = font_of(book, color=looks.LINK_INK, underline="single")
            if kind == "count":
                cell.alignment = _COUNTED
            if kind == "severity":
                cell.fill = PatternFill("solid", fgColor=looks.PAPER[severity])
                cell.font = font_of(book, bold=True, color=looks.INK[severity])
            self._looks[kind, severity] = cell._style
        cell._style = self._looks[kind, severity]
