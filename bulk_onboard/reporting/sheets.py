"""The report's sheets below the first as plain data: Results, Problems, Not in the workbook, Runs.

See docs/handing_over.md, The report.

The template's example is left out. A duplicate names the first row; everything of the record is in the first row alone.

How many records a run created is counted from the records, since a killed run never wrote its last entry: those whose
create is in the ledger after the run began and before the next one did.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping
from datetime import tzinfo

from bulk_onboard.errors import ExitStatus
from bulk_onboard.model.command import Commands, names_in
from bulk_onboard.model.entry import RunEnded
from bulk_onboard.model.finding import VERY_MANY, Finding
from bulk_onboard.model.ledger_state import LedgerState, RunStory
from bulk_onboard.model.record import Record
from bulk_onboard.model.row import Aside
from bulk_onboard.model.sheet import BUSINESS_NAME, KEY
from bulk_onboard.reporting.advice import advise
from bulk_onboard.reporting.row_status import JobStatus, RowStatus
from bulk_onboard.reporting.table import Line, MadeAnew, Table, local_text

PROBLEM_HEADERS = ("Row", "Column", "Code", "Severity", "Seen", "Problem", "How to fix")


def problems_table(findings: Collection[Finding]) -> Table:
    """Return the findings in the order given."""
    return Table(
        PROBLEM_HEADERS, MadeAnew(lambda: (_problem_row(finding, more) for finding, more in without_repeats(findings)))
    )


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


def whole_sentence(finding: Finding, more: int) -> str:
    """Return what is wrong, what was seen, and how to fix it."""
    problem = finding.problem
    if finding.seen:
        problem = f"{problem.removesuffix('.')} (seen: {finding.seen})."
    return " ".join((problem, *_and_more(more), finding.fix))


def _and_more(more: int) -> Iterator[str]:
    if more:
        yield "And 1 more row." if more == 1 else f"And {more:,} more rows."


def _likeness(finding: Finding) -> Hashable:
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


def results_table(status: JobStatus, commands: Commands, zone: tzinfo) -> Table:
    """Return every row once; without the workbook every record once, names blank."""
    return Table(RESULT_HEADERS, MadeAnew(lambda: _result_rows(status, commands, zone)))


def unclaimed_table(status: JobStatus, commands: Commands, zone: tzinfo) -> Table:
    """Return the records that were sent and whose row has gone; none are known without the workbook."""
    return Table(UNCLAIMED_HEADERS, tuple(_unclaimed_row(record, commands, zone) for record in status.unclaimed))


def _result_rows(status: JobStatus, commands: Commands, zone: tzinfo) -> Iterator[Line]:
    names = names_in(status.ledger_state)
    for each in status.rows:
        if each.aside is Aside.EXAMPLE:
            continue
        name = names.get(each.record.token, "") if each.record else ""
        yield (*_row_names(each), *_state_to_attempts(each, commands, zone, name), each.numbers_text)


def _row_names(status: RowStatus) -> Line:
    """Return Row, Key, Business Name and Number Type."""
    if status.judged:
        row = status.judged.row
        return (row.number, row.cell(KEY), row.cell(BUSINESS_NAME), row.combination.number_type)
    return (None, _record_name(status.record) if status.record else None, None, None)


def _state_to_attempts(status: RowStatus, commands: Commands, zone: tzinfo, name: str) -> Line:
    """Return State, Review, Compliance ID, Reason, What to do, Submitted at and Attempts."""
    advice = advise(status, commands, name=name)
    if status.aside:
        return (status.state.value, None, None, advice.reason, advice.todo, None, None)
    record = status.record or Record(token="")
    submitted_at = local_text(record.submitted_at, zone)
    return (
        status.state.value,
        status.review,
        record.compliance_id,
        advice.reason,
        advice.todo,
        submitted_at,
        record.attempts,
    )


def _unclaimed_row(record: Record, commands: Commands, zone: tzinfo) -> Line:
    cells = _state_to_attempts(RowStatus.of(record), commands, zone, name="")
    state, review, compliance_id, reason, _, submitted_at, attempts = cells
    return (_record_name(record), record.alias, state, review, compliance_id, reason, submitted_at, attempts)


def _record_name(record: Record) -> str:
    """Return a record's name where its row is not at hand: the user's Key, else the end of its alias."""
    return record.key or f"~{record.token}"


_SHORT = 12

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


def runs_table(ledger_state: LedgerState, zone: tzinfo) -> Table:
    """Return one row for each run, oldest first; digests shortened."""
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
        "Contract",
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
        started.contract,
        started.workbook[:_SHORT],
        started.job[:_SHORT],
        started.requirements[:_SHORT],
    )


def _requests(ended: RunEnded | None, outcome: str = "") -> int | None:
    """Return how many requests went out, or how many had that outcome; their names end in it (`create refused`)."""
    if ended is None:
        return None
    words = {name: name.rsplit(maxsplit=1)[-1] for name in ended.requests}
    return sum(ended.requests[name] for name, word in words.items() if word == outcome or not outcome)
