"""Run and report all accounts of a job together, as the command does with a job file that has `[[accounts]]`.

Each account keeps a ledger, a quota and a report of its own; the workbook is read once, and there is one report over
all. Of a job without accounts these do what `run` and `report` do.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bulk_onboard.api.credentials import Credentials, credentials_of_all
from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import BulkOnboardError, ExitStatus, UsageError
from bulk_onboard.frames import Frame, together, typed_frame
from bulk_onboard.library.answers import FINDING_COLUMNS, ReportResult, RunResult
from bulk_onboard.library.job import Duration, Job
from bulk_onboard.library.verbs import refuse_coroutines, refuse_others, seconds
from bulk_onboard.library.work import OnProgress, Work
from bulk_onboard.model.finding import Finding
from bulk_onboard.pipeline.places import check_places_of_all
from bulk_onboard.pipeline.progress import Progress
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.reporting.figures import Overview

if TYPE_CHECKING:
    from bulk_onboard.pipeline import accounts as pipeline
    from bulk_onboard.pipeline.report_over_all import AllReports as Written


class _OfEachAccount:
    """Rows of all accounts, of something that has the answer for each under `accounts`."""

    accounts: Mapping[str, RunResult] | Mapping[str, ReportResult]
    unassigned: tuple[Finding, ...]

    @cached_property
    def results(self) -> Frame:
        """The `results` of all accounts as one DataFrame, the column `account` first."""
        return together({account: each.results for account, each in self.accounts.items()})

    @cached_property
    def findings(self) -> Frame:
        """The `findings` of all accounts as one DataFrame, `account` first; it is empty for rows that are nobody's."""
        of_each = {account: each.findings for account, each in self.accounts.items()}
        return together(of_each | ({"": typed_frame(self.unassigned, FINDING_COLUMNS)} if self.unassigned else {}))


