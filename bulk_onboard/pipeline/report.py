"""Rows joined to records: the report of a run, or one made anew from ledger and workbook without a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from bulk_onboard import errors
from bulk_onboard.clock import Clock
from bulk_onboard.job import Job
from bulk_onboard.ledger.journal import read_books
from bulk_onboard.ledger.place import MODES
from bulk_onboard.model.books import Books
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.path import readable
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.pipeline.judging import books_told
from bulk_onboard.pipeline.outlook import look_ahead
from bulk_onboard.pipeline.typed import remembered
from bulk_onboard.report.record_findings import record_findings
from bulk_onboard.report.summary import ReportFacts, counts, make_tables, next_command, reviews
from bulk_onboard.report.workbook import write_report


@dataclass(frozen=True, slots=True)
class ReportResult:
    """A report that was made anew.

    Attributes:
        path: where it is.
        from_ledger_alone: why the rows are missing from it; empty when they are there.
        next: the command to type next.
    """

    path: Path
    counts: dict[str, int]
    reviews: dict[str, int]
    from_ledger_alone: str
    next: str


def write_job_report(
    job: Job,
    decisions: Sequence[Decision] | None,
    books: Books,
    *,
    findings: Sequence[Finding] = (),
    requirements: RequirementsBook | None = None,
    now: datetime,
    run_id: str,
    stopped: str = "",
    continued: bool = False,
) -> Path:
    """Write the report; where it really is.

    Args:
        decisions: None when the workbook is gone.
        findings: all that the judged rows do not have: of the sheet as a whole, what turned up while sending, and what
            the API said of the records.
        continued: whether the run is to be continued as it was typed.

    Raises:
        ReportError: neither its own place nor one beside it could be written.
    """
    facts = ReportFacts(
        commands=job.commands,
        workbook=readable(job.workbook.name),
        made_at=now,
        zone=zone_of(job, now),
        requirements=requirements,
        stopped=stopped,
        continued=continued,
    )
    tables = make_tables(decisions, books, facts, findings)
    return write_report(job.report, tables, run=run_id, anew=facts.commands.report(), mode=MODES[job.share])


async def report_job(job: Job, *, clock: Clock) -> ReportResult:
    """Make the report anew from workbook and ledger; without workbook or documents folder from the ledger alone.

    Rows are judged against the bundled requirements, since nothing here asks the network; the report names them. What
    is not given now, such as the folder of the documents, is what the newest run was given.

    Raises:
        UsageError: there is no ledger, or JOB is one of which it is not known what workbook goes with it.
        ReportError: the report cannot be written.
    """
    books = read_books(job.ledger).books
    job = remembered(job, books)
    if job.file == job.ledger:
        raise errors.UsageError(
            f"It is not known what workbook goes with {job.ledger}. Name the job file or the workbook, and the ledger "
            "after --ledger."
        )
    decisions: Sequence[Decision] | None = None
    findings: Sequence[Finding] = ()
    requirements, why = None, ""
    try:
        outlook = await look_ahead(job, credentials=None, clock=clock)
    except (errors.WorkbookError, errors.DocumentsError) as gone:
        why = str(gone)
    else:
        decisions = outlook.plan.decisions
        judgement, requirements = outlook.judgement, outlook.judgement.book
        books = books_told(judgement, outlook.plan, books)
        said = record_findings(decisions, books, judgement.columns, requirements)
        findings = (*judgement.sheet_findings, *said)
    now = clock.now()
    path = write_job_report(
        job,
        decisions,
        books,
        findings=findings,
        requirements=requirements,
        now=now,
        run_id=now.strftime("%Y%m%dT%H%M%SZ"),
        stopped=why,
    )
    command = next_command(decisions, books, job.commands)
    return ReportResult(path, counts(decisions, books), reviews(decisions, books), why, command)


def zone_of(job: Job, now: datetime) -> tzinfo:
    """The time zone of the report: the job's, else the machine's."""
    zone = job.timezone or now.astimezone().tzinfo
    if zone is None:
        raise AssertionError("an aware instant has a time zone")
    return zone
