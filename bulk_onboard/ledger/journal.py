"""A ledger in a file: each append returns when its lines are on disk.

A failed fsync is never tried again, since the system may have dropped the bytes and would report the second one as a
success.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from types import MappingProxyType
from typing import Self

from bulk_onboard import __version__
from bulk_onboard.clock import Clock
from bulk_onboard.errors import StoppedError
from bulk_onboard.ledger.disk import Disk, is_still_at, ledger_blocks, write_whole
from bulk_onboard.ledger.fold import Folded, fold_blocks
from bulk_onboard.ledger.lock import MODES, PATIENCE_S, LedgerLock, check_place
from bulk_onboard.ledger.opening import Opening, OpenLedger
from bulk_onboard.ledger.queued_journal import Pending, QueuedJournal, settled
from bulk_onboard.model.entry import Entry, LedgerOpened
from bulk_onboard.model.store import Lease

_NO_MORE = "nothing more is sent"


class FileWriter:
    """Append to one open ledger, in a thread of its own.

    Args:
        files: the descriptors that must remain what their paths name, the ledger's first.
        size: of the ledger, all of it sound.
        written: called, in the writer's thread, with the number of the newest line that is on disk.

    Attributes:
        trouble: why nothing can be written any more; None while all is well.
        lost: the entries that were to be written and may not be on disk.
    """

    def __init__(
        self,
        disk: Disk,
        files: tuple[tuple[int, Path], ...],
        size: int,
        written: Callable[[int], None] = lambda seq: None,
    ) -> None:
        self.trouble: Exception | None = None
        self.lost: list[Entry] = []
        self._disk = disk
        self._files = files
        self._fd, self._path = files[0]
        self._size = size
        self._written = written
        self._queue: SimpleQueue[Pending | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="ledger", daemon=True)
        self._thread.start()

    def put(self, pending: Pending) -> None:
        """Queue lines; they are written in this order."""
        self._queue.put(pending)

    def lose(self, entries: Sequence[Entry]) -> None:
        """Note entries that come after the trouble."""
        self.lost += entries

    def close(self) -> None:
        """Return when all that was queued is written, or is lost."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while group := self._next_group():
            if self.trouble is None:
                self.trouble = self._trouble_with(b"".join(line for pending in group for line in pending.lines))
            if self.trouble is not None:
                self.lost += [entry for pending in group for entry in pending.entries]
            else:
                self._written(group[-1].entries[-1].seq)
            settled((pending, self.trouble) for pending in group)

    def _next_group(self) -> list[Pending]:
        """Return all that is in the queue, at least one; none when the writer is to end."""
        group: list[Pending] = []
        with suppress(Empty):
            while pending := self._queue.get(block=not group):
                group.append(pending)
            if group:
                self._queue.put(None)  # it ends with the next group, which is empty
        return group

    def _trouble_with(self, lines: bytes) -> Exception | None:
        try:
            self._commit(lines)
        except OSError as error:
            return StoppedError(
                f"The disk failed while {self._path} was written ({error.strerror}); {_NO_MORE}. "
                "Free space or fix the disk, then run again."
            )
        except Exception as error:  # a bug, raised in all who wait
            return error
        return None

    def _commit(self, lines: bytes) -> None:
        self._check_files()
        try:
            write_whole(self._disk, self._fd, lines)
        except OSError:
            self._cut_back()
            raise
        self._disk.fsync(self._fd)
        self._size += len(lines)

    def _check_files(self) -> None:
        """Raise StoppedError unless the files are as this run left them."""
        for fd, path in self._files:
            if not is_still_at(fd, path):
                raise StoppedError(
                    f"{path} was renamed, replaced or removed during the run; {_NO_MORE}. "
                    "See that no other run is active and that the ledger is in its place, then run again."
                )
        if os.fstat(self._fd).st_size != self._size:
            raise StoppedError(
                f"Something else wrote to {self._path} during the run; {_NO_MORE}. Find out what did, then run again."
            )

    def _cut_back(self) -> None:
        """Remove what a failed write left, so that no line is appended to it."""
        with suppress(OSError):  # the next start repairs what could not be cut here
            self._disk.truncate(self._fd, self._size)
            self._disk.fsync(self._fd)