@dataclass(frozen=True, kw_only=True, repr=False)
class AllResults(_OfEachAccount):
    """What the runs of all accounts came to.

    Attributes:
        accounts: what each came to, by its name; of one that could not begin `run_id` is empty, and `error` says why.
        exit_status: what the command would end with: the first that holds over all accounts.
        overview: done, waiting, needs us over all; a sentence; what needs attention by kind.
        counts, reviews, need_attention, new, sent, adopted: as in `RunResult`, added up. Rows of a shared sheet that
            are no account's count as invalid ones.
        unassigned: what is wrong with these.
        reports: the report over all accounts, by format; empty where accounts were picked.
        annotated: the marked copies of workbooks.
        error: why the report over all could not be written; what stopped an account is in its own result.
        next: the command, or the call, that goes on.
        warnings: sentences that somebody should see.
    """

    accounts: Mapping[str, RunResult]
    exit_status: ExitStatus
    overview: Overview
    counts: dict[str, int]
    reviews: dict[str, int]
    need_attention: int
    new: int
    sent: int
    adopted: int
    unassigned: tuple[Finding, ...] = ()
    reports: dict[str, Path]
    annotated: tuple[Path, ...]
    error: BulkOnboardError | None = None
    next: str
    warnings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether all that was due is done in every account and no row needs anybody: exit status 0."""
        return not self.exit_status

    def __repr__(self) -> str:
        return f"<AllResults {self.exit_status.name}, {len(self.accounts):,} accounts: {self.overview.sentence}>"

    @classmethod
    def of(cls, made: "pipeline.AllResults", *, warnings: tuple[str, ...]) -> "AllResults":
        """Return the result of the runs of several accounts."""
        from bulk_onboard.pipeline.sums import sums_of  # noqa: PLC0415 - brings the network

        sums = sums_of(made)
        copies = (*made.annotated, *(each.annotated for each in made.results if each.annotated))
        return cls(
            accounts={each.account: RunResult.of(each) for each in made.results},
            exit_status=made.exit_status,
            overview=sums.overview,
            counts=sums.counts,
            reviews=sums.reviews,
            need_attention=sums.need_attention,
            new=sums.new,
            sent=sums.sent,
            adopted=sums.adopted,
            unassigned=made.unassigned,
            reports=made.reports,
            annotated=tuple(dict.fromkeys(copies)),
            error=made.error,
            next=made.next,
            warnings=(*warnings, *made.warnings),
        )

    @classmethod
    def of_one(cls, result: RunResult, *, warnings: tuple[str, ...]) -> "AllResults":
        """Return the result of the run of one account, or of a job without accounts: its report is its own."""
        return cls(
            accounts={result.account: result},
            exit_status=result.exit_status,
            overview=result.overview,
            counts=result.counts,
            reviews=result.reviews,
            need_attention=result.need_attention,
            new=result.new,
            sent=result.sent,
            adopted=result.adopted,
            reports={} if result.account else result.reports,
            annotated=(result.annotated,) if result.annotated else (),
            next=result.next,
            warnings=warnings,
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class AllReports(_OfEachAccount):
    """The reports of all accounts, written again.

    Attributes:
        accounts: that of each by its name; `files` is empty where it has none of its own.
        files: the report over all accounts, by format; empty where accounts were picked.
        counts, reviews: rows by state, and submitted ones by review, added up. Rows that are no account's are not
            among them, but in the report and in `unassigned`.
        errors: by account, what kept a report of its own from being written, or what is missing from it.
        exit_status: what the command would end with.
        next: the command, or the call, that goes on.
    """

    accounts: Mapping[str, ReportResult]
    files: dict[str, Path]
    counts: dict[str, int]
    reviews: dict[str, int]
    unassigned: tuple[Finding, ...] = ()
    errors: dict[str, str] = field(default_factory=dict)
    exit_status: ExitStatus = ExitStatus.DONE
    next: str

    def __repr__(self) -> str:
        return f"<AllReports of {len(self.accounts):,} accounts, {self.counts['rows']:,} rows>"

    @classmethod
    def of(cls, made: "Written") -> "AllReports":
        """Return the answer for the reports of several accounts."""
        return cls(
            accounts={each.job.account: ReportResult.of_account(each) for each in made.accounts},
            files=made.files,
            counts=made.counts(),
            reviews=made.reviews(),
            unassigned=made.unassigned,
            errors={each.job.account: each.ended for each in made.accounts if each.ended},
            exit_status=made.exit_status,
            next=made.next,
        )


def run_all(
    jobs: Sequence[Job],
    *,
    credentials: Mapping[str, Credentials] | None = None,
    on_progress: OnProgress | None = None,
    stop_after: Duration | None = None,
) -> AllResults:
    """Run all accounts of a job at the same time, each at its own quota, and write the report over all of them.

    What ends one account, such as refused credentials or a damaged ledger, ends it alone, and is in its result. An
    interruption stops all, as it stops `run`.

    Args:
        jobs: as `load_jobs` returns them: all accounts of a job file, or those that were picked.
        credentials: by the account's name; those that are not there are taken from the environment.
        on_progress: called with a `Progress` over all accounts now and then, in the thread of the caller.
        stop_after: as for `run`.

    Returns:
        What it came to for each account, and over all.

    Raises:
        UsageError: credentials are missing for some accounts, or an account has no rows; jobs of several job files.
        WorkbookError, DocumentsError: a workbook cannot be read.
    """
    return _begin_run(jobs, credentials, on_progress, stop_after).wait()


async def run_all_async(
    jobs: Sequence[Job],
    *,
    credentials: Mapping[str, Credentials] | None = None,
    on_progress: OnProgress | None = None,
    stop_after: Duration | None = None,
) -> AllResults:
    """Run all accounts as `run_all` does, beside whatever else the event loop has to do; cancel it to stop all."""
    return await _begin_run(jobs, credentials, on_progress, stop_after).ended()


def report_all(jobs: Sequence[Job], *, redact: bool = False) -> AllReports:
    """Write the report of each account again, and the one over all of them. No network.

    Args:
        jobs: as for `run_all`.
        redact: mask the names; then only the report over all is written.

    Raises:
        UsageError: no account has a ledger; jobs of several job files.
        ReportError: the report over all cannot be written.
    """
    return _begin_report(jobs, redact).wait()


async def report_all_async(jobs: Sequence[Job], *, redact: bool = False) -> AllReports:
    """Write the reports as `report_all` does, beside whatever else the event loop has to do."""
    return await _begin_report(jobs, redact).ended()


# What is done, each in a thread of its own.


def _begin_run(
    jobs: Sequence[Job],
    credentials: Mapping[str, Credentials] | None,
    on_progress: OnProgress | None,
    stop_after: Duration | None,
) -> Work[AllResults]:
    from bulk_onboard.pipeline.accounts import run_jobs  # noqa: PLC0415 - brings the network
    from bulk_onboard.pipeline.run import run_job  # noqa: PLC0415

    _refuse_other_jobs(jobs)
    refuse_coroutines(on_progress)
    warnings: list[str] = []
    found = _credentials(jobs, credentials, warnings)
    settings = [job.settings for job in jobs]
    if stop_after is not None:
        settings = [replace(each, stop_after=seconds(stop_after)) for each in settings]
    progress = {each.account: Progress() for each in settings}

    async def work(stop: Stop, _: Progress) -> AllResults:
        check_places_of_all(settings)
        told = tuple(warnings)
        if len(jobs) > 1:
            clock = SystemClock()
            made = await run_jobs(settings, credentials=found, clock=clock, stop=stop, progress=progress)
            return AllResults.of(made, warnings=told)
        ((account, own),) = progress.items()
        result = await run_job(
            settings[0], credentials=found[account], clock=SystemClock(), stop=stop, progress=own, frame=jobs[0].frame
        )
        return AllResults.of_one(RunResult.of(result), warnings=(*told, *result.warnings))

    return Work(work, on_progress, of=tuple(progress.values()))


def _begin_report(jobs: Sequence[Job], redact: bool) -> Work[AllReports]:
    from bulk_onboard.pipeline.outputs import report_job  # noqa: PLC0415 - brings the report's libraries
    from bulk_onboard.pipeline.report_over_all import report_jobs  # noqa: PLC0415

    _refuse_other_jobs(jobs)
    settings = [job.settings for job in jobs]

    async def work(_: Stop, __: Progress) -> AllReports:
        check_places_of_all(settings)
        clock = SystemClock()
        if len(jobs) > 1:
            return AllReports.of(await report_jobs(settings, clock=clock, redact=redact, as_remembered=False))
        own = await report_job(settings[0], clock=clock, redact=redact, frame=jobs[0].frame, as_remembered=False)
        return AllReports(
            accounts={settings[0].account: ReportResult.of(own)},
            files={} if settings[0].account else own.files,
            counts=own.counts,
            reviews=own.reviews,
            next=own.next,
        )

    return Work(work)


def _refuse_other_jobs(jobs: Sequence[Job]) -> None:
    """Raise UsageError where these are not the jobs of one job file, each account once."""
    if isinstance(jobs, Job) or not jobs:
        raise UsageError("The jobs of all accounts are wanted, as load_jobs() returns them.")
    for job in jobs:
        refuse_others(job)
    files = {job.settings.file for job in jobs}
    if len(files) > 1 or len({job.account for job in jobs}) < len(jobs):
        raise UsageError("These are not the accounts of one job file. Take the jobs as load_jobs() returns them.")


def _credentials(
    jobs: Sequence[Job], handed: Mapping[str, Credentials] | None, warnings: list[str]
) -> dict[str, Credentials]:
    handed = handed or {}
    for credentials in handed.values():
        refuse_others(jobs[0], credentials)
    names = [job.account for job in jobs]
    if unknown := [name for name in handed if name not in names]:
        raise UsageError(f"credentials: there is no account {unknown[0]!r} among these jobs.")
    return credentials_of_all(names, os.environ, warnings.append, handed=handed)
