"""What an annotated workbook says: marks, added columns, how to fix what is wrong; pure.

Rule: every finding has its place. One about a cell marks that cell, one about a row its first cell, and one about a
column that the sheet does not have the row's `bo_problems`; one about the sheet stands on the sheet "How to fix",
and at the header that it names. Of several in one cell the worst gives the colour.

Rule for `bo_key`: the user's Key where the books know the record by it, or know no record; where they know it without
that Key, its token, `~` and 16 characters, so that it stays that record while everything else is mended. Of rows in
conflict nobody knows which the record is, so none is bound to it anew: the token goes to the one whose content was
sent, and stays where the user has it.

A cell's text keeps its colour, so that removing a mark restores the cell: dark paper lies under light text.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import annotated_token, normal_user_key
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import EDITABLE, State
from bulk_onboard.model.row import told_of
from bulk_onboard.model.sheet import ADDED_COLUMNS, KEY, Columns, Sheet, column_letters
from bulk_onboard.report.annotated.base import Base, as_pieces, base_of, with_base
from bulk_onboard.report.record_findings import UPDATE_REFUSED
from bulk_onboard.report.row_status import RowStatus, row_status
from bulk_onboard.report.table import cell_text


class Results(NamedTuple):
    """The texts of one row, in the order of `ADDED_COLUMNS`."""

    key: str
    state: str
    problems: str
    compliance_id: str


def results_of(decision: Decision, ledger_state: LedgerState, found: Iterable[Finding] = ()) -> Results:
    """What one row's added columns hold; `found` is what its judged row does not have itself."""
    judged, found = decision.judged, tuple(found)
    now = row_status(decision, ledger_state)
    record = None if judged.aside else now.record
    problems = problems_told((*judged.findings, *found))
    return Results(
        key=cell_text(_key(decision, ledger_state, now)),
        state=judged.aside or now.state,
        problems=cell_text("\n".join(filter(None, (*problems, "" if judged.aside else _reason(now, found))))),
        compliance_id=cell_text(record.compliance_id if record else ""),
    )


def problems_told(findings: Iterable[Finding]) -> list[str]:
    """A line for each, errors first: where, what is wrong, how to fix it."""
    worst_first = sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR)
    return [
        f"{finding.severity.capitalize()}{_where(finding)}: {finding.problem} {finding.fix}" for finding in worst_first
    ]


def _where(finding: Finding) -> str:
    return f" in {finding.column}" if finding.column else ""


def _key(decision: Decision, ledger_state: LedgerState, now: RowStatus) -> str:
    row = decision.judged.row
    user_key = row.cell(KEY)
    record = ledger_state.records.get(decision.identity.token) if decision.identity else None
    if record is None or (user_key and normal_user_key(record.key) == normal_user_key(user_key)):
        return user_key
    is_anybodys = now.state is State.INVALID and any(each.code == "key-conflict" for each in decision.judged.findings)
    return user_key if is_anybodys and annotated_token(row) != record.token else f"~{record.token}"


def _reason(now: RowStatus, found: Iterable[Finding]) -> str:
    """Why the record is where it is; what an invalid row was told is told anew, what a finding says not once more."""
    if now.record is None or now.state in (State.INVALID, State.PENDING) or not now.record.reason:
        return ""
    if now.state is State.SUBMITTED and now.record.code and now.record.review not in EDITABLE:
        return ""  # a correction that nobody waits for any more
    if any(finding.code == UPDATE_REFUSED for finding in found):
        return ""
    return ": ".join(part for part in (now.record.code, now.record.reason) if part)


AUTHOR = "bulk-onboard"
HEADERS = ("Count", "Severity", "What", "Columns", "What is wrong", "How to fix", "Rows")
TITLE = "How to fix this workbook"
_GUIDE = """\
1. Look for the marked cells: red ones keep their row out, or tell what the API did not take; \
yellow ones are worth a look. \
The pointer on a marked cell shows what is wrong; bo_problems says it as well.
2. Mend the cells themselves. Marks, comments and the columns that begin with bo_ may stay: \
they are written anew each time.
3. Leave bo_key as it is: a row is known by it while its other cells are mended. \
In a row that you copied to describe another business, clear it.
4. Save, and type the command that was printed beside this file's name: it takes what you fixed into your workbook \
and runs that. It goes on where the last run ended, and nothing is sent twice."""
GUIDE = _GUIDE.splitlines()
NOT_KEPT = "What this copy lacks"

_FEW = 12


class Mend(NamedTuple):
    """One kind of trouble: the texts of a line."""

    times: int
    severity: str
    title: str
    columns: str
    problem: str
    mend: str
    rows: str


