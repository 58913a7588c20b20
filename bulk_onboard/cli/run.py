"""`run`: do what is due; run again to continue."""

import asyncio
import os
import shlex
import signal
import sys
from typing import TYPE_CHECKING, TextIO

import typer

from bulk_onboard.cli.output import Output, tell
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import ExitStatus, SignalledError, StoppedError

if TYPE_CHECKING:
    from bulk_onboard.pipeline.run import RunResult
    from bulk_onboard.submission.stop import Stop


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "run", run)


def run(invocation: Invocation) -> Output:
    """Check every row, then submit what is due; run again to continue, nothing is sent twice.

    The first Ctrl-C lets calls in flight finish and writes the report; the second leaves at once, which is safe.
    """
    return run_and_sum_up(invocation)


def run_and_sum_up(invocation: Invocation) -> Output:
    """A run from start to end, with signals heeded and progress shown."""
    from bulk_onboard.report.console import print_run

    result = asyncio.run(_run(invocation))
    command = next_command(invocation, result)

    def show(stream: TextIO) -> None:
        print_run(result.counts, result.reviews, stream, report=result.report, next_command=command)

    return Output(
        result.exit_status,
        {
            "run_id": result.run_id,
            "counts": result.counts,
            "reviews": result.reviews,
            "requests": result.requests,
            "ledger": str(result.ledger),
            "report": str(result.report) if result.report else None,
            "next": command,
            **({"error": str(result.error)} if result.error else {}),
        },
        show,
        (*result.warnings, *((str(result.error),) if result.error else ())),
    )


async def _run(invocation: Invocation) -> "RunResult":
    from bulk_onboard.cli.progress import shown
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.halting import status_of
    from bulk_onboard.pipeline.run import run_job
    from bulk_onboard.submission.stop import Stop

    stop = Stop()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _heed, stop, number)
    credentials = invocation.credentials()
    async with shown(quiet=invocation.quiet) as watch:
        try:
            return await run_job(invocation.job, credentials=credentials, clock=SystemClock(), stop=stop, watch=watch)
        except StoppedError:
            if isinstance(stop.cause, signal.Signals):
                raise SignalledError(status_of(stop.cause)) from None
            raise


def _heed(stop: "Stop", number: signal.Signals) -> None:
    """The first signal asks for a graceful stop; another one leaves at once: intents are on disk."""
    if isinstance(stop.cause, signal.Signals):
        os._exit(128 + number)
    tell("Stopping: calls in flight finish, nothing new begins. Once more leaves at once.")
    stop.request(number)


def next_command(invocation: Invocation, result: "RunResult") -> str:
    """What to type next: the same again while anything is left to do."""
    if result.exit_status is ExitStatus.DONE:
        return shlex.join(["bulk-onboard", "status", str(invocation.job.file)])
    return shlex.join(["bulk-onboard", *sys.argv[1:]])
