"""`refresh`: fetch review results, send nothing."""

from typing import TYPE_CHECKING, TextIO

from bulk_onboard.cli.output import Output, awaited
from bulk_onboard.cli.process import heed_signals
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import first_that_holds
from bulk_onboard.units import format_count

if TYPE_CHECKING:
    from bulk_onboard.maintenance.refresh import Refreshed
    from bulk_onboard.pipeline.stop import Stop


def refresh(invocation: Invocation) -> Output:
    """Fetch review results, and write the report again.

    It sends nothing. Every run begins with this; alone it costs one request for each hundred records and,
    in the released contract, one for each country and types of the rows. No row is judged.
    """
    from bulk_onboard.pipeline.outputs import report_job
    from bulk_onboard.pipeline.progress import WRITING_REPORT
    from bulk_onboard.pipeline.stop import Stop, status_of
    from bulk_onboard.reporting.console import print_refresh

    job, clock, stop = invocation.job, invocation.clock(), Stop()
    refreshed = awaited(_refresh_job(invocation, stop))
    made = invocation.awaited(WRITING_REPORT, report_job(job, clock=clock, book=refreshed.book))
    followed, may_be_missing = refreshed.followed, job.missing_workbook == "ok"
    not_shown = ""
    if followed.not_shown:
        records = format_count(followed.not_shown, "record")
        not_shown = f"The API did not show {records} of the ledger. To see which, type: {job.commands.verify()}"

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


async def _refresh_job(invocation: Invocation, stop: "Stop") -> "Refreshed":
    from bulk_onboard.maintenance.refresh import refresh_job
    from bulk_onboard.pipeline.progress import Progress

    heed_signals(stop)
    credentials = invocation.credentials()
    progress = Progress()
    with invocation.showing(progress):
        return await refresh_job(
            invocation.job, credentials=credentials, clock=invocation.clock(), stop=stop, progress=progress
        )
