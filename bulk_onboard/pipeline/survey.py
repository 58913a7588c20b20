"""What the account holds that no row of the sheet stands for (`status --account`): told, never acted on."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.errors import WorkbookError
from bulk_onboard.job import Job
from bulk_onboard.model.books import Books
from bulk_onboard.model.call import ServerRecord
from bulk_onboard.model.identity import token_in
from bulk_onboard.pipeline.account import bound_books, read_account, reading
from bulk_onboard.pipeline.identities import identified_rows


class Origin(StrEnum):
    """Where a record of the account comes from."""

    ROW = "a row of the sheet"
    ROW_GONE = "this job, its row has gone"
    OTHER_JOB = "another job, or a ledger that was lost"
    ELSEWHERE = "not from this tool"


@dataclass(frozen=True, slots=True)
class Survey:
    """The account's records, each with where it comes from, and why the sheet was not asked; empty where it was."""

    records: tuple[tuple[ServerRecord, Origin], ...]
    no_sheet: str = ""


async def survey_account(job: Job, *, credentials: Credentials, clock: Clock) -> Survey:
    """Every record of the account; reads only.

    Without the workbook each record that the ledger knows counts as one of a row.

    Raises:
        UsageError: there is no ledger.
        BulkOnboardError: the ledger or the API cannot be read.
    """
    books = bound_books(job.ledger, auth_id=credentials.auth_id, base_url=job.base_url)
    try:
        rows = await identified_rows(job, books, auth_id=credentials.auth_id)
        claimed, why = {identity.token for _, identity in rows}, ""
    except WorkbookError as gone:
        claimed, why = set(books.records), str(gone)
    async with reading(job, credentials, clock=clock) as gateway:
        shown = await read_account(gateway)
    return Survey(tuple(placed(shown, books, claimed)), why)


def placed(shown: Iterable[ServerRecord], books: Books, claimed: set[str]) -> Iterable[tuple[ServerRecord, Origin]]:
    """Each record with where it comes from; `claimed` are the tokens of the sheet's rows."""
    for record in shown:
        token = token_in(record.alias)
        known = books.owner(record.compliance_id) or (token if token in books.records else "")
        if (known or token) in claimed:
            yield record, Origin.ROW
        elif known:
            yield record, Origin.ROW_GONE
        else:
            yield record, Origin.OTHER_JOB if token else Origin.ELSEWHERE
