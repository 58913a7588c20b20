"""`refresh`: fetch review results, send nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from bulk_onboard.cli.accounts import OfAccounts, ask_together
from bulk_onboard.cli.output import Output, awaited
from bulk_onboard.cli.process import heed_signals
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import BulkOnboardError, UsageError, first_that_holds
from bulk_onboard.units import format_count

if TYPE_CHECKING:
    from bulk_onboard.job import Job
    from bulk_onboard.maintenance.refresh import Refreshed
    from bulk_onboard.pipeline.stop import Stop


def refresh(invocation: Invocation) -> Output:
    """Fetch review results, and write the report again.

    It sends nothing. Every run begins with this; alone it costs one request for each hundred records and,
    in the released contract, one for each country and types of the rows. No row is judged.
    """
    return _refresh_one(invocation) if len(invocation.jobs) == 1 else _refresh_all(invocation)


def _refresh_one(invocation: Invocation) -> Output:
    from bulk_onboard.pipeline.outputs import report_job
    from bulk_onboard.pipeline.progress import WRITING_REPORT
    from bulk_onboard.pipeline.stop import Stop, status_of
    from bulk_onboard.reporting.console import print_refresh

    job, clock, stop = invocation.job, invocation.clock(), Stop()
    refreshed = awaited(_refresh_job(invocation, stop))
    made = invocation.awaited(WRITING_REPORT, report_job(job, clock=clock, book=refreshed.book))
    followed, may_be_missing = refreshed.followed, job.missing_workbook == "ok"

    def show(stream: TextIO) -> None:
        reviews = {} if invocation.quiet else refreshed.reviews
        print_refresh(followed.looked, followed.changed, followed.gone, reviews, stream, report=made.path)

    return Output(
        first_that_holds(status_of(stop.cause), refreshed.exit_status),
        _data(job, refreshed, report=made.path),
        show,
        tuple(filter(None, (_not_shown(job, refreshed), "" if may_be_missing else made.from_ledger_alone))),
    )


def _not_shown(job: "Job", refreshed: "Refreshed") -> str:
    """Return a sentence about records that the API did not show; empty where it showed all."""
    if not refreshed.followed.not_shown:
        return ""
    records = format_count(refreshed.followed.not_shown, "record")
    return f"The API did not show {records} of the ledger. To see which, type: {job.commands.verify()}"


def _data(job: "Job", refreshed: "Refreshed", *, report: Path | None) -> dict[str, Any]:
    """Return the object that `--json` prints."""
    return {
        **_counts(refreshed),
        "reviews": refreshed.reviews,
        "requests": refreshed.requests,
        "ledger": job.store.name,
        "report": str(report) if report else None,
    }


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


# Several accounts.


def _refresh_all(invocation: Invocation) -> Output:
    from bulk_onboard.job import whole_job
    from bulk_onboard.pipeline.progress import WRITING_REPORTS
    from bulk_onboard.pipeline.report_over_all import report_jobs
    from bulk_onboard.pipeline.stop import Stop, status_of
    from bulk_onboard.reporting.console import print_refresh
    from bulk_onboard.reporting.console_accounts import LISTED_AT_MOST, Line, print_lines
    from bulk_onboard.reporting.summary import summed

    jobs, stop = [job for job in invocation.jobs if job.store.exists()], Stop()
    if not jobs:
        begin = whole_job(invocation.jobs).run()
        raise UsageError(f"No account of {invocation.jobs[0].file} has a ledger yet. To begin, type: {begin}")
    made = awaited(_refresh_jobs(invocation, jobs, stop))
    reports = invocation.awaited(WRITING_REPORTS, report_jobs(invocation.jobs, clock=invocation.clock()))
    own = {each.job.account: next(iter(each.reports.values()), None) for each in reports.accounts}
    reviews = summed(each.reviews for each in made.answers.values())
    sums = summed(_counts(each) for each in made.answers.values())
    report = next(iter(reports.files.values()), None)

    def show(stream: TextIO) -> None:
        if not invocation.quiet:
            lines = [
                Line(job.account, tuple(_counts(each).values()), need=each.need_attention)
                if (each := made.answers.get(job.account))
                else Line(job.account, (), "not refreshed" if job.account in made.failed else "not begun")
                for job in invocation.jobs
            ]
            print_lines(_COLUMNS, lines, stream, at_most=LISTED_AT_MOST, elsewhere="The report")
        print_refresh(
            sums["records"],
            sums["changed"],
            sums["gone"],
            {} if invocation.quiet else reviews,
            stream,
            report=report,
        )

    return Output(
        made.exit_status(
            status_of(stop.cause), reports.exit_status, *(each.exit_status for each in made.answers.values())
        ),
        {
            "accounts": [
                {
                    "account": account,
                    "exit_status": int(each.exit_status),
                    **_data(job, each, report=own.get(account)),
                }
                for account, job, each in made.of_each()
            ],
            "failed": made.failures(),
            **sums,
            "reviews": reviews,
            "requests": summed(each.requests for each in made.answers.values()),
            "report": str(report) if report else None,
        },
        show,
        tuple(filter(None, (*made.notes(), *(_not_shown(job, each) for _, job, each in made.of_each())))),
        made.in_use(),
    )


_COLUMNS = ("Records", "New reviews", "Not shown", "Gone", "Need attention")


def _counts(refreshed: "Refreshed") -> dict[str, int]:
    followed = refreshed.followed
    return {
        "records": followed.looked,
        "changed": followed.changed,
        "not_shown": followed.not_shown,
        "gone": followed.gone,
        "need_attention": refreshed.need_attention,
    }


async def _refresh_jobs(invocation: Invocation, jobs: "Sequence[Job]", stop: "Stop") -> "OfAccounts[Refreshed]":
    """Refresh all accounts at the same time, and show what is done meanwhile."""
    from bulk_onboard import log
    from bulk_onboard.api.gate import Gate
    from bulk_onboard.maintenance.refresh import refresh_job
    from bulk_onboard.pipeline.preflight import let_files_be_open
    from bulk_onboard.pipeline.progress import READING_WORKBOOK, Progress, all_doing
    from bulk_onboard.pipeline.sheets import sheets_at_hand
    from bulk_onboard.threads import few_at_a_time

    heed_signals(stop)
    let_files_be_open(jobs)
    credentials, gate = invocation.credentials_of_all(), Gate(jobs[0].uploads)
    progress = {job.account: Progress() for job in jobs}

    async def ask(job: "Job") -> "Refreshed":
        own = progress[job.account]
        with log.about(job.account):
            try:
                refreshed = await refresh_job(
                    job,
                    credentials=credentials[job.account],
                    clock=invocation.clock(),
                    stop=stop.part(),
                    progress=own,
                    sheets=sheets,
                    gate=gate,
                )
            except BulkOnboardError as error:
                own.ended = error.exit_status
                raise
        own.ended = refreshed.exit_status
        return refreshed

    with invocation.showing(*progress.values()), few_at_a_time():
        with all_doing(progress.values(), READING_WORKBOOK):
            sheets = await sheets_at_hand(jobs)
        return await ask_together(jobs, ask, at_a_time=len(jobs))
