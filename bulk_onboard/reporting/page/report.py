"""The report as one page: what of its tables is shown, and where its links lead; pure.

A row of Results that needs attention is shown twice: with what is to be done near the top, and among all rows. A link
from a problem leads to the first of the two.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias
from urllib.parse import quote

from bulk_onboard.reporting.figures import Part, part_of_outcome
from bulk_onboard.reporting.over_all import accounts_table
from bulk_onboard.reporting.page.charts import OutcomeBar, RequestsChart, outcome_bars, requests_chart
from bulk_onboard.reporting.sheets import ATTENTION, PROBLEMS, RESULTS
from bulk_onboard.reporting.summary import AccountLine, Summary, Tables
from bulk_onboard.reporting.table import Cell, FileName, Link, Table, Word

ROWS_SHOWN = 5_000
"""Of each table; with more a page is too large to be mailed and too long to be read."""

_Row: TypeAlias = Mapping[str, Cell]  # the cells of a row by their headers, without the time zone behind these
_Leads: TypeAlias = Callable[[Link], str]


class CellView(NamedTuple):
    """A cell of the page.

    Attributes:
        content: what it shows.
        below: what stands below that, in small letters.
        part: the part whose colour it has.
        href: the place in this page that it leads to.
    """

    content: Cell
    below: str = ""
    part: str = ""
    href: str = ""

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return self.content not in (None, "") or bool(self.below)


class RowView(NamedTuple):
    """A row, and the name of its place in the page."""

    anchor: str
    cells: tuple[CellView, ...]


class Column(NamedTuple):
    """A column of the page.

    Attributes:
        header: its name.
        cell: what it holds of a row.
        look: how it is set: `number`, `say`, `who`, `time` or `id`; plain where it is empty.
    """

    header: str
    cell: Callable[[_Row, _Leads], CellView]
    look: str = ""


@dataclass(frozen=True, slots=True)
class TableView:
    """A table as it is shown.

    Attributes:
        name: of its section, and of its rows' places.
        left_out: how many rows are not shown.
    """

    name: str
    columns: tuple[Column, ...]
    rows: tuple[RowView, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """The report, from top to bottom; a table without rows is None."""

    summary: Summary
    outcomes: tuple[OutcomeBar, ...]
    requests: RequestsChart | None
    accounts: TableView | None
    attention: TableView | None
    problems: TableView | None
    results: TableView | None
    not_in_workbook: TableView | None
    runs: TableView | None


def report_view(tables: Tables) -> ReportView:
    """Return what the page shows of the report."""
    results, needing = _Shown(), _Shown()
    for line, row in _lines(tables.results):
        results.add(line, row)
        if _needs_attention(row):
            needing.add(line, row)

    def leads_to(link: Link) -> str:
        if link.table == RESULTS and link.line in needing.rows:
            return f"#attention-{link.line}"
        name = {RESULTS: "results", PROBLEMS: "problems"}.get(link.table)
        return f"#{name}-{link.line}" if name and link.line <= ROWS_SHOWN else ""

    return ReportView(
        summary=tables.summary,
        outcomes=outcome_bars(tables.overview.outcomes),
        requests=requests_chart(tables.summary.usage),
        accounts=_accounts_view(tables.summary.accounts, leads_to),
        attention=_table_view("attention", _ATTENTION, needing, leads_to),
        problems=_table_view("problems", _PROBLEMS, _shown(tables.problems), leads_to),
        results=_table_view("results", _RESULTS, results, leads_to),
        not_in_workbook=_table_view("not-in-workbook", _NOT_IN_WORKBOOK, _shown(tables.not_in_workbook), leads_to),
        runs=_table_view("runs", _RUNS, _shown(tables.runs), leads_to),
    )


@dataclass(slots=True)
class _Shown:
    """The first rows of a table by the number of their line, and how many more there are, which nobody holds."""

    rows: dict[int, _Row] = field(default_factory=dict)
    more: int = 0

    def add(self, line: int, row: _Row) -> None:
        """Add the next row."""
        if len(self.rows) < ROWS_SHOWN:
            self.rows[line] = row
        else:
            self.more += 1


def _shown(table: Table) -> _Shown:
    shown = _Shown()
    for line, row in _lines(table):
        shown.add(line, row)
    return shown


def _lines(table: Table) -> Iterator[tuple[int, _Row]]:
    """Yield each row with the number of its line."""
    headers = [header.partition(" (")[0] for header in table.headers]
    for line, row in enumerate(table.rows, start=1):
        yield line, dict(zip(headers, row, strict=True))


def _needs_attention(row: _Row) -> bool:
    """Return whether a row's state has the colour of what needs us."""
    state = row["State"]
    return isinstance(state, Word) and _part(state) is Part.NEEDS_US


