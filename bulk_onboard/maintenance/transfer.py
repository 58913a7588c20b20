"""Bring a ledger from a file into the database that is to have it, and write one into a file.

The lines stay what they are, byte for byte, so what was sound is sound there, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from bulk_onboard.clock import Clock
from bulk_onboard.errors import ExitStatus, LedgerError, StoppedError, UsageError
from bulk_onboard.job import Job
from bulk_onboard.ledger.disk import Disk, make_file, no_ledger, read_ledger
from bulk_onboard.ledger.fold import fold
from bulk_onboard.ledger.lock import MODES, LedgerLock
from bulk_onboard.ledger.opening import first_free
from bulk_onboard.ledger.verify import verify
from bulk_onboard.model.account import name_of_ledger
from bulk_onboard.model.command import Commands
from bulk_onboard.model.store import Store
from bulk_onboard.pipeline.places import Written, check_places

if TYPE_CHECKING:
    from bulk_onboard.ledger.database.store import PostgresStore


@dataclass(frozen=True, slots=True)
class Transferred:
    """A ledger that was written elsewhere.

    Attributes:
        file: the file that it is in now, or was in; where that was put aside, its new name.
        lines: how many there are.
        kept_as: what the damaged ledger is called now which gave way to it; empty for none.
    """

    file: Path
    lines: int
    kept_as: str = ""


def copy_of(job: Job) -> Path:
    """Return the file that a copy of the job's ledger is written into where nobody names another one."""
    return job.ledger.with_name(f"{name_of_ledger(job.ledger).removesuffix('.jsonl')}.exported.jsonl")


def export_ledger(job: Job, file: Path | None) -> Transferred:
    """Write the job's ledger into a new file, which is readable by its owner alone.

    Args:
        file: None for `copy_of`.

    Raises:
        UsageError: there is no ledger, or such a file is there already.
        StoppedError: the file cannot be written, or the database not be read.
    """
    file = file or copy_of(job)
    check_places(job, Written("the copy of the ledger", file, "FILE behind JOB"))
    content = b"".join(job.ledger_blocks())
    try:
        make_file(Disk(), file, content)
    except FileExistsError:
        raise UsageError(f"There is {file} already, and nothing is written over it. Name another file.") from None
    except OSError as error:
        raise StoppedError(f"{file} cannot be written: {error.strerror}. Fix that, or name another file.") from None
    return Transferred(file, content.count(b"\n"))


def import_ledger(job: Job, file: Path | None, clock: Clock) -> Transferred:
    """Write the lines of a sound ledger file into the database, where the job has no ledger yet, or a damaged one.

    The job's own file is put aside under another name then, so that no run can go on with it.

    Args:
        file: None for the job's own, as it had it while its ledgers were files. A damaged ledger is replaced only by
            a file that was named, such as the repaired copy of it.

    Raises:
        UsageError: ledgers are files, or there is a sound ledger in the database; no such file, or it is unfinished.
        LockedError: a run uses the file, or the ledger in the database.
        LedgerError: the file is damaged, or the ledger in the database is and no file was named.
        StoppedError: the database cannot be reached.
    """
    if job.database is None:
        raise UsageError(
            f"The ledger {job.store.name} is a file and stays one. Name a database with --store, or in the job file."
        )
    store = cast("PostgresStore", job.store)
    source = file or job.ledger
    if not source.exists():  # else a lock would be made beside it
        raise no_ledger(source)
    with LedgerLock(source.absolute(), clock, mode=MODES[job.share]):
        lines = _sound_lines(source)
        kept_as = store.import_lines(lines, replaces_damaged=_is_damaged(store, raises=file is None))
        if file is None:
            source = source.rename(first_free(source, "imported"))
    return Transferred(source, len(lines), kept_as)


def _sound_lines(file: Path) -> Sequence[bytes]:
    """Return the lines of a ledger file, each with its newline.

    Raises:
        UsageError: its last line is unfinished or damaged.
        LedgerError: it is damaged elsewhere.
    """
    content = read_ledger(file)
    folded, verified = fold(content, str(file)), verify([content], str(file))
    if folded.tail:
        raise UsageError(
            f"The last line of {file} is unfinished or damaged. To repair it, type: {Commands(job=str(file)).repair()}"
        )
    if verified.exit_status is ExitStatus.LEDGER:
        raise LedgerError(" ".join(verified.sentences))
    return content.splitlines(keepends=True)


def _is_damaged(store: Store, *, raises: bool) -> bool:
    """Return whether there is a ledger that is damaged; raise LedgerError instead, if it is not to give way."""
    try:
        store.read()
    except LedgerError:
        if raises:
            raise
        return True
    return False
