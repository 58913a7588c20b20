"""`refresh`: take in review results."""

from typing import TYPE_CHECKING, TextIO

import typer

from bulk_onboard.cli.awaited import awaited
from bulk_onboard.cli.output import Output
from bulk_onboard.cli.signals import heed_signals
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import first_that_holds

if TYPE_CHECKING:
    from bulk_onboard.pipeline.refresh import Refreshed
    from bulk_onboard.submission.stop import Stop


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "refresh", refresh)


def refresh(invocation: Invocation) -> Output:
    """Take in what the API's people said of the submitted records, and write the report anew; sends nothing.

    Every run begins with this. Here it costs a request for each hundred records, and no row is read for it.
    """
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.report import report_job
    from bulk_onboard.pipeline.stopping import status_of
    from bulk_onboard.report.console import print_refresh
    from bulk_onboard.submission.stop import Stop

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
            "need_a_person": refreshed.needing,
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
    from bulk_onboard.pipeline.refresh import refresh_job

    heed_signals(stop)
    credentials = invocation.credentials()
    async with shown(quiet=invocation.quiet) as watch:
        return await refresh_job(invocation.job, credentials=credentials, clock=SystemClock(), stop=stop, watch=watch)


def _not_shown(records: int, which: str) -> str:
    return f"The API did not show {records:,} of the records. See which: {which}" if records else ""
