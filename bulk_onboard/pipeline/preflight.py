"""Check that the workbook is fully written, that there is room on the disk, and that enough files may be open."""

import resource
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError, StoppedError, UsageError, WorkbookError
from bulk_onboard.job import Job
from bulk_onboard.ledger.disk import Disk
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.units import format_count, format_duration, format_size

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
    """Check that report and ledger, where that is a file, of so many rows fit on their disks.

    A missing folder is reported later.

    Raises:
        StoppedError: they do not.
    """
    disk = disk or Disk()
    needed: Counter[int] = Counter()
    folders: dict[int, Path] = {}
    for path, size in (
        *([(job.ledger, rows * LEDGER_BYTES_A_ROW)] if job.database is None else []),
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


OPEN_FILES = 100  # of the process itself, and what is open while workbooks and documents are read
_OF_A_LEDGER = 2  # the file, and its lock


class OpenFiles(NamedTuple):
    """How many files accounts that run together need open at a time.

    Attributes:
        least: without these they cannot run.
        most: with these every connection can be kept that the API lets us keep.
    """

    least: int
    most: int


def open_files_of(jobs: Sequence[Job]) -> OpenFiles:
    """Return how many files these accounts need open at a time; a connection is one."""
    calls = sum(job.concurrency for job in jobs)
    of_an_account = 1 + (_OF_A_LEDGER if jobs[0].database is None else 0)  # a connection is kept for the next call
    least = OPEN_FILES + of_an_account * len(jobs) + min(jobs[0].uploads, calls)
    return OpenFiles(least, least + calls)


def let_files_be_open(jobs: Sequence[Job]) -> None:
    """Let the process have as many files open as these accounts need; systems start it with 256 or 1,024.

    Raises:
        UsageError: the system does not allow the least.
    """
    needed, (now, allowed) = open_files_of(jobs), resource.getrlimit(resource.RLIMIT_NOFILE)
    if _is_below(allowed, needed.least):
        raise UsageError(
            f"{format_count(len(jobs), 'account')} need {needed.least:,} open files at a time, and this machine allows "
            f"the process {allowed:,}. Nothing was sent. Have that limit raised (nofile; in a systemd unit "
            "LimitNOFILE), or run some of the accounts at a time (--account)."
        )
    if _is_below(now, needed.most):
        wanted = allowed if _is_below(allowed, needed.most) else needed.most
        with suppress(ValueError, OSError):  # a system may have a bound of its own beside this one
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, allowed))


def _is_below(limit: int, number: int) -> bool:
    return limit != resource.RLIM_INFINITY and limit < number
