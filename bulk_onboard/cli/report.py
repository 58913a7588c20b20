"""`report`: write the report anew."""

from typing import TextIO

import typer

from bulk_onboard.cli.awaited import awaited
from bulk_onboard.cli.output import Output
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import ExitStatus


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "report", report, or_ledger=True)


def report(invocation: Invocation) -> Output:
    """Write the report anew from workbook and ledger; without the workbook from the ledger alone. No network."""
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.report import report_job

    made = awaited(report_job(invocation.job, clock=SystemClock()))
    notes = (f"{made.from_ledger_alone} The report was made from the ledger alone.",) if made.from_ledger_alone else ()

    def show(stream: TextIO) -> None:
        print(made.path, file=stream)

    return Output(
        ExitStatus.DONE,
        {
            "counts": made.counts,
            "reviews": made.reviews,
            "ledger": str(invocation.job.ledger),
            "report": str(made.path),
            "next": made.next,
        },
        show,
        notes,
    )
