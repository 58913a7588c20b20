"""`run`: do what is due; run again to continue."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlsplit

import typer

from bulk_onboard.cli.awaited import awaited
from bulk_onboard.cli.merge import offer
from bulk_onboard.cli.output import Output, tell
from bulk_onboard.cli.signals import heed_signals
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import SignalledError, StoppedError, UsageError

if TYPE_CHECKING:
    from bulk_onboard.job import Job
    from bulk_onboard.pipeline.ending import RunResult
    from bulk_onboard.submission.audit import Twice

SAFE_SETTLE_S = 30.0

_PROXY = "The command to type next leaves out --proxy, since its address may hold a password. Add it again."


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "run", run, notifies=True)


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
        if invocation.quiet:
            print_summary(
                result.counts,
                result.reviews,
                stream,
                needing=result.needing,
                news=result.news,
                drift=result.drift,
            )
            return
        print_run(
            result.counts,
            result.reviews,
            stream,
            needing=result.needing,
            news=result.news,
            drift=result.drift,
            report=result.report,
            annotated=result.annotated,
            workbook=_found(invocation.job),
            next_command=result.next,
        )

    error = (str(result.error),) if result.error else ()
    unsaid = (_PROXY,) if "proxy" in invocation.job.commands.flags else ()
    return Output(
        result.exit_status,
        told(invocation.job, result),
        show if result.run_id else lambda stream: None,
        (*result.warnings, *error, *unsaid),
    )


def told(job: "Job", result: "RunResult") -> dict[str, Any]:
    """What `--json` prints of a run."""
    return {
        "run_id": result.run_id,
        "counts": result.counts,
        "reviews": result.reviews,
        "need_a_person": result.needing,
        "new": result.news,
        "older": result.older,
        "drift": result.drift._asdict(),
        "requests": result.requests,
        "workbook": str(job.workbook),
        "ledger": str(result.ledger),
        "report": str(result.report) if result.report else None,
        "annotated": str(result.annotated) if result.annotated else None,
        "next": result.next,
        "duplicates": [_as_data(twice) for twice in result.twice],
        **({"error": str(result.error)} if result.error else {}),
    }


def _found(job: "Job") -> Path | None:
    """The workbook that was taken, where the job names a pattern."""
    return job.workbook if job.workbook_pattern and job.workbook != job.workbook_pattern else None


def _as_data(twice: "Twice") -> dict[str, Any]:
    return {"token": twice.token, "compliance_ids": twice.compliance_ids, "deletable": twice.deletable}


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
    from bulk_onboard.pipeline.typed import commands_instead

    job = invocation.job
    if (other := job_file_of(job)) is not None:
        tell(
            f"{other.file} names this workbook, too, and has its own ledger, {other.ledger}; this run uses "
            f"{job.ledger}. If you mean that job, stop this run and type: {commands_instead(job, other).run()}"
        )


async def _run(invocation: Invocation) -> "RunResult":
    from bulk_onboard.cli.progress import shown
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.run import run_job
    from bulk_onboard.pipeline.stopping import status_of
    from bulk_onboard.submission.stop import Stop

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
