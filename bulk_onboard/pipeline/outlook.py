"""Judge a job and plan it, without sending anything: what `check` and `plan` show."""

from dataclasses import dataclass
from functools import partial

from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.frames import Frame
from bulk_onboard.job import Job
from bulk_onboard.ledger.journal import read_books
from bulk_onboard.model.books import Books
from bulk_onboard.model.plan import Plan
from bulk_onboard.pipeline.judging import Judgement, judge, read_job_sheet
from bulk_onboard.pipeline.requirements import requirements_for
from bulk_onboard.planning import make_plan


@dataclass(frozen=True, slots=True, repr=False)  # as for Judgement
class Outlook:
    """What a run would find and do."""

    judgement: Judgement
    books: Books
    plan: Plan


async def look_ahead(job: Job, *, credentials: Credentials | None, clock: Clock, frame: Frame | None = None) -> Outlook:
    """Judge every row and decide what a run would do; reads the workbook, the documents, the ledger and requirements.

    Without credentials tokens are computed for the ledger's account, or for none. A frame stands for the workbook.
    """
    sheet = await read_job_sheet(job, frame)
    books = read_books(job.ledger).books if job.ledger.exists() else Books()
    ask = partial(requirements_for, job, credentials=credentials, clock=clock)
    judgement = await judge(job, sheet, ask)
    auth_id = credentials.auth_id if credentials else books.opened.auth_id if books.opened else ""
    plan = make_plan(
        judgement.rows,
        books=books,
        auth_id=auth_id,
        quota=job.quota,
        scope=job.scope,
        rulings=job.findings,
    )
    return Outlook(judgement, books, plan)
