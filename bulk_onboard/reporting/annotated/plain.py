"""A plain copy of the one sheet, annotated: for formats that cannot be written again, and for very long sheets.

Every cell is in its own place, row and column as in the file, merged as there, so the next read finds what this one
found.

Rule: a number stays a number, a date a date and an error an error, since what is wrong with a cell is often how it is
kept: as text it would be valid, and be sent though nobody fixed it. What cannot be kept so becomes an error.

Rule: no two merged areas may overlap, or spreadsheet programs call the copy damaged.
"""

import math
import re
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeAlias

from bulk_onboard.model import page as paper
from bulk_onboard.model.sheet import (
    ADDED_COLUMNS,
    HOW_TO_FIX,
    SOME_ROWS_COLUMN,
    Merged,
    Sheet,
    SheetRow,
    Stored,
)
from bulk_onboard.reporting.annotated import looks
from bulk_onboard.reporting.annotated.annotation import Annotation, Mark
from bulk_onboard.reporting.annotated.base import BASE_SHEET, BASE_TITLE, as_xlsxwriter_writes
from bulk_onboard.reporting.annotated.guide import (
    CELL_BY_CELL,
    FIX_HEADERS,
    GUIDE,
    NOT_KEPT,
    SPOT_HEADERS,
    TITLE,
    layout,
    lines_by_row,
    link_to,
    link_to_line,
    more_spots,
    uncommented,
)
from bulk_onboard.reporting.annotated.looks import AUTHOR, COMMENT_WIDTH, comment_height
from bulk_onboard.reporting.table import cell_text

TEXT = "@"
"""The format of a cell that is to hold text, whatever somebody writes into it."""
COMMENTS_AT_MOST = 2_000
_LONGEST_NAME = 31  # characters of a sheet's name
_TAKEN_NAMES = (HOW_TO_FIX.casefold(), BASE_SHEET, "history")
_NOT_IN_A_NAME = str.maketrans(dict.fromkeys("[]:*?/\\", "_"))
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_NARROWEST, _WIDEST = 10, 40  # characters
_ROOM = 200  # rows below the last one that are not hidden, for who wants to add some
_ROW_HEIGHT = 15  # the usual one, which a row must be given to be shown
_STATE, _PROBLEMS = ADDED_COLUMNS.index("bo_state"), ADDED_COLUMNS.index("bo_problems")
_LOOKED_AT = 1_000  # rows that the widths are made for


def write_plain(
    file: BinaryIO,
    folder: Path,
    *,
    sheet: Sheet,
    annotation: Annotation,
    notes: Sequence[str],
    created: datetime,
    guide: Sequence[str] = GUIDE,
) -> None:
    """Write the copy.

    Args:
        folder: for temporary files.
        notes: what the copy lacks.
        created: when the copy says that it was made.
        guide: what is to be done with it, as many lines as `GUIDE` has.
    """
    import xlsxwriter  # noqa: PLC0415 - costs time that only an annotated copy should pay

    book = xlsxwriter.Workbook(file, {**_OPTIONS, "tmpdir": str(folder)})
    book.set_properties({"created": created.replace(tzinfo=None)})
    look = _Looks(book)
    marked = len(annotation.marks)
    more = (*uncommented(max(0, marked - COMMENTS_AT_MOST)), *more_spots(marked))
    _write_guide(book, look, annotation, guide, (*notes, *more))
    _write_sheet(book, look, sheet, annotation)
    _write_base(book, annotation.base)
    book.close()


def write_sheet(file: BinaryIO, folder: Path, *, sheet: Sheet) -> None:
    """Write the sheet alone, nothing added; `folder` is for temporary files."""
    import xlsxwriter  # noqa: PLC0415 - as above

    book = xlsxwriter.Workbook(file, {**_OPTIONS, "tmpdir": str(folder)})
    nothing = Annotation(sheet=sheet.name, header_row=sheet.header_row, added=())
    _write_sheet(book, _Looks(book), sheet, nothing)
    book.close()


