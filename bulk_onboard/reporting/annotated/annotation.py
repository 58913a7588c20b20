"""What an annotated workbook says: marks, added columns, what `guide` makes of them; pure.

Rule: every finding has its place. One about a cell marks that cell, one about a row its first cell, and one about a
column that the sheet does not have the row's `bo_problems`; one about the sheet stands on the sheet "How to fix",
and at the header that it names. Of several in one cell the worst gives the colour.

Rule for `bo_key`: the user's Key where the ledger knows the record by it, or knows no record; where it knows the record
without that Key, its token, `~` and 16 characters, so that it stays that record while everything else is fixed. Of rows
in conflict nobody knows which the record is, so none is bound to it anew: the token goes to the one whose content was
sent, and stays where the user has it. A row of which nothing is known keeps what it has there: one of an account that
has no part in the copy, or whose ledger cannot be read, or of no account.

A cell's text keeps its colour, so that removing a mark restores the cell: dark paper lies under light text.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import annotated_token, normal_user_key
from bulk_onboard.model.record import EDITABLE, State
from bulk_onboard.model.row import notable_in
from bulk_onboard.model.sheet import ADDED_COLUMNS, BO_KEY, BUSINESS_NAME, KEY, Columns, Sheet, column_letters
from bulk_onboard.reporting.annotated.base import Base, as_pieces, base_of, only_rows, with_base
from bulk_onboard.reporting.annotated.guide import Fix, Spot, fixes, spots
from bulk_onboard.reporting.figures import outcome_of, part_of
from bulk_onboard.reporting.record_findings import UPDATE_REFUSED
from bulk_onboard.reporting.row_status import JobStatus, RowStatus, Unread
from bulk_onboard.reporting.table import cell_text


class Part(NamedTuple):
    """Rows of the sheet with their records and findings, and which columns they were read from."""

    columns: Columns
    status: JobStatus


class Mark(NamedTuple):
    """A cell to be filled and commented: row as Excel shows it, position from 0, `error` or `warning`."""

    row: int
    position: int
    severity: str
    text: str


class Results(NamedTuple):
    """The texts of one row, in the order of `ADDED_COLUMNS`."""

    key: str
    state: str
    problems: str
    compliance_id: str


class RowResults(NamedTuple):
    """What the added columns hold in one row, and what its state means, as `looks.TONES` has it; empty for nothing."""

    row: int
    texts: Results
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Annotation:
    """Everything that is to be added to one sheet; its texts are such as a workbook can keep.

    Attributes:
        sheet: its name.
        header_row: the row number of the headers.
        added: where the columns of `ADDED_COLUMNS` are, by position: where they are already, else at the far right.
        names: positions of the columns that name a row for people: Key and Business Name, where the sheet has them.
        marks: each cell once, in the order of rows and columns.
        results: of every row.
        fixes, spots: the lines of the sheet "How to fix".
        base: what the copy is made from, as its hidden sheet holds it.
        some_rows: whether the copy has only the rows to fix.
    """

    sheet: str
    header_row: int
    added: tuple[int, ...]
    names: tuple[int, ...] = ()
    marks: tuple[Mark, ...] = ()
    results: tuple[RowResults, ...] = ()
    fixes: tuple[Fix, ...] = ()
    spots: tuple[Spot, ...] = ()
    base: tuple[str, ...] = ()
    some_rows: bool = False


def make_annotation(
    sheet: Sheet,
    parts: Sequence[Part],
    *,
    bases: Sequence[Base] = (),
    some_rows: bool = False,
) -> Annotation:
    """Return the annotation of a judged sheet.

    Args:
        parts: all rows of the workbook, with their records and findings; where accounts share it, the rows of each.
        bases: what the workbook was made from, where that is an annotated copy itself.
        some_rows: whether the sheet has only some rows of the workbook; then nothing is said of the others.
    """
    added, named = added_positions(sheet.headers), parts[0].columns.positions
    shown: list[Finding] = []
    rows: list[RowStatus] = []
    cells: defaultdict[tuple[int, int], list[Finding]] = defaultdict(list)
    for part in parts:
        found = _without_those_shown(_findings(sheet, part.status, some_rows=some_rows), shown, sheet)
        shown += found
        rows += _rows_in(sheet, part.status, some_rows=some_rows)
        _place(cells, found, sheet, _positions(sheet, part.columns), problems=added[_PROBLEMS])
    marked = {place: _worst_first(cells[place]) for place in sorted(cells)}
    results = [
        RowResults(each.judged.row.number, results_of(each), part_of(each) or "") for each in rows if each.judged
    ]
    results += _kept(sheet, {each.row for each in results}, added[_KEY])
    results.sort(key=lambda each: each.row)
    base = base_of(sheet, {each.row: each.texts.key for each in results})
    if some_rows:
        bases = [only_rows(each, {row.key for row in base.rows}) for each in bases]
    return Annotation(
        sheet=sheet.name,
        header_row=sheet.header_row,
        added=added,
        names=tuple(named[name] for name in (KEY, BUSINESS_NAME) if name in named),
        marks=tuple(_mark(place, found) for place, found in marked.items()),
        results=tuple(results),
        fixes=fixes(shown),
        spots=spots(marked, _names(rows, {row for row, _ in marked})),
        base=as_pieces(with_base(bases, base)),
        some_rows=some_rows,
    )


def _findings(sheet: Sheet, status: JobStatus, *, some_rows: bool) -> list[Finding]:
    """Return the findings that the copy shows: all, or those of its rows and of the sheet as a whole."""
    gathered = [*status.others, *(f for each in notable_in(status.rows) if each.judged for f in each.judged.findings)]
    if not some_rows:
        return gathered
    numbers = frozenset(sheet.numbers)
    return [finding for finding in gathered if finding.row in numbers or finding.row <= sheet.header_row]


def _rows_in(sheet: Sheet, status: JobStatus, *, some_rows: bool) -> Iterable[RowStatus]:
    if not some_rows:
        return status.rows
    numbers = frozenset(sheet.numbers)
    return [each for each in notable_in(status.rows) if each.judged and each.judged.row.number in numbers]


def _without_those_shown(findings: Iterable[Finding], shown: Sequence[Finding], sheet: Sheet) -> list[Finding]:
    """Return the findings without those about the sheet as a whole that another account has, too."""
    about_the_sheet = [finding for finding in shown if finding.row <= sheet.header_row]
    return [each for each in findings if each.row > sheet.header_row or each not in about_the_sheet]


def _kept(sheet: Sheet, known: Collection[int], place: int) -> list[RowResults]:
    """Return the rows of which nothing is known here with the `bo_key` that they have already."""
    if place >= len(sheet.headers):
        return []
    texts = zip(sheet.numbers, sheet.texts[place], strict=True)
    return [RowResults(row, Results(text, "", "", "")) for row, text in texts if text and row not in known]


def _names(rows: Iterable[RowStatus], wanted: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return Key and name of the business by row."""
    judged = (each.judged.row for each in notable_in(rows) if each.judged)
    return {row.number: (row.cell(KEY), row.cell(BUSINESS_NAME)) for row in judged if row.number in wanted}


