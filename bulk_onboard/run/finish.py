"""Finish a run: its last entry, its report, its result and exit status."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import bulk_onboard.report.workbook  # noqa: F401 - loads XlsxWriter now: at its end a run may lack descriptors
from bulk_onboard import log
from bulk_onboard.errors import TO_BE_CONTINUED, BulkOnboardError, ExitStatus, first_that_holds
from bulk_onboard.job import Job
from bulk_onboard.model import entry as entries
from bulk_onboard.model.catalogue import RENUMBERED, Severity
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Action, Decision
from bulk_onboard.model.record import State
from bulk_onboard.report.record_findings import record_findings
from bulk_onboard.report.row_status import NO_DRIFT, Drift, drift, needing, news, older
from bulk_onboard.report.summary import Decisions, counts, next_command, reviews
from bulk_onboard.run.execution import Run
from bulk_onboard.run.judge import Judgement, books_told
from bulk_onboard.run.kept_flags import of_own_workbook
from bulk_onboard.run.outputs import annotate, saved_copy, write_job_report
from bulk_onboard.run.stop import left_over, status_of, why_stopped
from bulk_onboard.run.walk import DuplicateRecords

LEFT_OVER = frozenset({State.PENDING, State.DEFERRED})


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to; the keys of `--json`.

    Attributes:
        run_id: empty where nothing was begun, since there was nothing to do.
        next: the command to type next.
        needing, news: how many rows need a person, and of how many of these nobody was told at an earlier run's end.
        older: how many rows are older than what was sent since, so that nothing of them was sent.
        drift: where the sheet and the API say different things, and nothing is done about it.
        error: what stopped it, for people; None when it finished or was stopped by a signal.
        report: where the report was written; None when it could not be.
        annotated: where the annotated workbook was written; None where none was wanted, or nothing is to be mended.
        twice: tokens with more than one record at the API, which a person must look at.
        warnings: sentences that a person should see all the same.
    """

    run_id: str
    exit_status: ExitStatus
    counts: dict[str, int]
    reviews: dict[str, int]
    requests: dict[str, int]
    ledger: Path
    report: Path | None
    error: BulkOnboardError | None
    next: str = ""
    needing: int = 0
    news: int = 0
    older: int = 0
    drift: Drift = NO_DRIFT
    annotated: Path | None = None
    twice: tuple[DuplicateRecords, ...] = ()
    warnings: tuple[str, ...] = ()


async def end(run: Run) -> RunResult:
    """Write down how the run ended, write the report, and sum up."""
    ledger_state = books_told(run.judgement, run.plan(), run.journal.ledger_state)
    decisions = None if run.judgement.missing else run.plan().decisions
    run.findings = _told_once(run.findings, decisions)
    begun = run.requests["list done"] > 0
    compare = run.job.commands.verify()
    error = why_stopped(run.stop.cause, base_url=run.job.base_url, sent_before=begun, compare=compare)
    if not run.stop.requested:
        error = left_over(sum(status is ExitStatus.STOPPED for status in statuses_of(run, decisions)))
    result = RunResult(
        run_id=run.run_id,
        exit_status=first_that_holds(status_of(error or run.stop.cause), *statuses_of(run, decisions)),
        counts=counts(decisions, ledger_state),
        reviews=reviews(decisions, ledger_state),
        requests=dict(sorted(run.requests.items())),
        ledger=run.job.ledger,
        report=None,
        error=error,
        needing=needing(decisions, ledger_state),
        news=news(decisions, ledger_state, run.news_since),
        older=older(decisions),
        drift=drift(decisions, ledger_state, run.findings),
        twice=tuple(run.twice),
        warnings=tuple(_warnings(run)),
    )
    for finish in (partial(_write_end, run), partial(_write_report, run, decisions), partial(_annotate, run)):
        try:
            result = await finish(result)
        except BulkOnboardError as trouble:
            status = first_that_holds(result.exit_status, trouble.exit_status)
            result = replace(result, exit_status=status, error=result.error or trouble)
    return replace(result, next=_next_command(run, decisions, result))


def _next_command(run: Run, decisions: Decisions, result: RunResult) -> str:
    marked = result.annotated or (saved_copy(run.job) if result.older else None)
    return next_command(
        decisions,
        books_told(run.judgement, run.plan(), run.journal.ledger_state),
        of_own_workbook(run.job) if marked else run.job.commands,
        continued=result.exit_status in TO_BE_CONTINUED,
        marked=marked is not None,
    )


def _told_once(findings: list[Finding], decisions: Decisions) -> list[Finding]:
    """What turned up, without the changed registration numbers that the rows still tell themselves."""
    own = {f.row for each in decisions or () for f in each.judged.findings if f.code in RENUMBERED}
    return [finding for finding in findings if finding.code not in RENUMBERED or finding.row not in own]


