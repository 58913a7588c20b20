"""The report's sheets below the first as plain data: Results, Problems, Not in the workbook, Runs.

See docs/handing_over.md, The report.

The template's example is left out. A duplicate names the first row; everything of the record is in the first row alone.

Rule: a row has the colour of the worst that is known of it. An approved record of which a number was refused is
approved, and its row is not green.

How many records a run created is counted from the records, since a killed run never wrote its last entry: those whose
create is in the ledger after the run began and before the next one did.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cache

from bulk_onboard.errors import ExitStatus
from bulk_onboard.model.command import names_in
from bulk_onboard.model.entry import RunEnded
from bulk_onboard.model.finding import VERY_MANY, Finding
from bulk_onboard.model.ledger_state import LedgerState, RunStory
from bulk_onboard.model.record import Linkage, Record, State
from bulk_onboard.model.row import Aside, placed_in
from bulk_onboard.model.sheet import BUSINESS_NAME, KEY
from bulk_onboard.reporting.advice import advise
from bulk_onboard.reporting.figures import Part, outcome_of, part_of_outcome
from bulk_onboard.reporting.redacted import masked_numbers
from bulk_onboard.reporting.row_status import JobStatus, RowStatus
from bulk_onboard.reporting.table import Cell, Line, Link, MadeAnew, Table, Word, local

RESULTS, PROBLEMS, NOT_IN_WORKBOOK, RUNS = "Results", "Problems", "Not in the workbook", "Runs"
"""The names of the sheets."""

ATTENTION = "attention"
"""The colour of a row that needs attention, and of whose state or review alone that does not show."""


@dataclass(frozen=True, slots=True)
class Links:
    """Which line of Problems each row of the sheet leads to, and which line of Results each problem leads back to.

    Attributes:
        shown: the findings, each with how many more rows have it; of very many alike only the first.
        problems: number of a row to the first line of Problems that is about it, and how many findings it has.
        results: number of a row with findings to its line of Results.
    """

    shown: tuple[tuple[Finding, int], ...]
    problems: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    results: Mapping[int, int] = field(default_factory=dict)


def links_between(status: JobStatus, findings: Collection[Finding]) -> Links:
    """Return where rows and problems lead to each other."""
    shown = tuple(without_repeats(findings))
    own = {finding.row: line for line, (finding, _) in reversed(list(enumerate(shown, start=1)))}
    alike = {_likeness(finding): line for line, (finding, more) in enumerate(shown, start=1) if more}
    counts = Counter(finding.row for finding in findings)
    for finding in findings if alike else ():
        if finding.row not in own:
            own[finding.row] = alike[_likeness(finding)]
    results: dict[int, int] = {}
    examples = 0
    for place, each in placed_in(status.rows) if own else ():
        if each.aside is Aside.EXAMPLE:
            examples += 1
        elif each.judged and each.judged.row.number in own:
            results[each.judged.row.number] = place + 1 - examples
    return Links(shown, {row: (line, counts[row]) for row, line in own.items()}, results)


PROBLEM_HEADERS = ("Row", "Column", "Code", "Severity", "Seen", "Problem", "How to fix")


def problems_table(links: Links) -> Table:
    """Return the findings in the order given."""
    return Table(PROBLEM_HEADERS, MadeAnew(lambda: (_problem_row(*each, links) for each in links.shown)))


def without_repeats(findings: Collection[Finding]) -> Iterator[tuple[Finding, int]]:
    """Yield each finding with 0; of very many alike only the first, with how many more rows have it."""
    alike = Counter(map(_likeness, findings))
    seen: set[Hashable] = set()
    for finding in findings:
        likeness = _likeness(finding)
        if alike[likeness] <= VERY_MANY:
            yield finding, 0
        elif likeness not in seen:
            seen.add(likeness)
            yield finding, alike[likeness] - 1


def problem_sentence(finding: Finding, more: int) -> str:
    """Return what is wrong, and in how many more rows."""
    return " ".join((finding.problem, *_and_more(more)))


def _and_more(more: int) -> Iterator[str]:
    if more:
        yield "And 1 more row." if more == 1 else f"And {more:,} more rows."


def _likeness(finding: Finding) -> Hashable:
    return finding.code, finding.column, finding.seen, frozenset(finding.details.items())


def _problem_row(finding: Finding, more: int, links: Links) -> Line:
    line = links.results.get(finding.row)
    return (
        finding.row if line is None else Link(finding.row, RESULTS, line),
        finding.column,
        finding.code,
        Word(finding.severity.value),
        finding.seen,
        problem_sentence(finding, more),
        finding.fix,
    )


RESULT_HEADERS = (
    "Row",
    "Key",
    "Business Name",
    "State",
    "Review",
    "Reason",
    "What to do",
    "Numbers",
    "Problems",
    "Submitted at",
    "Number Type",
    "Attempts",
    "Compliance ID",
)
UNCLAIMED_HEADERS = ("Key", "Alias", "State", "Review", "Reason", "Submitted at", "Attempts", "Compliance ID")


def results_table(status: JobStatus, links: Links, zone: tzinfo, *, redact: bool = False) -> Table:
    """Return every row once; without the workbook every record once, names blank.

    Args:
        redact: whether phone numbers are masked; all else is what `status` has.
    """
    rows = MadeAnew(lambda: _result_rows(status, links, zone, redact=redact))
    return Table(_with_zone(RESULT_HEADERS, zone), rows)


def unclaimed_table(status: JobStatus, zone: tzinfo) -> Table:
    """Return the records that were sent and whose row has gone; none are known without the workbook."""
    rows = tuple(_unclaimed_row(record, zone) for record in status.unclaimed)
    return Table(_with_zone(UNCLAIMED_HEADERS, zone), rows)


def _with_zone(headers: Iterable[str], zone: tzinfo) -> tuple[str, ...]:
    """Return the headers with the time zone behind each that is over instants."""
    return tuple(f"{header} ({zone})" if header in _INSTANTS else header for header in headers)


_INSTANTS = frozenset({"Submitted at", "Began", "Ended"})


def _result_rows(status: JobStatus, links: Links, zone: tzinfo, *, redact: bool) -> Iterator[Line]:
    names = names_in(status.ledger_state)
    for each in status.rows:
        if each.aside is Aside.EXAMPLE:
            continue
        record = each.record or Record(token="")
        row_number, key, name, number_type = _row_names(each)
        advice = advise(each, name=names.get(record.token, ""))
        yield (
            row_number,
            key,
            name,
            *_state_and_review(each),
            advice.reason,
            advice.todo,
            _numbers(each, redact=redact),
            _problems(each, links),
            local(record.submitted_at, zone),
            number_type,
            None if each.aside else record.attempts,
            record.compliance_id,
        )


def _row_names(status: RowStatus) -> Line:
    """Return Row, Key, Business Name and Number Type."""
    if status.judged:
        row = status.judged.row
        return (row.number, row.cell(KEY), row.cell(BUSINESS_NAME), row.combination.number_type)
    return (None, _record_name(status.record) if status.record else None, None, None)


def _state_and_review(status: RowStatus) -> tuple[Cell, Cell]:
    """Return both in their colours; the state has that of the worst of the row."""
    state, review = status.state.value, status.review
    if status.state is not State.SUBMITTED:
        return _word(state), None
    outcome = outcome_of(status)
    is_told = part_of_outcome(outcome) is Part.NEEDS_US
    worst = ATTENTION if status.needs_attention and not is_told else outcome
    return _word(state, worst), _word(review) if review else None


_word = cache(Word)  # few different ones stand in very many rows


def _numbers(status: RowStatus, *, redact: bool) -> Cell:
    """Return what became of the numbers, coloured where one was refused or is held."""
    text = status.numbers_text
    if not text or status.record is None or not status.record.numbers:
        return masked_numbers(text) if redact else text
    left = status.numbers_left
    if redact:
        text = masked_numbers(text)
    if left.refused:
        return Word(text, Linkage.REFUSED)
    return Word(text, Linkage.HELD) if left.held else text


def _problems(status: RowStatus, links: Links) -> Cell:
    found = links.problems.get(status.judged.row.number) if status.judged and links.problems else None
    return Link(found[1], PROBLEMS, found[0]) if found else None


def _unclaimed_row(record: Record, zone: tzinfo) -> Line:
    status = RowStatus.of(record)
    return (
        _record_name(record),
        record.alias,
        *_state_and_review(status),
        advise(status).reason,
        local(record.submitted_at, zone),
        record.attempts,
        record.compliance_id,
    )


def _record_name(record: Record) -> str:
    """Return a record's name where its row is not at hand: the user's Key, else the end of its alias."""
    return record.key or f"~{record.token}"


_ENDED_HOW: Mapping[int, str] = {
    ExitStatus.DONE: "all done",
    ExitStatus.BUG: "a bug",
    ExitStatus.USAGE: "could not begin",
    ExitStatus.ROWS_NEED_ATTENTION: "finished; some rows need attention",
    ExitStatus.STOPPED: "stopped before finishing",
    ExitStatus.LEDGER: "the ledger is damaged",
    ExitStatus.CREDENTIALS: "credentials refused",
    ExitStatus.REPORT: "finished; the report could not be written",
    ExitStatus.HUNGUP: "stopped when its terminal was closed",
    ExitStatus.INTERRUPTED: "stopped by Ctrl-C",
    ExitStatus.TERMINATED: "stopped by a signal",
}


RUN_HEADERS = (
    "Began",
    "Ended",
    "Ended how",
    "Requests",
    "Created",
    "Refused",
    "Link requests refused",
    "Throttled",
    "Quota",
    "Exit status",
    "Who",
    "Host",
    "Run",
    "Version",
    "Contract",
)


def runs_table(ledger_state: LedgerState, zone: tzinfo, *, redact: bool = False) -> Table:
    """Return one row for each run, oldest first; what it was begun with in digests is in the ledger alone.

    Args:
        redact: whether it is left out who ran it, and where.
    """
    creators = map(ledger_state.creator, ledger_state.records.values())
    created = Counter(run.started.seq for run in creators if run)
    rows = tuple(_run_row(run, created[run.started.seq], zone, redact=redact) for run in ledger_state.runs)
    return Table(_with_zone(RUN_HEADERS, zone), rows)


def _run_row(run: RunStory, created: int, zone: tzinfo, *, redact: bool) -> Line:
    started, ended = run.started, run.ended
    return (
        local(started.at, zone),
        local(ended.at, zone) if ended else "not recorded",
        _ENDED_HOW.get(ended.exit_status, "") if ended else "killed, or still under way",
        _requests(ended),
        created,
        _requests(ended, "create refused", "update refused"),
        _requests(ended, "link refused"),
        _requests(ended, "throttled"),
        started.quota,
        ended.exit_status if ended else None,
        None if redact else started.user,
        None if redact else started.host,
        started.run_id,
        started.version,
        started.contract,
    )


def _requests(ended: RunEnded | None, *outcomes: str) -> int | None:
    """Return how many requests went out, or how many had one of these outcomes (`create refused`, `throttled`)."""
    if ended is None:
        return None
    return sum(number for name, number in ended.requests.items() if not outcomes or name.endswith(outcomes))
