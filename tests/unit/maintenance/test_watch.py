"""What is known of a job from moment to moment."""

from pathlib import Path

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.job import load_job
from bulk_onboard.maintenance.watch import JobWatch


@pytest.mark.parametrize(
    ("file", "title"), [("migration/job.toml", "migration"), ("migration/august.toml", "august"), ("a/b.xlsx", "b")]
)
def test_job_is_called_what_people_call_it(tmp_path: Path, file: str, title: str) -> None:
    """Half of all job files are called job.toml; then it is the folder that has a name."""
    path = tmp_path / file
    path.parent.mkdir()
    path.write_text('workbook = "businesses.xlsx"\n')

    assert title == JobWatch(load_job(path), SystemClock()).moment().job