def nothing_to_do(job: Job, judgement: Judgement) -> RunResult:
    """What a run came to that had neither workbook nor ledger: it was none, so it has no id and left nothing."""
    return RunResult(
        run_id="",
        exit_status=ExitStatus.DONE,
        counts=counts(None, LedgerState()),
        reviews=reviews(None, LedgerState()),
        requests={},
        ledger=job.ledger,
        report=None,
        error=None,
        next=job.commands.again(),
        warnings=(f"{judgement.missing} There is no ledger either, so there is nothing to do.",),
    )


def statuses_of(run: Run, decisions: Decisions) -> Iterable[ExitStatus]:
    """Unfinished rows mean that the run stopped early; errors, refused, held and gone ones that a person is wanted."""
    ledger_state = run.journal.ledger_state
    told = books_told(run.judgement, run.plan(), ledger_state)
    row_events = {finding.row for finding in run.findings if finding.severity is Severity.ERROR}
    since = run.news_since if run.job.new_only else 0
    if run.twice:
        yield ExitStatus.ROWS_NEED_A_PERSON
    if news(decisions, told, since) if run.job.new_only else needing(decisions, told):
        yield ExitStatus.ROWS_NEED_A_PERSON
    if any(record.state in (State.UNCERTAIN, State.SENDING) for record in ledger_state.records.values()):
        yield ExitStatus.STOPPED
    for decision in decisions or ():
        if decision.identity and decision.identity.token in run.due and is_left_over(decision, ledger_state):
            looked_at = decision.judged.row.number in row_events
            yield ExitStatus.ROWS_NEED_A_PERSON if looked_at else ExitStatus.STOPPED


def is_left_over(decision: Decision, ledger_state: LedgerState) -> bool:
    """Whether a row that was due still is, though nothing speaks against it; a held number is looked at in each run."""
    record = ledger_state.record(decision.token)
    if decision.action is Action.NOTHING:  # such as a row beyond --limit that was settled, and is not at the API
        return False
    if decision.action is Action.LINK:
        return any(number not in record.numbers for number in decision.numbers)
    if decision.action is Action.UPDATE:  # what was refused is due for as long as it is to be tried again
        return record.fingerprint != decision.judged.fingerprint
    return record.state in LEFT_OVER


def _warnings(run: Run) -> Iterable[str]:
    """Sentences that a person should see all the same."""
    if run.judgement.missing:
        yield run.judgement.missing
    yield from run.journal.warnings
    if run.not_shown:
        yield (
            f"The API did not show {run.not_shown:,} of the submitted records, so what their reviews say now is not "
            f"known. See which: {run.job.commands.verify()}"
        )
    if run.unreadable:
        records = "1 record" if run.unreadable == 1 else f"{run.unreadable:,} records"
        yield f"The API's list has {records} that cannot be read: passed over."
    if run.asks_first:
        yield "The API's list cannot be walked to its end, so each row was asked for before it was sent."
    if run.not_audited:
        yield (
            f"The API's list cannot be walked to its end, so whether a record is there twice was seen of "
            f"{run.not_audited} records only."
        )
    if run.looks_failed:
        times = "once" if run.looks_failed == 1 else f"{run.looks_failed:,} times in a row"
        yield f"At the end the API's list could not be read, {times}: reviews may have changed since. Run again later."
    yield from (_unsaved(*lost) for lost in run.journal.unsaved)


def _unsaved(token: str, compliance_id: str) -> str:
    """What a person should note down where the disk did not take it."""
    return f"Not in the ledger: record {token} is {compliance_id} at the API. The next run finds it there."


async def _write_end(run: Run, result: RunResult) -> RunResult:
    log.logger().info("run ended", run_id=run.run_id, exit_status=int(result.exit_status))
    await run.journal.append(
        entries.RunEnded(
            run_id=run.run_id,
            exit_status=result.exit_status,
            counts=result.counts,
            requests=result.requests,
        )
    )
    return result


async def _write_report(run: Run, decisions: Decisions, result: RunResult) -> RunResult:
    said = record_findings(decisions, run.journal.ledger_state, run.judgement.columns, run.judgement.book)
    path = await asyncio.to_thread(
        write_job_report,
        run.job,
        decisions,
        books_told(run.judgement, run.plan(), run.journal.ledger_state),
        findings=(*run.judgement.sheet_findings, *run.findings, *said),
        requirements=None if run.judgement.missing else run.judgement.book,
        now=run.clock.now(),
        run_id=run.run_id,
        stopped=str(result.error or run.judgement.missing),
        continued=result.exit_status in TO_BE_CONTINUED,
    )
    return replace(result, report=path)


async def _annotate(run: Run, result: RunResult) -> RunResult:
    """The workbook with the marks in it, where the job asks for it; one that cannot be written fails nothing."""
    if not run.job.annotate:
        return result
    annotated = await asyncio.to_thread(
        annotate, run.job, run.judgement, run.plan(), run.journal.ledger_state, findings=run.findings
    )
    if annotated is None:
        return result
    return replace(result, annotated=annotated.path, warnings=(*result.warnings, *annotated.notes))