class Unending:
    """The lease of a file: its lock ends with the process."""

    def holds(self) -> bool:
        """Return that it does."""
        return True

    def call_when_over(self, listener: Callable[[], None]) -> None:
        """Do nothing, since it never is."""


class LedgerJournal(QueuedJournal):
    """An open ledger, locked: `model.store.OpenJournal` on disk.

    Attributes:
        ledger_state: what all entries so far amount to.
        warnings: sentences for people about how the ledger was found.
        locked_at: monotonic instant at which the lock was taken: every send of an earlier run ended before it.
        is_new: there was no ledger yet.
        is_older: the ledger was longer before, so a backup of it was put back, which lacks what was sent since.
        lease: for how long it is owned.
        late: nothing, since nobody else can have written.
    """

    lease: Lease = Unending()
    late: Mapping[str, tuple[str, ...]] = MappingProxyType({})

    def __init__(
        self, ledger: OpenLedger, lock: LedgerLock, clock: Clock, *, path: Path, disk: Disk, is_new: bool
    ) -> None:
        self.warnings = ledger.warnings
        self.locked_at = lock.locked_at
        self.is_new = is_new
        self.is_older = not is_new and ledger.folded.ledger_state.seq < lock.highest_seq
        self._lock = lock
        files = ((ledger.fd, path), (lock.fd, lock.path))
        self._writer = FileWriter(disk, files, ledger.folded.good_bytes, self._remember)
        super().__init__(ledger.folded.ledger_state, self._writer, clock.now)

    @classmethod
    @contextmanager
    def open(
        cls,
        path: Path,
        *,
        job: str,
        auth_id: str,
        base_url: str,
        clock: Clock,
        share: str = "private",
        disk: Disk | None = None,
        patience_s: float = PATIENCE_S,
    ) -> Iterator[Self]:
        """Open the ledger at `path`, made new where there is none.

        Leaving the context flushes, closes and unlocks it.

        Args:
            path: of the ledger.
            job, auth_id, base_url: what a new ledger belongs to; an old one must have the same account and address.
            clock: for stamps.
            share: `private`, or `group` where colleagues of the file's group may continue the job.
            disk: the machine's own by default.
            patience_s: as for `LedgerLock`.

        Raises:
            UsageError: it is where no ledger may lie.
            LockedError: another run holds it.
            LedgerError: damaged, of another account or address, newer than this tool, or not a plain file of its own.
            StoppedError: the disk refused.
        """
        path, disk = path.absolute(), disk or Disk()
        created = clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")
        tool = f"bulk-onboard {__version__}"
        header = LedgerOpened(tool=tool, job=job, auth_id=auth_id, base_url=base_url, created=created)
        mode, warnings = MODES[share], check_place(disk, path)
        with LedgerLock(path, clock, mode=mode, patience_s=patience_s) as lock:
            is_new = not os.path.lexists(path)
            ledger = _open(Opening(path, header, clock, disk, mode))
            ledger = replace(ledger, warnings=warnings + ledger.warnings)
            journal = cls(ledger, lock, clock, path=path, disk=disk, is_new=is_new)
            try:
                yield journal
            finally:
                journal._writer.close()
                os.close(ledger.fd)

    def is_up_to_date(self) -> None:
        """Note that the ledger is complete: what it lacked was looked for at the API."""
        self.is_older = False
        self._remember(self.ledger_state.seq)

    def _remember(self, seq: int) -> None:
        """Tell the lock how far the ledger is written.

        Of an older one the lock keeps saying that it was longer.
        """
        if not self.is_older:
            self._lock.remember(seq)
        elif seq >= self._lock.highest_seq:
            self._lock.remember(seq + 1)


def _open(opening: Opening) -> OpenLedger:
    try:
        return opening.open()
    except OSError as error:
        raise StoppedError(
            f"{opening.path} cannot be opened for writing ({error.strerror}). Nothing was sent; "
            "fix that, then run again."
        ) from error


def read_ledger_state(path: Path) -> Folded:
    """Return the ledger's state, read without its lock.

    Its tail is left out, since a run may be writing it.

    Raises:
        UsageError: there is none, or it cannot be read.
        LedgerError: as for `fold`.
    """
    return fold_blocks(ledger_blocks(path), str(path))
