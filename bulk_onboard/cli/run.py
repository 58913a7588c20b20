"""`run`, `resume` and `refresh`."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from urllib.parse import urlsplit

from bulk_onboard import errors
from bulk_onboard.cli.fix import offer
from bulk_onboard.cli.output import Output, awaited, tell
from bulk_onboard.cli.process import heed_signals
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import SignalledError, StoppedError, UsageError, first_that_holds

if TYPE_CHECKING:
    from bulk_onboard.job import Job
    from bulk_onboard.run.finish import RunResult

SAFE_SETTLE_S = 30.0

_PROXY = "The command to type next leaves out --proxy, since its address may hold a password. Add it again."


def run(invocation: Invocation) -> Output:
    """Check every row, then submit what is due; run again to continue, nothing is sent twice.

    The first Ctrl-C lets calls in flight finish and writes the report; the second leaves at once, which is safe.
    """
    return run_and_sum_up(invocation)


def run_and_sum_up(invocation: Invocation) -> Output:
    """A run from start to end, with signals heeded and progress shown."""
    from bulk_onboard.report.console import print_run, print_summary

    if invocation.offline:
        raise UsageError("A run always uses the live requirements; leave out --offline. `check` and `plan` take it.")
    warn_of_short_window(invocation)
    warn_of_callback_url(invocation)
    warn_of_other_ledger(invocation)
    if (first := offer(invocation)) is not None:
        return first
    result = awaited(_run(invocation))

    def show(stream: TextIO) -> None:
        if not result.run_id:
            return
        if invocation.quiet:
            print_summary(result, stream)
            return
        print_run(
            result,
            stream,
            report=result.report,
            annotated=result.annotated,
            workbook=_found(invocation.job),
            next_command=result.next,
        )

    error = (str(result.error),) if result.error else ()
    unsaid = (_PROXY,) if "proxy" in invocation.job.commands.flags else ()
    return Output(result.exit_status, result.data(), show, (*result.warnings, *error, *unsaid))


def _found(job: "Job") -> Path | None:
    """The workbook that was taken, where the job names a pattern."""
    return job.workbook if job.workbook_pattern and job.workbook != job.workbook_pattern else None


def warn_of_short_window(invocation: Invocation) -> None:
    """Tell when the settle window is too short for a server that is not on this machine.

    See docs/design/settling.md, Settle window.
    """
    from bulk_onboard.api.address import is_loopback

    job = invocation.job
    if job.settle < SAFE_SETTLE_S and not is_loopback(urlsplit(job.base_url).hostname or ""):
        tell(
            f"A settle window of {job.settle:g} s is short: a record that shows later than that is created again. "
            "Keep the default of 90 s unless the API's vendor says otherwise."
        )


def warn_of_callback_url(invocation: Invocation) -> None:
    """Tell what speaks against the job's callback address, though it may be used."""
    from bulk_onboard.model.callback_url import doubt

    if why := doubt(invocation.job.callback_url):
        tell(f"callback_url: {why}")


def warn_of_other_ledger(invocation: Invocation) -> None:
    """Tell when a job file beside a bare workbook names it, and so has another ledger for the same rows."""
    from bulk_onboard.job import job_file_of
    from bulk_onboard.run.typed import commands_instead

    job = invocation.job
    if (other := job_file_of(job)) is not None:
        tell(
            f"{other.file} names this workbook, too, and has its own ledger, {other.ledger}; this run uses "
            f"{job.ledger}. If you mean that job, stop this run and type: {commands_instead(job, other).run()}"
        )


async def _run(invocation: Invocation) -> "RunResult":
    from bulk_onboard.cli.progress import shown
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.run.run import run_job
    from bulk_onboard.run.stop import Stop, status_of

    stop = Stop()
    heed_signals(stop)
    credentials = invocation.credentials()
    async with shown(quiet=invocation.quiet) as watch:
        try:
            return await run_job(
                invocation.job,
                credentials=credentials,
                clock=SystemClock(),
                stop=stop,
                watch=watch,
                say=_say_nothing if invocation.quiet else tell,
            )
        except StoppedError:
            if isinstance(stop.cause, signal.Signals):
                raise SignalledError(status_of(stop.cause)) from None
            raise


def _say_nothing(sentence: str) -> None:
    """For `--quiet`."""


def resume(invocation: Invocation) -> Output:
    """Finish the rows that a run took in before; take in no new ones."""
    job = invocation.job
    may_be_idle = job.missing_workbook == "ok" and not os.path.lexists(job.workbook)
    if not job.ledger.exists() and not may_be_idle:
        raise errors.UsageError(
            f"There is no ledger {job.ledger}, so nothing was begun. To begin, type: {job.commands.run()}"
        )
    commands = replace(job.commands, verb="resume")
    return run_and_sum_up(replace(invocation, job=replace(job, admit_new_rows=False, commands=commands)))


if TYPE_CHECKING:
    from bulk_onboard.maintenance.refresh import Refreshed
    from bulk_onboard.run.stop import Stop


def refresh(invocation: Invocation) -> Output:
    """Take in what the API's people said of the submitted records, and write the report anew; sends nothing.

    Every run begins with this. Here it costs a request for each hundred records, and no row is read for it.
    """
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.report.console import print_refresh
    from bulk_onboard.run.outputs import report_job
    from bulk_onboard.run.stop import Stop, status_of

    job, clock, stop = invocation.job, SystemClock(), Stop()
    refreshed = awaited(_refresh(invocation, stop))
    made = awaited(report_job(job, clock=clock))
    followed, may_be_missing = refreshed.followed, job.missing_workbook == "ok"
    not_shown = _not_shown(followed.not_shown, job.commands.verify())

    def show(stream: TextIO) -> None:
        reviews = {} if invocation.quiet else refreshed.reviews
        print_refresh(followed.looked, followed.changed, followed.gone, reviews, stream, report=made.path)

    return Output(
        first_that_holds(status_of(stop.cause), refreshed.exit_status),
        {
            "records": followed.looked,
            "changed": followed.changed,
            "not_shown": followed.not_shown,
            "gone": followed.gone,
            "reviews": refreshed.reviews,
            "need_attention": refreshed.need_attention,
            "requests": refreshed.requests,
            "ledger": str(job.ledger),
            "report": str(made.path),
        },
        show,
        tuple(filter(None, (not_shown, "" if may_be_missing else made.from_ledger_alone))),
    )


async def _refresh(invocation: Invocation, stop: "Stop") -> "Refreshed":
    from bulk_onboard.cli.progress import shown
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.maintenance.refresh import refresh_job

    heed_signals(stop)
    credentials = invocation.credentials()
    async with shown(quiet=invocation.quiet) as watch:
        return await refresh_job(invocation.job, credentials=credentials, clock=SystemClock(), stop=stop, watch=watch)


def _not_shown(records: int, which: str) -> str:
    shown = "1 record" if records == 1 else f"{records:,} records"
    return f"The API did not show {shown}. See which: {which}" if records else ""
