"""Room on the disk is asked for before anything is sent.

See docs/design/ledger.md, Order of writes.
"""

import pytest

from bulk_onboard.errors import StoppedError
from bulk_onboard.job import load_job
from bulk_onboard.ledger.disk import Disk
from bulk_onboard.pipeline.preflight import REPORT_BYTES, check_free_space


class SmallDisk(Disk):
    """A disk with so much left."""

    def __init__(self, left: int) -> None:
        self.left = left

    def free(self, folder) -> int:
        return self.left


@pytest.fixture
def job(tmp_path):
    """A bare workbook, whose ledger and report lie beside it."""
    return load_job(tmp_path / "businesses.xlsx")


def test_too_little_room_stops_before_anything_is_sent(job):
    """Ledger and report lie on one disk, so both must fit; the message says what is there and what is needed."""
    needed = 1000 * (2048 + 1024) + REPORT_BYTES
    check_free_space(job, 1000, SmallDisk(needed))

    with pytest.raises(StoppedError, match=r"has 3\.9 MiB free, and 1,000 rows need about 3\.9 MiB.* Nothing was sent"):
        check_free_space(job, 1000, SmallDisk(needed - 1))


def test_this_machine_has_room(job):
    """The machine's own disk is asked where no other is given."""
    check_free_space(job, 1)


def test_missing_folder_is_told_by_whoever_needs_it(job, tmp_path):
    """Room is not what is wrong there."""
    elsewhere = load_job(tmp_path / "no" / "businesses.xlsx")

    check_free_space(elsewhere, 10**6, SmallDisk(0))