class _Looks:
    """The looks of cells; a workbook keeps every one that it was ever given."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._cells: dict[tuple[str, str], Any] = {}
        wrapped = {"num_format": TEXT, "valign": "top", "text_wrap": True}
        ours = {"bold": True, "font_color": f"#{looks.HEADER_INK}", "bg_color": f"#{looks.HEADER_PAPER}"}
        self.text = self.cell()
        self.ours_text = book.add_format(wrapped)
        link = {"font_color": f"#{looks.LINK_INK}", "underline": 1}
        self.link = book.add_format({**wrapped, **link})
        self.tones = {
            (tone, is_link): book.add_format(
                {**wrapped, "bg_color": f"#{paper}", "font_color": f"#{ink}", "underline": int(is_link)}
            )
            for tone, (paper, ink) in looks.TONES.items()
            for is_link in (False, True)
        }
        line = {**wrapped, "bottom": 1, "bottom_color": f"#{looks.LINE_INK}"}
        self.line, self.line_link = book.add_format(line), book.add_format({**line, **link})
        self.line_count = book.add_format({**line, "num_format": "#,##0", "align": "center"})
        self.prose = book.add_format({"text_wrap": True, "valign": "top"})
        self.header = book.add_format({"num_format": TEXT, "bold": True, "bottom": 1})
        self.ours = book.add_format({**ours, "num_format": TEXT})
        self.title = book.add_format({"bold": True, "font_size": 16, "font_color": f"#{looks.TITLE_INK}"})
        self.heading = book.add_format({"bold": True, "font_size": 12, "font_color": f"#{looks.TITLE_INK}"})
        self.severity = {
            severity: book.add_format({**line, "bold": True, "bg_color": f"#{paper}", "font_color": f"#{ink}"})
            for (severity, paper), ink in zip(looks.PAPER.items(), looks.INK.values(), strict=True)
        }

    def cell(self, number_format: str = TEXT, severity: str = "") -> Any:
        """Return the look of a cell of the user's, marked or not."""
        wanted = (number_format, severity)
        if wanted not in self._cells:
            paper = {"bg_color": f"#{looks.PAPER[severity]}"} if severity else {}
            self._cells[wanted] = self._book.add_format({"num_format": number_format, "valign": "top", **paper})
        return self._cells[wanted]


def _write_sheet(book: Any, look: _Looks, sheet: Sheet, annotation: Annotation) -> None:
    """Write the sheet itself from top to bottom."""
    page = book.add_worksheet(_sheet_name(sheet.name))
    names, places = (ADDED_COLUMNS, annotation.added) if annotation.added else ((), ())
    if annotation.some_rows and not sheet.has_some_rows_only:
        names, places = (*names, SOME_ROWS_COLUMN), (*places, max(len(sheet.headers), *(p + 1 for p in places)))
        page.set_column(places[-1], places[-1], len(SOME_ROWS_COLUMN) + 2)
    widths = _set_columns(page, sheet, annotation)
    if annotation.some_rows:
        page.set_default_row(hide_unused_rows=True)  # the others are seen to be missing, and not to be empty
    _set_view(page, sheet, annotation, widths)
    page.merge += [[m.first_row - 1, m.first_column, m.last_row - 1, m.last_column] for m in disjoint(sheet.merged)]
    marks: defaultdict[int, dict[int, Mark]] = defaultdict(dict)
    for mark in annotation.marks:
        marks[mark.row][mark.position] = mark
    commented = set(sorted(annotation.marks, key=lambda mark: mark.severity != "error")[:COMMENTS_AT_MOST])
    header = SheetRow(annotation.header_row, sheet.headers)
    ours = _added_cells(look, annotation)
    for row in (header, *sheet.rows):
        if row is header:
            added = {place: _Added(name, look.ours) for name, place in zip(names, places, strict=True)}
        else:
            added = dict(zip(places, ours.get(row.number, ()), strict=False))
            height = looks.row_height(added[places[_PROBLEMS]].text) if added else 0
            if height > _ROW_HEIGHT:
                page.set_row(row.number - 1, height)
        _write_row(page, look, row, added, marks[row.number], is_header=row is header)
        for mark in commented.intersection(marks[row.number].values()):
            _comment(page, mark)
    if annotation.some_rows:
        for line in range(sheet.numbers[-1], sheet.numbers[-1] + _ROOM):
            page.set_row(line, _ROW_HEIGHT)


