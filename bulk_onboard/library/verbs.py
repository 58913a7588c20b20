"""Check, plan, run, report, status: each for a program that waits, and for an event loop.

All of them work in a thread of their own (`work`), print nothing, and raise the errors of `bulk_onboard.errors` where
nothing could be begun. Several jobs may be at work at a time, each in a call of its own; of one job one run at a time,
since it locks the ledger.
"""

import os
from dataclasses import replace
from inspect import iscoroutinefunction

from bulk_onboard.api.credentials import Credentials, are_at_hand, credentials_from
from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import UsageError
from bulk_onboard.library.answers import CheckResult, JobStatus, PlanResult, ReportResult, RunResult
from bulk_onboard.library.job import Duration, Job, plain
from bulk_onboard.library.work import OnProgress, Work
from bulk_onboard.pipeline.places import check_places
from bulk_onboard.pipeline.progress import Progress
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.settings import BY_NAME


def check(
    job: Job, *, credentials: Credentials | None = None, offline: bool = False, annotate: bool = False
) -> CheckResult:
    """Judge every row, and send nothing.

    Args:
        job: as `load_job` returns it.
        credentials: of the account; None for those in the environment (docs/security.md, Credentials).
        offline: do not ask the API what it requires; the bundled example serves. So it does without credentials.
        annotate: write a copy of the workbook with the errors marked, where there are any. Else nothing is written but
            `<job>.facts`, which saves looking into documents again.

    Returns:
        `findings`, `ok`, `rows` and more.

    Raises:
        UsageError, WorkbookError, DocumentsError: the sheet or the documents cannot be read, or columns are missing.
        LedgerError: the ledger is damaged, or of another contract.
        CredentialsError, AddressError, ContractError, StoppedError: the API cannot be asked.
    """
    return _begin_check(job, credentials, offline, annotate).wait()


async def check_async(
    job: Job, *, credentials: Credentials | None = None, offline: bool = False, annotate: bool = False
) -> CheckResult:
    """Judge every row as `check` does, beside whatever else the event loop has to do."""
    return await _begin_check(job, credentials, offline, annotate).ended()


def plan(job: Job, *, credentials: Credentials | None = None, offline: bool = False) -> PlanResult:
    """Return what a run would do for each row and why, and what it costs; send nothing.

    Args:
        job: as `load_job` returns it.
        credentials: as for `check`.
        offline: as for `check`.

    Returns:
        `decisions`, `actions`, `requests`, `duration_s` and more.

    Raises:
        BulkOnboardError: as `check` does.
    """
    return _begin_plan(job, credentials, offline).wait()


async def plan_async(job: Job, *, credentials: Credentials | None = None, offline: bool = False) -> PlanResult:
    """Return what `plan` returns, beside whatever else the event loop has to do."""
    return await _begin_plan(job, credentials, offline).ended()


def run(
    job: Job,
    *,
    credentials: Credentials | None = None,
    on_progress: OnProgress | None = None,
    stop_after: Duration | None = None,
) -> RunResult:
    """Send what is due, and write the report. Call it again to continue: every business is submitted once.

    An interruption (Ctrl-C, the stop button of a notebook) lets calls in flight finish and writes the report; then
    KeyboardInterrupt goes on.

    Args:
        job: as `load_job` returns it.
        credentials: of the account; None for those in the environment (docs/security.md, Credentials).
        on_progress: called with a `Progress` now and then, in the thread of the caller. What it raises stops the run.
        stop_after: begin nothing new this long after the run's start: seconds, a text such as `5h`, or a timedelta.

    Returns:
        What it came to, also where something stopped it after it had begun: then `error` says what.

    Raises:
        UsageError: credentials are missing, or the job asks for something that cannot be done.
        WorkbookError, DocumentsError: the sheet or the documents cannot be read.
        LockedError: another run of this job is under way.
        LedgerError: the ledger is damaged, or belongs to another account or address.
        CredentialsError, AddressError, ContractError, StoppedError: the API cannot be asked. Nothing was sent.
    """
    return _begin_run(job, credentials, on_progress, stop_after).wait()


async def run_async(
    job: Job,
    *,
    credentials: Credentials | None = None,
    on_progress: OnProgress | None = None,
    stop_after: Duration | None = None,
) -> RunResult:
    """Send what is due as `run` does, beside whatever else the event loop has to do.

    Cancel it to stop: calls in flight finish, the report is written, and then the cancellation goes on. What is still
    unknown the next run settles. `on_progress` is called in the event loop.
    """
    return await _begin_run(job, credentials, on_progress, stop_after).ended()


def report(job: Job, *, redact: bool = False) -> ReportResult:
    """Write the report again, from the rows and the ledger; without the workbook from the ledger alone. No network.

    Args:
        job: as `load_job` returns it.
        redact: mask the names; the files then have names of their own.

    Returns:
        `files`, `results`, `findings` and more.

    Raises:
        UsageError: there is no ledger.
        LedgerError: the ledger is damaged.
        ReportError: the report cannot be written.
    """
    return _begin_report(job, redact).wait()


async def report_async(job: Job, *, redact: bool = False) -> ReportResult:
    """Write the report as `report` does, beside whatever else the event loop has to do."""
    return await _begin_report(job, redact).ended()


def status(job: Job) -> JobStatus:
    """Return where the job stands, from its ledger alone: no network, no workbook, also while a run is under way.

    Args:
        job: as `load_job` returns it.

    Raises:
        UsageError: there is no ledger.
        LedgerError: the ledger is damaged.
    """
    return _begin_status(job).wait()


