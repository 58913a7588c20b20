"""Check that the workbook is fully written, space is free, no foreign file overwritten."""

import json
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from bulk_onboard.callbacks.hints import hints_folder, is_hints_folder
from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError, StoppedError, UsageError, WorkbookError
from bulk_onboard.intake.documents.copies import is_copies_folder
from bulk_onboard.intake.newest import matches
from bulk_onboard.job import Job
from bulk_onboard.ledger.disk import Disk
from bulk_onboard.ledger.fold import may_be_a_ledgers
from bulk_onboard.ledger.lock import lock_path
from bulk_onboard.ledger.opening import aside
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.reporting.target import is_ours, report_files
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


# No path that the job writes may be a file that it reads, under whatever name (a link, `..`, another case), nor lie
# inside the documents folder; no two of them may be one file; and a file that is there already must be one that this
# tool wrote in that role, which shows in the file itself. Else the job ends with 2, and nothing was touched.
#
# Where documents and workbook share a folder, as they do by default, what is written lies beside the documents, and
# only the files that are there are protected. Annotated copies, templates and what is put aside of a ledger only take
# names that are free. See docs/design/ledger.md, Order of writes.

_HEAD = 64 * 1024
_FACTS = re.compile(rb"[0-9a-f]{64}\n\{")
_LOCK_MEMBERS = {"pid", "host", "seq"}


class Written(NamedTuple):
    """A path that is written to, and the flag that names another one.

    Attributes:
        is_ours: return whether the file that is there may be overwritten.
    """

    role: str
    path: Path
    flag: str
    is_ours: Callable[[Path], bool] = lambda path: False
    is_folder: bool = False


def check_places(job: Job, *others: Written) -> None:
    """Check that the job overwrites nothing but its own files.

    Args:
        others: what is written besides, to names that are free.

    Raises:
        UsageError: it would; the sentence says what, and how to name another path.
    """
    own = written_by(job)
    written = (*others, *own)
    for troubles in (_collisions(job, written), _inside(job, written), _foreign(own)):
        for trouble in troubles:
            raise UsageError(f"{trouble}. Nothing was sent or written.")


def check_places_of_all(jobs: Sequence[Job]) -> None:
    """Check for each account of a job that it overwrites nothing but its own files, and for all that no two have one.

    Raises:
        UsageError: as for `check_places`; where there are several the sentence begins with the account's name.
    """
    if len(jobs) == 1:
        check_places(jobs[0])
        return
    for job in jobs:
        try:
            check_places(job)
        except UsageError as error:
            raise UsageError(f"Account {job.account}: {error}") from None


def read_by(job: Job) -> Iterator[tuple[str, Path]]:
    """Yield the files that a job reads, each with its role.

    Where JOB is the ledger itself it is none of them.
    """
    if job.file.suffix.lower() != ".jsonl":
        yield "the workbook", job.workbook
        yield "the job file", job.file
    if job.extends:
        yield "the job file that JOB extends", job.extends
    if job.ca_bundle:
        yield "the file of certificates", job.ca_bundle
    for ledger in job.against:
        yield "the ledger of another job (--against)", ledger


_ROLES: Mapping[str, str] = {
    "xlsx": "the report",
    "html": "the report as a page",
    "json": "the summary",
    "csv": "the results as csv",
    "jsonl": "the results as JSON lines",
}


def written_by(job: Job) -> tuple[Written, ...]:
    """Return the files that a job writes, or may write."""
    reports = report_files(job.report)
    return (
        *(Written(_ROLES[form], reports[form], "--report", partial(is_ours, form=form)) for form in job.formats),
        Written("the ledger", job.ledger, "--ledger", _is_ledger),
        Written("the lock of the ledger", lock_path(job.ledger), "--ledger", _begins(_is_lock)),
        Written("the unfinished ledger", aside(job.ledger), "--ledger", _is_ledger),
        Written("the file of known documents", job.facts, "--ledger", _begins(_FACTS.match)),
        Written("the folder of converted copies", job.converted, "--ledger", is_copies_folder, is_folder=True),
        Written("the folder of hints", hints_folder(job.ledger), "--ledger", is_hints_folder, is_folder=True),
    )


def _collisions(job: Job, written: Iterable[Written]) -> Iterator[str]:
    read = tuple(read_by(job))
    for one in written:
        for role, path in read:
            is_told_elsewhere = one.path == job.ledger and path in job.against
            if not is_told_elsewhere and is_same_file(one.path, path):
                yield f"{one.path} cannot be {one.role}: it is {role}{_named(path, one.path)}. {_advice(one)}"
        pattern = job.workbook_pattern
        if pattern and matches(one.path, pattern) and is_same_file(one.path.parent, pattern.parent):
            yield f"{one.path} cannot be {one.role}: it would be taken for a workbook, of {pattern}. {_advice(one)}"
    for one, other in combinations(written, 2):
        if is_same_file(one.path, other.path):
            yield f"{one.path} cannot be {one.role} and {other.role} both. {_advice(one)}"


def _inside(job: Job, written: Iterable[Written]) -> Iterator[str]:
    folder = _resolved(job.documents)
    if any(_resolved(path).is_relative_to(folder) for path in (job.file, job.workbook)):
        return
    for one in written:
        if _resolved(one.path).is_relative_to(folder):
            yield f"{one.path} cannot be {one.role}: it is inside the documents folder {folder}. {_advice(one)}"


def _foreign(written: Iterable[Written]) -> Iterator[str]:
    for one in written:
        if not os.path.lexists(one.path) or one.path.is_symlink():  # nothing is written through a link
            continue
        fits = stat.S_ISDIR if one.is_folder else stat.S_ISREG
        what = "folder" if one.is_folder else "file"
        if not fits(one.path.lstat().st_mode):
            yield f"{one.path} cannot be {one.role}: it is not a {what}. {_advice(one)}"
        elif not one.is_ours(one.path):
            yield (
                f"{one.path} cannot be {one.role}: a {what} that bulk-onboard did not write is there already. "
                f"{_advice(one)}"
            )


def _named(path: Path, other: Path) -> str:
    return "" if path == other else f", {path}, under another name"


def _advice(one: Written) -> str:
    return f"Give another path with {one.flag}"


def is_same_file(one: Path, other: Path) -> bool:
    """Return whether two paths lead to one file, or would.

    They may through links, `..`, or names that differ in case alone.
    """
    here, there = _resolved(one), _resolved(other)
    if here == there:
        return True
    try:
        return os.path.samestat(here.stat(), there.stat())
    except (OSError, ValueError):
        pass
    neither = not os.path.lexists(here) and not os.path.lexists(there)
    return neither and str(here).casefold() == str(there).casefold()


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle, or an impossible name
        return path.absolute()


# Whose file it is shows at its beginning. One that cannot be read is reported when it is opened; an empty one is ours.


def _begins(is_beginning: Callable[[bytes], object]) -> Callable[[Path], bool]:
    def is_ours(path: Path) -> bool:
        head = next(_blocks(path), b"")
        return not head or bool(is_beginning(head))

    return is_ours


def _is_ledger(path: Path) -> bool:
    empty = True
    for block in _blocks(path):  # the first one of a ledger suffices
        if may_be_a_ledgers(block):
            return True
        empty = False
    return empty


def _is_lock(head: bytes) -> bool:
    try:
        who = json.loads(head)
    except ValueError:
        return False
    return isinstance(who, Mapping) and bool(_LOCK_MEMBERS & who.keys())


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            while block := file.read(_HEAD):
                yield block
    except OSError:
        return
