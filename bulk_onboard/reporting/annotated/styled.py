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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from datetime import datetime
from importlib.util import find_spec
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, PatternFill
from openpyxl.styles.colors import COLOR_INDEX, Color
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink

from bulk_onboard.confined.limits import shut_doors
from bulk_onboard.errors import WorkbookError
from bulk_onboard.model.sheet import ADDED_COLUMNS
from bulk_onboard.reporting.annotated import looks
from bulk_onboard.reporting.annotated.annotation import Annotation, Mark, RowResults, answer_pieces, read_request
from bulk_onboard.reporting.annotated.base import BASE_SHEET, BASE_TITLE
from bulk_onboard.reporting.annotated.book import Loaded, load, save
from bulk_onboard.reporting.annotated.guide import (
    lines_by_row,
    link_to_line,
    more_spots,
    uncommented,
)
from bulk_onboard.reporting.annotated.looks import AUTHOR, COMMENT_WIDTH, comment_height
from bulk_onboard.reporting.annotated.styled_guide import font_of, write_guide, write_text
from bulk_onboard.reporting.annotated.styled_view import set_print, set_view, show

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
    uncommented_cells = max(0, len(annotation.marks) - COMMENTS_AT_MOST)
    notes = (*_lacks(loaded), *uncommented(uncommented_cells), *more_spots(len(annotation.marks)))
    guide = write_guide(book, annotation, notes)
    lines = {} if guide is None else lines_by_row(annotation.fixes, annotation.spots)
    _write_columns(sheet, annotation, lines)
    _mark(sheet, annotation.marks)
    _write_base(book, annotation.base)
    _fit_comments(book)
    set_view(sheet, annotation)
    set_print(sheet, annotation)
    show(book, sheet if guide is None else guide)
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


def _mark(sheet: Any, marks: Iterable[Mark]) -> None:
    """Fill and comment the cells, errors first, as long as there is room for comments."""
    firsts = {
        (row, column): (area.min_row, area.min_col)
        for area in sheet.merged_cells.ranges
        for row in range(area.min_row, area.max_row + 1)
        for column in range(area.min_col, area.max_col + 1)
    }
    filled: dict[tuple[object, ...], Any] = {}
    for number, one in enumerate(sorted(marks, key=lambda one: one.severity != "error")):
        place = (one.row, one.position + 1)
        cell = sheet.cell(*firsts.get(place, place))
        if not _is_ours(cell.fill):
            _fill(cell, one.severity, filled)
        if number < COMMENTS_AT_MOST:
            _add_comment(cell, one.text)


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

_STATE, _PROBLEMS = ADDED_COLUMNS.index("bo_state"), ADDED_COLUMNS.index("bo_problems")


def _write_columns(sheet: Any, annotation: Annotation, lines: Mapping[int, int]) -> None:
    """Write the added columns, over what an earlier annotation left in them.

    Args:
        lines: by row, its line of the sheet "How to fix", where its state leads.
    """
    _forget_heights(sheet, annotation)
    for name, position, width in zip(ADDED_COLUMNS, annotation.added, looks.ADDED_WIDTHS, strict=True):
        _make_room(sheet, position + 1)
        sheet.column_dimensions[get_column_letter(position + 1)].width = width
        _clear(sheet, position + 1, annotation.header_row)
        header = sheet.cell(annotation.header_row, position + 1)
        if not isinstance(header, MergedCell):
            write_text(header, name)
            header.font = font_of(sheet.parent, bold=True, color=looks.HEADER_INK)
            header.fill = PatternFill("solid", fgColor=looks.HEADER_PAPER)
            header.alignment = Alignment(vertical="center", horizontal="left", indent=1)
    cells, raised = _AddedCells(sheet), dict[tuple[int, ...], Any]()
    for each in annotation.results:
        if _let_grow(sheet, each.row, each.texts.problems):
            _raise(sheet, each.row, raised)
        cells.write(each, annotation.added, link=link_to_line(lines[each.row]) if each.row in lines else "")


class _AddedCells:
    """Writes the added cells of rows; a look that many share is made once."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet
        self._looks: dict[tuple[object, ...], Any] = {}

    def write(self, each: RowResults, places: Sequence[int], *, link: str) -> None:
        """Write the texts of one row at these positions; its state leads where the link does.

        A link in bo_problems would keep LibreOffice from breaking its lines.
        """
        vertical = self._sheet.cell(each.row, 1).alignment.vertical  # as the row's own cells stand
        for column, (position, text) in enumerate(zip(places, each.texts, strict=True)):
            cell = self._sheet.cell(each.row, position + 1)
            if isinstance(cell, MergedCell):
                continue
            if text:
                write_text(cell, text)
            is_link = bool(link) and column == _STATE
            if is_link:
                cell.hyperlink = Hyperlink(ref=cell.coordinate, location=link)
            self._dress(cell, vertical, each.tone if column == _STATE else "", is_link=is_link)

    def _dress(self, cell: Any, vertical: str | None, tone: str, *, is_link: bool) -> None:
        wanted = (vertical, tone, is_link)
        if wanted not in self._looks:
            colours = looks.TONES.get(tone)
            ink = {"color": colours.ink if colours else looks.LINK_INK} if colours or is_link else {}
            cell.font = font_of(self._sheet.parent, underline="single" if is_link else None, **ink)
            cell.fill = PatternFill("solid", fgColor=f"FF{colours.paper}") if colours else PatternFill()
            cell.number_format = "@"
            cell.alignment = Alignment(vertical=vertical, horizontal="left", wrap_text=True, indent=1)
            self._looks[wanted] = cell._style
        cell._style = copy(self._looks[wanted])


def _let_grow(sheet: Any, row: int, problems: str) -> bool:
    """Make the row as high as its problems need, which not every program finds out; return whether that was higher."""
    dimension = sheet.row_dimensions[row]
    if not problems or (dimension.height or 0) >= looks.row_height(problems):
        return False
    dimension.height = looks.row_height(problems)
    return bool(dimension.height > looks.LINE_HEIGHT)


def _raise(sheet: Any, row: int, raised: dict[tuple[int, ...], Any]) -> None:
    """Put the row's own texts at the top of their cells, where nothing else was said; they would stand at the bottom.

    Args:
        raised: by look before, that look afterwards, so that each is made once.
    """
    for column in range(1, sheet.max_column + 1):
        cell = sheet._cells.get((row, column))
        if cell is None or isinstance(cell, MergedCell):
            continue
        before = tuple(cell._style)
        if before not in raised:
            if cell.alignment.vertical is None:
                cell.alignment = _with_top(cell.alignment)
            raised[before] = cell._style
        cell._style = copy(raised[before])


def _with_top(alignment: Any) -> Any:
    raised = copy(alignment)
    raised.vertical = "top"
    return raised


def _forget_heights(sheet: Any, annotation: Annotation) -> None:
    """Take the heights off that an earlier annotation gave to rows."""
    column = annotation.added[_PROBLEMS] + 1
    for row, dimension in sheet.row_dimensions.items():
        cell = sheet._cells.get((row, column))
        if cell is not None and cell.value and dimension.height == looks.row_height(str(cell.value)):
            dimension.height = None


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


# The hidden sheet.


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
            write_text(sheet.cell(row, 1), text)
