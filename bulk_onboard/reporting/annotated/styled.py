"""The user's own workbook, annotated by openpyxl: styles, widths, formulas, drop-downs and other sheets are kept.

Runs in a child process with limits, since openpyxl reads what others wrote.

A mark is a fill of ours and a part of the cell's comment that begins with our line. Both are recognised in a copy that
somebody fixed, sorted and saved, so marks never pile up: the fill carries the paper that it covers where no program
shows it, in the second colour that a plain fill does not use, and what is above our line in a comment is the user's.
Where a program forgot the second colour, the cell is left without paper, or on some dark one under light text.

`_style`, `_cells`, `_fills` and `_fonts` are openpyxl's own: its public setters look a style up for each cell, which is
slow on a large sheet, and its iterators create the cells that are not there.
"""

import hashlib
import importlib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from datetime import datetime
from importlib.util import find_spec
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.styles.colors import COLOR_INDEX, Color
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from bulk_onboard.confined.limits import shut_doors
from bulk_onboard.errors import WorkbookError
from bulk_onboard.model.sheet import ADDED_COLUMNS, HOW_TO_FIX
from bulk_onboard.reporting.annotated import annotation as looks
from bulk_onboard.reporting.annotated.annotation import (
    AUTHOR,
    COMMENT_WIDTH,
    GUIDE,
    HEADERS,
    NOT_KEPT,
    TITLE,
    Annotation,
    Fix,
    Mark,
    answer_pieces,
    comment_height,
    lines_of,
    read_request,
    uncommented,
)
from bulk_onboard.reporting.annotated.base import BASE_SHEET, BASE_TITLE, escaped
from bulk_onboard.reporting.annotated.book import Loaded, load, save

COMMENTS_AT_MOST = 5_000

_OUR_LINE = "— bulk-onboard —"
_LONGEST_COMMENT = 4_000
_COVERED = "B0"  # in place of a colour's opacity: this one is covered by a mark
_PAPERS = {f"FF{paper}" for papers in (looks.PAPER, looks.DARK_PAPER) for paper in papers.values()}
_DARK_PAPERS = {f"FF{paper}" for paper in looks.DARK_PAPER.values()}
_SOME_DARK = PatternFill("solid", fgColor=f"FF{looks.HEADER_PAPER}")


def answer(request: bytes, source: BinaryIO) -> Iterator[bytes]:
    """Yield the annotated copy of the workbook in `source`; for `confined`.

    Raises:
        WorkbookError: the file is not the one that was judged.
    """
    _import_all()
    shut_doors()
    asked = read_request(request)
    content = source.read()
    if hashlib.sha256(content).hexdigest() != asked.sha256:
        raise WorkbookError("it was changed after it was read")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        copy, notes = annotated(content, asked.annotation, asked.created)
    yield from answer_pieces(copy, notes)


def annotated(content: bytes, annotation: Annotation, created: datetime) -> tuple[bytes, tuple[str, ...]]:
    """Return the workbook in `content` with the annotation in it, and sentences about what it lacks.

    Args:
        created: when the copy says that it was made, in whole seconds.
    """
    loaded = load(content)
    book = loaded.book
    sheet = book[annotation.sheet]
    _unmark(book, sheet)
    _write_columns(sheet, annotation)
    left_out = _mark(sheet, annotation.marks)
    notes = (*_lacks(loaded), *uncommented(left_out))
    _write_guide(book, annotation.fixes, notes)
    _write_base(book, annotation.base)
    _fit_comments(book)
    _show(book, sheet)
    book.properties.created = created.replace(tzinfo=None)
    return save(loaded), notes


def _import_all() -> None:
    """Import what is imported only when it is needed: by then no file can be opened any more."""
    empty = save(Loaded(Workbook(), {}, (), uncalculated=False))
    load(empty)
    if find_spec("PIL"):
        importlib.import_module("PIL.Image").preinit()


def _lacks(loaded: Loaded) -> Iterator[str]:
    if loaded.lost:
        yield f"This copy lacks what could not be kept: {'; '.join(loaded.lost)}. Your own file has it still."
    if loaded.uncalculated:
        yield (
            "Some formulas have no result in this copy. Open it in Excel and save it once before running it, "
            "if formulas stand in columns that are sent."
        )


def _show(book: Any, sheet: Any) -> None:
    """Open the workbook at the sheet; two sheets that are selected together would be changed together."""
    if sheet.sheet_state == "visible":
        book.active = sheet
        for each in book.worksheets:
            each.sheet_view.tabSelected = each is sheet


