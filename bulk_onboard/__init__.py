"""Onboard thousands of businesses for India phone numbers: every row submitted once, within the quota.

The command is `bulk-onboard`. What a program may use is in `__all__`: see docs/library.md.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bulk_onboard import errors
    from bulk_onboard.library import (
        AllReports,
        AllResults,
        CheckResult,
        Credentials,
        ExitStatus,
        Finding,
        Job,
        JobStatus,
        PlannedRow,
        PlanResult,
        Progress,
        ReportResult,
        ResultRow,
        RunResult,
        check,
        check_async,
        load_job,
        load_jobs,
        plan,
        plan_async,
        report,
        report_all,
        report_all_async,
        report_async,
        run,
        run_all,
        run_all_async,
        run_async,
        status,
        status_async,
    )

__version__ = "0.1.0"

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
    "__version__",
    "check",
    "check_async",
    "errors",
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

if not TYPE_CHECKING:  # or a type checker would let every name pass

    def __getattr__(name: str) -> object:
        """Load the library with the first use of it: the command line and its child processes do without."""
        import importlib  # noqa: PLC0415 - see above

        if name == "errors":
            return importlib.import_module("bulk_onboard.errors")
        if name in __all__:
            return getattr(importlib.import_module("bulk_onboard.library"), name)
        raise AttributeError(f"module 'bulk_onboard' has no attribute {name!r}")

    def __dir__() -> list[str]:
        """Return the names that a program may use, for completion."""
        return sorted({*globals(), *__all__})
