"""The files of a finished job: what each holds, and which of them `purge` removes.

Report and annotated copies go, and what only serves the next run. The ledger stays, since it says what was done, unless
`--with-ledger` is given. Workbook and documents are never touched, and neither is an annotated copy that somebody has
saved: it is the user's own workbook by then.

A job is finished when its ledger is sound to its end, no process uses it, and no record waits for anything: none is
not sent, sending, deferred, uncertain, held or gone.

Of a job with several accounts the files of one are removed. What has rows of the others, too, stays: the report over
all, and the copies of a workbook that they share.

The lock file always stays. Without it two runs could both believe that they are alone; and beside it a new ledger knows
that an earlier process may have sent something.
"""

import fnmatch
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from bulk_onboard.clock import Clock
from bulk_onboard.errors import StoppedError, UsageError
from bulk_onboard.intake.documents.copies import is_copies_folder
from bulk_onboard.job import Job
from bulk_onboard.job_file import name_of
from bulk_onboard.ledger.hints import hints_folder, is_hints_folder
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.ledger.lock import MODES, LedgerLock, lock_path
from bulk_onboard.maintenance.convert import remove_copies
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import UNDER_REVIEW, Review, State, unknown_numbers
from bulk_onboard.pipeline.kept_flags import commands_of
from bulk_onboard.reporting.annotated.base import is_untouched
from bulk_onboard.reporting.row_status import join
from bulk_onboard.reporting.summary import next_command
from bulk_onboard.reporting.target import is_ours, report_files
from bulk_onboard.units import format_count

WAITING = (State.NOT_SENT, State.SENDING, State.DEFERRED, State.UNCERTAIN, State.HELD, State.GONE)

_OPEN_REVIEWS = {"", *UNDER_REVIEW, Review.MORE_INFO}
_RUN = r"(?:[0-9a-f]{8}|[0-9]{8}T[0-9]{6}Z)"  # in the name of a report that could not replace the last one


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that a job makes.

    Attributes:
        holds: what is in it, in words.
        personal: whether that is personal data.
        is_history: whether it says what was done, as no other file does.
    """

    name: str
    holds: str
    personal: bool
    is_history: bool = False


LEDGER = Kind("ledger", "what was done: Keys, aliases, digests, ids, who ran it; no names or addresses", False, True)
BROKEN = Kind("broken ledger", "a damaged part of the ledger that was put aside; no names or addresses", False, True)
REPORT = Kind("report", "business names, Keys, states, reasons, and cells with errors", True)
SUMMARY = Kind("summary", "counts by outcome and kind of problem, and the runs; no names, Keys or addresses", False)
ANNOTATED = Kind("annotated workbook", "all that is in the workbook, and what is wrong with it", True)
BEFORE_MERGE = Kind("old workbook", "the workbook as it was before a merge, with all its content", True)
FACTS = Kind("facts", "digests and sizes of documents, so that they need not be read again", False)
SAVED = Kind("saved annotated workbook", "all that is in the workbook; somebody has saved it, so it is yours", True)
OF_ALL = Kind("file of all accounts", "rows of the job's other accounts, too; remove it when they are purged", True)
LOCK = Kind("lock", "empty between runs; it marks that a run used this job", False, True)
CONVERTED = Kind("converted copies", "copies of documents, small pictures of them, and which rows name them", True)
HINTS = Kind("hints", "ids of records whose review may have changed", False)


@dataclass(frozen=True, slots=True)
class Piece:
    """A file of a job."""

    path: Path
    kind: Kind


@dataclass(frozen=True, slots=True)
class Purge:
    """Which files go, which stay, and how many records have no decision yet, as far as the ledger knows."""

    going: tuple[Piece, ...]
    staying: tuple[Piece, ...]
    open_reviews: int


def plan_purge(job: Job, clock: Clock, *, with_ledger: bool) -> Purge:
    """List what would be removed; change nothing. Errors as for `finished`."""
    with _finished(job, clock) as ledger_state:
        found = pieces(job)
        going = tuple(piece for piece in found if with_ledger or not piece.kind.is_history)
        staying = tuple(piece for piece in found if piece not in going)
        staying = (*staying, *left_behind(job))
        return Purge(going, staying, open_reviews(ledger_state) if ledger_state else 0)


def purge_job(job: Job, planned: Purge, clock: Clock) -> None:
    """Remove what was planned, the ledger last.

    Raises:
        UsageError, LockedError, LedgerError: as for `finished`.
        StoppedError: a file could not be removed.
    """
    with _finished(job, clock):
        for piece in reversed(planned.going):
            try:
                _remove(piece)
            except OSError as error:
                raise StoppedError(
                    f"{piece.path} could not be removed: {error.strerror}. Fix that, then purge again."
                ) from error


def _remove(piece: Piece) -> None:
    if piece.kind is CONVERTED:
        remove_copies(piece.path)
    elif piece.path.is_dir():
        shutil.rmtree(piece.path)
    else:
        piece.path.unlink(missing_ok=True)


def _finished(job: Job, clock: Clock) -> AbstractContextManager[LedgerState | None]:
    """Lock a finished job's ledger; yield None where there is none, since then nothing was sent."""
    return finished(job, clock) if job.store.exists() else nullcontext()