def rows_to_fix(sheet: Sheet, findings: Iterable[Finding]) -> Sheet:
    """Return the sheet with the rows alone that something keeps out or sent back, each under its number."""
    to_fix = {finding.row for finding in findings if finding.severity is Severity.ERROR}
    places = [place for place, number in enumerate(sheet.numbers) if number in to_fix]
    return sheet.with_rows(sheet.rows_at(places))


def failed_rows(sheet: Sheet, statuses: Iterable[JobStatus]) -> Sheet:
    """Return the sheet with the rows alone that need attention, each under its number."""
    rows = chain.from_iterable(notable_in(status.rows) for status in statuses)
    failed = {each.judged.row.number for each in rows if each.judged and each.needs_attention}
    places = [place for place, number in enumerate(sheet.numbers) if number in failed]
    return sheet.with_rows(sheet.rows_at(places))


# The added columns.

_KEY, _PROBLEMS = ADDED_COLUMNS.index(BO_KEY), ADDED_COLUMNS.index("bo_problems")


def added_positions(headers: Sequence[str]) -> tuple[int, ...]:
    """Return where each of the added columns is, or is to be."""
    there = {header.strip().casefold(): position for position, header in reversed(list(enumerate(headers)))}
    free = iter(range(len(headers), len(headers) + len(ADDED_COLUMNS)))
    return tuple(there[name] if name in there else next(free) for name in ADDED_COLUMNS)


def results_of(status: RowStatus) -> Results:
    """Return what the added columns hold in one row of the workbook."""
    return Results(
        key=cell_text(_key(status)),
        state=status.state.value if status.aside else outcome_of(status),
        problems=cell_text("\n".join(filter(None, (*_problem_lines(status.findings), _reason(status))))),
        compliance_id=cell_text(status.record.compliance_id if status.record else ""),
    )


