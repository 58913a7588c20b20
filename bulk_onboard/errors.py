"""What stops the work, and the status the process then returns.

See docs/when_a_run_stops.md, Exit statuses.

    BulkOnboardError
    ├── UsageError          2    command line, job file, credentials missing
    │   ├── DocumentsError  2    the documents folder is not there, or cannot be read
    │   └── WorkbookError   2    the workbook cannot be read, or its columns are missing or doubled
    │       └── NoWorkbookError  there is none, which a job may allow
    ├── AddressError        2    what answers at the base URL is not the API
    ├── ContractError       2    the API answers in a form that this version does not know
    ├── StoppedError        4    stopped before finishing: network, disk, redirect; running again continues
    │   ├── DatabaseError   4    the database of the ledgers failed, or a lease was over
    │   └── SignalledError  129/130/143  stopped by a signal before anything was begun
    ├── LockedError         5    another run holds the ledger
    ├── LedgerError         6    the ledger is damaged, foreign or newer than this tool
    ├── CredentialsError    7    the API refused the credentials
    └── ReportError         8    the report could not be written; everything else is done

What is wrong with a single row is a finding, never an exception.
"""

import traceback
from enum import IntEnum
from pathlib import Path


class ExitStatus(IntEnum):
    """What the process returns (docs/when_a_run_stops.md, Exit statuses)."""

    DONE = 0
    BUG = 1
    USAGE = 2
    ROWS_NEED_ATTENTION = 3
    STOPPED = 4
    LOCKED = 5
    LEDGER = 6
    CREDENTIALS = 7
    REPORT = 8
    HUNGUP = 129
    INTERRUPTED = 130
    TERMINATED = 143


PRECEDENCE: tuple[ExitStatus, ...] = (
    ExitStatus.BUG,
    ExitStatus.USAGE,
    ExitStatus.LEDGER,
    ExitStatus.LOCKED,
    ExitStatus.CREDENTIALS,
    ExitStatus.HUNGUP,
    ExitStatus.INTERRUPTED,
    ExitStatus.TERMINATED,
    ExitStatus.STOPPED,
    ExitStatus.REPORT,
    ExitStatus.ROWS_NEED_ATTENTION,
    ExitStatus.DONE,
)


TO_BE_CONTINUED = frozenset({
    *(ExitStatus.STOPPED, ExitStatus.CREDENTIALS, ExitStatus.INTERRUPTED, ExitStatus.TERMINATED)
})  # fmt: skip
"""Exit statuses of a run that was stopped before its end and that the same command continues."""


SIGNALS = frozenset({ExitStatus.HUNGUP, ExitStatus.INTERRUPTED, ExitStatus.TERMINATED})
"""Exit statuses of what a signal stopped."""

FINISHED = frozenset({ExitStatus.DONE, ExitStatus.ROWS_NEED_ATTENTION, ExitStatus.REPORT})
"""Exit statuses of a run that came to its end."""


def first_that_holds(*statuses: ExitStatus) -> ExitStatus:
    """Return the status that counts when several hold; `DONE` when none is given."""
    return min(statuses, key=PRECEDENCE.index, default=ExitStatus.DONE)


class BulkOnboardError(Exception):
    """Something foreseeable stopped the work; the message says what, and what to do about it."""

    exit_status: ExitStatus = ExitStatus.BUG


class UsageError(BulkOnboardError):
    """The command line, the job file or the environment asks for something that cannot be done."""

    exit_status = ExitStatus.USAGE


class DocumentsError(UsageError):
    """There is no documents folder, or it cannot be read."""


class WorkbookError(UsageError):
    """The workbook cannot be read, or its columns are missing or doubled."""


class HeadersError(WorkbookError):
    """The columns of the workbook are not those that the requirements ask for."""


class NoWorkbookError(WorkbookError):
    """There is no file where the workbook should be."""


class AddressError(BulkOnboardError):
    """What answers at the base URL is not the Compliance API."""

    exit_status = ExitStatus.USAGE


class ContractError(BulkOnboardError):
    """The API answers in a form that this version does not know."""

    exit_status = ExitStatus.USAGE


class StoppedError(BulkOnboardError):
    """The run stopped before everything due was done; running again continues."""

    exit_status = ExitStatus.STOPPED


class DatabaseError(StoppedError):
    """The database with the ledgers failed, or the lease of one was over: it says nothing about the account."""


class SignalledError(StoppedError):
    """A signal stopped the run before anything was begun, or another command."""

    def __init__(
        self, exit_status: ExitStatus, sentence: str = "Stopped before anything was sent. To begin again, run again."
    ) -> None:
        super().__init__(sentence)
        self.exit_status = exit_status


class LockedError(BulkOnboardError):
    """Another run holds the ledger."""

    exit_status = ExitStatus.LOCKED


class LedgerError(BulkOnboardError):
    """The ledger is damaged, belongs to another account or address, or is newer than this tool."""

    exit_status = ExitStatus.LEDGER


class CredentialsError(BulkOnboardError):
    """The API refused the credentials."""

    exit_status = ExitStatus.CREDENTIALS


class ReportError(BulkOnboardError):
    """The report could not be written; everything else is done."""

    exit_status = ExitStatus.REPORT


def describe_bug(bug: BaseException) -> str:
    """Say where an unforeseen error arose, without its message, which may hold personal data."""
    while isinstance(bug, BaseExceptionGroup):
        bug = bug.exceptions[0]
    frames = [f for f in traceback.extract_tb(bug.__traceback__) if "bulk_onboard" in f.filename]
    places = ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-3:])
    return (
        f"This is a bug in bulk-onboard: {type(bug).__name__} at {places}. The ledger is safe; please report this line."
    )
