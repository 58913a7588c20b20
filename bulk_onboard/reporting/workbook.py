"""The one door to XlsxWriter: tables become the workbook that people forward to their boss.

See docs/handing_over.md, The report.

Rule: a text stays a text. Cells are written by their Python type, texts never as formula, link or number, and nothing
that a worksheet could choke on gets that far. The chart refers to numbers counted here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, islice
from math import ceil
from pathlib import Path
from typing import Any, BinaryIO

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from bulk_onboard.reporting.summary import Summary, Tables
from bulk_onboard.reporting.table import Cell, Line, Table, cell_text
from bulk_onboard.reporting.target import PROPERTY, SHEETS

_GREEN = ("#C6EFCE", "#006100", "#70AD47")
_BLUE = ("#DDEBF7", "#1F4E78", "#5B9BD5")
_YELLOW = ("#FFF2CC", "#7F6000", "#FFC000")
_ORANGE = ("#FCE4D6", "#833C0B", "#ED7D31")
_PURPLE = ("#E4DFEC", "#403151", "#8064A2")
_ROSE = ("#FFDCE0", "#9C0006", "#E8808A")
_RED = ("#F4A6B0", "#7A0016", "#C00000")
_GREY = ("#EDEDED", "#595959", "#A5A5A5")

_COLOURS: Mapping[str, tuple[str, str, str]] = {  # of a state, review or severity: paper, ink and bar
    "submitted": _GREEN,
    "approved": _GREEN,
    "not sent": _BLUE,
    "pending": _BLUE,
    "deferred": _YELLOW,
    "warning": _YELLOW,
    "uncertain": _ORANGE,
    "more info": _ORANGE,
    "held": _PURPLE,
    "suspended": _PURPLE,
    "invalid": _ROSE,
    "error": _ROSE,
    "refused": _RED,
    "gone": _RED,
    "rejected": _RED,
    "deleted": _GREY,
    "abandoned": _GREY,
    "expired": _GREY,
    "duplicate": _GREY,
    "example": _GREY,
    "blank": _GREY,
}
_COLOURED = {"State", "Review", "Severity"}
_INK = "#1F3864"
_MEASURED = 1_000  # the first rows, whose texts say how wide the columns are
_WIDEST = 46  # characters; what is longer wraps
_NARROWEST = 8
_COVER_WIDTHS = (20, 12, 54)
_COVER_LINE = 98  # characters of prose that these widths hold in one line, cautiously
_ROW_HEIGHT = 16  # points
_HEADER_HEIGHT = 18
_HIGHEST = 405  # points; no row may be higher
_CHART_PLACE = "E3"

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write_workbook(file: BinaryIO, folder: Path, tables: Tables) -> None:
    """Write the workbook into an open file; `folder` is for XlsxWriter's own temporary files.

    Raises:
        OSError: it could not be written.
    """
    try:
        _write(file, folder, tables)
    except XlsxWriterException as error:
        raise OSError(str(error)) from error


def _write(file: BinaryIO, folder: Path, tables: Tables) -> None:
    book = xlsxwriter.Workbook(file, {**_OPTIONS, "tmpdir": str(folder)})
    book.set_properties({"title": cell_text(tables.summary.title)})
    book.set_custom_property(*PROPERTY)
    formats = _Formats(book)
    _write_cover(book, formats, tables.summary)
    written = (tables.results, tables.problems, tables.not_in_workbook, tables.runs)
    for name, table in zip(SHEETS[1:], written, strict=True):
        _write_table(book, formats, name, table)
    book.close()


class _Formats:
    """The looks of cells; made once, since a workbook keeps every format it was ever given."""

    def __init__(self, book: Any) -> None:
        top = {"valign": "top"}
        self.title = book.add_format({"bold": True, "font_size": 18, "font_color": _INK})
        self.heading = book.add_format({"bold": True, "font_size": 12, "font_color": _INK, "bottom": 1})
        self.prose = book.add_format({"text_wrap": True, "valign": "vcenter"})
        self.command = book.add_format({"font_name": "Consolas", "bg_color": "#F2F2F2", "border": 1, "text_wrap": True})
        self.header = book.add_format(
            {"bold": True, "font_color": "#FFFFFF", "bg_color": _INK, "text_wrap": True, **top}
        )
        self.text = book.add_format({"text_wrap": True, **top})
        self.number = book.add_format({"num_format": "0", "align": "left", **top})
        self.meaning = book.add_format({"text_wrap": True, "align": "left", "indent": 1, **top})
        self.count = book.add_format({"num_format": "#,##0", **top})
        self.total = book.add_format({"num_format": "#,##0", "bold": True, "top": 1})
        self._words = {
            word: book.add_format({"bg_color": paper, "font_color": ink, **top})
            for word, (paper, ink, _) in _COLOURS.items()
        }

    def looks_under(self, header: str) -> Callable[[Cell], Any]:
        """Return the look of each cell in a column of that header."""
        words = self._words if header in _COLOURED else {}
        return lambda value: self.number if isinstance(value, int) else words.get(value or "", self.text)


def _write_table(book: Any, formats: _Formats, name: str, table: Table) -> None:
    """Write one header row and data rows, nothing else."""
    sheet = book.add_worksheet(name)
    _set_up_page(sheet, pages_high=0)
    sheet.repeat_rows(0)
    sheet.freeze_panes(1, 0)
    sheet.set_default_row(_ROW_HEIGHT)
    sheet.set_row(0, _HEADER_HEIGHT)
    rows = iter(table.rows)
    first = list(islice(rows, _MEASURED))
    widths = [_width(header, (row[column] for row in first)) for column, header in enumerate(table.headers)]
    for column, (header, width) in enumerate(zip(table.headers, widths, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, cell_text(header), formats.header)
    last = _write_rows(sheet, formats, table.headers, widths, chain(first, rows))
    sheet.autofilter(0, 0, last, len(table.headers) - 1)


def _write_rows(sheet: Any, formats: _Formats, headers: Sequence[str], widths: list[int], rows: Iterable[Line]) -> int:
    """Write the rows below the headers, and return the number of the last; blank cells are not written."""
    looks = [formats.looks_under(header) for header in headers]
    number = 0
    for number, row in enumerate(rows, start=1):
        if (lines := _lines(row, widths)) > 1:
            sheet.set_row(number, min(lines * _ROW_HEIGHT, _HIGHEST))
        for column, value in enumerate(row):
            if value not in {None, ""}:
                _write_cell(sheet, number, column, value, looks[column](value))
    return number


def _write_cell(sheet: Any, row: int, column: int, value: Cell, look: Any) -> None:
    if isinstance(value, int):
        sheet.write_number(row, column, value, look)
    elif value:
        sheet.write_string(row, column, cell_text(value), look)
    else:
        sheet.write_blank(row, column, None, look)


def _width(header: str, values: Iterable[Cell]) -> int:
    """Return the characters that the longest text needs, and the header beside its filter button."""
    longest = max((len(str(value)) for value in values if value is not None), default=0)
    return max(_NARROWEST, len(header) + 3, min(longest + 2, _WIDEST))


def _lines(row: Line, widths: list[int]) -> int:
    """Return how many lines the highest cell needs; not every program finds that out by itself."""
    most = 1
    for value, width in zip(row, widths, strict=True):
        if isinstance(value, str) and (len(value) > width or "\n" in value):
            most = max(most, sum(ceil(len(line) / width) or 1 for line in value.split("\n")))
    return most


def _set_up_page(sheet: Any, *, pages_high: int) -> None:
    """A4 across, as wide as one page; 0 pages high is as many as it takes."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, pages_high)


