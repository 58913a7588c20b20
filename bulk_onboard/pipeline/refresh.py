"""Take in review results, and nothing else."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from bulk_onboard import errors
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.job import Job
from bulk_onboard.model.books import Books
from bulk_onboard.model.record import State
from bulk_onboard.model.row import Row
from bulk_onboard.pipeline.account import bound_books, reading
from bulk_onboard.pipeline.execution import LOOKING, Running
from bulk_onboard.pipeline.identities import claiming_rows, rows_by_token
from bulk_onboard.pipeline.ledger import open_ledger
from bulk_onboard.report.attention import record_needs_a_person
from bulk_onboard.submission.reviews import Followed, is_old, look, take_in
from bulk_onboard.submission.runner import ProgressCounts
from bulk_onboard.submission.stop import Stop


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh came to.

    Attributes:
        reviews: submitted records by review, those that there are.
        requests: by operation and outcome.
        needing: how many records need a person for what their reviews say; with `new_only` only those of which nobody
            was told yet. What became of numbers is told by a run, which knows the rows.
    """

    followed: Followed
    reviews: dict[str, int]
    requests: dict[str, int]
    needing: int

    @property
    def exit_status(self) -> errors.ExitStatus:
        """`ROWS_NEED_A_PERSON` where records do."""
        return errors.ExitStatus.ROWS_NEED_A_PERSON if self.needing else errors.ExitStatus.DONE


async def refresh_job(
    job: Job,
    *,
    credentials: Credentials,
    clock: Clock,
    stop: Stop | None = None,
    watch: Callable[[Running], None] = lambda running: None,
) -> Refreshed:
    """Write down the reviews of the job's submitted records as the API shows them now.

    Raises:
        UsageError: there is no ledger.
        SignalledError: a signal asked to `stop`; what was written down by then stands.
        BulkOnboardError: the ledger or the API cannot be used.
    """
    bound_books(job.ledger, auth_id=credentials.auth_id, base_url=job.base_url)  # or it would be made anew
    requests: Counter[str] = Counter()
    with open_ledger(job, credentials, clock) as journal:
        since = journal.books.told_until if job.new_only else 0
        watch(Running(ProgressCounts(), journal.books, lambda: LOOKING))
        async with reading(job, credentials, clock=clock, requests=requests, stop=stop) as gateway:
            shown = await look(gateway, journal.books)
            if shown is None:
                raise errors.StoppedError("The API's list of records could not be read. Nothing changed; try again.")
            followed = await take_in(
                gateway,
                journal,
                shown.records,
                await _rows(job, journal.books),
                may_be_gone=lambda record: is_old(record, clock.now(), job.settle),
            )
        records = journal.books.records.values()
    return Refreshed(
        followed,
        dict(sorted(Counter(record.review for record in records if record.state is State.SUBMITTED).items())),
        dict(sorted(requests.items())),
        sum(record.news > since and record_needs_a_person(record, ()) for record in records),
    )


async def _rows(job: Job, books: Books) -> dict[str, Row]:
    """The rows by token, since reasons may quote them; none where the workbook cannot be read."""
    auth_id = books.opened.auth_id if books.opened else ""
    try:
        rows = await claiming_rows(job, books, auth_id=auth_id)
    except errors.WorkbookError:
        return {}
    return rows_by_token(rows, books, auth_id=auth_id)
