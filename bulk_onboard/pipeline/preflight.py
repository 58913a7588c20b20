"""Check that the workbook is fully written, and that there is room on the disk."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError, StoppedError, WorkbookError
from bulk_onboard.job import Job
from bulk_onboard.ledger.disk import Disk
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.units import format_duration, format_size

# The workbook is read once it has not been changed for a while, by its own modification time and by two looks that see
# the same. The time of a file from the future, by a clock that is ahead or by intent, says nothing about its age, so it
# is looked at twice. A file that goes away between two looks is being replaced, or is gone; then reading says so.

ALONE_S = 2.0
PATIENCE_S = 300.0


class FileStat(NamedTuple):
    """A file at one instant; `changed_at` in nanoseconds since 1970."""

    size: int
    changed_at: int
    inode: int


NOWHERE = FileStat(0, 0, 0)


async def wait_until_written(path: Path, *, clock: Clock, stop: Stop, say: Callable[[str], None]) -> None:
    """Wait until size, modification time and inode are stable, or the file is missing.

    Args:
        say: called once with a sentence where there is something to wait for.

    Raises:
        WorkbookError: the file goes on changing.
        StoppedError: the run is to stop.
    """
    earlier, begun = None, clock.monotonic()
    seen = stat_of(path)
    while (seconds := wait_s(seen, earlier, clock.now())) > 0.0:
        if earlier is None:
            say(f"{path} was changed a moment ago; waiting until it has not changed for {ALONE_S:g} s.")
        if clock.monotonic() - begun >= PATIENCE_S:
            raise WorkbookError(
                f"{path} has been changing for {format_duration(PATIENCE_S)}. "
                "Wait until it is written, or stop what writes it; then run again."
            )
        await stop.pause(clock, seconds)
        if stop.requested:
            raise stop.cause if isinstance(stop.cause, BulkOnboardError) else StoppedError("Nothing was begun.")
        earlier, seen = seen, stat_of(path)


def wait_s(seen: FileStat, earlier: FileStat | None, now: datetime) -> float:
    """Return how many seconds to wait before the next look.

    0 when the file may be read.

    Args:
        earlier: the look before, since when that long was waited; None at the first look.
    """
    age_s = now.timestamp() - seen.changed_at / 1e9
    if seen == earlier or (earlier is None and age_s >= ALONE_S):
        return 0.0
    return ALONE_S - age_s if 0.0 <= age_s < ALONE_S else ALONE_S


def stat_of(path: Path) -> FileStat:
    """Return the file as it is now.

    `NOWHERE` where there is none that can be looked at.
    """
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return NOWHERE
    return FileStat(facts.st_size, facts.st_mtime_ns, facts.st_ino)


LEDGER_BYTES_A_ROW = 2 * 1024
REPORT_BYTES_A_ROW = 1024
REPORT_BYTES = 1024 * 1024  # the report is written beside the old one before it takes its place


def check_free_space(job: Job, rows: int, disk: Disk | None = None) -> None:
    """Check that ledger and report of so many rows fit on their disks.

    A missing folder is reported later.

    Raises:
        StoppedError: they do not.
    """
    disk = disk or Disk()
    needed: Counter[int] = Counter()
    folders: dict[int, Path] = {}
    for path, size in (
        (job.ledger, rows * LEDGER_BYTES_A_ROW),
        (job.report, rows * REPORT_BYTES_A_ROW + REPORT_BYTES),
    ):
        folder = path.absolute().parent
        if folder.is_dir():
            device = folder.stat().st_dev
            needed[device] += size
            folders.setdefault(device, folder)
    for device, size in needed.items():
        if (free := disk.free(folders[device])) < size:
            raise StoppedError(
                f"{folders[device]} has {format_size(free)} free, and {rows:,} rows need about {format_size(size)} for "
                "ledger and report. Nothing was sent; free space, then run again."
            )
