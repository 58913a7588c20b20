"""What is seen of the user's own workbook when it is opened, and how it prints; whatever the user has set stays."""

from typing import Any

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from bulk_onboard.model import page as paper
from bulk_onboard.model.sheet import ADDED_COLUMNS
from bulk_onboard.reporting.annotated import looks
from bulk_onboard.reporting.annotated.annotation import Annotation

_STATE = ADDED_COLUMNS.index("bo_state")
_USUAL_WIDTH = 8.43  # of Excel


def show(book: Any, sheet: Any) -> None:
    """Open the workbook at this sheet; two sheets that are selected together would be changed together."""
    if sheet.sheet_state == "visible":
        book.active = sheet
        for each in book.worksheets:
            each.sheet_view.tabSelected = each is sheet


def set_view(sheet: Any, annotation: Annotation) -> None:
    """Keep headers and names in view, show the results beside them, and offer a filter."""
    view = sheet.sheet_view
    if view.pane is None:
        rows, columns = looks.frozen_rows(annotation.header_row), _frozen_columns(sheet, annotation)
        if rows or columns:
            sheet.freeze_panes = sheet.cell(rows + 1, columns + 1).coordinate
            view.topLeftCell = None
    pane = view.pane
    if pane is not None and pane.xSplit and pane.state in ("frozen", "frozenSplit"):
        column = max(annotation.added[_STATE], int(pane.xSplit)) + 1
        pane.topLeftCell = sheet.cell(int(pane.ySplit or 0) + 1, column).coordinate
    last = max((each.row for each in annotation.results), default=annotation.header_row)
    if not sheet.auto_filter.ref and not sheet.tables and last > annotation.header_row:
        end = get_column_letter(max(sheet.max_column, *(position + 1 for position in annotation.added)))
        sheet.auto_filter.ref = f"A{annotation.header_row}:{end}{last}"


def _frozen_columns(sheet: Any, annotation: Annotation) -> int:
    widths = _widths(sheet, max(annotation.names, default=0) + 1)
    return looks.frozen_columns(widths, annotation.names)


def _widths(sheet: Any, columns: int) -> list[float]:
    """Return how wide the first columns are, in characters; 0 for a hidden one."""
    usual = sheet.sheet_format.defaultColWidth or _USUAL_WIDTH
    widths = [float(usual)] * columns
    for dimension in sheet.column_dimensions.values():
        dimension.reindex()
        for column in range(dimension.min, min(dimension.max, columns) + 1):
            widths[column - 1] = 0.0 if dimension.hidden else float(dimension.width)
    return widths


def set_print(sheet: Any, annotation: Annotation) -> None:
    """Print in landscape, fitted to the page, the headers on each, with numbers of pages."""
    setup = sheet.page_setup
    is_users = sheet.oddFooter.right.text != paper.FOOTER and (
        setup.orientation == "landscape"
        or setup.scale not in (None, 100)
        or (sheet.sheet_properties.pageSetUpPr is not None and sheet.sheet_properties.pageSetUpPr.fitToPage)
        or sheet.print_area
        or sheet.print_title_rows
        or sheet.print_title_cols
        or sheet.row_breaks.brk
        or sheet.col_breaks.brk
    )
    if is_users:
        return
    pages = paper.pages_wide(_widths(sheet, sheet.max_column))
    set_up_page(sheet, pages)
    header = annotation.header_row
    sheet.print_title_rows = f"{header}:{header}"
    frozen = _frozen_columns(sheet, annotation)
    if pages > 1 and frozen:
        sheet.print_title_cols = f"A:{get_column_letter(frozen)}"


def set_up_page(sheet: Any, pages_wide: int = 1) -> None:
    """Print on A4 in landscape, so many pages wide and as many high as it takes, with their numbers."""
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = pages_wide, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_margins.left = sheet.page_margins.right = paper.SIDE
    sheet.page_margins.top, sheet.page_margins.bottom = paper.TOP, paper.BOTTOM
    if not sheet.oddFooter:
        sheet.oddFooter.left.text, sheet.oddFooter.right.text = "&A", paper.FOOTER
