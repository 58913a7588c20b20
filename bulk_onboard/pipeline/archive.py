"""Put a finished job's files away: into one dated folder, copies verified before originals go.

Rule: nothing is removed before its copy is on disk and has been read back. The folder gets its name once it is whole,
and the ledger goes last. So after a crash there is the job as it was, or a whole archive beside what is left of it, and
`archive` may be typed again.

A job without its ledger would begin anew: what was abandoned, deleted or refused would be sent. So where the ledger was
stays a symbolic link to the archived one. Verbs that only read follow it; whatever would write refuses a link, as it
always does, and ends with 6. To go on with the job the ledger is moved back over the link.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bulk_onboard.clock import Clock
from bulk_onboard.errors import StoppedError, UsageError
from bulk_onboard.job import Job
from bulk_onboard.ledger.disk import Disk, sync_folder
from bulk_onboard.pipeline.retention import Piece, finished, open_reviews, pieces

SUMS = "SHA256SUMS"

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Archive:
    """What is, or was, put away.

    Attributes:
        folder: where to.
        open_reviews: records on which the API's people had not decided.
    """

    folder: Path
    pieces: tuple[Piece, ...]
    open_reviews: int


def plan_archive(job: Job, clock: Clock, *, to: Path | None = None) -> Archive:
    """What would be put away, and where to, by default beside the ledger; changes nothing.

    Raises:
        UsageError, LockedError, LedgerError: as for `finished`; or `to` is no folder.
    """
    if to is not None and not to.is_dir():
        raise UsageError(f"There is no folder {to}. Make it, or leave out --to.")
    with finished(job, clock) as books:
        name = f"{job.name}.archive-{clock.now():%Y-%m-%d}"
        return Archive(_free(to or job.ledger.parent, name), pieces(job), open_reviews(books))


def archive_job(job: Job, planned: Archive, clock: Clock) -> None:
    """Put away what was planned.

    Raises:
        UsageError, LockedError, LedgerError: as for `finished`.
        StoppedError: the disk failed; the sentence says what is where.
    """
    with finished(job, clock):
        try:
            _make(planned)
        except OSError as error:
            raise StoppedError(
                f"{planned.folder} could not be written: {error.strerror or error}. Nothing was removed; mend that "
                "and type it again."
            ) from error
        try:
            _remove_originals(job.ledger, planned)
        except OSError as error:
            raise StoppedError(
                f"{planned.folder} is whole, but not all originals could be removed: {error.strerror}. The ledger is "
                "still in its place; mend that and type it again."
            ) from error


def _free(parent: Path, name: str) -> Path:
    names = (parent / f"{name}{'' if number == 1 else f'-{number}'}" for number in count(1))
    return next(path for path in names if not os.path.lexists(path))


def _make(planned: Archive) -> None:
    """The whole folder, under its name."""
    unfinished = planned.folder.with_name(f".{planned.folder.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    try:
        sums = [(_copy(piece.path, unfinished / piece.path.name), piece.path.name) for piece in planned.pieces]
        _write(unfinished / SUMS, [os.fsencode(f"{digest}  {name}\n") for digest, name in sums])
        sync_folder(Disk(), unfinished)
        unfinished.rename(planned.folder)
        sync_folder(Disk(), planned.folder.parent)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _copy(source: Path, target: Path) -> str:
    """Copy a file; the digest of what was read there, and again here."""
    digest = hashlib.sha256()

    def read() -> Iterator[bytes]:
        with source.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                yield block

    _write(target, read())
    with target.open("rb") as file:
        if hashlib.file_digest(file, "sha256").digest() != digest.digest():
            raise OSError(f"the copy of {source.name} is not what was written")
    return digest.hexdigest()


def _write(path: Path, blocks: Iterable[bytes]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.writelines(blocks)
        file.flush()
        os.fsync(file.fileno())


def _remove_originals(ledger: Path, planned: Archive) -> None:
    """Remove them, and put the link in the ledger's place, last and in one step."""
    for piece in planned.pieces:
        if piece.path != ledger:
            piece.path.unlink(missing_ok=True)
    is_beside = planned.folder.parent == ledger.parent
    folder = Path(planned.folder.name) if is_beside else planned.folder.resolve()
    link = ledger.with_name(f".{ledger.name}.new")
    link.unlink(missing_ok=True)
    link.symlink_to(folder / ledger.name)
    link.replace(ledger)
    sync_folder(Disk(), ledger.parent)
