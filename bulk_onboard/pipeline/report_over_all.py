"""Write the report over all accounts of a job, and the marked copies of the workbooks that accounts share.

Where each account stands is known from its run. Of one that could not begin, and for the command `report`, it is made
again from workbook and ledger; where the ledger cannot be read, the rows are known without their records.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from bulk_onboard.clock import Clock
from bulk_onboard.errors import (
    TO_BE_CONTINUED,
    BulkOnboardError,
    ExitStatus,
    LedgerError,
    UsageError,
    WorkbookError,
    first_that_holds,
)
from bulk_onboard.job import Job, are_all, whole_job
from bulk_onboard.model.documents import readable
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.pipeline.annotated_copy import Annotated, annotate_shared, rows_of_no_account
from bulk_onboard.pipeline.finish import RunResult
from bulk_onboard.pipeline.kept_flags import about_its_workbook, of_own_workbook, remembered
from bulk_onboard.pipeline.others import OtherLedgers
from bulk_onboard.pipeline.outputs import (
    ReportFiles,
    Standing,
    content_of,
    facts_of,
    instant_as_id,
    rows_left,
    standing,
    write_files,
    write_job_report,
    zone_of,
)
from bulk_onboard.pipeline.sheets import Sheets, read_sheets
from bulk_onboard.reporting import target
from bulk_onboard.reporting.figures import Overview, overview_of
from bulk_onboard.reporting.only import only as only_rows
from bulk_onboard.reporting.over_all import counts_of_no_account, next_over_all, tables_over_all
from bulk_onboard.reporting.row_status import join, without_ledger
from bulk_onboard.reporting.summary import AccountPart, ReportFacts, Tables, make_tables, summed
from bulk_onboard.threads import gathered, in_thread


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEnd:
    """Where one account stands, and what ended its run.

    Attributes:
        job: the account's.
        known: its rows with their records.
        error: what ended its run, or kept it or its own report from being made; None for nothing.
        continued: whether its run is to be continued as it was typed.
        reports: where its own report was written, by format.
        annotated: the marked copy of its own workbook; None where there is none.
    """

    job: Job
    known: Standing
    error: BulkOnboardError | None = None
    continued: bool = False
    reports: Mapping[str, Path] = field(default_factory=dict)
    annotated: Path | None = None

    @property
    def ended(self) -> str:
        """What ended it, or what of it is missing here, a sentence; empty for nothing."""
        return str(self.error) if self.error else self.known.why


@dataclass(frozen=True, slots=True, kw_only=True)
class OverAll:
    """What was written about all accounts.

    Attributes:
        files: where the report is; no paths where accounts were picked.
        ends: where each account stands, also those that could not begin, in the order of the job file; none where
            nothing was begun.
        overview: what all rows come to, those of no account included.
        annotated: a marked copy of each workbook that accounts share, where the job asks for them.
        next: the command to type next.
    """

    files: ReportFiles
    ends: tuple[AccountEnd, ...]
    overview: Overview
    annotated: tuple[Annotated, ...] = ()
    next: str = ""


async def write_report_over_all(
    jobs: Sequence[Job], results: Sequence[RunResult], *, sheets: Sheets, clock: Clock
) -> OverAll:
    """Write the report over all accounts, and the marked copies of the workbooks that they share.

    Of accounts that were picked only the copies are written. Where nothing was begun in any account nothing is, and
    nobody looks at the rows: so a signal or an address that does not answer ends all at once.

    Args:
        jobs: in the order of the job file.
        results: what their runs came to, in the same order.
        sheets: as the runs had them.
    """
    if not any(result.run_id for result in results):
        nothing = overview_of(join(None, LedgerState()))
        return OverAll(files=ReportFiles({}), ends=(), overview=nothing, next=whole_job(jobs).again())
    others = OtherLedgers()
    made = [
        _end_of(job, result, sheets=sheets, clock=clock, others=others)
        for job, result in zip(jobs, results, strict=True)
    ]
    ends = await gathered(made)
    return await in_thread(_written, ends, sheets.unassigned, now=clock.now())


def _written(ends: Sequence[AccountEnd], unassigned: Sequence[Finding], *, now: datetime) -> OverAll:
    """Write the report and the copies."""
    jobs = [end.job for end in ends]
    judged = {end.job.account: (end.known.judgement, end.known.status) for end in ends if end.known.judgement}
    annotated = annotate_shared([job for job in jobs if job.annotate], judged, unassigned)
    tables = tables_of(ends, unassigned, now=now)
    command = next_over_all(
        tables.accounts,
        whole_job(jobs),
        continued=any(end.continued for end in ends),
        merge=_merge_first(ends, annotated),
    )
    files = _write(tables, jobs, now=now) if are_all(jobs) else ReportFiles({})
    return OverAll(files=files, ends=tuple(ends), overview=tables.overview, annotated=annotated, next=command)


def _merge_first(ends: Sequence[AccountEnd], annotated: Sequence[Annotated]) -> str:
    """Return the command that takes over the first marked copy, that of a shared workbook before others; or nothing."""
    jobs = [end.job for end in ends]
    if first := next((each for each in annotated if each.path), None):
        job = next(job for job in jobs if job.account in first.accounts)
        return about_its_workbook(job, jobs).merge()
    return next((of_own_workbook(end.job).merge() for end in ends if end.annotated), "")


def _write(tables: Tables, jobs: Sequence[Job], *, now: datetime, only: Sequence[str] = ()) -> ReportFiles:
    """Write the report in the job's formats, readable by those alone who may read that of each account."""
    job = next((job for job in jobs if job.share == "private"), jobs[0])
    anew = whole_job(jobs).report()
    return write_files(tables, job.report_over_all, job, run_id=instant_as_id(now), anew=anew, only=only)


