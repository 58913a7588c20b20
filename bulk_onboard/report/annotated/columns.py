"""The added columns on the user's own sheet: widths, headers, and a text in every row."""

from copy import copy
from typing import Any

from openpyxl.cell.cell import MergedCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from bulk_onboard.model.sheet import ADDED_COLUMNS
from bulk_onboard.report.annotated import looks
from bulk_onboard.report.annotated.annotation import Annotation
from bulk_onboard.report.annotated.escapes import escaped
from bulk_onboard.report.annotated.looks import lines_of

_PROBLEMS = ADDED_COLUMNS.index("bo_problems")
_LINES_AT_MOST = 12  # that a row is made high for


def write_columns(sheet: Any, annotation: Annotation) -> None:
    """Write the added columns, over what an earlier annotation left in them."""
    _forget_heights(sheet, annotation)
    for name, position, width in zip(ADDED_COLUMNS, annotation.added, looks.ADDED_WIDTHS, strict=True):
        _make_room(sheet, position + 1)
        sheet.column_dimensions[get_column_letter(position + 1)].width = width
        _clear(sheet, position + 1, annotation.header_row)
        header = sheet.cell(annotation.header_row, position + 1)
        if not isinstance(header, MergedCell):
            write_text(header, name)
            header.font = font(sheet.parent, bold=True, color=looks.HEADER_INK)
            header.fill = PatternFill("solid", fgColor=looks.HEADER_PAPER)
            header.alignment = Alignment(vertical="center", horizontal="left", indent=1)
    _write_rows(sheet, annotation)


def font(book: Any, **other: Any) -> Font:
    """The workbook's usual font, with what is said otherwise."""
    usual = book._fonts[0]
    return Font(**{"name": usual.name, "size": usual.size, **other})


def write_text(cell: Any, text: str) -> None:
    """A text, also where it reads like a formula or an error value."""
    cell.value = escaped(text)
    cell.data_type = "s"


def _write_rows(sheet: Any, annotation: Annotation) -> None:
    looks_of_rows: dict[str | None, Any] = {}
    for row, texts in annotation.results:
        vertical = sheet.cell(row, 1).alignment.vertical  # as the row's own cells stand
        for position, text in zip(annotation.added, texts, strict=True):
            cell = sheet.cell(row, position + 1)
            if isinstance(cell, MergedCell):
                continue
            if text:
                write_text(cell, text)
            if vertical not in looks_of_rows:
                cell.font = font(sheet.parent)
                cell.fill = PatternFill()
                cell.number_format = "@"
                cell.alignment = Alignment(vertical=vertical, horizontal="left", wrap_text=True, indent=1)
                looks_of_rows[vertical] = cell._style
            cell._style = copy(looks_of_rows[vertical])
        _let_grow(sheet, row, texts[_PROBLEMS])


def _let_grow(sheet: Any, row: int, problems: str) -> None:
    """Make the row as high as its problems need; not every program finds that out by itself."""
    dimension = sheet.row_dimensions[row]
    if problems and (dimension.height or 0) < _height(problems):
        dimension.height = _height(problems)


def _forget_heights(sheet: Any, annotation: Annotation) -> None:
    """Take the heights off that an earlier annotation gave to rows."""
    column = annotation.added[_PROBLEMS] + 1
    for row, dimension in sheet.row_dimensions.items():
        cell = sheet._cells.get((row, column))
        if cell is not None and cell.value and dimension.height == _height(str(cell.value)):
            dimension.height = None


def _height(problems: str) -> float:
    lines = lines_of(problems, looks.ADDED_WIDTHS[_PROBLEMS])
    return looks.LINE_HEIGHT * min(lines, _LINES_AT_MOST)


def _clear(sheet: Any, column: int, header_row: int) -> None:
    for row in range(header_row, sheet.max_row + 1):
        cell = sheet._cells.get((row, column))
        if cell is not None and not isinstance(cell, MergedCell):
            cell.value = None
            cell.hyperlink = None


def _make_room(sheet: Any, column: int) -> None:
    """Give one column a width of its own where the file keeps one for a whole range of columns."""
    for dimension in list(sheet.column_dimensions.values()):
        dimension.reindex()
        first, last = dimension.min, dimension.max
        if not first <= column <= last or first == last:
            continue
        del sheet.column_dimensions[dimension.index]
        for begin, end in ((first, column - 1), (column + 1, last)):
            if begin <= end:
                part = copy(dimension)
                part.index, part.min, part.max = get_column_letter(begin), begin, end
                sheet.column_dimensions[part.index] = part
