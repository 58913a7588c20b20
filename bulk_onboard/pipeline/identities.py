"""Which record each row of the workbook is, without judging the rows: no requirements, no documents, no network."""

import asyncio
from collections.abc import Iterable

from bulk_onboard.intake.bundled import bundled_requirements
from bulk_onboard.intake.rows import rows_of
from bulk_onboard.job import Job
from bulk_onboard.model.books import Books
from bulk_onboard.model.identity import registration_token_of
from bulk_onboard.model.plan import Identity
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.pipeline.judging import columns_of, read_job_sheet
from bulk_onboard.planning.claims import settled_claims
from bulk_onboard.planning.identity import Identities


async def identified_rows(job: Job, books: Books, *, auth_id: str) -> list[tuple[Row, Identity]]:
    """The rows that have an identity, in the order of the sheet, each record once; WorkbookError as for reading."""
    found: dict[str, tuple[Row, Identity]] = {}
    for row, identity in await claiming_rows(job, books, auth_id=auth_id):
        if identity:
            found.setdefault(identity.token, (row, identity))
    return list(found.values())


async def claiming_rows(job: Job, books: Books, *, auth_id: str) -> list[tuple[Row, Identity | None]]:
    """All rows in the order of the sheet, each with who it is; None for nobody. WorkbookError as for reading."""
    sheet = await read_job_sheet(job)
    book = await asyncio.to_thread(bundled_requirements)
    columns = columns_of(job, sheet, book)[0]
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
