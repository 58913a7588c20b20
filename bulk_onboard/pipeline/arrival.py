"""A workbook that is still being written is waited for: half a file may well read like a whole one.

The rule: it is read once it has been left alone for a while. What counts is when it says that it was changed, and that
two looks see the same. A file from the future, by a clock that is ahead or by intent, tells nothing of its age, so it
is looked at twice. One that goes away between two looks is being replaced, or is gone; then reading says so.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError, StoppedError, WorkbookError
from bulk_onboard.submission.stop import Stop
from bulk_onboard.units import format_duration

ALONE_S = 2.0
PATIENCE_S = 300.0


class Look(NamedTuple):
    """A file at one instant; `changed_at` in nanoseconds since 1970."""

    size: int
    changed_at: int
    inode: int


NOWHERE = Look(0, 0, 0)


def wait_s(look: Look, earlier: Look | None, now: datetime) -> float:
    """How many seconds to wait before the next look; 0 when the file has been left alone.

    `earlier` is the look before, after which it was waited as long as this said; None at the first one.
    """
    age_s = now.timestamp() - look.changed_at / 1e9
    if look == earlier or (earlier is None and age_s >= ALONE_S):
        return 0.0
    return ALONE_S - age_s if 0.0 <= age_s < ALONE_S else ALONE_S


async def wait_until_written(path: Path, *, clock: Clock, stop: Stop, say: Callable[[str], None]) -> None:
    """Return once the file has been left alone, or is none; `say` is told once that it is waited for.

    Raises:
        WorkbookError: it goes on changing.
        StoppedError: somebody wished to stop.
    """
    earlier, begun = None, clock.monotonic()
    look = look_at(path)
    while (seconds := wait_s(look, earlier, clock.now())) > 0.0:
        if earlier is None:
            say(f"{path} was changed a moment ago; waiting until it has been left alone for {ALONE_S:g} s.")
        if clock.monotonic() - begun >= PATIENCE_S:
            raise WorkbookError(
                f"{path} has been changing for {format_duration(PATIENCE_S)}. "
                "Wait until it is written, or stop what writes it; then run again."
            )
        await stop.pause(clock, seconds)
        if stop.requested:
            raise stop.cause if isinstance(stop.cause, BulkOnboardError) else StoppedError("Nothing was begun.")
        earlier, look = look, look_at(path)


def look_at(path: Path) -> Look:
    """The file now; `NOWHERE` where there is none that may be looked at."""
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return NOWHERE
    return Look(facts.st_size, facts.st_mtime_ns, facts.st_ino)