class _Cover:
    """The Summary sheet, written from top to bottom."""

    def __init__(self, sheet: Any, formats: _Formats) -> None:
        self.sheet = sheet
        self.formats = formats
        self.row = 0
        for column, width in enumerate(_COVER_WIDTHS):
            sheet.set_column(column, column, width)

    def write_line(self, text: str, look: Any, height: float | None = None) -> None:
        """Write a text over the whole width, as many lines high as it needs."""
        lines = ceil(len(text) / _COVER_LINE) or 1
        self.sheet.set_row(self.row, height or lines * _ROW_HEIGHT)
        self.sheet.merge_range(self.row, 0, self.row, len(_COVER_WIDTHS) - 1, "", look)
        self.sheet.write_string(self.row, 0, cell_text(text), look)
        self.row += 1

    def write_heading(self, text: str) -> None:
        """Write a blank row and a heading."""
        self.row += 1
        self.write_line(text, self.formats.heading, height=20)

    def write_lines(self, heading: str, lines: Iterable[str]) -> None:
        """Write a heading and its sentences."""
        self.write_heading(heading)
        for line in lines:
            self.write_line(line, self.formats.prose)

    def write_counted(self, table: Table) -> None:
        """Write name, number and meaning of each line."""
        for column, header in enumerate(table.headers):
            self.sheet.write_string(self.row, column, header, self.formats.header)
        self.row += 1
        for name, number, meaning in table.rows:
            look, total = self.formats.looks_under("State")(name), self.formats.total
            looks = (total, total, total) if name == "Total" else (look, self.formats.count, self.formats.meaning)
            for column, (value, look) in enumerate(zip((name, number, meaning), looks, strict=True)):
                _write_cell(self.sheet, self.row, column, value, look)
            self.row += 1


def _write_cover(book: Any, formats: _Formats, summary: Summary) -> None:
    sheet = book.add_worksheet(SHEETS[0])
    sheet.hide_gridlines(2)
    _set_up_page(sheet, pages_high=1)
    cover = _Cover(sheet, formats)
    cover.write_line(summary.title, formats.title, height=28)
    cover.write_lines("What happened", summary.happened)
    cover.write_heading("Rows by state")
    first = cover.row + 1
    cover.write_counted(summary.counts)
    if states := tuple(summary.counts.rows)[:-1]:
        sheet.insert_chart(_CHART_PLACE, _chart(book, first, states), {"description": "Rows by state"})
    if summary.reviews.rows:
        cover.write_heading("Submitted rows by review")
        cover.write_counted(summary.reviews)
    if summary.expected:
        cover.write_lines("When the reviews are expected", summary.expected)
    cover.write_lines("What to do next", summary.todo)
    cover.write_heading("The command to type")
    cover.write_line(summary.command, formats.command, height=20)
    cover.write_lines("About this report", (f"{name}: {value}" for name, value in summary.facts))


def _chart(book: Any, first: int, states: tuple[tuple[Cell, ...], ...]) -> Any:
    """Return bars in the colours of the states; the numbers go along for viewers that do not read the cells."""
    last = first + len(states) - 1
    chart = book.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": "Rows",
            "categories": ["Summary", first, 0, last, 0],
            "values": ["Summary", first, 1, last, 1],
            "categories_data": [state[0] for state in states],
            "values_data": [state[1] for state in states],
            "points": [{"fill": {"color": _COLOURS[str(state[0])][2]}} for state in states],
            "data_labels": {"value": True, "num_format": "#,##0"},
            "gap": 40,
        }
    )
    chart.set_title({"name": "Rows by state", "name_font": {"size": 12, "color": _INK}})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "line": {"none": True}, "major_tick_mark": "none"})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
    chart.set_size({"width": 560, "height": 120 + 34 * len(states)})
    return chart
