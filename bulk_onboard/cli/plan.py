"""`plan`: what `run` would do, and what it would cost."""

from typing import TextIO

import typer

from bulk_onboard.cli.awaited import awaited
from bulk_onboard.cli.output import Output
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import ExitStatus


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "plan", plan)


def plan(invocation: Invocation) -> Output:
    """Say what a run would do for each row and why, what it costs, and when it would finish. Sends nothing."""
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.outlook import look_ahead
    from bulk_onboard.pipeline.typed import commands_of
    from bulk_onboard.report.console import print_plan
    from bulk_onboard.report.page import print_next
    from bulk_onboard.report.summary import counts

    outlook = awaited(look_ahead(invocation.job, credentials=invocation.credentials_at_hand(), clock=SystemClock()))
    made, source = outlook.plan, outlook.judgement.book.source
    command = commands_of(invocation.job, outlook.books).run()

    def show(stream: TextIO) -> None:
        print(f"{len(made.decisions):,} rows, judged against {source}.", file=stream)
        print_plan(made, stream)
        print_next(command, stream)

    return Output(
        ExitStatus.DONE,
        {
            "requirements": source,
            "workbook": str(invocation.job.workbook),
            "counts": counts(made.decisions, outlook.books),
            "actions": made.counts(),
            "forecast": {
                "requests": made.forecast.requests,
                "bytes": made.forecast.size,
                "duration_s": made.forecast.duration_s,
            },
            "decisions": [
                {
                    "row": decision.judged.row.number,
                    "key": decision.identity.user_key if decision.identity else "",
                    "action": decision.action,
                    "reason": decision.reason,
                    "numbers": decision.numbers,
                }
                for decision in made.decisions
            ],
            "next": command,
        },
        show,
    )
