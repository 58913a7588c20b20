"""The door to XlsxWriter: tables become the workbook that people forward to their boss.

See docs/handing_over.md, The report.

Rule: a text stays a text. Cells are written by their Python type, texts never as formula, link or number, and nothing
that a worksheet could choke on gets that far. Links lead from one sheet of the report to another, and from the report
over all accounts to the accounts' own beside it.

Rule: rows are as high as their texts need, no higher.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from bulk_onboard.reporting.cover import write_chart_data, write_cover
from bulk_onboard.reporting.looks import FONT, LINE_POINTS, SIZE, Formats, lines_of, set_up_page
from bulk_onboard.reporting.sheets import NOT_IN_WORKBOOK, PROBLEMS, RESULTS, RUNS
from bulk_onboard.reporting.summary import Tables
from bulk_onboard.reporting.table import Cell, Line, Link, Table, Word, cell_text
from bulk_onboard.reporting.target import PROPERTY

_MEASURED = 1_000  # the first rows, whose texts say how wide the columns are
_WIDEST = 40  # characters; what is longer wraps
_NARROWEST = 7
_PIXELS = 7  # of a character of a column's width
_SURE = 0.7  # a text with so many letters a character of width fits, even if it is all capitals
_HIGHEST = 405  # points; no row may be higher
_DATE_WIDTH = 16
_LINKS_AT_MOST = 65_530  # of one sheet, by Excel
_DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001 - Excel's, which knows no time zones

_ON_PAPER = {RESULTS: "Submitted at"}  # the last column that is printed; ids and the like are for the screen

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_format_properties": {"font_name": FONT, "font_size": SIZE},
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
    formats = Formats(book)
    write_cover(book, formats, tables.summary)
    written = (tables.results, tables.problems, tables.not_in_workbook, tables.runs)
    for name, table in zip((RESULTS, PROBLEMS, NOT_IN_WORKBOOK, RUNS), written, strict=True):
        _write_table(book, formats, name, table, tables.summary.title)
    write_chart_data(book, tables.summary)
    book.close()


def _write_table(book: Any, formats: Formats, name: str, table: Table, title: str) -> None:
    """Write one header row and data rows, nothing else."""
    sheet = book.add_worksheet(name)
    set_up_page(sheet, title)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.freeze_panes(1, 1 + table.headers.index("Key") if name == RESULTS else 0)
    rows = iter(table.rows)
    first = list(islice(rows, _MEASURED))
    widths = [_width(header, [row[column] for row in first]) for column, header in enumerate(table.headers)]
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width, formats.text)
    lines = max(lines_of(header, (width - 3) * _PIXELS) for header, width in zip(table.headers, widths, strict=True))
    sheet.set_row(0, 18 if lines == 1 else lines * LINE_POINTS + 5)
    for column, header in enumerate(table.headers):
        is_number = any(isinstance(row[column], int | Link) for row in first)
        sheet.write_string(0, column, cell_text(header), formats.header_right if is_number else formats.header)
    last = _Lines(sheet, formats, widths).write(chain(first, rows))
    sheet.autofilter(0, 0, last, len(table.headers) - 1)
    if not last and name != RESULTS:
        sheet.hide()  # or it would be a blank page of what is printed
    if end := _ON_PAPER.get(name):
        on_paper = next(column for column, header in enumerate(table.headers) if header.startswith(end))
        sheet.print_area(0, 0, max(last, 1), on_paper)


class _Lines:
    """Writes the rows of one sheet, each cell by its type; blank cells are not written."""

    def __init__(self, sheet: Any, formats: Formats, widths: Sequence[int]) -> None:
        self._sheet = sheet
        self._formats = formats
        self._widths = widths
        self._links_left = _LINKS_AT_MOST

    def write(self, rows: Iterable[Line]) -> int:
        """Write the rows below the headers, and return the number of the last."""
        formats, number = self._formats, 0
        widths, sure = self._widths, [width * _SURE for width in self._widths]
        write_string, write_number, words, text = (
            self._sheet.write_string,
            self._sheet.write_number,
            formats.words,
            formats.text,
        )
        for number, row in enumerate(rows, start=1):
            lines = 1
            for column, value in enumerate(row):
                if value is None or value == "":
                    continue
                if isinstance(value, str):
                    size = len(value)
                    if (size > sure[column] and (size >= widths[column] or value.isupper())) or "\n" in value:
                        lines = max(lines, lines_of(value, widths[column] * _PIXELS))
                    look = words.get(value.colour, text) if isinstance(value, Word) else text
                    write_string(number, column, cell_text(value), look)
                elif isinstance(value, int):
                    write_number(number, column, value, formats.row)
                elif isinstance(value, datetime):
                    write_number(number, column, _serial(value), formats.date)
                else:
                    self._write_link(number, column, value)
            if lines > 1:
                self._sheet.set_row(number, min(lines * LINE_POINTS + 2, _HIGHEST))
        return number

    def _write_link(self, row: int, column: int, link: Link) -> None:
        """Write the number, and a link as long as the sheet may have more of them."""
        if self._links_left:
            self._links_left -= 1
            self._sheet.write_url(row, column, f"internal:'{link.table}'!A{link.line + 1}", self._formats.link)
            self._sheet.write_number(row, column, link.number, self._formats.link)  # in place of the link's own text
        else:
            self._sheet.write_number(row, column, link.number, self._formats.row)


def _serial(at: datetime) -> float:
    """Return an instant as Excel counts: days of the clock on the wall."""
    return round((at.replace(tzinfo=None) - _DAY_0).total_seconds()) / 86_400


def _width(header: str, values: Sequence[Cell]) -> int:
    """Return the characters that the longest text needs, and the longest word of the header beside its filter."""
    longest = max(
        (len(str(value)) for value in values if value is not None and not isinstance(value, datetime)), default=0
    )
    dates = _DATE_WIDTH if any(isinstance(value, datetime) for value in values) else 0
    words = max(map(len, header.split()), default=0) + 3
    return max(_NARROWEST, words, dates, min(longest + 1, _WIDEST))
