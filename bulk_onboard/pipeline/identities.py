"""Which record each row of the workbook is, without judging the rows: no requirements, no documents, no network."""

import asyncio

from bulk_onboard.intake.bundled import bundled_requirements
from bulk_onboard.intake.rows import rows_of
from bulk_onboard.job import Job
from bulk_onboard.model.books import Books
from bulk_onboard.model.plan import Identity
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.pipeline.judging import columns_of, read_job_sheet
from bulk_onboard.planning.claims import settled_claims
from bulk_onboard.planning.identity import Identities


async def identified_rows(job: Job, books: Books, *, auth_id: str) -> list[tuple[Row, Identity]]:
    """The rows that have an identity, in the order of the sheet, each record once; WorkbookError as for reading."""
    sheet = await read_job_sheet(job)
    book = await asyncio.to_thread(bundled_requirements)
    columns = columns_of(job, sheet, book)[0]
    rows = rows_of(sheet, columns, defaults=job.defaults)
    identities = Identities(books, auth_id=auth_id, rows=rows)
    found: dict[str, tuple[Row, Identity]] = {}
    claims = [(one, identities.identify(one)) for one in (JudgedRow(row, None, "") for row in rows)]
    for one, identity in settled_claims(claims, books, job.findings):
        if identity:
            found.setdefault(identity.token, (one.row, identity))
    return list(found.values())
