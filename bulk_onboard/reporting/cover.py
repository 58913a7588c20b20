"""The first sheet of the report's workbook: big figures, charts, what needs us, what to do.

Its tiles, tables and lines are merged cells of one narrow grid, which is as wide as a page. What a boss wants to know
stands on the first page, the counts behind it on the second.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from math import ceil
from typing import Any

from bulk_onboard.reporting.figures import Outcome, Part
from bulk_onboard.reporting.looks import (
    BLUE,
    COLOURS,
    INK,
    LINE,
    LINE_POINTS,
    QUOTA,
    SIZE,
    Formats,
    lines_of,
    set_up_page,
)
from bulk_onboard.reporting.over_all import accounts_table
from bulk_onboard.reporting.quota_use import MINUTE, QuotaUse, mean
from bulk_onboard.reporting.summary import Summary
from bulk_onboard.reporting.table import TOTAL, Cell, FileName, Line, Table, cell_text
from bulk_onboard.reporting.target import SHEETS

_COLUMNS = 12  # of the first sheet, all alike, so that tiles and tables of any shape stand under each other
_COLUMN_WIDTH = 7.14  # characters
_COLUMN_PIXELS = 55
_POINTS = 15.0  # of a row of one line
_PAGE_POINTS = 700.0  # that fit on a page of A4 in every program
_NAME = 3  # of them for the name of an account, which LibreOffice does not wrap where it leads somewhere
_MOST_KINDS = 12
_FIXED_SIZE = 11.5  # of Arial, whose letters are as wide as those of a command
_BAR_PIXELS, _THIN_BAR_PIXELS = 30, 20  # of few and of many bars
_FEW_BARS = 6
_CHARTS = "Charts"  # the hidden sheet with the numbers of the charts
_MOST_BARS, _LEAST_BARS = 240, 6  # of requests; a minute or two alone would be a block of colour
_LONGEST_PATH = 2_000  # characters of a link, by Excel
_CHART_PIXELS = 96  # what a chart needs beside its bars


class _Cover:
    """The Summary sheet, written from top to bottom."""

    def __init__(self, sheet: Any, formats: Formats) -> None:
        self.sheet = sheet
        self.formats = formats
        self.row = 0
        self._points = 0.0  # from the top down to this row
        self._blocks = [(0, 0.0)]  # row and points where each begins that is to be on one page
        sheet.set_column(0, _COLUMNS - 1, _COLUMN_WIDTH)

    def write_line(self, text: str, look: Any, *, height: float = 0.0, size: float = SIZE) -> None:
        """Write a text over the whole width, as many lines high as it needs.

        Args:
            height: in points; as many lines as needed where 0.
            size: of its letters, in points.
        """
        lines = lines_of(text, _COLUMNS * _COLUMN_PIXELS - 16, size)
        self._write_wide(0, _COLUMNS, text, look)
        self._end_row(height or _height(lines, size))

    def _end_row(self, points: float) -> None:
        self.sheet.set_row(self.row, points)
        self.row += 1
        self._points += points

    def _begin_block(self) -> None:
        self._blocks.append((self.row, self._points))

    def _write_wide(self, start: int, columns: int, value: str | int, look: Any) -> None:
        """Write a value into merged cells of the row."""
        if columns > 1:
            self.sheet.merge_range(self.row, start, self.row, start + columns - 1, "", look)
        if isinstance(value, int):
            self.sheet.write_number(self.row, start, value, look)
        elif isinstance(value, FileName) and _can_lead(value.path):
            self.sheet.write_url(self.row, start, f"external:{value.path}", look, cell_text(value))
        elif value:
            self.sheet.write_string(self.row, start, cell_text(value), look)

    def write_gap(self, points: float = 9.0) -> None:
        """Leave some room."""
        self._end_row(points)

    def write_heading(self, text: str) -> None:
        """Write a heading, with room above it; what follows begins on its page."""
        self._begin_block()
        self.write_gap()
        self.write_line(text, self.formats.heading, height=20)

    def write_lines(self, heading: str, lines: Iterable[str]) -> None:
        """Write a heading and its sentences; nothing where there are none."""
        for number, line in enumerate(lines):
            if not number:
                self.write_heading(heading)
            self.write_line(line, self.formats.prose)

    def write_tiles(self, tiles: Sequence[tuple[str, int, Part]]) -> None:
        """Write the big figures beside each other."""
        columns = _COLUMNS // len(tiles)
        for height, looks, place in ((44.0, self.formats.figures, 1), (20.0, self.formats.labels, 0)):
            for number, tile in enumerate(tiles):
                value: str | int = (tile[0], tile[1])[place]
                self._write_wide(number * columns, columns, value, looks[tile[2]])
            self._end_row(height)

    def write_table(self, heading: str, table: Table, widths: Sequence[int], *, splits: bool = False) -> None:
        """Write a table with its heading; each column as wide as so many of the sheet's.

        Nothing where it has no rows.

        Args:
            splits: whether a page may end within it, where it is long.
        """
        rows = list(table.rows)
        if not rows:
            return
        self.write_heading(heading)
        self._write_row(table.headers, widths, lambda column: self._header(rows[0][column]))
        for number, row in enumerate(rows):
            if splits and number:
                self._begin_block()
            is_total = row is rows[-1] and row[0] == TOTAL
            looks = [self._total(value) if is_total else self.formats.of(value) for value in row]
            self._write_row(row, widths, looks.__getitem__)

    def _total(self, value: Cell) -> Any:
        return self.formats.total if isinstance(value, int) else self.formats.total_name

    def _header(self, below: Cell) -> Any:
        return self.formats.header_right if isinstance(below, int) else self.formats.header

    def _write_row(self, row: Line, widths: Sequence[int], look: Callable[[int], Any]) -> None:
        lines = [lines_of(str(value), width * _COLUMN_PIXELS - 10) for value, width in zip(row, widths, strict=True)]
        start = 0
        for column, (value, width) in enumerate(zip(row, widths, strict=True)):
            self._write_wide(start, width, value if isinstance(value, int | str) else "", look(column))
            start += width
        self._end_row(_height(max(lines)))

    def place_charts(self, charts: Sequence[Any], pixels: int) -> None:
        """Put charts beside each other, and leave the room that they take."""
        self._begin_block()
        self.write_gap()
        width = _COLUMNS * _COLUMN_PIXELS // len(charts)
        for number, chart in enumerate(charts):
            chart.set_size({"width": width - 6, "height": pixels})
            self.sheet.insert_chart(
                self.row,
                number * _COLUMNS // len(charts),
                chart,
                {"description": chart.title.name, "object_position": 1},
            )
        for _ in range(ceil(pixels * 0.75 / _POINTS)):
            self._end_row(_POINTS)

    def set_page_breaks(self, counts: int) -> None:
        """Begin a page where a block would not fit on the one before.

        Args:
            counts: the row where the counts begin, which are on a page of their own where all before them is on one.
        """
        self.sheet.set_h_pagebreaks(page_breaks((*self._blocks, (self.row, self._points)), counts))


def page_breaks(blocks: Sequence[tuple[int, float]], counts: int) -> list[int]:
    """Return the rows before which a page ends.

    Args:
        blocks: row and points from the top where each begins, and at last where all ends.
        counts: the row of the block that begins a page where only one page is before it.
    """
    breaks: list[int] = []
    top = 0.0
    for (row, begins), (_, ends) in pairwise(blocks):
        if begins > top and (ends - top > _PAGE_POINTS or (row == counts and not breaks)):
            breaks.append(row)
            top = begins
    return breaks


def _height(lines: int, size: float = SIZE) -> float:
    return lines * LINE_POINTS * size / SIZE + 3


def _can_lead(path: str) -> bool:
    """Return whether a cell can lead to this file; where there is a `#` a part of the file would be looked for."""
    return bool(path) and "#" not in path and path.isprintable() and len(path) <= _LONGEST_PATH


def write_cover(book: Any, formats: Formats, summary: Summary) -> None:
    """Write the sheet Summary, which must be the book's first."""
    sheet = book.add_worksheet(SHEETS[0])
    sheet.hide_gridlines(2)
    set_up_page(sheet, summary.title)
    cover, overview = _Cover(sheet, formats), summary.overview
    cover.write_line(summary.title, formats.title, height=34)
    cover.write_line(overview.sentence, formats.sentence, size=13)
    for notice in summary.notices:
        cover.write_gap(3)
        cover.write_line(notice, formats.notice)
    cover.write_gap()
    cover.write_tiles(overview.figures.tiles())
    if charts := list(_charts(book, summary)):
        bars = max(len(overview.outcomes), 4)
        pixels = bars * (_BAR_PIXELS if bars <= _FEW_BARS else _THIN_BAR_PIXELS)
        cover.place_charts(charts, _CHART_PIXELS + pixels)
    cover.write_table("What needs us", _attention_table(summary), (1, 11))
    cover.write_lines("What to do next", summary.todo)
    if summary.command:
        cover.write_heading("The command to type")
        cover.write_line(summary.command, formats.command, size=_FIXED_SIZE)
    for what, command in summary.commands:
        cover.write_line(what, formats.faint)
        cover.write_line(command, formats.command, size=_FIXED_SIZE)
    if summary.accounts:
        table = accounts_table(summary.accounts, "xlsx", "html")
        numbers = len(table.headers) - 2
        cover.write_table("Accounts", table, (_NAME, *(numbers * (1,)), _COLUMNS - _NAME - numbers), splits=True)
    cover.write_lines("When the reviews are expected", summary.expected)
    counts = cover.row
    cover.write_table("Rows by state", summary.counts, (2, 1, 9))
    cover.write_table("Submitted rows by review", summary.reviews, (2, 1, 9))
    cover.write_table("Problems by kind", summary.problems, (2, 2, 8))
    cover.write_lines("What happened", summary.happened)
    cover.write_lines("About this report", (f"{name}: {value}" for name, value in summary.facts))
    cover.set_page_breaks(counts)