def mends(findings: Iterable[Finding]) -> tuple[Mend, ...]:
    """A line for each code that occurs."""
    by_code: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_code[finding.code].append(finding)
    lines = [_line(alike) for alike in by_code.values()]
    return tuple(sorted(lines, key=lambda line: (line.severity != Severity.ERROR, -line.times, line.title)))


def uncommented(cells: int) -> tuple[str, ...]:
    """What is said of marked cells that have no comment, because there are too many."""
    if not cells:
        return ()
    return (f"{cells:,} marked cells have no comment, since a sheet can show only so many; bo_problems tells of each.",)


def _line(alike: list[Finding]) -> Mend:
    first = alike[0]
    return Mend(
        times=len(alike),
        severity=first.severity.value,
        title=cell_text(first.title),
        columns=cell_text(_listed([finding.column for finding in alike if finding.column])),
        problem=cell_text(_one_of([finding.problem for finding in alike])),
        mend=cell_text(_one_of([finding.fix for finding in alike])),
        rows=_listed([str(finding.row) for finding in alike]),
    )


def _one_of(sentences: list[str]) -> str:
    """What is said of all of them; where that differs, the first for an example."""
    return sentences[0] if len(set(sentences)) == 1 else f"For example: {sentences[0]}"


def _listed(names: Iterable[str]) -> str:
    each = list(dict.fromkeys(names))
    more = len(each) - _FEW
    return ", ".join(each[:_FEW]) + (f" and {more:,} more" if more > 0 else "")


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
    ledger_state: LedgerState,
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
        RowResults(number := decision.judged.row.number, results_of(decision, ledger_state, by_row.get(number, ())))
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


PAPER: Mapping[str, str] = {"error": "FFC9C4", "warning": "FFEFA8"}
DARK_PAPER: Mapping[str, str] = {"error": "A8201A", "warning": "8A6100"}
INK: Mapping[str, str] = {"error": "8E1B16", "warning": "6B4B00"}
HEADER_PAPER, HEADER_INK = "44546A", "FFFFFF"
TITLE_INK = "1F3864"
ADDED_WIDTHS = (22, 13, 90, 40)  # characters, in the order of the added columns
MEND_WIDTHS = (8, 11, 30, 26, 52, 52, 34)
LINE_HEIGHT = 15  # points
COMMENT_WIDTH = 340  # pixels
COMMENT_LINE = 18
COMMENT_LINE_LENGTH = 48  # characters


def comment_height(text: str) -> int:
    """Pixels that a comment needs."""
    return COMMENT_LINE * (1 + lines_of(text, COMMENT_LINE_LENGTH))


def lines_of(text: str, width: int) -> int:
    """How many lines a text takes that wraps after so many characters."""
    return sum(-(-len(line) // width) or 1 for line in text.split("\n"))


def mend_height(mend: Iterable[object]) -> float:
    """Points that a line of the sheet "How to fix" needs."""
    columns = zip(mend, MEND_WIDTHS, strict=True)
    return LINE_HEIGHT * max(lines_of(str(value), width) for value, width in columns)


class Request(NamedTuple):
    """What the child is asked.

    Attributes:
        annotation: what to mark and to write.
        sha256: the digest of the workbook that was judged, hexadecimal.
        created: when the copy is to say that it was made, in whole seconds.
    """

    annotation: Annotation
    sha256: str
    created: datetime


def request_bytes(request: Request) -> bytes:
    """The request as `read_request` understands it."""
    fields = asdict(request.annotation) | {"sha256": request.sha256, "created": request.created.isoformat()}
    return json.dumps(fields, separators=(",", ":")).encode()


def read_request(content: bytes) -> Request:
    """The request that was made into these bytes."""
    fields = json.loads(content)
    annotation = Annotation(
        sheet=fields["sheet"],
        header_row=fields["header_row"],
        added=tuple(fields["added"]),
        marks=tuple(Mark(*mark) for mark in fields["marks"]),
        results=tuple(RowResults(row, Results(*texts)) for row, texts in fields["results"]),
        mends=tuple(Mend(*mend) for mend in fields["mends"]),
        base=tuple(fields["base"]),
    )
    return Request(annotation, fields["sha256"], datetime.fromisoformat(fields["created"]))


def answer_pieces(copy: bytes, notes: tuple[str, ...]) -> Iterator[bytes]:
    """The notes in one line, then the copy."""
    yield json.dumps(notes).encode() + b"\n"
    yield copy


def read_answer(content: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The copy and the notes that were made into these bytes."""
    notes, _, copy = content.partition(b"\n")
    return copy, tuple(json.loads(notes))
