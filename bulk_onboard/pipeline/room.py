"""Is there room for what a run will write? Asked before anything is sent.

See docs/design/ledger.md, Order of writes.
"""

from collections import Counter
from pathlib import Path

from bulk_onboard.errors import StoppedError
from bulk_onboard.job import Job
from bulk_onboard.ledger.disk import Disk
from bulk_onboard.units import format_size

LEDGER_BYTES_A_ROW = 2 * 1024
REPORT_BYTES_A_ROW = 1024
REPORT_BYTES = 1024 * 1024  # the report is written beside the old one before it takes its place


def check_room(job: Job, rows: int, disk: Disk | None = None) -> None:
    """StoppedError where ledger and report of so many rows would not fit on the disk; a missing folder is told later.

    A ledger and a report in folders on one disk need room for both.
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