def _attention_table(summary: Summary) -> Table:
    """Return the kinds of problems, biggest first; the smallest ones of many together."""
    attention = summary.overview.attention
    rows: list[Line] = [
        (each.rows, each.what + (f": {each.why}" if each.why else "")) for each in attention[:_MOST_KINDS]
    ]
    if others := attention[_MOST_KINDS:]:
        rows.append((sum(each.rows for each in others), f"other problems, of {len(others):,} kinds"))
    return Table(("Rows", "Why"), rows)


# The charts. Their numbers stand on a sheet of their own, which is hidden, and go along for viewers that read no cells.


def write_chart_data(book: Any, summary: Summary) -> None:
    """Write the hidden sheet, which must be the book's last."""
    sheet = book.add_worksheet(_CHARTS)
    sheet.hide()
    columns = _chart_columns(summary.overview.outcomes, summary.usage)
    for row in range(max((len(column) for column in columns), default=0)):
        for place, column in enumerate(columns):
            if row < len(column):
                value = column[row]
                write = sheet.write_string if isinstance(value, str) else sheet.write_number
                write(row, place, value)


def _chart_columns(outcomes: Sequence[Outcome], usage: QuotaUse | None) -> list[list[str | float]]:
    """Return the columns of the hidden sheet: outcomes, rows, minutes, requests, quota."""
    bars = [(group[0].at, mean(group)) for group in usage.groups(_MOST_BARS)] if usage else []
    while bars and len(bars) < _LEAST_BARS:
        bars.append((bars[-1][0] + MINUTE, 0))
    quota = [usage.allowed] * len(bars) if usage and usage.allowed is not None else []
    return [
        [each.name for each in outcomes],
        [each.rows for each in outcomes],
        _labels([at for at, _ in bars]),
        [requests for _, requests in bars],
        list(quota),
    ]


