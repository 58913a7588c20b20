"""Room on the disk, and for open files, is asked for before anything is sent.

See docs/design/ledger.md, Order of writes.
"""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from bulk_onboard.errors import StoppedError
from bulk_onboard.job import load_job, load_jobs
from bulk_onboard.ledger.disk import Disk
from bulk_onboard.pipeline.preflight import REPORT_BYTES, check_free_space, open_files_of


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


OPENING = """
import resource, sys
from pathlib import Path
from bulk_onboard.job import load_jobs
from bulk_onboard.pipeline.preflight import let_files_be_open
soft, hard = map(int, sys.argv[2:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
let_files_be_open(load_jobs(Path(sys.argv[1]), {}))
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.fixture
def many(tmp_path):
    """A job file with sixty accounts."""
    accounts = "".join(f'[[accounts]]\nname = "account-{number}"\n' for number in range(60))
    (tmp_path / "job.toml").write_text(f'workbook = "businesses.xlsx"\n{accounts}', encoding="utf-8")
    return tmp_path / "job.toml"


def limits_after(job_file: Path, soft: int, hard: int) -> tuple[list[int], str]:
    """What a process that was started with these limits may open once it has looked, and what it said."""
    words = [sys.executable, "-c", OPENING, str(job_file), str(soft), str(hard)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    return [int(limit) for limit in ended.stdout.split()], ended.stderr


def test_files_that_accounts_need_may_be_open(many):
    """The usual limit of a process is raised, as far as the system lets it; one that is high enough is left alone."""
    needed = open_files_of(load_jobs(many, {}))
    between = (needed.least + needed.most) // 2
    assert 60 * 3 + 128 < needed.least < needed.most < resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    assert [needed.most, 5000] == limits_after(many, 256, 5000)[0]
    assert [between, between] == limits_after(many, 256, between)[0]
    assert [4000, 5000] == limits_after(many, 4000, 5000)[0]


def test_too_few_files_are_told_before_anything_is_sent(many):
    """With how many are needed, and what to do."""
    needed = open_files_of(load_jobs(many, {}))

    told = limits_after(many, 256, needed.least - 1)[1]

    assert f"60 accounts need {needed.least:,} open files at a time, and this machine allows the process" in told
    assert "LimitNOFILE" in told
    assert "--account" in told
