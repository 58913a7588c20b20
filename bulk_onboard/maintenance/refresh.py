"""Fetch review results, and nothing else."""

from collections import Counter
from dataclasses import dataclass

from bulk_onboard import errors
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.api.gate import Gate
from bulk_onboard.clock import Clock
from bulk_onboard.job import Job
from bulk_onboard.model.call import Gateway
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import State
from bulk_onboard.model.requirements import Contract, RequirementsBook
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import Sheet
from bulk_onboard.pipeline.connection import bound_ledger_state, owned, reading
from bulk_onboard.pipeline.judge import claiming_rows, rows_by_token
from bulk_onboard.pipeline.progress import ASKING_FOR_REQUIREMENTS, FETCHING_REVIEWS, READING_WORKBOOK, Progress
from bulk_onboard.pipeline.requirements import combinations_of, live_requirements
from bulk_onboard.pipeline.reviews import Followed, fetch_followed, is_old, record_reviews
from bulk_onboard.pipeline.sheets import Sheets, combinations_of_sheet, read_job_sheet
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.reporting.row_status import in_order_of_review, record_needs_attention
from bulk_onboard.threads import in_thread


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh came to.

    Attributes:
        reviews: how many submitted records have each review.
        requests: how many calls were made, by operation and outcome.
        need_attention: how many records need attention because of their review; with `new_only` only those that are
            new. What became of numbers is left to a run, which knows the rows.
        book: what the API requires, where it was asked.
    """

    followed: Followed
    reviews: dict[str, int]
    requests: dict[str, int]
    need_attention: int
    book: RequirementsBook | None = None

    @property
    def exit_status(self) -> errors.ExitStatus:
        """Return `ROWS_NEED_ATTENTION` where a record does."""
        return errors.ExitStatus.ROWS_NEED_ATTENTION if self.need_attention else errors.ExitStatus.DONE


async def refresh_job(
    job: Job,
    *,
    credentials: Credentials,
    clock: Clock,
    stop: Stop | None = None,
    progress: Progress | None = None,
    sheets: Sheets | None = None,
    gate: Gate | None = None,
) -> Refreshed:
    """Write the reviews of the job's submitted records into the ledger, as the API shows them now.

    Args:
        progress: where it says what it does.
        sheets: where those of several accounts were read already.
        gate: what bounds the calls in flight of all accounts; None for one alone.

    Raises:
        UsageError: there is no ledger.
        SignalledError: a signal asked to `stop`; what was written by then is kept.
        BulkOnboardError: the ledger or the API cannot be used.
    """
    await in_thread(bound_ledger_state, job, credentials.auth_id)
    requests: Counter[str] = Counter()
    progress = progress or Progress()
    async with owned(job, credentials, clock=clock, stop=stop or Stop(), progress=progress) as journal:
        since = journal.ledger_state.told_until if job.new_only else 0
        progress.ledger_state = journal.ledger_state
        with progress.doing(READING_WORKBOOK):
            sheet = sheets.of(job) if sheets else await _sheet(job)
        async with reading(
            job, credentials, clock=clock, requests=requests, stop=stop, progress=progress, gate=gate
        ) as gateway:
            with progress.doing(ASKING_FOR_REQUIREMENTS):
                book = await _requirements(job, journal.ledger_state, sheet, gateway, stop or Stop())
            with progress.doing(FETCHING_REVIEWS):
                shown = await fetch_followed(gateway, journal.ledger_state)
            if shown is None:
                raise errors.StoppedError("The API's list of records could not be read. Nothing changed; try again.")
            followed = await record_reviews(
                gateway,
                journal,
                shown.records,
                await _rows(job, journal.ledger_state, sheet, book),
                may_be_gone=lambda record: is_old(record, journal.now(), job.settle),
            )
        records = journal.ledger_state.records.values()
    return Refreshed(
        followed,
        in_order_of_review(Counter(record.review for record in records if record.state is State.SUBMITTED)),
        dict(sorted(requests.items())),
        sum(record.news > since and record_needs_attention(record, ()) for record in records),
        book,
    )


async def _sheet(job: Job) -> Sheet | None:
    """Return the job's sheet; None where it cannot be read."""
    try:
        return await read_job_sheet(job)
    except errors.WorkbookError:
        return None


async def _requirements(
    job: Job, ledger_state: LedgerState, sheet: Sheet | None, gateway: Gateway, stop: Stop
) -> RequirementsBook | None:
    """Return what the API requires, in the released contract: reasons may quote ids of document types and their fields.

    None in the beta, whose documents have names of their own, and where no answer can be used.
    """
    if ledger_state.contract is not Contract.RELEASED:
        return None
    try:
        combinations = combinations_of_sheet(job, sheet) if sheet else combinations_of(job)
        return await live_requirements(gateway, sorted(combinations), job=job, stop=stop)
    except (errors.WorkbookError, errors.ContractError, errors.StoppedError):
        return None


async def _rows(
    job: Job, ledger_state: LedgerState, sheet: Sheet | None, book: RequirementsBook | None
) -> dict[str, Row]:
    """Return the rows by token, since reasons may quote them; none where the workbook cannot be read."""
    if sheet is None:
        return {}
    auth_id = ledger_state.opened.auth_id if ledger_state.opened else ""
    try:
        rows = await claiming_rows(job, ledger_state, auth_id=auth_id, sheet=sheet, book=book)
    except errors.WorkbookError:
        return {}
    return rows_by_token(rows, ledger_state, auth_id=auth_id)
