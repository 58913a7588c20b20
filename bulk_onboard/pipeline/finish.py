"""Finish a run: its last entry, its report, its result and exit status."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import bulk_onboard.reporting.workbook  # noqa: F401 - loads XlsxWriter now: at its end a run may lack descriptors
from bulk_onboard import log
from bulk_onboard.errors import TO_BE_CONTINUED, BulkOnboardError, ExitStatus, first_that_holds
from bulk_onboard.job import Job
from bulk_onboard.model import entry as entries
from bulk_onboard.model.catalogue import RENUMBERED, Severity
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import NOT_CHOSEN, Action, Decision, Plan
from bulk_onboard.model.record import UNKNOWN, Record, State, unknown_numbers
from bulk_onboard.pipeline.annotated_copy import annotate, saved_copy
from bulk_onboard.pipeline.execution import Run
from bulk_onboard.pipeline.judge import Judgement, reported_state
from bulk_onboard.pipeline.kept_flags import of_own_workbook
from bulk_onboard.pipeline.outputs import write_job_report
from bulk_onboard.pipeline.progress import WRITING_REPORT
from bulk_onboard.pipeline.stop import left_over, status_of, why_stopped
from bulk_onboard.pipeline.walk import DuplicateRecords
from bulk_onboard.reporting.figures import Overview, overview_of
from bulk_onboard.reporting.row_status import Decisions, JobStatus, Totals, join
from bulk_onboard.reporting.summary import next_command
from bulk_onboard.reporting.target import report_files
from bulk_onboard.threads import in_thread
from bulk_onboard.units import format_count


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult(Totals):
    """What a run came to; console, `--json` and notification are made from it.

    Attributes:
        account: whose run it was; empty where the job has no accounts.
        run_id: empty where nothing was begun: there was nothing to do, or `error` says why.
        requests: by operation and outcome.
        overview: figures, outcomes, and what needs attention.
        reports: where the report was written, by format; without those that could not be.
        annotated: where the annotated workbook was written; None where none was wanted, or there is nothing to fix.
        next: the command to type next.
        sent, adopted: how many records this run created, and how many it found at the API.
        duplicates: tokens with more than one record at the API, which somebody must look at.
        audited: whether all that was sent was looked through for these; `audit` says how, or why it was not.
        error: what stopped it, for people; None when it finished or was stopped by a signal.
        warnings: sentences that somebody should see all the same.
        status: all rows joined with their records, as the run leaves them; None where nothing was begun and nobody has
            looked how they are.
        judgement: the rows as they were judged; None as for `status`, or where there is no workbook.
    """

    account: str = ""
    run_id: str
    exit_status: ExitStatus
    requests: dict[str, int]
    workbook: Path
    ledger: str
    overview: Overview
    reports: dict[str, Path] = field(default_factory=dict)
    annotated: Path | None = None
    next: str = ""
    sent: int = 0
    adopted: int = 0
    duplicates: tuple[DuplicateRecords, ...] = ()
    audited: bool = False
    audit: str = ""
    error: BulkOnboardError | None = None
    warnings: tuple[str, ...] = ()
    status: JobStatus | None = field(default=None, repr=False)
    judgement: Judgement | None = field(default=None, repr=False)

    @property
    def report(self) -> Path | None:
        """The file of the report to name where there is room for one; None where none could be written."""
        return next(iter(self.reports.values()), None)

    def data(self) -> dict[str, Any]:
        """Return the object that `--json` prints, without the exit status."""
        return {
            "run_id": self.run_id,
            "counts": self.counts,
            "reviews": self.reviews,
            "need_attention": self.need_attention,
            "new": self.new,
            "older": self.older,
            "drift": self.drift._asdict(),
            "requests": self.requests,
            "workbook": str(self.workbook),
            "ledger": self.ledger,
            "figures": self.overview.figures._asdict(),
            "attention": [each._asdict() for each in self.overview.attention],
            "report": str(self.report) if self.report else None,
            "reports": {form: str(path) for form, path in self.reports.items()},
            "annotated": str(self.annotated) if self.annotated else None,
            "next": self.next,
            "sent": self.sent,
            "adopted": self.adopted,
            "audited": self.audited,
            "duplicates": [
                {"token": each.token, "compliance_ids": each.compliance_ids, "deletable": each.deletable}
                for each in self.duplicates
            ],
            **({"error": str(self.error)} if self.error else {}),
        }


async def finish(run: Run) -> RunResult:
    """Sum up the run; write its last entry, the report and the annotated workbook."""
    with run.progress.doing(WRITING_REPORT):
        return await _finish(run)


async def _finish(run: Run) -> RunResult:
    plan = await run.plan()
    status, result = await in_thread(_summed_up, run, plan)
    for step in (partial(_write_end, run), partial(_write_files, run, status)):
        try:
            result = await step(result)
        except BulkOnboardError as trouble:
            exit_status = first_that_holds(result.exit_status, trouble.exit_status)
            result = replace(result, exit_status=exit_status, error=result.error or trouble)
    return replace(result, next=_next_command(run, status, result))


def _summed_up(run: Run, plan: Plan) -> tuple[JobStatus, RunResult]:
    """Join rows and records, and sum up what the run came to, before anything is written of it."""
    status = _status(run, plan)
    statuses = tuple(statuses_of(run, status))
    error = why_stopped(
        run.stop.cause,
        base_url=run.job.base_url,
        sent_before=run.requests["list done"] > 0,
        compare=run.job.commands.verify(),
        account=run.job.account,
    )
    if not run.stop.requested:
        error = left_over(statuses.count(ExitStatus.STOPPED), why=" ".join(run.gave_up))
    totals = status.totals(run.news_since)
    return status, RunResult(
        **{name: getattr(totals, name) for name in totals.__dataclass_fields__},
        account=run.job.account,
        run_id=run.run_id,
        exit_status=first_that_holds(status_of(error or run.stop.cause), *statuses),
        overview=overview_of(status),
        requests=dict(sorted(run.requests.items())),
        workbook=run.job.workbook,
        ledger=run.job.store.name,
        sent=sum(record.created > run.began for record in _new_at_the_api(run)),
        adopted=sum(record.created <= run.began for record in _new_at_the_api(run)),
        duplicates=tuple(run.twice),
        audited=run.audited or not run.journal.ledger_state.wants_audit,
        audit=_audit_in_words(run),
        error=error,
        warnings=tuple(_warnings(run, plan)),
        status=status,
        judgement=None if run.judgement.missing else run.judgement,
    )


def _new_at_the_api(run: Run) -> Iterable[Record]:
    """Return the records that the ledger knows to be at the API since this run began."""
    return [record for record in run.journal.ledger_state.records.values() if record.known > run.began]


def _audit_in_words(run: Run) -> str:
    """Return how the account was looked through for records that are there twice, or why it was not."""
    if run.audited:
        return f"among {run.not_audited} records of the account" if run.not_audited else "the whole account was checked"
    if run.job.audit == "never":
        return "not looked for, as audit = never says"
    if run.journal.ledger_state.wants_audit or run.job.audit == "always":
        return "not looked for yet; the next run does"
    return "nothing was sent since the last check"


def _status(run: Run, plan: Plan) -> JobStatus:
    """Join rows and records as the run leaves them."""
    judgement = run.judgement
    decisions = None if judgement.missing else plan.decisions
    return join(
        decisions,
        reported_state(judgement, plan, run.journal.ledger_state),
        found=(*judgement.sheet_findings, *_without_repeats(run.findings, decisions)),
        columns=judgement.columns,
        requirements=judgement.book,
    )


def _next_command(run: Run, status: JobStatus, result: RunResult) -> str:
    marked = result.annotated or (saved_copy(run.job) if result.older else None)
    return next_command(
        status,
        of_own_workbook(run.job) if marked else run.job.commands,
        continued=result.exit_status in TO_BE_CONTINUED,
        marked=marked is not None,
    )


def _without_repeats(findings: list[Finding], decisions: Decisions) -> list[Finding]:
    """Return what turned up, without the changed registration numbers that the rows still have as findings."""
    own = {f.row for each in decisions or () for f in each.judged.findings if f.code in RENUMBERED}
    return [finding for finding in findings if finding.code not in RENUMBERED or finding.row not in own]


def nothing_to_do(job: Job, judgement: Judgement) -> RunResult:
    """Return the result of a run that had neither workbook nor ledger: it has no id and left nothing."""
    sentence = f"{judgement.missing} There is no ledger either, so there is nothing to do."
    return replace(nothing_begun(job), warnings=(sentence,))


def could_not_begin(job: Job, error: BulkOnboardError) -> RunResult:
    """Return the result of an account whose run could not begin: it has no id, and says why."""
    return replace(nothing_begun(job), exit_status=error.exit_status, error=error)


def as_it_stands(
    result: RunResult, status: JobStatus, judgement: Judgement | None, *, news_since: int | None = None
) -> RunResult:
    """Return the result of a run that could not begin with what its rows and records are known to be.

    Args:
        news_since: the number of the ledger's line after which all is news; None for after the last run that finished.
    """
    totals = status.totals(status.ledger_state.told_until if news_since is None else news_since)
    known = {name: getattr(totals, name) for name in totals.__dataclass_fields__}
    return replace(result, **known, overview=overview_of(status), status=status, judgement=judgement)


def nothing_begun(job: Job) -> RunResult:
    """Return the result of a run that was not begun, and of whose rows nothing is known."""
    nothing = join(None, LedgerState())
    return RunResult(
        counts=nothing.counts(),
        reviews=nothing.reviews(),
        account=job.account,
        run_id="",
        exit_status=ExitStatus.DONE,
        overview=overview_of(nothing),
        requests={},
        workbook=job.workbook,
        ledger=job.store.name,
        next=job.commands.again(),
    )


def statuses_of(run: Run, status: JobStatus) -> Iterable[ExitStatus]:
    """Yield what speaks against exit status 0.

    Unfinished rows mean that the run stopped early; errors, refused, held and gone ones that they need attention.
    """
    ledger_state = run.journal.ledger_state
    row_events = {finding.row for finding in run.findings if finding.severity is Severity.ERROR}
    if run.twice:
        yield ExitStatus.ROWS_NEED_ATTENTION
    if status.new(run.news_since) if run.job.new_only else status.need_attention():
        yield ExitStatus.ROWS_NEED_ATTENTION
    unknown = {r.token for r in ledger_state.records.values() if r.state in UNKNOWN or unknown_numbers(r)}
    yield from (ExitStatus.STOPPED for _ in unknown)
    for each in status.rows if run.due else ():
        decision = each.decision
        if decision and decision.token in run.due - unknown and is_left_over(decision, ledger_state):
            looked_at = decision.judged.row.number in row_events
            yield ExitStatus.ROWS_NEED_ATTENTION if looked_at else ExitStatus.STOPPED


def is_left_over(decision: Decision, ledger_state: LedgerState) -> bool:
    """Return whether a row that was due still is, though nothing speaks against it.

    A held number is none: it is looked at in each run.
    """
    record = ledger_state.record(decision.token)
    if decision.action is Action.NOTHING:  # such as a row beyond --limit that was settled, and is not at the API
        return False
    if decision.action is Action.LINK:
        return any(number not in record.numbers for number in decision.numbers)
    if decision.action is Action.UPDATE:  # what was refused is due for as long as it is to be tried again
        return record.fingerprint != decision.judged.fingerprint
    return record.state in (State.NOT_SENT, State.DEFERRED)


def _warnings(run: Run, plan: Plan) -> Iterable[str]:
    """Yield sentences that somebody should see all the same."""
    if run.judgement.missing:
        yield run.judgement.missing
    if run.job.scope.is_choosy:
        left = sum(decision.reason == NOT_CHOSEN for decision in plan.decisions)
        rest = (
            "1 other row that would be due stays as it is"
            if left == 1
            else (f"{left:,} other rows that would be due stay as they are")
        )
        yield f"Only the rows that were chosen were done; {rest}."
    yield from run.journal.warnings
    if run.not_shown:
        yield (
            f"The API did not show {format_count(run.not_shown, 'submitted record')}, so what the reviews say now is "
            f"not known. See which: {run.job.commands.verify()}"
        )
    if run.unreadable:
        yield f"The API's list has {format_count(run.unreadable, 'record')} that cannot be read: passed over."
    if run.asks_first:
        yield "The API's list cannot be read to its end, so each row was asked for before it was sent."
    if run.not_audited:
        yield (
            f"The API's list cannot be read to its end, so duplicates were looked for among {run.not_audited} of its "
            "records only."
        )
    if run.looks_failed:
        times = "once" if run.looks_failed == 1 else f"{run.looks_failed:,} times in a row"
        yield f"At the end the API's list could not be read, {times}: reviews may have changed since. Run again later."
    yield from (_unsaved(*lost) for lost in run.journal.unsaved)


def _unsaved(token: str, compliance_id: str) -> str:
    """Return what somebody should note down where the disk did not take it."""
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


async def _write_files(run: Run, status: JobStatus, result: RunResult) -> RunResult:
    """Write report and marked copy, unless somebody who has taken over the account has done so since."""
    if await in_thread(_is_taken_over, run):
        left = f"The report is left as it is, since somebody else has written it since this run began: {run.job.report}"
        return replace(result, warnings=(*result.warnings, left))
    return await _annotate(run, status, await _write_report(run, status, result))


def _is_taken_over(run: Run) -> bool:
    """Return whether the lease is over, and the report newer than this run's beginning."""
    if run.journal.lease.holds():
        return False
    began = datetime.fromisoformat(run.journal.ledger_state.runs[-1].started.at).timestamp()
    with suppress(OSError):
        return any(file.stat().st_mtime > began for file in report_files(run.job.report).values() if file.exists())
    return False


async def _write_report(run: Run, status: JobStatus, result: RunResult) -> RunResult:
    written = await in_thread(
        write_job_report,
        run.job,
        status,
        requirements=None if run.judgement.missing else run.judgement.book,
        now=run.clock.now(),
        run_id=run.run_id,
        stopped=str(result.error or run.judgement.missing),
        continued=result.exit_status in TO_BE_CONTINUED,
    )
    result = replace(result, reports=written.paths)
    if written.error is None:
        return result
    exit_status = first_that_holds(result.exit_status, written.error.exit_status)
    return replace(result, exit_status=exit_status, error=result.error or written.error)


async def _annotate(run: Run, status: JobStatus, result: RunResult) -> RunResult:
    """Mark a copy of the workbook, where the job asks for it; one that cannot be written fails nothing."""
    if not run.job.annotate:
        return result
    annotated = await in_thread(annotate, run.job, run.judgement, status)
    if annotated is None:
        return result
    return replace(result, annotated=annotated.path, warnings=(*result.warnings, *annotated.notes))