async def _end_of(job: Job, result: RunResult, *, sheets: Sheets, clock: Clock, others: OtherLedgers) -> AccountEnd:
    status, error = result.status, result.error
    if status is not None:
        known = Standing(status, result.judgement)
    else:
        known, damage = await stands(job, clock=clock, sheets=sheets, others=others)
        error = error or damage
    return AccountEnd(
        job=job,
        known=known,
        error=error,
        continued=result.exit_status in TO_BE_CONTINUED,
        reports=result.reports,
        annotated=result.annotated,
    )


async def stands(
    job: Job, *, clock: Clock, sheets: Sheets | None, others: OtherLedgers
) -> tuple[Standing, BulkOnboardError | None]:
    """Return where an account stands, and why its ledger cannot be read, if it cannot.

    An account without a ledger has not filed anything yet. Whatever keeps the rows from being judged, they are missing,
    and the records alone are there. That some rows were chosen for a run makes no difference.
    """
    ledger_state = LedgerState()
    damage: BulkOnboardError | None = None
    try:
        ledger_state = await in_thread(job.ledger_state, is_needed=False)
    except (LedgerError, UsageError) as error:
        damage = error
    whole = replace(job, key=(), rows=(), limit=None)
    try:
        known = await standing(whole, ledger_state, clock=clock, sheets=sheets, others=others)
    except BulkOnboardError as error:
        known = Standing(join(None, ledger_state), None, str(error))
    if damage is None:
        return known, None
    decisions = [each.decision for each in known.status.rows if each.decision]
    found = [finding for finding in known.status.others if known.judgement]
    return known._replace(status=without_ledger(decisions, found=found)), damage


# The command `report`.


@dataclass(frozen=True, slots=True, kw_only=True)
class AllReports:
    """What was written by `report` about several accounts.

    Attributes:
        files: where the report over all accounts is, by format; none where accounts were picked.
        accounts: where each stands, and where its own report is, if it has one.
        unassigned: what is wrong with the rows of no account.
        exit_status: the first that holds of what kept a report from being made.
        next: the command to type next.
    """

    files: dict[str, Path]
    accounts: tuple[AccountEnd, ...]
    unassigned: tuple[Finding, ...]
    exit_status: ExitStatus
    next: str

    def counts(self) -> dict[str, int]:
        """Return all rows by state, those of no account included."""
        of_accounts = (end.known.status.counts() for end in self.accounts)
        return summed((*of_accounts, counts_of_no_account(self.unassigned)))

    def reviews(self) -> dict[str, int]:
        """Return the submitted rows of all accounts by review."""
        return summed(end.known.status.reviews() for end in self.accounts)


async def report_jobs(
    jobs: Sequence[Job],
    *,
    clock: Clock,
    redact: bool = False,
    only: Sequence[str] = (),
    as_remembered: bool = True,
) -> AllReports:
    """Write the reports of several accounts again, and the one over all of them, from workbook and ledger.

    Of a report that is redacted, or has not every row, only the one over all is written. Where accounts were picked,
    only their own are.

    Args:
        redact, only: as for `write_job_report`.
        as_remembered: as for `report_job`.

    Raises:
        UsageError: no account has a ledger.
        ReportError: the report over all cannot be written.
    """
    ends, unassigned = await _all_stand(jobs, clock=clock, as_remembered=as_remembered)
    now = clock.now()
    if not are_all(jobs) or not (redact or only):
        write = partial(_with_own_report, now=now, redact=redact, only=only)
        ends = await gathered(in_thread(write, end) for end in ends)
    tables = await in_thread(tables_of, ends, unassigned, now=now, redact=redact, only=only)
    written = ReportFiles({})
    if are_all(jobs):
        written = await in_thread(_write, tables, jobs, now=now, only=only)
    if written.error:
        raise written.error
    return AllReports(
        files=written.paths,
        accounts=tuple(ends),
        unassigned=unassigned,
        exit_status=first_that_holds(*(end.error.exit_status for end in ends if end.error)),
        next=next_over_all(tables.accounts, whole_job(jobs)),
    )