def _set_view(page: Any, sheet: Sheet, annotation: Annotation, widths: Sequence[float]) -> None:
    """Keep headers and names in view, show the results beside them, offer a filter, and fit the sheet to pages."""
    header, frozen = annotation.header_row, looks.frozen_columns(widths, annotation.names)
    state = annotation.added[_STATE] if annotation.added and frozen else frozen
    rows = looks.frozen_rows(header)
    page.freeze_panes(rows, frozen, rows, state)
    if sheet.numbers and widths:
        page.autofilter(header - 1, 0, sheet.numbers[-1] - 1, len(widths) - 1)
    pages = paper.pages_wide(widths)
    _set_up_page(page, pages)
    page.repeat_rows(header - 1)
    if pages > 1 and frozen:
        page.repeat_columns(0, frozen - 1)


def _set_up_page(page: Any, pages_wide: int = 1) -> None:
    """Print on A4 in landscape, so many pages wide and as many high as it takes, with their numbers."""
    page.set_landscape()
    page.set_paper(9)
    page.set_margins(paper.SIDE, paper.SIDE, paper.TOP, paper.BOTTOM)
    page.fit_to_pages(pages_wide, 0)
    page.set_footer(f"&L&A&R{paper.FOOTER}")


class _Added(NamedTuple):
    """A cell that is added to the user's: its text, its look, and where it leads; empty for nowhere."""

    text: str
    look: Any
    link: str = ""


def _added_cells(look: _Looks, annotation: Annotation) -> dict[int, list[_Added]]:
    """Return what the added columns hold, by row."""
    lines = lines_by_row(annotation.fixes, annotation.spots)
    added: dict[int, list[_Added]] = {}
    for each in annotation.results:
        cells = [_Added(text, look.ours_text) for text in each.texts]
        link = link_to_line(lines[each.row]) if each.row in lines else ""
        if each.tone:
            cells[_STATE] = _Added(each.texts.state, look.tones[each.tone, bool(link)], link)
        elif link:
            cells[_STATE] = _Added(each.texts.state, look.link, link)
        added[each.row] = cells
    return added


def _write_row(
    page: Any, look: _Looks, row: SheetRow, ours: Mapping[int, _Added], marks: Mapping[int, Mark], *, is_header: bool
) -> None:
    """Write one row: the user's cells, and over them those of `ours`, by position."""
    line, stored = row.number - 1, row.stored
    usual, usual_ours = (look.header, look.ours) if is_header else (look.text, look.ours_text)
    for position, text in enumerate(row.cells):
        if position in ours:
            continue
        severity = marks[position].severity if position in marks else ""
        if position in stored:
            one = kept(text, stored[position])
            _write_kept(page, line, position, one.value, look.cell(one.number_format, severity))
        else:
            _write(page, line, position, text, look.cell(TEXT, severity) if severity else usual)
    for position in sorted(ours.keys() | {place for place in marks if place >= len(row.cells)}):
        added = ours.get(position, _Added("", usual_ours))
        cell_look = look.cell(TEXT, marks[position].severity) if position in marks else added.look
        _write(page, line, position, cell_text(added.text), cell_look, link=added.link)


def _write_kept(page: Any, row: int, position: int, value: "Value", look: Any) -> None:
    match value:
        case bool():
            page.write_boolean(row, position, value, look)
        case float():
            page.write_number(row, position, value, look)
        case Formula(text, result):
            page.write_formula(row, position, text, look, result)
        case _:
            page.write_datetime(row, position, value, look)


def _comment(page: Any, mark: Mark) -> None:
    size = {"x_scale": COMMENT_WIDTH / 128, "y_scale": comment_height(mark.text) / 74}  # of XlsxWriter's own box
    page.write_comment(mark.row - 1, mark.position, mark.text, {"author": AUTHOR, **size})