# The marks.


def _unmark(book: Any, sheet: Any) -> None:
    """Take every mark of ours off the sheet."""
    ours = {number: fill for number, fill in enumerate(book._fills) if _is_ours(fill)}
    restored: dict[tuple[int, ...], Any] = {}
    for cell in list(sheet._cells.values()):
        if cell.has_style and cell._style.fillId in ours:
            before = tuple(cell._style)
            if before not in restored:
                cell.fill = _uncovered(ours[cell._style.fillId])
                restored[before] = cell._style
            cell._style = copy(restored[before])
        if cell.comment is not None:
            _write_comment(cell, _users_part(cell.comment.text), cell.comment.author)


def _mark(sheet: Any, marks: Iterable[Mark]) -> int:
    """Fill and comment the cells, errors first; return how many comments there was no room for."""
    firsts = {
        (row, column): (area.min_row, area.min_col)
        for area in sheet.merged_cells.ranges
        for row in range(area.min_row, area.max_row + 1)
        for column in range(area.min_col, area.max_col + 1)
    }
    filled: dict[tuple[object, ...], Any] = {}
    left_out = 0
    for number, one in enumerate(sorted(marks, key=lambda one: one.severity != "error")):
        place = (one.row, one.position + 1)
        cell = sheet.cell(*firsts.get(place, place))
        if not _is_ours(cell.fill):
            _fill(cell, one.severity, filled)
        if number < COMMENTS_AT_MOST:
            _add_comment(cell, one.text)
        else:
            left_out += 1
    return left_out


def _fit_comments(book: Any) -> None:
    """Give every comment a box that holds it, since openpyxl forgets how large the boxes were."""
    for sheet in book.worksheets:
        for cell in sheet._cells.values():
            if not isinstance(cell, MergedCell) and cell.comment is not None:
                cell.comment.width, cell.comment.height = COMMENT_WIDTH, comment_height(cell.comment.text)


def _fill(cell: Any, severity: str, filled: dict[tuple[object, ...], Any]) -> None:
    """Fill the cell; a look that many cells share is made once, since making one is slow."""
    before = (severity, *cell._style)
    if before not in filled:
        paper = (looks.DARK_PAPER if _is_light(cell.font.color) else looks.PAPER)[severity]
        cell.fill = PatternFill("solid", fgColor=f"FF{paper}", bgColor=_covered(cell.fill))
        filled[before] = cell._style
    cell._style = copy(filled[before])


def _is_ours(fill: Any) -> bool:
    return fill.fill_type == "solid" and fill.fgColor.type == "rgb" and fill.fgColor.rgb in _PAPERS


def _covered(fill: Any) -> Color:
    """Return the colour of a fill, as a mark carries it; the plain default where there is none."""
    colour = fill.fgColor
    if fill.fill_type != "solid" or (colour.type == "indexed" and colour.indexed >= len(COLOR_INDEX)):
        return Color()
    if colour.type == "theme":
        return Color(theme=colour.theme, tint=colour.tint)
    return Color(rgb=_COVERED + (COLOR_INDEX[colour.indexed] if colour.type == "indexed" else colour.rgb)[2:])


def _uncovered(fill: Any) -> PatternFill:
    """Return the fill that a mark covers."""
    colour = fill.bgColor
    if colour.type == "theme":
        return PatternFill("solid", fgColor=Color(theme=colour.theme, tint=colour.tint))
    if colour.type == "rgb" and colour.rgb.startswith(_COVERED):
        return PatternFill("solid", fgColor=f"FF{colour.rgb[2:]}")
    return _SOME_DARK if fill.fgColor.rgb in _DARK_PAPERS else PatternFill()


def _is_light(colour: Any) -> bool:
    """Return whether text of this colour needs dark paper."""
    if colour is None or colour.type == "indexed":
        return colour is not None and colour.indexed in (1, 9)
    if colour.type == "theme":
        return colour.theme in (0, 2) and colour.tint >= 0
    red, green, blue = (int(colour.rgb[place : place + 2], 16) for place in (2, 4, 6))
    return 0.3 * red + 0.59 * green + 0.11 * blue > 150


def _users_part(text: str) -> str:
    return text.partition(_OUR_LINE)[0].rstrip()


