"""Follow a ledger that somebody else writes: without owning it, and folding only what is new.

`Following` is what followers of both stores do; that of files is here, that of the database in `database/follow.py`. A
run appends whole lines, so a look reads from the end of the last line on. Before that it checks that what stands there
is still what was read: a ledger that was cut, put back from a backup, or repaired is read again from its beginning.
Nothing that may be wrong with the ledger ends the following; it is told, and looked at again.
"""

import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from bulk_onboard.errors import LedgerError
from bulk_onboard.ledger.codec import decode
from bulk_onboard.ledger.disk import read_blocks
from bulk_onboard.ledger.fold import Folded, fold_blocks
from bulk_onboard.model.entry import LedgerOpened
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.life import IllegalStepError

_LAST_LINE = 1 << 17  # bytes that hold at least the last line
_ANCHOR = 128  # bytes before the place where the next look begins; they hold a checksum


class _Place(NamedTuple):
    """A file at one instant; a change of any of these is looked into."""

    device: int
    inode: int
    size: int
    changed_at: int


class Following(ABC):
    """What followers of all stores have in common: the state as the ledger grows; see `model.store.Follower`."""

    def __init__(self) -> None:
        self.ledger_state = LedgerState()
        self.newest_at = ""
        self.trouble = ""
        self.restarted = ""
        self.is_there = False
        self.looks = 0

    def look(self) -> bool:
        """Take in what is new; return whether anything is, a trouble or its end included."""
        before = self._what_shows()
        self._look()
        is_new = before != self._what_shows()
        self.looks += is_new
        return is_new

    def snapshot(self) -> LedgerState:
        """Return the state as it is now, for another thread; it must not take further entries."""
        state = self.ledger_state
        return replace(state, records=dict(state.records), runs=list(state.runs), usage=list(state.usage), _owners=None)

    @abstractmethod
    def _look(self) -> None:
        """Look once, and keep what is new."""

    def _what_shows(self) -> tuple[object, ...]:
        return self.is_there, self.trouble, self.restarted, self.ledger_state.seq

    def _miss(self, trouble: str) -> None:
        self.is_there, self.trouble = False, trouble

    def _begin(self, folded: Folded, newest: bytes, why: str) -> None:
        """Take what was read anew from the ledger's beginning, and its newest line; `why` that was done."""
        self.ledger_state, self.restarted = folded.ledger_state, why
        self.trouble = DAMAGED_END if folded.rotten else ""
        self.newest_at = decode(newest).at if newest else ""

    def _take(self, lines: Iterable[bytes]) -> int:
        """Take further lines in order as far as they are sound; return how many."""
        taken, self.trouble = 0, ""
        for line in lines:
            try:
                entry = decode(line)
                if entry.seq != self.ledger_state.seq + 1 or isinstance(entry, LedgerOpened):
                    raise ValueError(f"it says that it is line {entry.seq}")
                self.ledger_state.take(entry)
            except (ValueError, IllegalStepError) as error:
                self.trouble = UNREADABLE.format(number=self.ledger_state.seq + 1, why=error)
                break
            self.newest_at = entry.at or self.newest_at
            taken += 1
        return taken


class FileFollower(Following):
    """Follows a ledger in a file.

    Args:
        path: of the ledger, which need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._place: _Place | None = None
        self._read = 0
        self._anchor = b""

    def _look(self) -> None:
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            self._miss(GONE if self._read else "")
        except OSError as error:
            self._miss(f"The ledger cannot be opened: {error.strerror}.")
        else:
            try:
                self._look_into(fd)
            except OSError as error:
                self._miss(f"The ledger cannot be read: {error.strerror}.")
            finally:
                os.close(fd)

    def _what_shows(self) -> tuple[object, ...]:
        return *super()._what_shows(), self._place

    def _miss(self, trouble: str) -> None:
        super()._miss(trouble)
        self._place = None

    def _look_into(self, fd: int) -> None:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            self._miss("The ledger is not a plain file.")
            return
        place = _Place(facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)
        if place == self._place:
            return
        self.is_there, self._place = True, place
        if self._read and facts.st_size < self._read:
            self._read_anew(fd, "The ledger became shorter, so it was read again from its beginning.")
        elif self._read and os.pread(fd, _ANCHOR, max(0, self._read - _ANCHOR))[: len(self._anchor)] != self._anchor:
            self._read_anew(fd, "The ledger was replaced, so it was read again from its beginning.")
        elif self._read:
            self._read_on(fd)
        else:
            self._read_anew(fd, self.restarted)

    def _read_anew(self, fd: int, why: str) -> None:
        self._read, self._anchor = 0, b""
        try:
            folded = fold_blocks(read_blocks(fd), str(self.path))
        except LedgerError as error:
            self.trouble = str(error)
            return
        self._stand_at(fd, folded.good_bytes)
        start = max(0, folded.good_bytes - _LAST_LINE)
        lines = os.pread(fd, folded.good_bytes - start, start).splitlines()
        self._begin(folded, lines[-1] if lines else b"", why)

    def _read_on(self, fd: int) -> None:
        *lines, _ = b"".join(_blocks_from(fd, self._read)).split(b"\n")  # the last is still being written
        sound = lines[: self._take(lines)]
        if sound:
            self._stand_at(fd, self._read + sum(len(line) + 1 for line in sound))

    def _stand_at(self, fd: int, end: int) -> None:
        start = max(0, end - _ANCHOR)
        self._read, self._anchor = end, os.pread(fd, end - start, start)


GONE = "The ledger is gone: it was moved, renamed or purged. What is shown is how it was."
DAMAGED_END = "The ledger's last line is damaged. The next run puts it aside, and holds the row it was about."
UNREADABLE = (
    "Line {number} of the ledger cannot be used: {why}. What is shown is the state before it. "
    "The command `ledger verify` says more."
)


def _blocks_from(fd: int, offset: int) -> list[bytes]:
    blocks: list[bytes] = []
    while block := os.pread(fd, 1 << 20, offset):
        blocks.append(block)
        offset += len(block)
    return blocks