def _set_columns(page: Any, sheet: Sheet, annotation: Annotation) -> list[float]:
    """Set the widths of all columns, and return them."""
    widths: dict[int, float] = {}
    for position, header in enumerate(sheet.headers):
        longest = max(
            (len(row.cells[position]) for row in sheet.rows[:_LOOKED_AT] if position < len(row.cells)), default=0
        )
        widths[position] = max(_NARROWEST, len(header) + 2, min(longest + 2, _WIDEST))
    widths |= zip(annotation.added, looks.ADDED_WIDTHS, strict=False)  # none in a sheet alone
    for position, width in widths.items():
        page.set_column(position, position, width)
    return [widths[position] for position in sorted(widths)]


def _write_guide(book: Any, look: _Looks, annotation: Annotation, guide: Sequence[str], notes: Sequence[str]) -> None:
    """Write the sheet "How to fix", the first one."""
    page = book.add_worksheet(HOW_TO_FIX)
    page.hide_gridlines(2)
    _set_up_page(page)
    for position, width in enumerate(looks.FIX_WIDTHS):
        page.set_column(position, position, width)
    page.write_string(0, 0, TITLE, look.title)
    for row, line in enumerate(guide, start=1):
        _write_line(page, row, line, look.prose)
    at = layout(annotation.fixes, annotation.spots)
    _write_headers(page, at.fixes, FIX_HEADERS, look)
    for row, fix in enumerate(annotation.fixes, start=at.fixes):
        page.set_row(row, looks.line_height(fix))
        page.write_number(row, 0, fix.times, look.line_count)
        _write_cells(page, row, fix[1:], look)
    if annotation.spots:
        page.write_string(at.spots - 2, 0, CELL_BY_CELL, look.heading)
        _write_headers(page, at.spots, SPOT_HEADERS, look)
    name = _sheet_name(annotation.sheet)
    for row, spot in enumerate(annotation.spots, start=at.spots):
        page.set_row(row, looks.line_height(spot.cells))
        _write(page, row, 0, spot.address, look.line_link, link=link_to(name, spot.address))
        _write_cells(page, row, spot.cells[1:], look)
    if notes:
        page.write_string(at.below - 1, 0, NOT_KEPT, look.heading)
    for row, note in enumerate(notes, start=at.below):
        _write_line(page, row, cell_text(note), look.prose)


def _write_headers(page: Any, row: int, headers: Iterable[str], look: _Looks) -> None:
    for position, header in enumerate(headers):
        page.write_string(row - 1, position, header, look.ours)


def _write_cells(page: Any, row: int, texts: Sequence[str], look: _Looks) -> None:
    """Write the texts of a line but for its first cell; they begin with the severity."""
    for position, text in enumerate(texts, start=1):
        _write(page, row, position, cell_text(text), look.line if position > 1 else look.severity[text])


def _write_line(page: Any, row: int, text: str, look: Any) -> None:
    """Write a text over the whole width."""
    last = len(looks.FIX_WIDTHS) - 1
    page.set_row(row, looks.LINE_HEIGHT * looks.lines_of(text, sum(looks.FIX_WIDTHS)))
    page.merge_range(row, 0, row, last, "", look)
    page.write_string(row, 0, text, look)


def _write_base(book: Any, pieces: Sequence[str]) -> None:
    if not pieces:
        return
    page = book.add_worksheet(BASE_SHEET)
    page.very_hidden()
    for row, text in enumerate((BASE_TITLE, *pieces)):
        page.write_string(row, 0, text)


def _write(page: Any, row: int, position: int, text: str, look: Any, *, link: str = "") -> None:
    if text and link:
        page.write_url(row, position, f"internal:{link}", look, as_xlsxwriter_writes(text))
    elif text:
        page.write_string(row, position, as_xlsxwriter_writes(text), look)
    else:
        page.write_blank(row, position, None, look)


def _sheet_name(name: str) -> str:
    """Return the name as Excel allows it: a csv's sheet is called like the file."""
    allowed = cell_text(name).translate(_NOT_IN_A_NAME).strip("'")[:_LONGEST_NAME]
    return allowed if allowed and allowed.casefold() not in _TAKEN_NAMES else "Sheet1"


# How a cell that is no text is kept.