def _add_comment(cell: Any, text: str) -> None:
    before = cell.comment.text if cell.comment is not None else ""
    joint = "\n\n" if before else ""
    ours = text if _OUR_LINE in before else f"{_OUR_LINE}\n{text}"
    _write_comment(cell, before + joint + ours[:_LONGEST_COMMENT], cell.comment.author if before else AUTHOR)


def _write_comment(cell: Any, text: str, author: str) -> None:
    cell.comment = Comment(text, author or AUTHOR) if text else None


# The added columns.

_PROBLEMS = ADDED_COLUMNS.index("bo_problems")
_LINES_AT_MOST = 12  # that a row is made high for


def _write_columns(sheet: Any, annotation: Annotation) -> None:
    """Write the added columns, over what an earlier annotation left in them."""
    _forget_heights(sheet, annotation)
    for name, position, width in zip(ADDED_COLUMNS, annotation.added, looks.ADDED_WIDTHS, strict=True):
        _make_room(sheet, position + 1)
        sheet.column_dimensions[get_column_letter(position + 1)].width = width
        _clear(sheet, position + 1, annotation.header_row)
        header = sheet.cell(annotation.header_row, position + 1)
        if not isinstance(header, MergedCell):
            _write_text(header, name)
            header.font = _font(sheet.parent, bold=True, color=looks.HEADER_INK)
            header.fill = PatternFill("solid", fgColor=looks.HEADER_PAPER)
            header.alignment = Alignment(vertical="center", horizontal="left", indent=1)
    _write_rows(sheet, annotation)


def _font(book: Any, **other: Any) -> Font:
    """Return the workbook's usual font, with these changes."""
    usual = book._fonts[0]
    return Font(**{"name": usual.name, "size": usual.size, **other})


def _write_text(cell: Any, text: str) -> None:
    """Write a text, also where it reads like a formula or an error value."""
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
                _write_text(cell, text)
            if vertical not in looks_of_rows:
                cell.font = _font(sheet.parent)
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


# The sheet "How to fix", and the hidden one.

_COUNTED = Alignment(vertical="top", horizontal="center")
_WRAPPED = Alignment(vertical="top", wrap_text=True)


def _write_guide(book: Any, fixes: Sequence[Fix], notes: Sequence[str]) -> None:
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
    for column, width in enumerate(looks.FIX_WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    _write_line(sheet, 1, TITLE, _font(book, bold=True, size=16, color=looks.TITLE_INK), height=26)
    row = 2
    for line in GUIDE:
        _write_line(sheet, row, line, _font(book))
        row += 1
    row = _write_table(sheet, row + 1, fixes)
    if notes:
        _write_line(sheet, row + 1, NOT_KEPT, _font(book, bold=True, size=12, color=looks.TITLE_INK), height=20)
        for place, note in enumerate(notes, start=row + 2):
            _write_line(sheet, place, note, _font(book))


def _write_line(sheet: Any, row: int, text: str, look: Font, height: float | None = None) -> None:
    """Write a text over the whole width."""
    _write_text(sheet.cell(row, 1), text)
    sheet.cell(row, 1).font = look
    sheet.cell(row, 1).alignment = _WRAPPED
    sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(HEADERS))
    sheet.row_dimensions[row].height = height or looks.LINE_HEIGHT * lines_of(text, sum(looks.FIX_WIDTHS))


def _write_table(sheet: Any, row: int, fixes: Sequence[Fix]) -> int:
    """Write headers and a line each; return the row below."""
    for column, header in enumerate(HEADERS, start=1):
        cell = sheet.cell(row, column, header)
        cell.font = _font(sheet.parent, bold=True, color=looks.HEADER_INK)
        cell.fill = PatternFill("solid", fgColor=looks.HEADER_PAPER)
    for place, fix in enumerate(fixes, start=row + 1):
        for column, value in enumerate(fix, start=1):
            cell = sheet.cell(place, column)
            if isinstance(value, str):
                _write_text(cell, value)
            else:
                cell.value = value
            cell.font = _font(sheet.parent)
            cell.alignment = _COUNTED if column == 1 else _WRAPPED
        severity = sheet.cell(place, 2)
        severity.fill = PatternFill("solid", fgColor=looks.PAPER[fix.severity])
        severity.font = _font(sheet.parent, bold=True, color=looks.INK[fix.severity])
        sheet.row_dimensions[place].height = looks.fix_height(fix)
    return row + 1 + len(fixes)


def _write_base(book: Any, pieces: Sequence[str]) -> None:
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
            _write_text(sheet.cell(row, 1), text)
