"""What an annotated workbook says: marks, the columns it adds, and how to fix what is wrong; pure.

Rule: every finding has its place. One about a cell marks that cell, one about a row its first cell, and one about a
column that the sheet does not have the row's `bo_problems`; one about the sheet stands on the sheet "How to fix",
and at the header that it names. Of several in one cell the worst gives the colour.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bulk_onboard.model.books import Books
from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.sheet import ADDED_COLUMNS, Columns, Sheet, column_letters
from bulk_onboard.model.sparse import told_of
from bulk_onboard.report.annotated.base import Base, as_pieces, base_of, with_base
from bulk_onboard.report.annotated.mends import Mend, mends
from bulk_onboard.report.annotated.results import Results, results_of
from bulk_onboard.report.table import cell_text

_PROBLEMS = ADDED_COLUMNS.index("bo_problems")


class Mark(NamedTuple):
    """A cell to be filled and commented: row as Excel shows it, position from 0, `error` or `warning`."""

    row: int
    position: int
    severity: str
    text: str


class RowResults(NamedTuple):
    """What the added columns hold in one row."""

    row: int
    texts: Results


@dataclass(frozen=True, slots=True)
class Annotation:
    """Everything that is to be added to one sheet; its texts are such as a workbook can keep.

    Attributes:
        sheet: its name.
        header_row: the row number of the headers.
        added: where the columns of `ADDED_COLUMNS` stand, by position: where they stand already, else at the far right.
        marks: each cell once, in the order of rows and columns.
        results: of every row.
        mends: the lines of the sheet "How to fix".
        base: what the copy is made from, as its hidden sheet holds it.
        some_rows: whether the copy has only the rows to fix.
    """

    sheet: str
    header_row: int
    added: tuple[int, ...]
    marks: tuple[Mark, ...]
    results: tuple[RowResults, ...]
    mends: tuple[Mend, ...]
    base: tuple[str, ...] = ()
    some_rows: bool = False


def rows_to_fix(sheet: Sheet, findings: Iterable[Finding]) -> Sheet:
    """The sheet with the rows alone that something keeps out or sent back, each under its number."""
    to_fix = {finding.row for finding in findings if finding.severity is Severity.ERROR}
    places = [place for place, number in enumerate(sheet.numbers) if number in to_fix]
    return sheet.with_rows(sheet.rows_at(places))


def make_annotation(
    sheet: Sheet,
    columns: Columns,
    decisions: Sequence[Decision],
    books: Books,
    findings: Iterable[Finding],
    *,
    bases: Sequence[Base] = (),
    some_rows: bool = False,
) -> Annotation:
    """The annotation of a judged sheet.

    Args:
        findings: all that its judged rows do not have themselves.
        bases: what the workbook was made from, where that is an annotated copy itself.
        some_rows: whether the sheet has only the rows to fix, of all that the decisions are about.
    """
    others = list(findings)
    gathered = [*others, *(finding for decision in told_of(decisions) for finding in decision.judged.findings)]
    shown = gathered
    if some_rows:
        numbers = {sheet.header_row, *sheet.numbers}
        decisions = [decision for decision in told_of(decisions) if decision.judged.row.number in numbers]
        shown = [finding for finding in gathered if finding.row in numbers]
    by_row: defaultdict[int, list[Finding]] = defaultdict(list)
    for finding in others:
        by_row[finding.row].append(finding)
    added = added_positions(sheet.headers)
    results = tuple(
        RowResults(number := decision.judged.row.number, results_of(decision, books, by_row.get(number, ())))
        for decision in decisions
    )
    base = base_of(sheet, {number: texts.key for number, texts in results})
    return Annotation(
        sheet=sheet.name,
        header_row=sheet.header_row,
        added=added,
        marks=tuple(_marks(shown, sheet, _positions(sheet, columns), problems=added[_PROBLEMS])),
        results=results,
        mends=mends(gathered),
        base=as_pieces(with_base(bases, base)),
        some_rows=some_rows,
    )


def added_positions(headers: Sequence[str]) -> tuple[int, ...]:
    """Where each of the added columns stands, or is to stand."""
    there = {header.strip().casefold(): position for position, header in reversed(list(enumerate(headers)))}
    free = iter(range(len(headers), len(headers) + len(ADDED_COLUMNS)))
    return tuple(there[name] if name in there else next(free) for name in ADDED_COLUMNS)


def _positions(sheet: Sheet, columns: Columns) -> Mapping[str, int]:
    """What a finding may call a column, to its position: the header that the user wrote, or Excel's letter."""
    lettered = {column_letters(position): position for position in range(len(sheet.headers))}
    headed = {h.strip(): position for position, h in reversed(list(enumerate(sheet.headers))) if h.strip()}
    return lettered | headed | {columns.header(name): position for name, position in columns.positions.items()}


def _marks(findings: Iterable[Finding], sheet: Sheet, positions: Mapping[str, int], *, problems: int) -> Iterator[Mark]:
    first = next((position for position, header in enumerate(sheet.headers) if header.strip()), 0)
    cells: defaultdict[tuple[int, int], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.column:
            cells[finding.row, positions.get(finding.column, problems)].append(finding)
        elif finding.row > sheet.header_row:
            cells[finding.row, first].append(finding)
    for (row, position), found in sorted(cells.items(), key=lambda cell: cell[0]):
        worst_first = sorted(found, key=lambda finding: finding.severity is not Severity.ERROR)
        yield Mark(row, position, worst_first[0].severity.value, cell_text("\n\n".join(map(_told, worst_first))))


def _told(finding: Finding) -> str:
    return f"{finding.severity.capitalize()}: {finding.title}\n{finding.problem}\n{finding.fix}"
