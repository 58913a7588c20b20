"""Run all accounts of a job at the same time, in one event loop.

Each has its own ledger, lock, pacer, breaker and stop, so whatever ends one of them ends it alone: refused credentials,
a ledger that is damaged or held, a disk that fails, an API that does not answer. In common they have the workbooks, the
gate that bounds what is in flight, and the meeting before which nobody writes or sends anything. What asks to stop
stops all.

The loop is for the calls. What takes long goes to threads, a few accounts at a time (`threads`).
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from signal import Signals
from typing import Any

from bulk_onboard import errors, log
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.api.gate import Gate
from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError, ExitStatus, StoppedError, first_that_holds
from bulk_onboard.frames import Frame
from bulk_onboard.job import Job
from bulk_onboard.model.finding import Finding
from bulk_onboard.pipeline.finish import RunResult, as_it_stands, could_not_begin
from bulk_onboard.pipeline.meeting import Confirm, Meeting
from bulk_onboard.pipeline.others import OtherLedgers
from bulk_onboard.pipeline.preflight import let_files_be_open, wait_until_written
from bulk_onboard.pipeline.progress import READING_WORKBOOK, WAITING_FOR_WORKBOOK, WRITING_REPORT, Progress, all_doing
from bulk_onboard.pipeline.report_over_all import OverAll, write_report_over_all
from bulk_onboard.pipeline.run import Shared, run_job
from bulk_onboard.pipeline.sheets import Sheets, read_sheets
from bulk_onboard.pipeline.stop import Stop, status_of, stopping_after
from bulk_onboard.reporting.figures import Overview
from bulk_onboard.threads import few_at_a_time, spared_by_collections


@dataclass(frozen=True, slots=True, kw_only=True)
class AllResults:
    """What the runs of a job's accounts came to.

    Attributes:
        results: one for each account, in the order of the job file; one that could not begin has no `run_id`.
        exit_status: the first that holds over all of them.
        unassigned: what is wrong with rows that are no account's.
        reports: where the report over all accounts was written, by format; empty where accounts were picked.
        annotated: the marked copies of workbooks that accounts share; those of others are in their own results.
        error: why the report over all could not be written; None where it was, or was not wanted.
        next: the command to type next.
        warnings: sentences about the job as a whole.
        overview: what all rows come to, those of no account included.
    """

    results: tuple[RunResult, ...]
    exit_status: ExitStatus
    overview: Overview
    unassigned: tuple[Finding, ...] = ()
    reports: dict[str, Path] = field(default_factory=dict)
    annotated: tuple[Path, ...] = ()
    error: BulkOnboardError | None = None
    next: str = ""
    warnings: tuple[str, ...] = ()


async def run_jobs(
    jobs: Sequence[Job],
    *,
    credentials: Mapping[str, Credentials],
    clock: Clock,
    stop: Stop,
    progress: Mapping[str, Progress] | None = None,
    say: Callable[[str], None] = lambda sentence: None,
    confirm: Confirm | None = None,
    frame: Frame | None = None,
) -> AllResults:
    """Run the accounts of a job, and write the report over all of them.

    Args:
        jobs: one for each account, as `load_jobs` returns them: all, or those that were picked.
        credentials: by the name of the account.
        stop: stops all of them.
        progress: by the name of the account, where its run says what it does and how far it is.
        say: called with a sentence where the runs wait before they begin.
        confirm: asked once, before any account writes anything, where some file their first records; return whether to
            go on. None goes on.
        frame: in place of the workbook that accounts share, which then need not be there.

    Returns:
        What each account's run came to, also where something stopped it, or it could not begin.

    Raises:
        SignalledError: `confirm` said no.
        BulkOnboardError: nothing could be begun.
        Exception: a bug in one account; the others have ended in order, and their reports are written.
    """
    progress = progress or {job.account: Progress() for job in jobs}
    let_files_be_open(jobs)
    stopping = stopping_after(jobs[0].stop_after, clock=clock, stop=stop)
    with few_at_a_time(), spared_by_collections() as spare, stopping:
        sheets = await _read_when_written(jobs, frame, clock=clock, stop=stop, progress=progress, say=say)
        gate, others = Gate(jobs[0].uploads), OtherLedgers()

        def go_on() -> None:
            others.forget()
            spare()

        meeting = Meeting([job.account for job in jobs], confirm=confirm, clock=clock, stop=stop, then=go_on)

        async def run_one(job: Job) -> RunResult:
            shared = Shared(
                sheet=sheets.of(job),
                gate=gate,
                meeting=meeting,
                others=others,
                twice=sheets.twice_of(job),
            )
            try:
                return await run_account(
                    job,
                    credentials=credentials[job.account],
                    clock=clock,
                    stop=stop.part(),
                    progress=progress[job.account],
                    shared=shared,
                )
            except Exception:
                stop.request(StoppedError(f"Stopped, since a bug ended account {job.account}; run again to continue."))
                raise

        results, bugs = await _all_of(jobs, run_one)
        if meeting.refusal is not None:
            raise meeting.refusal
        if bugs:
            raise bugs[0] if len(bugs) == 1 else ExceptionGroup("bugs ended several accounts", bugs)
        stop.complete()
        with all_doing(progress.values(), WRITING_REPORT):
            over_all = await write_report_over_all(jobs, results, sheets=sheets, clock=clock)
        return together(results, sheets.unassigned, over_all)


async def run_account(
    job: Job,
    *,
    credentials: Credentials,
    clock: Clock,
    stop: Stop,
    progress: Progress,
    shared: Shared,
) -> RunResult:
    """Run one of the accounts that run in this process; what ends it is in its result.

    The marked copy of a workbook that accounts share is left to whoever writes of all of them.

    Args:
        stop: its own, a part of the stop of all.

    Raises:
        Exception: a bug.
    """
    is_judged = True
    try:
        with log.about(job.account):
            result = await run_job(
                replace(job, annotate=job.annotate and not job.shares_sheet),
                credentials=credentials,
                clock=clock,
                stop=stop,
                progress=progress,
                shared=shared,
            )
    except BulkOnboardError as error:
        is_judged = False
        result = could_not_begin(job, why_not_begun(error, stop))
    finally:
        shared.meeting.stay_away(job.account, is_judged=is_judged)
    progress.ended = result.exit_status
    return result


async def _read_when_written(
    jobs: Sequence[Job],
    frame: Frame | None,
    *,
    clock: Clock,
    stop: Stop,
    progress: Mapping[str, Progress],
    say: Callable[[str], None],
) -> Sheets:
    """Read the workbooks once they are fully written, each once."""
    with all_doing(progress.values(), WAITING_FOR_WORKBOOK):
        own = {job.workbook for job in jobs if frame is None or not job.shares_sheet}
        await asyncio.gather(*(wait_until_written(path, clock=clock, stop=stop, say=say) for path in sorted(own)))
    with all_doing(progress.values(), READING_WORKBOOK):
        return await read_sheets(jobs, frame)


async def _all_of(
    jobs: Iterable[Job], run: Callable[[Job], Coroutine[Any, Any, RunResult]]
) -> tuple[list[RunResult], list[Exception]]:
    """Run all of them; return what they came to, in their order, and the bugs that ended some."""
    tasks: list[asyncio.Task[RunResult]] = []
    try:
        for job in jobs:
            tasks.append(asyncio.create_task(run(job), name=job.account))
            await asyncio.sleep(0)  # hundreds that begin in one turn of the loop would hold it up for a second
        await asyncio.wait(tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    ended = [task.exception() for task in tasks]
    bugs = [error for error in ended if isinstance(error, Exception)]
    return [task.result() for task in tasks if task.exception() is None], bugs


def why_not_begun(error: BulkOnboardError, own: Stop) -> BulkOnboardError:
    """Return why an account's run could not begin: what asked all to stop, where it was that, else the error itself."""
    if isinstance(error, StoppedError) and isinstance(own.cause, Signals):
        return errors.SignalledError(status_of(own.cause))
    if isinstance(error, StoppedError) and isinstance(own.cause, BulkOnboardError):
        return own.cause
    return error


def together(results: Sequence[RunResult], unassigned: tuple[Finding, ...], over_all: OverAll) -> AllResults:
    """Return what the runs of a job's accounts came to, with what was written about all of them."""
    if over_all.ends:
        results = [
            as_it_stands(result, end.known.status, end.known.judgement) if result.status is None else result
            for result, end in zip(results, over_all.ends, strict=True)
        ]
    statuses = [result.exit_status for result in results]
    if unassigned:
        statuses.append(ExitStatus.ROWS_NEED_ATTENTION)
    if over_all.files.error:
        statuses.append(over_all.files.error.exit_status)
    return AllResults(
        results=tuple(results),
        exit_status=first_that_holds(*statuses),
        overview=over_all.overview,
        unassigned=unassigned,
        reports=over_all.files.paths,
        annotated=tuple(each.path for each in over_all.annotated if each.path),
        error=over_all.files.error,
        next=over_all.next,
        warnings=tuple(note for each in over_all.annotated for note in each.notes),
    )
