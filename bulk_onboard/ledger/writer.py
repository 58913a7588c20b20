"""Lines reach the disk in groups: one write and one fsync for all that queued meanwhile, in a thread of its own.

The first trouble is the last: the ledger is then *poisoned*. A failed fsync is never tried again, since the system may
have dropped the bytes and would call the second one a success; nothing is written after it (docs/design/ledger.md,
Order of writes).
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from bulk_onboard.errors import StoppedError
from bulk_onboard.ledger.disk import Disk, is_still_at, write_whole
from bulk_onboard.model.entry import Entry

_NO_MORE = "nothing more is sent"


@dataclass(frozen=True, slots=True)
class Pending:
    """A line on its way to the disk; `durable` is resolved when it is there, or fails."""

    entry: Entry
    line: bytes
    durable: asyncio.Future[None]


class Writer:
    """Appends to one open ledger.

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
        """Queue a line; lines are written in this order."""
        self._queue.put(pending)

    def close(self) -> None:
        """Return when all that was queued is written, or is lost."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while group := self._next_group():
            if self.trouble is None:
                self.trouble = self._trouble_with(b"".join(pending.line for pending in group))
            if self.trouble is not None:
                self.lost += [pending.entry for pending in group]
            else:
                self._written(group[-1].entry.seq)
            with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
                group[0].durable.get_loop().call_soon_threadsafe(_tell, group, self.trouble)

    def _next_group(self) -> list[Pending]:
        """All that has queued, at least one; empty when the writer is to end."""
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
                "Free space or mend the disk, then run again."
            )
        except Exception as error:  # a bug, told to everyone who waits
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
        """StoppedError unless the files are the ones that were opened, and as this run left them."""
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
        """Remove what a failed write left, or the next line would be glued to it."""
        with suppress(OSError):  # the next start mends what could not be cut here
            self._disk.truncate(self._fd, self._size)
            self._disk.fsync(self._fd)


def _tell(group: list[Pending], trouble: Exception | None) -> None:
    for pending in group:
        if pending.durable.done():  # whoever waited was cancelled; the line is written all the same
            continue
        if trouble is None:
            pending.durable.set_result(None)
        else:
            pending.durable.set_exception(trouble)
