"""Judge a job and plan it, without sending anything: what `check` and `plan` show."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.frames import Frame
from bulk_onboard.job import Job
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Plan
from bulk_onboard.planning import make_plan
from bulk_onboard.report.row_status import JobStatus, join
from bulk_onboard.run.judge import Judgement, books_told, judge, read_job_sheet
from bulk_onboard.run.requirements import requirements_for


@dataclass(frozen=True, slots=True, repr=False)  # as for Judgement
class DryRun:
    """What a run would find and do."""

    judgement: Judgement
    ledger_state: LedgerState
    plan: Plan

    def status(self, found: Iterable[Finding] = ()) -> JobStatus:
        """Return the rows joined with their records; `found` is what turned up beside the check."""
        return join(
            self.plan.decisions,
            books_told(self.judgement, self.plan, self.ledger_state),
            found=(*self.judgement.sheet_findings, *found),
            columns=self.judgement.columns,
            requirements=self.judgement.book,
        )


async def make_dry_run(
    job: Job, *, credentials: Credentials | None, clock: Clock, frame: Frame | None = None
) -> DryRun:
    """Judge every row and decide what a run would do; reads the workbook, the documents, the ledger and requirements.

    Without credentials tokens are computed for the ledger's account, or for none. A frame stands for the workbook.
    """
    sheet = await read_job_sheet(job, frame)
    ledger_state = read_ledger_state(job.ledger).ledger_state if job.ledger.exists() else LedgerState()
    ask = partial(requirements_for, job, credentials=credentials, clock=clock)
    judgement = await judge(job, sheet, ask)
    auth_id = credentials.auth_id if credentials else ledger_state.opened.auth_id if ledger_state.opened else ""
    plan = make_plan(
        judgement.rows,
        ledger_state=ledger_state,
        auth_id=auth_id,
        quota=job.quota,
        scope=job.scope,
        rulings=job.findings,
    )
    return DryRun(judgement, ledger_state, plan)
