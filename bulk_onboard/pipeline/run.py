"""Run a job: compare workbook, ledger and API, and do what is due. Running again is how one continues.

See docs/design/promise.md, What is promised.
"""

import os
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from bulk_onboard import errors
from bulk_onboard.api.address import check_address
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.frames import Frame
from bulk_onboard.job import Job
from bulk_onboard.model.books import Books
from bulk_onboard.model.sheet import BO_KEY, KEY, Sheet
from bulk_onboard.pipeline.arrival import wait_until_written
from bulk_onboard.pipeline.beginning import begin
from bulk_onboard.pipeline.connection import connect
from bulk_onboard.pipeline.ending import RunResult, end, nothing_to_do
from bulk_onboard.pipeline.execution import Run, Running
from bulk_onboard.pipeline.judging import Judgement, judge, judge_nothing, read_sheet_if_any
from bulk_onboard.pipeline.ledger import open_ledger
from bulk_onboard.pipeline.requirements import requirements_for
from bulk_onboard.pipeline.room import check_room
from bulk_onboard.pipeline.sending import send
from bulk_onboard.pipeline.stop_after import stopping_after
from bulk_onboard.submission.stop import Stop


async def run_job(
    job: Job,
    *,
    credentials: Credentials,
    clock: Clock,
    stop: Stop,
    watch: Callable[[Running], None] = lambda running: None,
    say: Callable[[str], None] = lambda sentence: None,
    frame: Frame | None = None,
) -> RunResult:
    """Read and judge every row, then settle and create what is due, then write the report.

    Args:
        say: is told why nothing has begun yet.
        frame: in place of the job's workbook, which then need not be there.

    Raises:
        BulkOnboardError: nothing could be begun; whatever stops it later is in the result.
    """
    began_at = clock.monotonic()
    check_address(job.base_url, trust_host=job.trust_host)
    with stopping_after(job.stop_after, clock=clock, stop=stop) as done:
        if frame is None:
            await wait_until_written(job.workbook, clock=clock, stop=stop, say=say)
        sheet = await read_sheet_if_any(job, frame)
        if sheet is None and not _has_ledger(job):
            return nothing_to_do(job, judge_nothing(job))
        return await _carry_out(
            job, sheet, credentials=credentials, clock=clock, stop=stop, watch=watch, done=done, began_at=began_at
        )


def _has_ledger(job: Job) -> bool:
    """Whether there is a ledger, or a link in its place, which opening it refuses."""
    return os.path.lexists(job.ledger)


async def _carry_out(
    job: Job,
    sheet: Sheet | None,
    *,
    credentials: Credentials,
    clock: Clock,
    stop: Stop,
    watch: Callable[[Running], None],
    done: Callable[[], None],
    began_at: float,
) -> RunResult:
    """The run of a sheet, or of the ledger alone; `done` is told before the report. Errors as for `run_job`."""
    check_room(job, sheet.height if sheet else 0)
    requests: Counter[str] = Counter()
    with ExitStack() as stack:
        # A new ledger is bound to its account for ever, so it is made once the account has answered; one that is there
        # is opened first, since what is wrong with it is to be told before anything goes out.
        journal = stack.enter_context(open_ledger(job, credentials, clock)) if job.ledger.exists() else None
        ask = partial(requirements_for, job, credentials=credentials, clock=clock, stop=stop, requests=requests)
        judgement = await judge(job, sheet, ask) if sheet else judge_nothing(job)
        journal = journal or stack.enter_context(open_ledger(job, credentials, clock))
        async with connect(job, credentials, clock=clock, stop=stop, journal=journal, requests=requests) as connection:
            run = Run(
                job=job,
                auth_id=credentials.auth_id,
                journal=journal,
                connection=connection,
                judgement=judgement,
                clock=clock,
                stop=stop,
                requests=requests,
                scope=job.scope,
                began_at=began_at if journal.is_new else journal.locked_at,
            )
            check_keys(journal.books, judgement)
            await begin(run)
            await send(run, watch)
            done()
        return await end(run)


def check_keys(books: Books, judgement: Judgement) -> None:
    """UsageError where the ledger knows rows by their Key and the sheet has none: all would count as new ones."""
    keyed = any(record.key and record.alias for record in books.records.values())
    rows = [judged.row for judged in judgement.rows if not judged.aside] if keyed else []
    if rows and not any(row.cell(KEY) or row.cell(BO_KEY) for row in rows):
        raise errors.UsageError(
            # no word of another ledger: with one these rows would be filed once more, by their number
            "The ledger knows the rows by their Key, and the sheet has none now. Nothing was sent; "
            "put the Key column back, with the Keys as they were."
        )