def report_content_over_all(
    jobs: Sequence[Job], form: str, *, clock: Clock, redact: bool = False, only: Sequence[str] = (), beside: Path
) -> bytes:
    """Return the report over these accounts in one format, as workbook and ledgers are now; nothing is written.

    It takes its time: call it in a thread.

    Args:
        redact, only: as for `write_job_report`.
        beside: the folder in which the report will lie.

    Raises:
        UsageError: no account has a ledger.
    """
    ends, unassigned = asyncio.run(_all_stand(jobs, clock=clock))
    there = [replace(end, reports=reports_there(end.job)) for end in ends]
    tables = tables_of(there, unassigned, now=clock.now(), redact=redact, only=only, beside=beside)
    return content_of(tables, form)


def reports_there(job: Job) -> dict[str, Path]:
    """Return the account's own reports that are there already."""
    return {form: path for form, path in target.report_files(job.report).items() if path.is_file()}


async def _all_stand(
    jobs: Sequence[Job], *, clock: Clock, as_remembered: bool = True
) -> tuple[list[AccountEnd], tuple[Finding, ...]]:
    """Return where each account stands by workbook and ledger, and what is wrong with the rows of no account."""
    if not await in_thread(lambda: any(job.store.exists() for job in jobs)):
        raise jobs[0].store.missing()
    if as_remembered:
        jobs = await in_thread(lambda: [_as_remembered(job) for job in jobs])
    try:
        sheets = await read_sheets(jobs, rows_needed=False)
    except WorkbookError:  # each says for itself what of it is missing
        sheets = None
    others = OtherLedgers()
    known = await gathered(stands(job, clock=clock, sheets=sheets, others=others) for job in jobs)
    ends = [AccountEnd(job=job, known=each, error=damage) for job, (each, damage) in zip(jobs, known, strict=True)]
    return ends, sheets.unassigned if sheets else ()


def _as_remembered(job: Job) -> Job:
    """Return the job as its newest run had it; as it is where there was none, or its ledger cannot be read."""
    try:
        return remembered(job, job.ledger_state())
    except (LedgerError, UsageError):
        return job


def _with_own_report(end: AccountEnd, *, now: datetime, redact: bool, only: Sequence[str]) -> AccountEnd:
    """Write the account's own report; none of an account without a ledger, or whose ledger cannot be read."""
    if end.error or not end.job.store.exists():
        return end
    written = write_job_report(
        end.job,
        end.known.status,
        requirements=end.known.judgement.book if end.known.judgement else None,
        now=now,
        run_id=instant_as_id(now),
        stopped=end.known.why,
        redact=redact,
        only=only,
    )
    return replace(end, reports=written.paths, error=written.error)


# The tables.


def tables_of(
    ends: Sequence[AccountEnd],
    unassigned: Sequence[Finding],
    *,
    now: datetime,
    redact: bool = False,
    only: Sequence[str] = (),
    beside: Path | None = None,
) -> Tables:
    """Return the report over these accounts.

    Args:
        unassigned: what is wrong with the rows of no account.
        redact, only: as for `write_job_report`.
        beside: the folder in which the report will lie, if not in its own; to it the links are relative.
    """
    jobs = [end.job for end in ends]
    folder = beside or jobs[0].report_over_all.parent
    parts = [_part(end, now=now, redact=redact, only=only, folder=folder) for end in ends]
    read = {end.known.judgement.sheet.sha256 for end in ends if end.known.judgement}
    for each in rows_of_no_account(jobs, unassigned, read):
        status = only_rows(each.status, only) if only else each.status
        facts = replace(facts_of(each.job, now=now, requirements=None, redact=redact), account="", commands=None)
        if status.rows:
            parts.append(AccountPart(name="", tables=make_tables(status, facts)))
    continued = any(end.continued for end in ends)
    facts = _facts(jobs, now=now, redact=redact, continued=continued)
    if only:
        have = summed(part.status.counts() for part in parts)["rows"]
        whole = summed((*(end.known.status.counts() for end in ends), counts_of_no_account(unassigned)))["rows"]
        facts = replace(facts, narrowed=rows_left(only, have, of=whole))
    return tables_over_all(parts, facts)


def _part(end: AccountEnd, *, now: datetime, redact: bool, only: Sequence[str], folder: Path) -> AccountPart:
    job, known = end.job, end.known
    status = only_rows(known.status, only) if only else known.status
    book = known.judgement.book if known.judgement else None
    facts = facts_of(job, now=now, requirements=book, stopped=end.ended, continued=end.continued, redact=redact)
    reports = {form: os.path.relpath(path, folder) for form, path in end.reports.items()}
    return AccountPart(name=job.account, tables=make_tables(status, facts), ended=facts.stopped, reports=reports)


def _facts(jobs: Sequence[Job], *, now: datetime, redact: bool, continued: bool) -> ReportFacts:
    """Return what the report over all says beside rows and records."""
    workbooks = {readable(job.workbook.name) for job in jobs}
    return ReportFacts(
        commands=whole_job(jobs),
        workbook=workbooks.pop() if len(workbooks) == 1 else readable(jobs[0].file.name),
        made_at=now,
        zone=zone_of(jobs[0], now),
        continued=continued,
        redact=redact,
    )
