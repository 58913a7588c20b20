"""The ledger as the stages see it: books that are up to date, and `append`, which returns when the disk has it."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

from bulk_onboard import __version__
from bulk_onboard.clock import Clock
from bulk_onboard.errors import StoppedError
from bulk_onboard.ledger import codec
from bulk_onboard.ledger.disk import Disk
from bulk_onboard.ledger.fold import Folded, fold_blocks
from bulk_onboard.ledger.lock import PATIENCE_S, LedgerLock
from bulk_onboard.ledger.opening import Opening, OpenLedger
from bulk_onboard.ledger.place import MODES, check_place
from bulk_onboard.ledger.reading import ledger_blocks
from bulk_onboard.ledger.writer import Pending, Writer
from bulk_onboard.model.books import Books
from bulk_onboard.model.entry import Adopted, Done, Entry, LedgerOpened


class LedgerJournal:
    """An open ledger, locked: `model.journal.Journal` on disk.

    Attributes:
        warnings: sentences for people about how the ledger was found.
        locked_at: monotonic instant at which the lock was taken: every send of an earlier run ended before it.
        is_new: there was no ledger yet.
        is_older: the ledger was written further than it is now, so a backup of it was put back, and what was sent since
            is not in it.
    """

    def __init__(
        self, ledger: OpenLedger, lock: LedgerLock, clock: Clock, *, path: Path, disk: Disk, is_new: bool
    ) -> None:
        self.warnings = ledger.warnings
        self.locked_at = lock.locked_at
        self.is_new = is_new
        self.is_older = not is_new and ledger.folded.books.seq < lock.highest_seq
        self._lock = lock
        self._books = ledger.folded.books
        self._clock = clock
        files = ((ledger.fd, path), (lock.fd, lock.path))
        self._writer = Writer(disk, files, ledger.folded.good_bytes, self._remember)

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
        """The ledger at `path`, made new where there is none; leaving the context flushes, closes and unlocks it.

        `share` is `private` or `group`: then colleagues of the file's group may go on with the job. `patience_s` is as
        for `LedgerLock`.

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

    @property
    def books(self) -> Books:
        """What all entries so far amount to."""
        return self._books

    @property
    def unsaved(self) -> list[tuple[str, str]]:
        """Token and compliance id of what the API did and the disk did not take; a later run will find it there."""
        return [(entry.token, entry.compliance_id) for entry in self._writer.lost if isinstance(entry, Done | Adopted)]

    def is_up_to_date(self) -> None:
        """Take it that the ledger lacks nothing any more: what it did not know was looked for at the API."""
        self.is_older = False
        self._remember(self._books.seq)

    def _remember(self, seq: int) -> None:
        """Of a ledger that is older the lock keeps saying that it was longer, however far it is written on."""
        if not self.is_older:
            self._lock.remember(seq)
        elif seq >= self._lock.highest_seq:
            self._lock.remember(seq + 1)

    async def append(self, entry: Entry) -> None:
        """Write the entry; it is on disk when this returns, and will be even if the caller is cancelled meanwhile.

        Raises:
            IllegalStepError: the table knows no such step; nothing is written.
            StoppedError: the disk failed, now or before; nothing more can be written, so nothing more may be sent.
        """
        if self._writer.trouble is not None:
            self._writer.lost.append(entry)
            raise self._writer.trouble.with_traceback(None)
        stamped = codec.stamp(entry, seq=self._books.seq + 1, now=self._clock.now())
        line = codec.encode(stamped)
        self._books.take(stamped)
        durable = asyncio.get_running_loop().create_future()
        self._writer.put(Pending(stamped, line, durable))
        await durable


def _open(opening: Opening) -> OpenLedger:
    try:
        return opening.open()
    except OSError as error:
        raise StoppedError(
            f"{opening.path} cannot be opened for writing ({error.strerror}). Nothing was sent; "
            "mend that, then run again."
        ) from error


def read_books(path: Path) -> Folded:
    """What the ledger says, read without its lock; its tail is left out, for a run may be writing it.

    Raises:
        UsageError: there is none, or it cannot be read.
        LedgerError: as for `fold`.
    """
    return fold_blocks(ledger_blocks(path), str(path))
