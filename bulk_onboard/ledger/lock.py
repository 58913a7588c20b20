"""One run at a time: an exclusive `flock` on `<ledger>.lock` (reliability.md 1.7).

The kernel's lock is all that counts; it goes with its process, so it is never stale. What stands in the file is for
messages only. The file is never removed: whoever removed and made it anew would let a second holder in.

A listener to callbacks holds the lock for moments only, and whoever begins in one of them is not to be turned away: it
is tried again for half a second. With the name of the holder to be read, a refusal still takes less than a second (F9).
"""

import fcntl
import getpass
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from bulk_onboard import __version__
from bulk_onboard.clock import Clock
from bulk_onboard.errors import LockedError, StoppedError
from bulk_onboard.ledger.place import share_file

_LONGEST_HOLDER = 4096
PATIENCE_S = 0.5
_LOOKS, _BETWEEN_LOOKS_S = 10, 0.03


class LedgerLock:
    """Holds the lock of a ledger while the context lasts.

    Attributes:
        path: of the lock file.
        fd: its descriptor, while held.
        locked_at: monotonic instant since when it is held.

    `patience_s` is how long it is tried again, 0 for once only; nothing else of the process goes on meanwhile.

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
                f"{self.path} cannot be locked: {error.strerror}. Nothing was sent; mend that and run again."
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            os.ftruncate(self.fd, 0)  # or who is refused next might be told of us
        os.close(self.fd)

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
        who = json.dumps(self._who()).encode("ascii")
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, who, 0)

    def _is_taken(self) -> bool:
        """Whether the kernel gave us the lock now."""
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _holder(self) -> str:
        """Who holds the lock; it writes down its name just after it took it, so a moment's patience may be needed."""
        for _ in range(_LOOKS):
            if words := _words(os.pread(self.fd, _LONGEST_HOLDER, 0)):
                return words
            time.sleep(_BETWEEN_LOOKS_S)
        return "Another run"

    def _who(self) -> dict[str, object]:
        return {
            "host": os.uname().nodename,
            "pid": os.getpid(),
            "start": self._clock.now().isoformat(timespec="seconds"),
            "user": user_name(),
            "version": __version__,
        }


def lock_path(ledger: Path) -> Path:
    """Where the lock of a ledger is."""
    return ledger.with_name(f"{ledger.name}.lock")


def user_name() -> str:
    """Who runs this, by name where the machine knows one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the machine knows no name for this user
        return str(os.geteuid())


def _words(content: bytes) -> str:
    """Who holds the lock, as the file tells it; empty where it tells nothing that can be believed or printed."""
    try:
        who = json.loads(content)
        words = f"Another run (process {who['pid']} of {who['user']} on {who['host']}, since {who['start']})"
    except (ValueError, TypeError, KeyError):
        return ""
    return words if words.isprintable() else ""
