"""Which record each row of the workbook is, without judging the rows: no requirements, no documents, no network."""

import asyncio
from collections.abc import Iterable

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.bundled import bundled_requirements
from bulk_onboard.intake.rows import rows_of
from bulk_onboard.job import Job
from bulk_onboard.model.books import Books
from bulk_onboard.model.identity import registration_token_of
from bulk_onboard.model.plan import Identity
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import Columns, Sheet
from bulk_onboard.pipeline.judging import columns_of, read_job_sheet
from bulk_onboard.planning.claims import settled_claims
from bulk_onboard.planning.identity import Identities


def columns_at_hand(job: Job, sheet: Sheet) -> Columns:
    """What the sheet's columns mean as far as can be told without the API.

    Where they do not fit the bundled requirements, the API may ask for others; then the plain names are known.
    """
    try:
        return columns_of(job, sheet, bundled_requirements())[0]
    except WorkbookError:
        return columns_of(job, sheet, RequirementsBook("", live=False))[0]


async def identified_rows(
    job: Job, books: Books, *, auth_id: str, sheet: Sheet | None = None
) -> list[tuple[Row, Identity]]:
    """The rows that have an identity, in the order of the sheet, each record once; WorkbookError as for reading.

    `sheet` is the job's where it was read already.
    """
    found: dict[str, tuple[Row, Identity]] = {}
    for row, identity in await claiming_rows(job, books, auth_id=auth_id, sheet=sheet):
        if identity:
            found.setdefault(identity.token, (row, identity))
    return list(found.values())


async def claiming_rows(
    job: Job, books: Books, *, auth_id: str, sheet: Sheet | None = None
) -> list[tuple[Row, Identity | None]]:
    """All rows in the order of the sheet, each with who it is; None for nobody. WorkbookError as for reading."""
    sheet = sheet or await read_job_sheet(job)
    columns = await asyncio.to_thread(columns_at_hand, job, sheet)
    rows = rows_of(sheet, columns, defaults=job.defaults)
    identities = Identities(books, auth_id=auth_id, rows=rows)
    claims = [(one, identities.identify(one)) for one in (JudgedRow(row, None, "") for row in rows)]
    return [(one.row, identity) for one, identity in settled_claims(claims, books, job.findings)]


def rows_by_token(rows: Iterable[tuple[Row, Identity | None]], books: Books, *, auth_id: str) -> dict[str, Row]:
    """The row of each record, by which reviewers' reasons are masked.

    A row that is nobody, since its Key was changed, counts as the record's whose number it has: a reason may quote it.
    """
    owners = {r.registration_token: r.token for r in books.records.values() if r.registration_token}
    found: dict[str, Row] = {}
    for row, identity in rows:
        if identity:
            found[identity.token] = row
        elif token := owners.get(registration_token_of(auth_id, row)):
            found.setdefault(token, row)
    return found
