"""What `import bulk_onboard` offers (docs/library.md).

    job      load_job, load_jobs: a job file, a workbook or a DataFrame, with settings over it
    verbs    check, plan, run, report, status, each also for an event loop
    all_accounts   run_all, report_all: the accounts of a job together
    answers  what these return, as DataFrames and as plain objects
    work     a thread with an event loop of its own, in which all of it is done

`bulk_onboard` loads this package with the first name that is taken from it.
"""

from bulk_onboard.api.credentials import Credentials
from bulk_onboard.errors import ExitStatus
from bulk_onboard.library.all_accounts import (
    AllReports,
    AllResults,
    report_all,
    report_all_async,
    run_all,
    run_all_async,
)
from bulk_onboard.library.answers import (
    CheckResult,
    JobStatus,
    PlannedRow,
    PlanResult,
    ReportResult,
    ResultRow,
    RunResult,
)
from bulk_onboard.library.job import Job, load_job, load_jobs
from bulk_onboard.library.verbs import (
    check,
    check_async,
    plan,
    plan_async,
    report,
    report_async,
    run,
    run_async,
    status,
    status_async,
)
from bulk_onboard.library.work import Progress
from bulk_onboard.model.finding import Finding

__all__ = [
    "AllReports",
    "AllResults",
    "CheckResult",
    "Credentials",
    "ExitStatus",
    "Finding",
    "Job",
    "JobStatus",
    "PlanResult",
    "PlannedRow",
    "Progress",
    "ReportResult",
    "ResultRow",
    "RunResult",
    "check",
    "check_async",
    "load_job",
    "load_jobs",
    "plan",
    "plan_async",
    "report",
    "report_all",
    "report_all_async",
    "report_async",
    "run",
    "run_all",
    "run_all_async",
    "run_async",
    "status",
    "status_async",
]
