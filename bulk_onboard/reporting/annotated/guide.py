"""What the sheet "How to fix" says: what to do, each kind of problem, and each cell with a link to it; pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.sheet import HOW_TO_FIX, column_letters
from bulk_onboard.reporting.table import cell_text


class Fix(NamedTuple):
    """A line of the first table: one kind of finding."""

    times: int
    severity: str
    title: str
    columns: str
    problem: str
    fix: str
    rows: str


class Spot(NamedTuple):
    """A line of the second table: one marked cell.

    Attributes:
        row, position: where it is; the row as Excel shows it, the position from 0.
        key, name: what the business is called.
    """

    row: int
    position: int
    severity: str
    key: str
    column: str
    problem: str
    fix: str
    name: str

    @property
    def address(self) -> str:
        """What Excel calls the cell, such as `F57`."""
        return f"{column_letters(self.position)}{self.row}"

    @property
    def cells(self) -> tuple[str, ...]:
        """The texts of its line."""
        return (self.address, *self[2:])


TITLE = "How to fix this workbook"
_GUIDE = """\
1. Click a cell's address in the list below to go to it. A red cell keeps its row out, or shows what the API refused; \
a yellow one is worth a look. Point at a marked cell to see what is wrong. The column bo_problems says it as well, \
and a click on bo_state leads back here.
2. Fix the cells themselves. Marks, comments and the columns that begin with bo_ may stay: they are written anew each \
time.
3. Leave bo_key as it is: a row is known by it while its other cells are fixed. Clear it in a row that you copied to \
describe another business.
4. You may sort and filter. Links lead to where a row stood when this copy was made, so look for its Key once you have \
sorted.
5. Save the file, and type the command that was printed beside its name. It takes what you fixed into your workbook, \
and runs that. The run goes on where the last one ended, and nothing is sent twice."""
GUIDE = tuple(_GUIDE.splitlines())
HANDED_ON = (
    *GUIDE[:-1],
    "5. Save the file, and give it back to whoever sent it to you, who takes what you fixed into the whole workbook.",
)
"""As many lines, for who has no command to type."""
FIX_HEADERS = ("Count", "Severity", "What", "Columns", "What is wrong", "How to fix", "Rows")
SPOT_HEADERS = ("Cell", "Severity", "Key", "Column", "What is wrong", "How to fix", "Business Name")
CELL_BY_CELL = "Cell by cell"
NOT_KEPT = "What this copy lacks"

SPOTS_AT_MOST = 1_000
_FEW = 12


class Layout(NamedTuple):
    """Rows of the sheet, counted from 1: the headers of both tables, and what comes below; the second may be missing.

    The first line of a table stands in the row below its headers.
    """

    fixes: int
    spots: int
    below: int


def layout(fixes: Sequence[Fix], spots: Sequence[Spot]) -> Layout:
    """Return where everything stands."""
    headers = len(GUIDE) + 3
    end = headers + len(fixes)
    if not spots:
        return Layout(headers, 0, end + 2)
    return Layout(headers, end + 3, end + 3 + len(spots) + 2)


def lines_by_row(fixes: Sequence[Fix], spots: Sequence[Spot]) -> dict[int, int]:
    """Return, by the number of a row of the data, the line of its first and worst cell."""
    start = layout(fixes, spots).spots + 1
    found: dict[int, int] = {}
    for line, spot in enumerate(spots, start=start):
        found.setdefault(spot.row, line)
    return found


def link_to(sheet: str, address: str) -> str:
    """Return where a link leads to, as a workbook has it: `'My sheet'!F57`."""
    return "'{}'!{}".format(sheet.replace("'", "''"), address)


def link_to_line(line: int) -> str:
    """Return the link to a line of this sheet."""
    return link_to(HOW_TO_FIX, f"A{line}")


def fixes(findings: Iterable[Finding]) -> tuple[Fix, ...]:
    """Return a line for each code that occurs: errors first, then the most frequent."""
    by_code: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_code[finding.code].append(finding)
    lines = [_fix(alike) for alike in by_code.values()]
    return tuple(sorted(lines, key=lambda line: (line.severity != Severity.ERROR, -line.times, line.title)))


def spots(cells: Mapping[tuple[int, int], Sequence[Finding]], names: Mapping[int, tuple[str, str]]) -> tuple[Spot, ...]:
    """Return a line for each marked cell of a row: errors first, then in the order of the sheet.

    Args:
        cells: the findings of each marked cell, the worst first, by row and position.
        names: Key and name of the business by row; a cell of another row has no line.
    """
    lines = [_spot(place, found[0], names[place[0]]) for place, found in cells.items() if place[0] in names]
    lines.sort(key=lambda spot: (spot.severity != Severity.ERROR, spot.row, spot.position))
    return tuple(lines[:SPOTS_AT_MOST])


def more_spots(cells: int) -> tuple[str, ...]:
    """Return what is said of marked cells beyond those that are listed."""
    more = cells - SPOTS_AT_MOST
    if more <= 0:
        return ()
    are = "1 more cell is marked" if more == 1 else f"{more:,} more cells are marked"
    return (f"{are} than this sheet lists; the columns bo_state and bo_problems have them all.",)


def uncommented(cells: int) -> tuple[str, ...]:
    """Return what is said of marked cells that have no comment, because there are too many."""
    if not cells:
        return ()
    have = "1 marked cell has" if cells == 1 else f"{cells:,} marked cells have"
    return (f"{have} no comment, since a sheet can show only so many; the column bo_problems has them all.",)


def _spot(place: tuple[int, int], finding: Finding, names: tuple[str, str]) -> Spot:
    row, position = place
    key, name = names
    return Spot(
        row,
        position,
        finding.severity.value,
        cell_text(key),
        cell_text(finding.column),
        cell_text(finding.problem),
        cell_text(finding.fix),
        cell_text(name),
    )


def _fix(alike: list[Finding]) -> Fix:
    first = alike[0]
    return Fix(
        times=len(alike),
        severity=first.severity.value,
        title=cell_text(first.title),
        columns=cell_text(_listed([finding.column for finding in alike if finding.column])),
        problem=cell_text(_one_of([finding.problem for finding in alike])),
        fix=cell_text(_one_of([finding.fix for finding in alike])),
        rows=_listed([str(finding.row) for finding in alike]),
    )


def _one_of(sentences: list[str]) -> str:
    """Return what all of them say; where they differ, the first as an example."""
    return sentences[0] if len(set(sentences)) == 1 else f"For example: {sentences[0]}"


def _listed(names: Iterable[str]) -> str:
    each = list(dict.fromkeys(names))
    more = len(each) - _FEW
    return ", ".join(each[:_FEW]) + (f" and {more:,} more" if more > 0 else "")