def pieces(job: Job) -> tuple[Piece, ...]:
    """Return the job's own files that are there now, the ledger first; no links."""
    ledger, workbook = job.ledger, job.workbook
    found = [
        Piece(ledger, LEDGER),
        *_beside(ledger, rf"{re.escape(ledger.name)}\.broken-[0-9]+", BROKEN),
        *_reports(job.report, job.formats),
        *(() if _is_shared(job) else _made_of_workbook(job)),
        Piece(job.facts, FACTS),
    ]
    plain = [piece for piece in found if _is_plain(piece.path) and not _is_workbook(piece.path, workbook)]
    hints = hints_folder(ledger)
    folders = [Piece(job.converted, CONVERTED)] if is_copies_folder(job.converted) else []
    return (*plain, *folders, *([Piece(hints, HINTS)] if is_hints_folder(hints) else ()))


def left_behind(job: Job) -> Iterator[Piece]:
    """Yield what is never removed besides workbook and documents: what others need or have saved, and the lock."""
    if job.other_accounts:
        shared = (*_reports(job.report_over_all, job.formats), *(_made_of_workbook(job) if _is_shared(job) else ()))
        yield from (Piece(piece.path, OF_ALL) for piece in shared if _is_plain(piece.path))
    for piece in _annotated(job):
        if not is_untouched(piece.path) and not _is_workbook(piece.path, job.workbook):
            yield Piece(piece.path, SAVED)
    if (lock := lock_path(job.ledger)).exists():
        yield Piece(lock, LOCK)


@contextmanager
def finished(job: Job, clock: Clock) -> Iterator[LedgerState]:
    """Lock the ledger of a finished job, and yield what it says.

    Raises:
        UsageError: there is no ledger, or records are waiting for something.
        LockedError: another process uses it.
        LedgerError: it is damaged.
    """
    read_ledger_state(job.ledger)  # else a lock would be made where there is no ledger
    with LedgerLock(job.ledger.absolute(), clock, mode=MODES[job.share]):
        folded = read_ledger_state(job.ledger)
        waiting = Counter(record.state for record in folded.ledger_state.records.values())
        numbers = sum(len(unknown_numbers(record)) for record in folded.ledger_state.records.values())
        unfinished = ", ".join(
            [
                *(f"{waiting[state]} {state}" for state in WAITING if waiting[state]),
                *([f"{format_count(numbers, 'number')} of unknown outcome"] if numbers else []),
            ]
        )
        if unfinished or folded.tail:
            commands = commands_of(job, folded.ledger_state)
            needs_an_answer = waiting[State.HELD] or waiting[State.GONE]
            first = next_command(join(None, folded.ledger_state), commands) if needs_an_answer else commands.run()
            raise UsageError(
                f"The job is not finished: {unfinished or 'the last line of its ledger is incomplete'}. "
                f"Nothing was changed. Finish it first: {first}"
            )
        yield folded.ledger_state


def open_reviews(ledger_state: LedgerState) -> int:
    """Return how many submitted records have no decision of the review, as far as the ledger knows."""
    submitted = (record for record in ledger_state.records.values() if record.state is State.SUBMITTED)
    return sum(record.review in _OPEN_REVIEWS for record in submitted)


def _is_shared(job: Job) -> bool:
    """Return whether other accounts have rows in the job's workbook."""
    return job.shares_sheet and bool(job.other_accounts)


def _made_of_workbook(job: Job) -> Iterator[Piece]:
    """Yield the annotated copies that nobody has saved, and the old workbooks that merges kept."""
    yield from (piece for piece in _annotated(job) if is_untouched(piece.path))
    yield from _before_merges(job)


def _reports(report: Path, formats: Sequence[str]) -> Iterator[Piece]:
    """Yield the report in every format, redacted ones, those of some rows, and those that could not replace the last.

    A file under another name than the job's own must be recognised, since it may be somebody else's.
    """
    for form, path in report_files(report).items():
        kind = SUMMARY if form == "json" else REPORT
        stem, ending = re.escape(path.stem), re.escape(path.suffix)
        own = rf"{stem}(?:-{_RUN})?{ending}" if form in formats else ""
        for piece in _beside(path, rf"{stem}(?:\.[a-z-]+)?(?:-{_RUN})?{ending}", kind):
            if (own and re.fullmatch(own, piece.path.name)) or is_ours(piece.path, form):
                yield piece


def _annotated(job: Job) -> Iterator[Piece]:
    """Yield the annotated copies, saved or not; where the job names a pattern, those of every workbook that fits it."""
    for piece in _beside(job.workbook, r".+\.annotated(?:-[0-9]+)?\.xlsx", ANNOTATED):
        if re.fullmatch(_names(job, of=job.copies_of), name_of(piece.path)):
            yield piece


def _before_merges(job: Job) -> Iterator[Piece]:
    """Yield the old workbooks that `merge` kept, of the same workbooks."""
    for piece in _beside(job.workbook, r".+\.before-merge-[0-9]{4}-[0-9]{2}-[0-9]{2}(?:-[0-9]+)?\.\w+", BEFORE_MERGE):
        if re.fullmatch(_names(job), piece.path.name.partition(".before-merge-")[0]):
            yield piece


def _names(job: Job, *, of: str = "") -> str:
    """Return a pattern for the names of the job's workbooks, without their endings.

    Args:
        of: what is behind the name, as in those of copies that bear an account's name.
    """
    behind = f".{of}" if of else ""
    pattern = job.workbook_pattern
    return fnmatch.translate(f"{name_of(pattern)}{behind}") if pattern else re.escape(name_of(job.workbook) + behind)


def _beside(path: Path, pattern: str, kind: Kind) -> list[Piece]:
    folder = path.parent
    found = folder.iterdir() if folder.is_dir() else ()
    return [Piece(each, kind) for each in sorted(found) if re.fullmatch(pattern, each.name)]


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _is_workbook(path: Path, workbook: Path) -> bool:
    return workbook.exists() and path.samefile(workbook)