async def status_async(job: Job) -> JobStatus:
    """Return what `status` returns, beside whatever else the event loop has to do."""
    return await _begin_status(job).ended()


# What is done, each in a thread of its own.


def _begin_check(job: Job, credentials: Credentials | None, offline: bool, annotate: bool) -> Work[CheckResult]:
    from bulk_onboard.pipeline.annotated_copy import annotate as write_copy  # noqa: PLC0415
    from bulk_onboard.pipeline.judge import make_dry_run  # noqa: PLC0415 - a status judges nothing

    refuse_others(job, credentials)
    warnings: list[str] = []
    found = _at_hand(job, credentials, offline, warnings)

    async def work(_: Stop, progress: Progress) -> CheckResult:
        check_places(job.settings)
        dry_run = await make_dry_run(
            job.settings, credentials=found, clock=SystemClock(), frame=job.frame, progress=progress
        )
        joined, book = dry_run.status(), dry_run.judgement.book
        copy = write_copy(job.settings, dry_run.judgement, joined) if annotate else None
        counts = joined.counts()
        return CheckResult(
            ok=not dry_run.plan.has_errors,
            rows=counts["rows"],
            counts=counts,
            requirements=book.described,
            is_live=book.live,
            contract=book.contract,
            annotated=copy.path if copy else None,
            warnings=(*warnings, *(copy.notes if copy else ())),
            _joined=joined,
        )

    return Work(work)


def _begin_plan(job: Job, credentials: Credentials | None, offline: bool) -> Work[PlanResult]:
    from bulk_onboard.pipeline.judge import make_dry_run  # noqa: PLC0415 - a status judges nothing

    refuse_others(job, credentials)
    warnings: list[str] = []
    found = _at_hand(job, credentials, offline, warnings)

    async def work(_: Stop, progress: Progress) -> PlanResult:
        check_places(job.settings)
        dry_run = await make_dry_run(
            job.settings, credentials=found, clock=SystemClock(), frame=job.frame, progress=progress
        )
        made, book = dry_run.plan, dry_run.judgement.book
        return PlanResult(
            rows=len(made.decisions),
            actions=made.counts(),
            requests=made.forecast.requests,
            bytes=made.forecast.size,
            duration_s=made.forecast.duration_s,
            requirements=book.described,
            is_live=book.live,
            contract=book.contract,
            warnings=tuple(warnings),
            _joined=dry_run.status(),
            _plan=made,
        )

    return Work(work)


def _begin_run(
    job: Job, credentials: Credentials | None, on_progress: OnProgress | None, stop_after: Duration | None
) -> Work[RunResult]:
    from bulk_onboard.pipeline.run import run_job  # noqa: PLC0415 - brings the network

    refuse_others(job, credentials)
    refuse_coroutines(on_progress)
    warnings: list[str] = []
    found = credentials or credentials_from(os.environ, warn=warnings.append, account=job.settings.account)
    settings = job.settings
    if stop_after is not None:
        settings = replace(settings, stop_after=seconds(stop_after))

    async def work(stop: Stop, progress: Progress) -> RunResult:
        check_places(settings)
        result = await run_job(
            settings, credentials=found, clock=SystemClock(), stop=stop, progress=progress, frame=job.frame
        )
        return RunResult.of(result, warnings=tuple(warnings))

    return Work(work, on_progress)


def _begin_report(job: Job, redact: bool) -> Work[ReportResult]:
    from bulk_onboard.pipeline.outputs import report_job  # noqa: PLC0415 - brings the report's libraries

    refuse_others(job)

    async def work(_: Stop, __: Progress) -> ReportResult:
        check_places(job.settings)
        made = await report_job(job.settings, clock=SystemClock(), redact=redact, frame=job.frame, as_remembered=False)
        return ReportResult.of(made)

    return Work(work)


def _begin_status(job: Job) -> Work[JobStatus]:
    from bulk_onboard.reporting.row_status import join  # noqa: PLC0415

    refuse_others(job)

    async def work(_: Stop, __: Progress) -> JobStatus:
        return JobStatus.of(join(None, job.settings.ledger_state()))

    return Work(work)


def refuse_coroutines(on_progress: OnProgress | None) -> None:
    """Raise UsageError where `on_progress` would have to be awaited."""
    if iscoroutinefunction(on_progress):
        raise UsageError("on_progress is called, not awaited: give a function without async.")


def refuse_others(job: object, credentials: object = None) -> None:
    """Raise UsageError where something else was handed over, such as the path of a job file."""
    if not isinstance(job, Job):
        raise UsageError(f"A job is wanted, as load_job() returns it, and not a {type(job).__name__}.")
    if credentials is not None and not isinstance(credentials, Credentials):
        raise UsageError("Credentials are handed over as credentials=Credentials.of(auth_id, auth_token).")


def _at_hand(job: Job, credentials: Credentials | None, offline: bool, warnings: list[str]) -> Credentials | None:
    """Return the credentials for asking what the API requires; None where it is not to be asked, or none are there."""
    if offline:
        return None
    account = job.settings.account
    if credentials is None and are_at_hand(os.environ, account):
        return credentials_from(os.environ, warn=warnings.append, account=account)
    return credentials


def seconds(duration: Duration) -> float:
    """Return the seconds of `stop_after`."""
    try:
        return float(BY_NAME["stop_after"].read(plain(duration)))
    except ValueError as error:
        raise UsageError(f"stop_after: {error}.") from None