def _part(word: Word) -> Part:
    return Part.NEEDS_US if word.colour == ATTENTION else part_of_outcome(word.colour)


def _table_view(name: str, columns: tuple[Column, ...], shown: _Shown, leads_to: _Leads) -> TableView | None:
    """Return the table of these rows, each by the number of its line, without columns that none of them fills.

    Return None where there is no row.
    """
    rows = shown.rows
    if not rows:
        return None
    filled = [(column, cells) for column in columns if any(cells := [column.cell(r, leads_to) for r in rows.values()])]
    return TableView(
        name,
        tuple(column for column, _ in filled),
        tuple(
            RowView(f"{name}-{line}", cells)
            for line, cells in zip(rows, zip(*(cells for _, cells in filled), strict=True), strict=True)
        ),
        shown.more,
    )


def _accounts_view(lines: Sequence[AccountLine], leads_to: _Leads) -> TableView | None:
    """Return the table of the accounts; None in the report of one."""
    if not lines:
        return None
    table = accounts_table(lines, "html", "xlsx")
    name, *numbers, now = table.headers
    columns = (_plain(name, "who"), *(_plain(each, "number") for each in numbers), _plain(now, "say"))
    return _table_view("accounts", columns, _shown(table), leads_to)


# The columns of each table.


def _plain(header: str, look: str = "") -> Column:
    return Column(header, lambda row, leads_to: _cell_view(row.get(header), leads_to), look)


def _cell_view(cell: Cell, leads_to: _Leads) -> CellView:
    if isinstance(cell, Link):
        return CellView(cell.number, href=leads_to(cell))
    if isinstance(cell, FileName):
        return CellView(str(cell), href=quote(cell.path))
    if isinstance(cell, Word):
        return CellView(str(cell), part=_SEVERITIES.get(cell.colour) or _part(cell).value)
    return CellView(cell)


_SEVERITIES = {"error": Part.NEEDS_US.value, "warning": Part.NOT_SENT.value}


def _row_number(row: _Row, leads_to: _Leads) -> CellView:
    """Return the number as a text, since it is a name and no quantity."""
    view = _cell_view(row["Row"], leads_to)
    return view._replace(content=None if view.content is None else str(view.content))


def _business(row: _Row, _: _Leads) -> CellView:
    """Return Key and name in one cell; the name alone where there is no Key."""
    key, name = str(row["Key"] or ""), str(row["Business Name"] or "")
    return CellView(key or name, below=name if key else "")


def _outcome(row: _Row, _: _Leads) -> CellView:
    """Return the review, else the state, in the colour of the worst that is known of the row."""
    state, review = row["State"], row["Review"]
    part = _part(state).value if isinstance(state, Word) else ""
    return CellView(str(review or state or ""), part=part)


def _reason(row: _Row, _: _Leads) -> CellView:
    """Return the reason; where a number was not linked, what became of the numbers stands below."""
    numbers = row["Numbers"]
    return CellView(row["Reason"], below=str(numbers) if isinstance(numbers, Word) else "")


_ROW = Column("Row", _row_number, "number")
_ACCOUNT = _plain("Account")  # filled in the report over all accounts alone
_RESULTS = (
    _ACCOUNT,
    _ROW,
    Column("Business", _business, "who"),
    Column("State", _outcome),
    _plain("Reason", "say"),
    _plain("Numbers", "say"),
    _plain("Submitted at", "time"),
    _plain("Compliance ID", "id"),
)
_ATTENTION = (
    _ACCOUNT,
    _ROW,
    Column("Business", _business, "who"),
    Column("State", _outcome),
    Column("Reason", _reason, "say"),
    _plain("What to do", "say"),
    _plain("Problems", "number"),
)
_PROBLEMS = (
    _ACCOUNT,
    _ROW,
    _plain("Column"),
    _plain("Severity"),
    _plain("Problem", "say"),
    _plain("Seen"),
    _plain("How to fix", "say"),
)
_NOT_IN_WORKBOOK = (
    _ACCOUNT,
    _plain("Key"),
    _plain("State"),
    _plain("Review"),
    _plain("Reason", "say"),
    _plain("Compliance ID", "id"),
)
_RUNS = (
    _ACCOUNT,
    _plain("Began", "time"),
    _plain("Ended", "time"),
    _plain("Ended how"),
    _plain("Requests", "number"),
    _plain("Created", "number"),
    _plain("Refused", "number"),
    _plain("Throttled", "number"),
    _plain("Quota"),
    _plain("Who"),
    _plain("Host"),
)
