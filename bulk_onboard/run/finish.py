"""Finish a run: its last entry, its report, its result and exit status."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bulk_onboard import log
from bulk_onboard.errors import TO_BE_CONTINUED, BulkOnboardError, ExitStatus, first_that_holds
from bulk_onboard.job import Job
from bulk_onboard.model import entry as entries
from bulk_onboard.model.catalogue import RENUMBERED, Severity
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Action, Decision
from bulk_onboard.model.record import UNKNOWN, State
from bulk_onboard.report.record_findings import record_findings
from bulk_onboard.report.row_status import NO_DRIFT, Drift, drift, needing, news, older
from bulk_onboard.report.summary import Decisions, counts, next_command, reviews
from bulk_onboard.run.execution import Run
from bulk_onboard.run.judge import Judgement, reported_state
from bulk_onboard.run.outputs import annotate, saved_copy, write_job_report
from bulk_onboard.run.stop import left_over, status_of, why_stopped
from bulk_onboard.run.typed import of_own_workbook
from bulk_onboard.run.walk import DuplicateRecords


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to; the keys of `--json`.

    Attributes:
        run_id: empty where nothing was begun, since there was nothing to do.
        error: what stopped it, for people; None when it finished or was stopped by a signal.
        next: the command to type next.
        needing, news: how many rows need attention, and how many of these no earlier run has reported.
        older: how many rows are older than what was sent since, so that nothing of them was sent.
        drift: where the sheet and the API say different things, and nothing is done about it.
        report: where the report was written; None when it could not be.
        annotated: where the annotated workbook was written; None where none was wanted, or there is nothing to fix.
        twice: tokens with more than one record at the API.
        warnings: sentences for stderr, whatever else the run came to.
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


def nothing_to_do(job: Job, judgement: Judgement) -> RunResult:
    """Return the result where there is neither workbook nor ledger.

    No run was begun, so it has no id.
    """
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


async def finish(run: Run) -> RunResult:
    """Sum up the run, write its last entry, the report and the annotated workbook."""
    reported = reported_state(run.judgement, run.plan(), run.journal.ledger_state)
    decisions = None if run.judgement.missing else run.plan().decisions
    run.findings = _without_repeats(run.findings, decisions)
    statuses = list(statuses_of(run, decisions, reported))
    error = why_stopped(
        run.stop.cause,
        base_url=run.job.base_url,
        sent_before=run.requests["list done"] > 0,
        compare=run.job.commands.verify(),
    )
    if not run.stop.requested:
        error = left_over(statuses.count(ExitStatus.STOPPED))
    result = RunResult(
        run_id=run.run_id,
        exit_status=first_that_holds(status_of(error or run.stop.cause), *statuses),
        counts=counts(decisions, reported),
        reviews=reviews(decisions, reported),
        requests=dict(sorted(run.requests.items())),
        ledger=run.job.ledger,
        report=None,
        error=error,
        needing=needing(decisions, reported),
        news=news(decisions, reported, run.news_since),
        older=older(decisions),
        drift=drift(decisions, reported, run.findings),
        twice=tuple(run.twice),
        warnings=tuple(_warnings(run)),
    )
    for step in (
        partial(_write_end, run),
        partial(_write_report, run, decisions, reported),
        partial(_annotate, run),
    ):
        try:
            result = await step(result)
        except BulkOnboardError as trouble:
            status = first_that_holds(result.exit_status, trouble.exit_status)
            result = replace(result, exit_status=status, error=result.error or trouble)
    return replace(result, next=_next_command(run, decisions, reported, result))


def _without_repeats(findings: list[Finding], decisions: Decisions) -> list[Finding]:
    """Return the run's findings without those that the rows have themselves.

    Only changed registration numbers are in both.
    """
    own = {f.row for each in decisions or () for f in each.judged.findings if f.code in RENUMBERED}
    return [finding for finding in findings if finding.code not in RENUMBERED or finding.row not in own]


def statuses_of(run: Run, decisions: Decisions, reported: LedgerState) -> Iterable[ExitStatus]:
    """Yield the exit statuses that the rows call for.

    Some may need attention, and each that is unfinished counts by itself.
    """
    ledger_state = run.journal.ledger_state
    with_errors = {finding.row for finding in run.findings if finding.severity is Severity.ERROR}
    since = run.news_since if run.job.new_only else 0
    if run.twice:
        yield ExitStatus.ROWS_NEED_A_PERSON
    if news(decisions, reported, since) if run.job.new_only else needing(decisions, reported):
        yield ExitStatus.ROWS_NEED_A_PERSON
    if any(record.state in UNKNOWN for record in ledger_state.records.values()):
        yield ExitStatus.STOPPED
    for decision in decisions or ():
        if decision.identity and decision.identity.token in run.due and is_left_over(decision, ledger_state):
            has_error = decision.judged.row.number in with_errors
            yield ExitStatus.ROWS_NEED_A_PERSON if has_error else ExitStatus.STOPPED


def is_left_over(decision: Decision, ledger_state: LedgerState) -> bool:
    """Return whether a row that was due still is, though nothing is against it."""
    record = ledger_state.record(decision.token)
    if decision.action is Action.NOTHING:  # such as a row beyond --limit that was settled, and is not at the API
        return False
    if decision.action is Action.LINK:  # a held number is due in each run, and was looked at
        return any(number not in record.numbers for number in decision.numbers)
    if decision.action is Action.UPDATE:  # what was refused is due for as long as it is to be tried again
        return record.fingerprint != decision.judged.fingerprint
    return record.state in (State.PENDING, State.DEFERRED)


def _warnings(run: Run) -> Iterable[str]:
    if run.judgement.missing:
        yield run.judgement.missing
    yield from run.journal.warnings
    if run.not_shown:
        records = "1 submitted record" if run.not_shown == 1 else f"{run.not_shown:,} submitted records"
        yield (
            f"The API did not show {records}, so the present review is not known. "
            f"To see which, type: {run.job.commands.verify()}"
        )
    if run.unreadable:
        records = "1 record" if run.unreadable == 1 else f"{run.unreadable:,} records"
        yield f"{records} in the API's list could not be read, and {'was' if run.unreadable == 1 else 'were'} skipped."
    if run.asks_first:
        yield "The API's list cannot be walked to its end, so each row was asked for before it was sent."
    if run.not_audited:
        yield (
            f"The API's list cannot be walked to its end, so only {run.not_audited} records could be checked for being "
            "there twice."
        )
    if run.looks_failed:
        times = "once" if run.looks_failed == 1 else f"{run.looks_failed:,} times in a row"
        yield f"At the end the API's list could not be read, {times}: reviews may have changed since. Run again later."
    for token, compliance_id in run.journal.unsaved:
        yield f"Not in the ledger: record {token} is {compliance_id} at the API. The next run finds it there."


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


async def _write_report(run: Run, decisions: Decisions, reported: LedgerState, result: RunResult) -> RunResult:
    said = record_findings(decisions, run.journal.ledger_state, run.judgement.columns, run.judgement.book)
    path = await asyncio.to_thread(
        write_job_report,
        run.job,
        decisions,
        reported,
        findings=(*run.judgement.sheet_findings, *run.findings, *said),
        requirements=None if run.judgement.missing else run.judgement.book,
        now=run.clock.now(),
        run_id=run.run_id,
        stopped=str(result.error or run.judgement.missing),
        continued=result.exit_status in TO_BE_CONTINUED,
    )
    return replace(result, report=path)


async def _annotate(run: Run, result: RunResult) -> RunResult:
    """Write the annotated workbook where the job asks for one.

    The run does not fail where it cannot be written.
    """
    if not run.job.annotate:
        return result
    annotated = await asyncio.to_thread(
        annotate, run.job, run.judgement, run.plan(), run.journal.ledger_state, findings=run.findings
    )
    if annotated is None:
        return result
    return replace(result, annotated=annotated.path, warnings=(*result.warnings, *annotated.notes))


def _next_command(run: Run, decisions: Decisions, reported: LedgerState, result: RunResult) -> str:
    marked = result.annotated or (saved_copy(run.job) if result.older else None)
    return next_command(
        decisions,
        reported,
        of_own_workbook(run.job) if marked else run.job.commands,
        continued=result.exit_status in TO_BE_CONTINUED,
        marked=marked is not None,
    )