_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})
_LOST = "#VALUE!"
_FIRST_YEAR = 1901  # spreadsheet programs disagree about the days before
_DURATION = re.compile(r"(?P<hours>[0-9]{1,6}):(?P<minutes>[0-9]{2}):(?P<seconds>[0-9]{2})")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula and what it came to; empty for one that was never calculated."""

    text: str
    result: str


Value: TypeAlias = float | bool | datetime | timedelta | Formula


@dataclass(frozen=True, slots=True)
class CellValue:
    """What to write, and the number format of the cell."""

    value: Value
    number_format: str = TEXT


def kept(text: str, stored: Stored) -> CellValue:
    """Return what to write for a cell that is no text and reads like this."""
    return _KEPT[stored](text)


def _error(text: str) -> CellValue:
    sign = text if text in _ERRORS else _LOST
    return CellValue(Formula(f"={sign}", sign))


def _uncalculated(_text: str) -> CellValue:
    return CellValue(Formula("=NA()", ""))  # which formula it was nobody knows here


def _number(text: str) -> CellValue:
    number = float(text)
    return CellValue(number) if math.isfinite(number) else _error("#NUM!")


def _date(text: str) -> CellValue:
    """A date, a time of day or a duration."""
    if match := _DURATION.fullmatch(text):
        parts = {name: int(part) for name, part in match.groupdict().items()}
        return CellValue(timedelta(**parts), "hh:mm:ss" if text.startswith("0") else "[h]:mm:ss")
    moment = datetime.fromisoformat(text)
    if moment.year < _FIRST_YEAR or moment.tzinfo:
        return _error(_LOST)
    return CellValue(moment, "yyyy\\-mm\\-dd" if len(text) == len("2026-01-02") else "yyyy\\-mm\\-dd\\ hh:mm:ss")


def _or_error(keep: Callable[[str], CellValue]) -> Callable[[str], CellValue]:
    def kept_or_error(text: str) -> CellValue:
        try:
            return keep(text)
        except ValueError:
            return _error(_LOST)

    return kept_or_error


_KEPT: Mapping[Stored, Callable[[str], CellValue]] = {
    Stored.NUMBER: _or_error(_number),
    Stored.FORMATTED: _or_error(lambda text: replace(_number(text), number_format="#,##0")),
    Stored.DATE: _or_error(_date),
    Stored.BOOLEAN: lambda text: CellValue(text == "TRUE"),
    Stored.ERROR: _error,
    Stored.UNCALCULATED: _uncalculated,
}


# Merged areas.


def disjoint(merged: Iterable[Merged]) -> list[Merged]:
    """Return areas that cover the same cells, none of them twice; cells beside them too where the file's own overlap.

    No program makes such a file.
    """
    areas = sorted(set(merged))
    return list(_bands(areas)) if _overlap(areas) else areas


def _overlap(areas: Iterable[Merged]) -> bool:
    """Return whether any two do; the areas are in the order of their first rows."""
    beside: list[tuple[int, int]] = []  # columns of the areas that reach down to the row
    ends: list[tuple[int, tuple[int, int]]] = []
    for area in areas:
        while ends and ends[0][0] < area.first_row:
            del beside[bisect_left(beside, heappop(ends)[1])]
        columns = (area.first_column, area.last_column)
        place = bisect_left(beside, columns)
        if place and beside[place - 1][1] >= area.first_column:
            return True
        if place < len(beside) and beside[place][0] <= area.last_column:
            return True
        insort(beside, columns)
        heappush(ends, (area.last_row, columns))
    return False


def _bands(areas: Iterable[Merged]) -> Iterator[Merged]:
    """Yield the areas of rows that overlap, as one area each."""
    band, last = 0, 0
    numbered = []
    for area in areas:
        band += area.first_row > last
        last = max(last, area.last_row)
        numbered.append((band, area))
    for _, group in groupby(numbered, key=lambda one: one[0]):
        together = [area for _, area in group]
        yield Merged(
            together[0].first_row,
            max(area.last_row for area in together),
            min(area.first_column for area in together),
            max(area.last_column for area in together),
        )