def _labels(minutes: Sequence[datetime]) -> list[str | float]:
    """Return the minutes in words; with the day where there are several."""
    is_one_day = len({each.date() for each in minutes}) < 2
    return [f"{each:%H:%M}" if is_one_day else f"{each.day} {each:%b %H:%M}" for each in minutes]


def _charts(book: Any, summary: Summary) -> Iterator[Any]:
    columns = _chart_columns(summary.overview.outcomes, summary.usage)
    if summary.overview.outcomes:
        yield _outcome_chart(book, summary.overview.outcomes, columns)
    if summary.usage:
        yield _usage_chart(book, summary.usage, columns)


def _series(columns: Sequence[Sequence[str | float]], categories: int, values: int) -> dict[str, Any]:
    last = len(columns[values]) - 1
    return {
        "categories": [_CHARTS, 0, categories, last, categories],
        "values": [_CHARTS, 0, values, last, values],
        "categories_data": columns[categories],
        "values_data": columns[values],
    }


_AXIS = {"num_font": {"size": 9}, "line": {"color": LINE}}


def _outcome_chart(book: Any, outcomes: Sequence[Outcome], columns: Sequence[Sequence[str | float]]) -> Any:
    """Return bars in the colours of the outcomes."""
    chart = book.add_chart({"type": "bar"})
    chart.add_series(
        {
            **_series(columns, 0, 1),
            "name": "Rows",
            "points": [{"fill": {"color": COLOURS.get(each.name, BLUE).bar}} for each in outcomes],
            "data_labels": {"value": True, "num_format": "#,##0", "font": {"size": 9}},
            "gap": 35,
        }
    )
    _set_up_chart(chart, "Rows by outcome")
    chart.set_legend({"none": True})
    chart.set_y_axis({**_AXIS, "reverse": True, "major_tick_mark": "none"})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
    return chart


def _usage_chart(book: Any, usage: QuotaUse, columns: Sequence[Sequence[str | float]]) -> Any:
    """Return the requests of each minute as columns, and the quota as a line over them."""
    chart = book.add_chart({"type": "column"})
    chart.add_series({**_series(columns, 2, 3), "name": "Requests", "fill": {"color": BLUE.bar}, "gap": 15})
    if columns[4]:
        line = book.add_chart({"type": "line"})
        line.add_series(
            {
                **_series(columns, 2, 4),
                "name": f"Quota{usage.of_whom}, {usage.allowed:,.0f} a minute",
                "line": {"color": QUOTA, "width": 1.5, "dash_type": "dash"},
            }
        )
        chart.combine(line)
    first = usage.minutes[0].at
    _set_up_chart(chart, f"Requests a minute{usage.of_whom}, {first.day} {first:%b}")
    chart.set_legend({"position": "bottom", "font": {"size": 9}})
    chart.set_x_axis({**_AXIS, "interval_unit": ceil(len(columns[2]) / 6), "major_tick_mark": "none"})
    chart.set_y_axis(
        {**_AXIS, "min": 0, "num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": LINE}}}
    )
    return chart


def _set_up_chart(chart: Any, title: str) -> None:
    chart.set_title({"name": title, "name_font": {"size": 11, "color": INK}, "overlay": False})
    chart.set_chartarea({"border": {"color": LINE}})
    chart.show_hidden_data()
