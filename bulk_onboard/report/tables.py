"""The report's tables as plain data: results, problems, runs.

See README.md, The report.

See README.md, The report.

A duplicate shows the first row's state and names it; everything else of the record stands in the first row alone. The
template's example shows that it is one.

How many records a run created is not asked of its last entry, which a killed run never wrote, but counted from the
records: those whose creating call is in the ledger after the run's beginning and before the next one's.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from datetime import tzinfo
from enum import StrEnum

from bulk_onboard.errors import ExitStatus
from bulk_onboard.model.command import Commands, names_in
from bulk_onboard.model.entry import RunEnded
from bulk_onboard.model.finding import VERY_MANY, Finding
from bulk_onboard.model.ledger_state import LedgerState, RunStory
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import Record
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import BUSINESS_NAME, KEY, NUMBERS
from bulk_onboard.report.advice import advise, aside_advice
from bulk_onboard.report.record_findings import Advice
from bulk_onboard.report.row_status import Decisions, RowStatus, numbers_told, row_status, unclaimed
from bulk_onboard.report.table import Line, MadeAnew, Table
from bulk_onboard.report.times import local_text

PROBLEM_HEADERS = ("Row", "Column", "Code", "Severity", "Seen", "Problem", "How to fix")


def told_once(findings: Collection[Finding]) -> Iterator[tuple[Finding, int]]:
    """Each finding and how many more rows it speaks for: 0, except for the first of very many alike."""
    alike = Counter(map(_trouble, findings))
    told: set[Hashable] = set()
    for finding in findings:
        trouble = _trouble(finding)
        if alike[trouble] <= VERY_MANY:
            yield finding, 0
        elif trouble not in told:
            told.add(trouble)
            yield finding, alike[trouble] - 1


def problem_sentence(finding: Finding, more: int) -> str:
    """What is wrong, and in how many more rows."""
    return f"{finding.problem} And {more:,} more rows." if more else finding.problem


def whole_sentence(finding: Finding, more: int) -> str:
    """What is wrong, what was seen, and how to fix it."""
    problem = finding.problem
    if finding.seen:
        problem = f"{problem.removesuffix('.')} (seen: {finding.seen})."
    return " ".join((problem, *((f"And {more:,} more rows.",) if more else ()), finding.fix))


def problems_table(findings: Collection[Finding]) -> Table:
    """The findings in the order given."""
    return Table(
        PROBLEM_HEADERS, MadeAnew(lambda: (_problem_row(finding, more) for finding, more in told_once(findings)))
    )


def _trouble(finding: Finding) -> Hashable:
    return finding.code, finding.column, finding.seen, frozenset(finding.details.items())


def _problem_row(finding: Finding, more: int) -> Line:
    return (
        finding.row,
        finding.column,
        finding.code,
        finding.severity.value,
        finding.seen,
        problem_sentence(finding, more),
        finding.fix,
    )


RESULT_HEADERS = (
    "Row",
    "Key",
    "Business Name",
    "Number Type",
    "State",
    "Review",
    "Compliance ID",
    "Reason",
    "What to do",
    "Submitted at",
    "Attempts",
    "Numbers",
)
UNCLAIMED_HEADERS = ("Key", "Alias", "State", "Review", "Compliance ID", "Reason", "Submitted at", "Attempts")

_NONE: Mapping[int, Sequence[Finding]] = {}


def results_table(
    decisions: Decisions,
    ledger_state: LedgerState,
    commands: Commands,
    zone: tzinfo,
    found: Mapping[int, Sequence[Finding]] = _NONE,
) -> Table:
    """Every row once; without the workbook every record once, names blank.

    Args:
        found: by row number, what turned up only while the row was to be sent, and what the API said of its record.
    """
    if decisions is None:
        return Table(RESULT_HEADERS, MadeAnew(lambda: _record_rows(ledger_state, commands, zone)))
    return Table(RESULT_HEADERS, MadeAnew(lambda: _rows(decisions, ledger_state, commands, zone, found)))


def unclaimed_table(decisions: Decisions, ledger_state: LedgerState, commands: Commands, zone: tzinfo) -> Table:
    """The records that were sent and whose row has gone; none are known without the workbook."""
    records: Sequence[Record] = unclaimed(decisions, ledger_state) if decisions is not None else ()
    return Table(UNCLAIMED_HEADERS, tuple(_unclaimed_row(record, commands, zone) for record in records))


def _rows(
    decisions: Sequence[Decision],
    ledger_state: LedgerState,
    commands: Commands,
    zone: tzinfo,
    found: Mapping[int, Sequence[Finding]],
) -> Iterator[Line]:
    names = names_in(ledger_state)
    firsts = {decision.judged.duplicate_of for decision in decisions} - {None}
    by_number = {each.judged.row.number: each for each in decisions if each.judged.row.number in firsts}
    for decision in decisions:
        judged = decision.judged
        if judged.aside:
            first = by_number.get(judged.duplicate_of or 0)
            yield _aside_row(judged, row_status(first, ledger_state).state if first else judged.aside)
        else:
            now = row_status(decision, ledger_state)
            name = names.get(now.record.token, "") if now.record else ""
            advice = advise(now, judged, commands, found.get(judged.row.number, ()), name=name)
            yield (*_named(judged.row), *_told(now, advice, zone), numbers_told(judged.row.cell(NUMBERS), now.record))


def _named(row: Row) -> Line:
    return (row.number, row.cell(KEY), row.cell(BUSINESS_NAME), row.combination.number_type)


def _aside_row(judged: JudgedRow, state: StrEnum) -> Line:
    row, advice = judged.row, aside_advice(judged)
    numbers = numbers_told(row.cell(NUMBERS), None)
    return (*_named(row), state.value, None, None, advice.reason, advice.todo, None, None, numbers)


def _record_rows(ledger_state: LedgerState, commands: Commands, zone: tzinfo) -> Iterator[Line]:
    for token, name in names_in(ledger_state).items():
        record, now = ledger_state.records[token], RowStatus.of(ledger_state.records[token])
        told = _told(now, advise(now, None, commands, name=name), zone)
        yield (None, _called(record), None, None, *told, numbers_told("", record))


def _told(now: RowStatus, advice: Advice, zone: tzinfo) -> Line:
    """From State to Attempts."""
    record = now.record or Record(token="")
    submitted_at = local_text(record.submitted_at, zone)
    return (
        now.state.value,
        now.review,
        record.compliance_id,
        advice.reason,
        advice.todo,
        submitted_at,
        record.attempts,
    )


def _unclaimed_row(record: Record, commands: Commands, zone: tzinfo) -> Line:
    now = RowStatus.of(record)
    state, review, compliance_id, reason, _, submitted_at, attempts = _told(now, advise(now, None, commands), zone)
    return (_called(record), record.alias, state, review, compliance_id, reason, submitted_at, attempts)


def _called(record: Record) -> str:
    """A record's name where its row is not at hand: the user's Key, else the end of its alias."""
    return record.key or f"~{record.token}"


_SHORT = 12

_ENDED_HOW: Mapping[int, str] = {
    ExitStatus.DONE: "all done",
    ExitStatus.BUG: "a bug",
    ExitStatus.USAGE: "could not begin",
    ExitStatus.ROWS_NEED_A_PERSON: "finished; some rows need a person",
    ExitStatus.STOPPED: "stopped before finishing",
    ExitStatus.LEDGER: "the ledger is damaged",
    ExitStatus.CREDENTIALS: "credentials refused",
    ExitStatus.REPORT: "finished; the report could not be written",
    ExitStatus.HUNGUP: "stopped when its terminal was closed",
    ExitStatus.INTERRUPTED: "stopped by Ctrl-C",
    ExitStatus.TERMINATED: "stopped by a signal",
}


def runs_table(ledger_state: LedgerState, zone: tzinfo) -> Table:
    """One row for each run, oldest first; digests shortened."""
    headers = (
        f"Began ({zone})",
        f"Ended ({zone})",
        "Run",
        "Who",
        "Host",
        "Version",
        "Requests",
        "Created",
        "Refused",
        "Throttled",
        "Exit status",
        "Ended how",
        "Quota",
        "Workbook digest",
        "Job digest",
        "Requirements digest",
    )
    creators = map(ledger_state.creator, ledger_state.records.values())
    created = Counter(run.started.seq for run in creators if run)
    return Table(headers, tuple(_run_row(run, created[run.started.seq], zone) for run in ledger_state.runs))


def _run_row(run: RunStory, created: int, zone: tzinfo) -> Line:
    started, ended = run.started, run.ended
    return (
        local_text(started.at, zone),
        local_text(ended.at, zone) if ended else "not recorded",
        started.run_id,
        started.user,
        started.host,
        started.version,
        _requests(ended),
        created,
        _requests(ended, "refused"),
        _requests(ended, "throttled"),
        ended.exit_status if ended else None,
        _ENDED_HOW.get(ended.exit_status, "") if ended else "killed, or still under way",
        started.quota,
        started.workbook[:_SHORT],
        started.job[:_SHORT],
        started.requirements[:_SHORT],
    )


def _requests(ended: RunEnded | None, outcome: str = "") -> int | None:
    """How many requests went out, or how many had that outcome; their names end in it (`create refused`)."""
    if ended is None:
        return None
    words = {name: name.rsplit(maxsplit=1)[-1] for name in ended.requests}
    return sum(ended.requests[name] for name, word in words.items() if word == outcome or not outcome)
