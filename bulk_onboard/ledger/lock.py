"""Where a ledger may lie, and the lock that lets one run at a time append to it.

See docs/design/ledger.md, Locks.

Over a network, and in file systems that a program serves (FUSE, 9p), locks may be emulated, local or lost, and fsync
may not do what it says. There two runs could both believe that they are alone, so such a place is refused.

Only the kernel's lock counts; it ends with its process, so it is never stale. The file says who holds it, for messages
only. The file is never removed: a run that made it anew could hold its lock beside the first one.

The file also says how far the ledger was written: a backup of the ledger that was put back knows less than the API, and
looks sound. That number is written after the ledger's lines are on disk, so after a crash it may be too low, never too
high.

A listener to callbacks holds the lock for moments only, so a run that begins in such a moment tries again for half a
second. With the time to read the holder's name, a refusal still takes less than a second.
"""

import fcntl
import getpass
import json
import os
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from bulk_onboard import __version__
from bulk_onboard.clock import Clock
from bulk_onboard.errors import LockedError, StoppedError, UsageError
from bulk_onboard.ledger.disk import Disk
from bulk_onboard.model.command import command_line
from bulk_onboard.units import format_instant

MODES: Mapping[str, int] = {"private": 0o600, "group": 0o660}

_REFUSED = {
    *("nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "ncpfs", "afs", "ceph", "coda", "davfs", "lustre", "beegfs"),
    *("gfs2", "gpfs", "ocfs2", "glusterfs", "pvfs2", "9p", "virtiofs", "drvfs", "vboxsf", "vmhgfs", "prl_fs"),
}


def check_place(disk: Disk, ledger: Path) -> tuple[str, ...]:
    """Return sentences for people about the ledger's folder.

    Raise UsageError where no ledger may lie there.

    A folder that cannot be opened is no error here: opening the ledger in it will fail.
    """
    try:
        kind = disk.file_system(ledger.parent)
    except OSError:
        return ()
    if kind in _REFUSED or kind.startswith("fuse"):
        raise UsageError(
            f"{ledger.parent} is on a {kind} file system, where two runs could both believe that they are alone. "
            "Put the ledger on a disk of this machine (--ledger), and copy it elsewhere afterwards if you like."
        )
    if kind == "overlay":
        return (f"{ledger.parent} belongs to a container: when that goes, the ledger goes. Keep it on a volume.",)
    return ()


def share_file(fd: int, mode: int) -> None:
    """Give an open file this mode, unless a colleague made it."""
    facts = os.fstat(fd)
    if facts.st_uid == os.geteuid() and stat.S_IMODE(facts.st_mode) != mode:
        os.fchmod(fd, mode)


def open_to_others(path: Path, fd: int, mode: int) -> tuple[str, ...]:
    """Return a sentence where more people can read the ledger than its mode allows."""
    if not os.fstat(fd).st_mode & 0o077 & ~mode:
        return ()
    chmod = command_line("chmod", f"{mode:o}", str(path))
    return (f"Others on this machine can read {path}, and with it the keys of your rows; type: {chmod}",)


_LONGEST = 4096
PATIENCE_S = 0.5
_LOOKS, _BETWEEN_LOOKS_S = 10, 0.03


class LedgerLock:
    """Hold the lock of a ledger while the context lasts.

    Args:
        ledger: its path; the lock file is beside it.
        clock: for `locked_at`.
        mode: of the lock file.
        patience_s: how long to try again, 0 for once only; nothing else of the process goes on meanwhile.

    Attributes:
        path: of the lock file.
        fd: its descriptor, while held.
        locked_at: monotonic instant since when it is held.
        highest_seq: number of the newest line that the ledger is known to have had; 0 where none is known.

    Raises:
        LockedError: another run holds it; the message names the holder.
        StoppedError: the lock file cannot be opened or locked.
    """

    def __init__(self, ledger: Path, clock: Clock, *, mode: int = 0o600, patience_s: float = PATIENCE_S) -> None:
        self._ledger = ledger
        self._mode = mode
        self._patience_s = patience_s
        self.path = lock_path(ledger)
        self.fd = -1
        self.locked_at = 0.0
        self.highest_seq = 0
        self._clock = clock

    def __enter__(self) -> Self:
        try:
            self.fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                self._take()
            except BaseException:
                os.close(self.fd)
                raise
        except OSError as error:
            raise StoppedError(
                f"{self.path} cannot be locked: {error.strerror}. Nothing was sent; fix that and run again."
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._write({"seq": self.highest_seq})  # without our name, which the next refusal might give
        os.close(self.fd)

    def remember(self, seq: int) -> None:
        """Note that the ledger was written up to this line.

        A failure to write that down is ignored.
        """
        self.highest_seq = seq
        with suppress(OSError):
            self._write({**self._who, "seq": seq})

    def _take(self) -> None:
        last_try_at = time.monotonic() + self._patience_s
        while not self._is_taken():
            if time.monotonic() >= last_try_at:
                raise LockedError(
                    f"{self._holder()} uses {self._ledger}. "
                    "Wait until it has ended, or stop it with Ctrl-C there, then run again."
                )
            time.sleep(_BETWEEN_LOOKS_S)
        self.locked_at = self._clock.monotonic()
        share_file(self.fd, self._mode)
        self.highest_seq = _seq(os.pread(self.fd, _LONGEST, 0))
        self._write({**self._who, "seq": self.highest_seq})

    def _write(self, content: Mapping[str, object]) -> None:
        """Replace the file's text, padded so that nothing of the old one is left."""
        os.pwrite(self.fd, json.dumps(content).encode("ascii").ljust(_LONGEST), 0)

    def _is_taken(self) -> bool:
        """Try to take the kernel's lock, and return whether we have it."""
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _holder(self) -> str:
        """Return who holds the lock.

        The name is written just after the lock is taken, so this may take a moment.
        """
        for _ in range(_LOOKS):
            if words := _words(os.pread(self.fd, _LONGEST, 0)):
                return words
            time.sleep(_BETWEEN_LOOKS_S)
        return "Another run"

    @cached_property
    def _who(self) -> Mapping[str, object]:
        return {
            "host": os.uname().nodename,
            "pid": os.getpid(),
            "start": self._clock.now().isoformat(timespec="seconds"),
            "user": user_name(),
            "version": __version__,
        }


class LockFacts(NamedTuple):
    """What the lock of a ledger tells.

    Attributes:
        holder: who holds it, as the subject of a sentence; empty where nobody does.
        highest_seq: number of the newest line that the ledger is known to have had; 0 where none is known.
    """

    holder: str
    highest_seq: int


def look_at_lock(ledger: Path) -> LockFacts:
    """Return what the lock of a ledger tells, without holding it or writing into it.

    It is shared for an instant, which is less than a run that begins then waits for it. Raise OSError where the file
    is there and cannot be read.
    """
    try:
        fd = os.open(lock_path(ledger), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return LockFacts("", 0)
    try:
        content, holder = os.pread(fd, _LONGEST, 0), ""
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _words(content) or "Another run"
        return LockFacts(holder, _seq(content))
    finally:
        os.close(fd)


def lock_path(ledger: Path) -> Path:
    """Return where the lock of a ledger is."""
    return ledger.with_name(f"{ledger.name}.lock")


def user_name() -> str:
    """Return the user's name, or number where the machine knows no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the machine knows no name for this user
        return str(os.geteuid())


def _seq(content: bytes) -> int:
    """Return how far the ledger was written, by the file.

    0 where it has no usable number.
    """
    try:
        seq = json.loads(content)["seq"]
    except (ValueError, TypeError, KeyError):
        return 0
    return seq if isinstance(seq, int) and not isinstance(seq, bool) and seq > 0 else 0


def _words(content: bytes) -> str:
    """Return who holds the lock, by the file.

    Empty where it has no usable or printable name.
    """
    try:
        who = json.loads(content)
        since = format_instant(datetime.fromisoformat(who["start"]))
        words = f"Another run (process {who['pid']} of {who['user']} on {who['host']}, since {since})"
    except (ValueError, TypeError, KeyError):
        return ""
    return words if words.isprintable() else ""