def _key(status: RowStatus) -> str:
    """Return the text of `bo_key`."""
    if status.judged is None:
        return ""
    row, record = status.judged.row, status.named
    user_key, written = row.cell(KEY), annotated_token(row)
    is_known = (
        status.state is not Unread.LEDGER and status.decision is not None and status.decision.identity is not None
    )
    if written and not is_known:
        return f"~{written}"
    if record is None or (user_key and normal_user_key(record.key) == normal_user_key(user_key)):
        return user_key
    in_conflict = status.state is State.INVALID and any(f.code == "key-conflict" for f in status.judged.findings)
    return user_key if in_conflict and annotated_token(row) != record.token else f"~{record.token}"


def _problem_lines(findings: Iterable[Finding]) -> list[str]:
    """Return a line for each, errors first: where, what is wrong, how to fix it."""
    return [
        f"{finding.severity.capitalize()}{_where(finding)}: {finding.problem} {finding.fix}"
        for finding in _worst_first(findings)
    ]


def _where(finding: Finding) -> str:
    return f" in {finding.column}" if finding.column else ""


def _reason(status: RowStatus) -> str:
    """Return why the record is where it is; empty where the findings say so already, or nothing was sent."""
    record = status.record
    if record is None or status.state in (State.INVALID, State.NOT_SENT) or not record.reason:
        return ""
    if status.state is State.SUBMITTED and record.code and record.review not in EDITABLE:
        return ""  # a correction that nobody waits for any more
    if any(finding.code == UPDATE_REFUSED for finding in status.found):
        return ""
    return ": ".join(part for part in (record.code, record.reason) if part)


# The marks.


def _positions(sheet: Sheet, columns: Columns) -> Mapping[str, int]:
    """Return the position of a column by what a finding may call it: the user's header, or Excel's letter."""
    lettered = {column_letters(position): position for position in range(len(sheet.headers))}
    headed = {h.strip(): position for position, h in reversed(list(enumerate(sheet.headers))) if h.strip()}
    return lettered | headed | {columns.header(name): position for name, position in columns.positions.items()}


def _place(
    cells: defaultdict[tuple[int, int], list[Finding]],
    findings: Iterable[Finding],
    sheet: Sheet,
    positions: Mapping[str, int],
    *,
    problems: int,
) -> None:
    """Put each finding to the cell that it marks, by row and position."""
    first = next((position for position, header in enumerate(sheet.headers) if header.strip()), 0)
    for finding in findings:
        if finding.column:
            cells[finding.row, positions.get(finding.column, problems)].append(finding)
        elif finding.row > sheet.header_row:
            cells[finding.row, first].append(finding)


def _mark(place: tuple[int, int], worst_first: Sequence[Finding]) -> Mark:
    text = cell_text("\n\n".join(map(_comment, worst_first)))
    return Mark(*place, worst_first[0].severity.value, text)


def _worst_first(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR)


def _comment(finding: Finding) -> str:
    return f"{finding.severity.capitalize()}: {finding.title}\n{finding.problem}\n{finding.fix}"


# What goes to the child process and back.


class Request(NamedTuple):
    """What the child process is asked.

    Attributes:
        annotation: what to mark and to write.
        sha256: the digest of the workbook that was judged, hexadecimal.
        created: when the copy is to say that it was made, in whole seconds.
    """

    annotation: Annotation
    sha256: str
    created: datetime


def request_bytes(request: Request) -> bytes:
    """Return the request as `read_request` understands it."""
    fields = asdict(request.annotation) | {"sha256": request.sha256, "created": request.created.isoformat()}
    return json.dumps(fields, separators=(",", ":")).encode()


def read_request(content: bytes) -> Request:
    """Return the request that was made into these bytes."""
    fields = json.loads(content)
    annotation = Annotation(
        sheet=fields["sheet"],
        header_row=fields["header_row"],
        added=tuple(fields["added"]),
        names=tuple(fields["names"]),
        marks=tuple(Mark(*mark) for mark in fields["marks"]),
        results=tuple(RowResults(row, Results(*texts), tone) for row, texts, tone in fields["results"]),
        fixes=tuple(Fix(*fix) for fix in fields["fixes"]),
        spots=tuple(Spot(*spot) for spot in fields["spots"]),
        base=tuple(fields["base"]),
    )
    return Request(annotation, fields["sha256"], datetime.fromisoformat(fields["created"]))


def answer_pieces(copy: bytes, notes: tuple[str, ...]) -> Iterator[bytes]:
    """Yield the notes in one line, then the copy."""
    yield json.dumps(notes).encode() + b"\n"
    yield copy


def read_answer(content: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return the copy and the notes that were made into these bytes."""
    notes, _, copy = content.partition(b"\n")
    return copy, tuple(json.loads(notes))
