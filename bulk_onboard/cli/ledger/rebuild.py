"""`ledger rebuild`: make a lost ledger anew from the account."""

from typing import TextIO

import typer

from bulk_onboard.cli.awaited import awaited
from bulk_onboard.cli.output import Output, tell
from bulk_onboard.cli.verb import Invocation, register_job_verb


def register(ledger: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(ledger, "rebuild", rebuild)


def rebuild(invocation: Invocation) -> Output:
    """Make a lost ledger anew: find the rows' records on the account by the tokens in their aliases; sends nothing.

    An existing ledger is never overwritten. Exit status 3 where a row has several records: a person must look.
    """
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.rebuild import rebuild_ledger

    job = invocation.job
    made = awaited(rebuild_ledger(job, credentials=invocation.credentials(), clock=SystemClock(), say=tell))
    command = job.commands.run()

    def show(stream: TextIO) -> None:
        print(f"{job.ledger}: of {made.rows} rows {made.adopted} are at the API, {made.held} are held.", file=stream)
        print(f"Continue with: {command}", file=stream)

    return Output(
        made.exit_status,
        {"ledger": str(job.ledger), "rows": made.rows, "adopted": made.adopted, "held": made.held, "next": command},
        show,
    )
