"""`ledger repair`: put a salvaged ledger in the place of a damaged one. Only under the lock.

The damaged one is kept whole beside it, and the new one takes its name in one step, so that a crash leaves the old or
the new one. Where the lost lines may have been about any row, that step waits until the settle window has passed since
the lock was taken: nobody sent anything since, so what was sent has arrived by then, or never will, and the walk with
which the next run begins finds it (docs/design/promise.md, Assumptions).
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from bulk_onboard.clock import Clock
from bulk_onboard.errors import ExitStatus, StoppedError, UsageError
from bulk_onboard.ledger.disk import Disk, make_file, read_whole, replace_file
from bulk_onboard.ledger.fold import fold
from bulk_onboard.ledger.lock import LedgerLock
from bulk_onboard.ledger.opening import aside, first_free, open_file
from bulk_onboard.ledger.place import MODES, check_place
from bulk_onboard.ledger.salvage import Salvage, salvage
from bulk_onboard.model.record import State


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done; `kept_as` is where the damaged ledger is, None where nothing was wrong."""

    salvage: Salvage
    kept_as: Path | None

    @property
    def exit_status(self) -> ExitStatus:
        """`ROWS_NEED_A_PERSON` where records are held."""
        held = any(record.state is State.HELD for record in self.salvage.doubted)
        return ExitStatus.ROWS_NEED_A_PERSON if held else ExitStatus.DONE


async def repair(
    path: Path, *, settle_s: float, clock: Clock, share: str = "private", disk: Disk | None = None
) -> Repair:
    """Salvage the ledger at `path`; a sound one is left as it is.

    Raises:
        UsageError: there is none, or it is where no ledger may lie.
        LockedError: a run uses it.
        LedgerError: it cannot be salvaged; nothing is changed.
        StoppedError: the disk refused; the ledger is as it was, or repaired.
    """
    disk = disk or Disk()
    path = _checked(path, disk)
    with LedgerLock(path, clock, mode=MODES[share]) as lock:
        try:
            saved, content = _salvaged(path, disk, clock)
            while saved.all_in_doubt and (left_s := lock.locked_at + settle_s - clock.monotonic()) > 0:
                await clock.sleep(left_s)
            return Repair(saved, None if saved.content == content else _put_in_place(path, disk, content, saved))
        except OSError as error:
            raise StoppedError(
                f"The disk failed while {path} was repaired ({error.strerror}). Mend that, then repair it again."
            ) from error


def _checked(path: Path, disk: Disk) -> Path:
    if not os.path.lexists(path):
        raise UsageError(f"There is no ledger {path}. Check the path; the next run makes a lost one anew.")
    path = path.absolute()
    check_place(disk, path)
    return path


def _salvaged(path: Path, disk: Disk, clock: Clock) -> tuple[Salvage, bytes]:
    """What can be saved, and what stands there now."""
    fd = open_file(disk, path)
    try:
        content = read_whole(fd)
    finally:
        os.close(fd)
    saved = salvage(content, kept_as=first_free(path).name, now=clock.now(), name=str(path))
    fold(saved.content, str(path))  # nothing takes its place that the next run would refuse
    return saved, content


def _put_in_place(path: Path, disk: Disk, content: bytes, saved: Salvage) -> Path:
    """Keep the damaged ledger, and give its name to the salvaged one; where it is kept."""
    kept_as = first_free(path)
    aside(path).unlink(missing_ok=True)
    make_file(disk, kept_as, content, mode=stat.S_IMODE(path.stat().st_mode))
    replace_file(disk, path, aside(path), saved.content)
    return kept_as
