"""`run`, `resume` and `refresh`."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from urllib.parse import urlsplit

from bulk_onboard.cli.fix import offer_merge
from bulk_onboard.cli.output import YES, Output, awaited, can_ask, is_wanted, tell, warn_of_callback_url
from bulk_onboard.cli.process import heed_signals
from bulk_onboard.cli.verb import Invocation, tell_if_report_is_open
from bulk_onboard.errors import (
    TO_BE_CONTINUED,
    ExitStatus,
    SignalledError,
    StoppedError,
    UsageError,
)
from bulk_onboard.settings import SAFE_SETTLE_S
from bulk_onboard.units import format_estimate, format_size

if TYPE_CHECKING:
    from bulk_onboard.job import Job
    from bulk_onboard.pipeline.finish import RunResult
    from bulk_onboard.pipeline.meeting import FirstFiling


_PROXY = "The command to type next leaves out --proxy, since its address may hold a password. Add it again."


def run(invocation: Invocation, yes: YES = False) -> Output:
    """Check every row, then send what is due.

    Run again to continue; nothing is sent twice. The first Ctrl-C lets calls in flight finish and writes the report;
    the second quits at once, which is safe. On a terminal it asks before the job files its first records.
    """
    return _run(invocation, yes=yes)


def resume(invocation: Invocation, yes: YES = False) -> Output:
    """Finish the rows a run took in; take in no new ones."""
    job = invocation.job
    may_be_idle = job.missing_workbook == "ok" and not os.path.lexists(job.workbook)
    if not job.ledger.exists() and not may_be_idle:
        raise UsageError(f"There is no ledger {job.ledger}, so nothing was begun. To begin, type: {job.commands.run()}")
    commands = replace(job.commands, verb="resume")
    return _run(replace(invocation, jobs=(replace(job, admit_new_rows=False, commands=commands),)), yes=yes)


def _run(invocation: Invocation, *, yes: bool) -> Output:
    from bulk_onboard.reporting.console import Closing, print_run, print_summary

    job = invocation.job
    _warn_of_short_window(job)
    if job.callback_url:
        warn_of_callback_url(job.callback_url)
    _mind_other_ledger(invocation)
    tell_if_report_is_open(job.report)
    if (merged := offer_merge(invocation)) is not None:
        return merged
    result = awaited(_run_job(invocation, yes=yes))

    def show(stream: TextIO) -> None:
        if not result.run_id:
            return
        if invocation.quiet:
            print_summary(result, stream)
            return
        files = (("Workbook", _matched_workbook(job)), ("Report", result.report), ("Marked copy", result.annotated))
        closing = Closing(
            title=_how_it_ended(result.exit_status),
            overview=result.overview,
            sent=result.sent,
            adopted=result.adopted,
            updated=result.requests.get("update done", 0),
            duplicates=len(result.duplicates) if result.audited else None,
            audit=result.audit,
            files=tuple((name, path) for name, path in files if path is not None),
        )
        print_run(closing, result, stream, next_command=result.next)

    error = (str(result.error),) if result.error else ()
    without_proxy = (_PROXY,) if "proxy" in job.commands.flags else ()
    return Output(result.exit_status, result.data(), show, (*result.warnings, *error, *without_proxy))


async def _run_job(invocation: Invocation, *, yes: bool) -> "RunResult":
    from bulk_onboard.pipeline.progress import Progress
    from bulk_onboard.pipeline.run import run_job
    from bulk_onboard.pipeline.stop import Stop, status_of

    stop = Stop()
    heed_signals(stop)
    credentials = invocation.credentials()
    progress = Progress()
    asks = not yes and can_ask() and not _is_here(invocation.job)
    with invocation.showing(progress) as hidden:

        def confirm(filing: "FirstFiling") -> bool:
            with hidden():
                return _is_confirmed(filing)

        try:
            return await run_job(
                invocation.job,
                credentials=credentials,
                clock=invocation.clock(),
                stop=stop,
                progress=progress,
                say=invocation.say,
                confirm=confirm if asks else None,
            )
        except StoppedError:
            if isinstance(stop.cause, signal.Signals):
                raise SignalledError(status_of(stop.cause)) from None
            raise


def _is_here(job: "Job") -> bool:
    """Return whether the API is on this machine, such as the sandbox."""
    from bulk_onboard.api.address import is_loopback

    return is_loopback(urlsplit(job.base_url).hostname or "")


def _is_confirmed(filing: "FirstFiling") -> bool:
    """Ask whether to file the first records of a job; return whether the answer was yes."""
    host = urlsplit(filing.base_url).hostname
    takes = "" if filing.takes_s is None else f", which takes about {format_estimate(filing.takes_s)}"
    noun = "1 business" if filing.rows == 1 else f"{filing.rows:,} businesses"
    masked = [f"{auth_id[:2]}…{auth_id[-2:]}" for auth_id in filing.auth_ids]
    accounts = f"account {masked[0]}" if len(masked) == 1 else f"{len(masked)} accounts"
    question = f"This files {noun} at {host} as {accounts}, with {format_size(filing.size)} of documents{takes}. Go on?"
    heeded = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # so that Ctrl-C answers no
    try:
        return is_wanted(question, yes=False)
    finally:
        signal.signal(signal.SIGINT, heeded)


def _how_it_ended(exit_status: ExitStatus) -> str:
    """Return the title of the box at the end of a run."""
    if exit_status in TO_BE_CONTINUED:
        return "Not finished; run again to continue"
    return {
        ExitStatus.DONE: "Finished",
        ExitStatus.ROWS_NEED_ATTENTION: "Finished; some rows need attention",
        ExitStatus.REPORT: "Finished, but the report could not be written",
    }.get(exit_status, "Stopped")


def _matched_workbook(job: "Job") -> Path | None:
    """Return the workbook that a pattern in the job matched; None where the job names the workbook itself."""
    return job.workbook if job.workbook_pattern and job.workbook != job.workbook_pattern else None


def _warn_of_short_window(job: "Job") -> None:
    """Warn of a settle window that is too short for a server on another machine.

    See docs/design/settling.md, Settle window.
    """
    if job.settle < SAFE_SETTLE_S and not _is_here(job):
        tell(
            f"A settle window of {job.settle:g} s is short: a record that shows later than that is created again. "
            "Keep the default of 90 s unless the API's vendor says otherwise."
        )


def _mind_other_ledger(invocation: Invocation) -> None:
    """Warn where a job file beside a bare workbook names it too, and has another ledger for the same rows.

    Raises:
        UsageError: that ledger has runs, and this one would be begun; a row that was fixed since could be sent twice.
    """
    from bulk_onboard.job import job_file_of
    from bulk_onboard.pipeline.kept_flags import commands_instead

    job = invocation.job
    if (other := job_file_of(job)) is None:
        return
    command = commands_instead(job, other).run()
    named = f"{other.file} names this workbook, too, and has its own ledger, {other.ledger}"
    if other.ledger.exists() and not job.ledger.exists() and not invocation.flags.get("ledger"):
        raise UsageError(
            f"{named}, so nothing was sent. To send these rows as another job all the same, name a ledger for it "
            f"(--ledger). To go on with that job, type: {command}"
        )
    tell(f"{named}; this run uses {job.ledger}. If you mean that job, stop this run and type: {command}")
