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

A ledger in a database goes with all that is kept of it there, while nobody else can own it.
"""

import fnmatch
import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
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
from bulk_onboard.maintenance.transfer import copy_of
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import UNDER_REVIEW, Review, State, unknown_numbers
from bulk_onboard.model.store import Store
from bulk_onboard.pipeline.kept_flags import commands_of
from bulk_onboard.reporting.annotated.base import is_untouched
from bulk_onboard.reporting.row_status import join
from bulk_onboard.reporting.summary import next_command
from bulk_onboard.reporting.target import is_ours, report_files
from bulk_onboard.threads import in_thread
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
STORED = Kind("ledger in a database", LEDGER.holds, False, True)
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
    """A file of a job, or what a database has of it.

    Attributes:
        stored: what it is called in the database; empty for a file.
    """

    path: Path
    kind: Kind
    stored: str = ""

    def __str__(self) -> str:
        """Return what people call it."""
        return self.stored or str(self.path)


@dataclass(frozen=True, slots=True)
class Purge:
    """Which files go, which stay, and how many records have no decision yet, as far as the ledger knows."""

    going: tuple[Piece, ...]
    staying: tuple[Piece, ...]
    open_reviews: int


async def plan_purge(job: Job, clock: Clock, *, with_ledger: bool) -> Purge:
    """List what would be removed; change nothing.

    Raises:
        UsageError: records are waiting for something.
        LockedError: another process uses the ledger.
        LedgerError: it is damaged.
    """
    async with _finished(job, clock) as (ledger_state, _):
        found = pieces(job)
        going = tuple(piece for piece in found if with_ledger or not piece.kind.is_history)
        staying = tuple(piece for piece in found if piece not in going)
        staying = (*staying, *left_behind(job))
        return Purge(going, staying, open_reviews(ledger_state) if ledger_state else 0)


async def purge_job(job: Job, planned: Purge, clock: Clock) -> None:
    """Remove what was planned, the ledger last.

    Raises:
        UsageError, LockedError, LedgerError: as for `plan_purge`.
        StoppedError: a file could not be removed.
    """
    async with _finished(job, clock) as (_, store):
        for piece in reversed(planned.going):
            try:
                await in_thread(_remove, piece, store if piece.path == job.ledger else None)
            except OSError as error:
                why = f"{piece} could not be removed: {error.strerror}. Fix that, then purge again."
                raise StoppedError(why) from error


def _remove(piece: Piece, store: Store | None) -> None:
    if store is not None:
        store.purge()
    elif piece.kind is CONVERTED:
        remove_copies(piece.path)
    elif piece.path.is_dir():
        shutil.rmtree(piece.path)
    else:
        piece.path.unlink(missing_ok=True)


@asynccontextmanager
async def _finished(job: Job, clock: Clock) -> AsyncIterator[tuple[LedgerState | None, Store]]:
    """Own a finished job's ledger, and yield what it says, and its store.

    None where there is no ledger, since then nothing was sent.
    """
    if not job.store.exists():
        yield None, job.store
        return
    opened = job.ledger_state().opened  # raises here, or a lock would be made where there is no ledger
    if job.database is not None and opened is not None:
        store = replace(job, base_url=opened.base_url).store  # whoever purges need not name the address
        async with store.opened(auth_id=opened.auth_id, clock=clock, patience_s=0.0) as journal:
            _refuse_unfinished(job, journal.ledger_state)
            yield journal.ledger_state, store
        return
    with LedgerLock(job.ledger.absolute(), clock, mode=MODES[job.share]):
        folded = read_ledger_state(job.ledger)
        _refuse_unfinished(job, folded.ledger_state, is_torn=bool(folded.tail))
        yield folded.ledger_state, job.store


def _refuse_unfinished(job: Job, ledger_state: LedgerState, *, is_torn: bool = False) -> None:
    """Raise UsageError where records are waiting for something, or the ledger's last line is incomplete."""
    waiting = Counter(record.state for record in ledger_state.records.values())
    numbers = sum(len(unknown_numbers(record)) for record in ledger_state.records.values())
    unfinished = ", ".join(
        [
            *(f"{waiting[state]} {state}" for state in WAITING if waiting[state]),
            *([f"{format_count(numbers, 'number')} of unknown outcome"] if numbers else []),
        ]
    )
    if unfinished or is_torn:
        commands = commands_of(job, ledger_state)
        needs_an_answer = waiting[State.HELD] or waiting[State.GONE]
        first = next_command(join(None, ledger_state), commands) if needs_an_answer else commands.run()
        raise UsageError(
            f"The job is not finished: {unfinished or 'the last line of its ledger is incomplete'}. "
            f"Nothing was changed. Finish it first: {first}"
        )


def pieces(job: Job) -> tuple[Piece, ...]:
    """Return what there is of the job now, the ledger first; no links."""
    ledger, workbook = job.ledger, job.workbook
    of_file = job.database is None
    found = [
        *([Piece(ledger, LEDGER)] if of_file else ()),
        *_beside(ledger, rf"{re.escape(ledger.name)}\.imported-[0-9]+", LEDGER),
        Piece(copy_of(job), LEDGER),
        *_beside(ledger, rf"{re.escape(ledger.name)}\.broken-[0-9]+", BROKEN),
        *_reports(job.report, job.formats),
        *(() if _is_shared(job) else _made_of_workbook(job)),
        Piece(job.facts, FACTS),
    ]
    plain = [piece for piece in found if _is_plain(piece.path) and not _is_workbook(piece.path, workbook)]
    hints = hints_folder(ledger)
    folders = [Piece(job.converted, CONVERTED)] if is_copies_folder(job.converted) else []
    if of_file and is_hints_folder(hints):
        folders.append(Piece(hints, HINTS))
    stored = [] if of_file or not job.store.exists() else [Piece(ledger, STORED, job.store.name)]
    return (*stored, *plain, *folders)


def left_behind(job: Job) -> Iterator[Piece]:
    """Yield what is never removed besides workbook and documents: what others need or have saved, and the lock."""
    if job.other_accounts:
        shared = (*_reports(job.report_over_all, job.formats), *(_made_of_workbook(job) if _is_shared(job) else ()))
        yield from (Piece(piece.path, OF_ALL) for piece in shared if _is_plain(piece.path))
    for piece in _annotated(job):
        if not is_untouched(piece.path) and not _is_workbook(piece.path, job.workbook):
            yield Piece(piece.path, SAVED)
    if job.database is None and (lock := lock_path(job.ledger)).exists():
        yield Piece(lock, LOCK)


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
