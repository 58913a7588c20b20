"""Follow a ledger that somebody else writes: without its lock, and folding only what is new.

A run appends whole lines, so a look reads from the end of the last line on. Before that it checks that the bytes there
are still those that were read: a ledger that was cut, put back from a backup, or repaired is read again from its
beginning. Nothing that may be wrong with the file ends the following; it is told, and looked at again.
"""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from bulk_onboard.errors import LedgerError
from bulk_onboard.ledger.codec import decode
from bulk_onboard.ledger.disk import read_blocks
from bulk_onboard.ledger.fold import fold_blocks
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


@dataclass(slots=True)
class Follower:
    """A ledger's state as the ledger grows; to be used by one thread at a time.

    Attributes:
        path: of the ledger, which need not be there yet.
        ledger_state: after all lines that could be read; of a ledger that is damaged or gone, as it was before.
        newest_at: instant of the newest line, as in the ledger; empty before there is one.
        trouble: what keeps the ledger from being read to its end now, for people; empty where nothing does.
        restarted: why it was read again from its beginning the last time; empty where it never was.
        is_there: whether there is such a file now.
        looks: how often a look has found something new.
    """

    path: Path
    ledger_state: LedgerState = field(default_factory=LedgerState)
    newest_at: str = ""
    trouble: str = ""
    restarted: str = ""
    is_there: bool = False
    looks: int = 0
    _place: _Place | None = None
    _read: int = 0
    _anchor: bytes = b""

    def look(self) -> bool:
        """Take in what is new; return whether anything is, a trouble or its end included."""
        before = (self.is_there, self.trouble, self.restarted, self.ledger_state.seq, self._place)
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            self._miss(_GONE if self._read else "")
        except OSError as error:
            self._miss(f"The ledger cannot be opened: {error.strerror}.")
        else:
            try:
                self._look_into(fd)
            except OSError as error:
                self._miss(f"The ledger cannot be read: {error.strerror}.")
            finally:
                os.close(fd)
        is_new = before != (self.is_there, self.trouble, self.restarted, self.ledger_state.seq, self._place)
        self.looks += is_new
        return is_new

    def snapshot(self) -> LedgerState:
        """Return the state as it is now, for another thread; it must not take further entries."""
        state = self.ledger_state
        return replace(state, records=dict(state.records), runs=list(state.runs), usage=list(state.usage), _owners=None)

    def _miss(self, trouble: str) -> None:
        self.is_there, self.trouble, self._place = False, trouble, None

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
        self.ledger_state, self.restarted = folded.ledger_state, why
        self.trouble = _DAMAGED_END if folded.rotten else ""
        self._stand_at(fd, folded.good_bytes)
        start = max(0, folded.good_bytes - _LAST_LINE)
        lines = os.pread(fd, folded.good_bytes - start, start).splitlines()
        self.newest_at = decode(lines[-1]).at if lines else ""

    def _read_on(self, fd: int) -> None:
        *lines, _ = b"".join(_blocks_from(fd, self._read)).split(b"\n")  # the last is still being written
        self.trouble = ""
        end = self._read + self._take(lines)
        if end != self._read:
            self._stand_at(fd, end)

    def _take(self, lines: Sequence[bytes]) -> int:
        """Take lines in order as far as they are sound; return how many bytes these have."""
        size = 0
        for line in lines:
            try:
                entry = decode(line)
                if entry.seq != self.ledger_state.seq + 1 or isinstance(entry, LedgerOpened):
                    raise ValueError(f"it says that it is line {entry.seq}")
                self.ledger_state.take(entry)
            except (ValueError, IllegalStepError) as error:
                self.trouble = _UNREADABLE.format(number=self.ledger_state.seq + 1, why=error)
                break
            self.newest_at = entry.at or self.newest_at
            size += len(line) + 1
        return size

    def _stand_at(self, fd: int, end: int) -> None:
        start = max(0, end - _ANCHOR)
        self._read, self._anchor = end, os.pread(fd, end - start, start)


_GONE = "The ledger is gone: it was moved, renamed or purged. What is shown is how it was."
_DAMAGED_END = "The ledger's last line is damaged. The next run puts it aside, and holds the row it was about."
_UNREADABLE = (
    "Line {number} of the ledger cannot be used: {why}. What is shown is the state before it. "
    "The command `ledger verify` says more."
)


def _blocks_from(fd: int, offset: int) -> list[bytes]:
    blocks: list[bytes] = []
    while block := os.pread(fd, 1 << 20, offset):
        blocks.append(block)
        offset += len(block)
    return blocks
