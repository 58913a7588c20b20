"""What is known of a job from moment to moment."""

import asyncio
from pathlib import Path

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.job import load_job
from bulk_onboard.maintenance.watch import JobWatch
from bulk_onboard.reporting.page.view import Moment
from tests.support.postgres import Database
from tests.unit.ledger.samples import run_started


def looked(watch: JobWatch) -> Moment:
    watch.look()
    return watch.moment()


@pytest.mark.parametrize(
    ("file", "title"), [("migration/job.toml", "migration"), ("migration/august.toml", "august"), ("a/b.xlsx", "b")]
)
def test_job_is_called_what_people_call_it(tmp_path: Path, file: str, title: str) -> None:
    """Half of all job files are called job.toml; then it is the folder that has a name."""
    path = tmp_path / file
    path.parent.mkdir()
    path.write_text('workbook = "businesses.xlsx"\n')

    assert title == JobWatch(load_job(path), SystemClock()).moment().job


async def test_run_on_another_machine_is_watched(tmp_path: Path, postgres: Database) -> None:
    """Whether it is under way is told by who owns the ledger in the database, and what it did by its lines."""
    job = load_job(tmp_path / "businesses.xlsx", {"store": postgres.address})
    await asyncio.to_thread(job.store.setup)
    watch = JobWatch(job, SystemClock())
    before = await asyncio.to_thread(looked, watch)

    async with job.store.opened(auth_id="MAINVENTED0000000001", clock=SystemClock()) as journal:
        await journal.append(run_started())
        meanwhile = await asyncio.to_thread(looked, watch)
    killed = await asyncio.to_thread(looked, watch)

    assert [(False, False, 0), (True, True, 1), (True, False, 1)] == [
        (each.is_there, each.in_use, len(each.ledger_state.runs)) for each in (before, meanwhile, killed)
    ]
    assert job.store.name == meanwhile.ledger
    assert meanwhile.newest_at


async def test_database_that_is_away_leaves_the_page_as_it_was(tmp_path: Path, postgres: Database) -> None:
    """What was known is shown, with what is wrong."""
    job = load_job(tmp_path / "businesses.xlsx", {"store": postgres.address})
    await asyncio.to_thread(job.store.setup)
    async with job.store.opened(auth_id="MAINVENTED0000000001", clock=SystemClock()) as journal:
        await journal.append(run_started())
    watch = JobWatch(job, SystemClock())
    await asyncio.to_thread(looked, watch)
    await asyncio.to_thread(postgres.server.stop)

    away = await asyncio.to_thread(looked, watch)

    assert (True, False, 1) == (away.is_there, away.in_use, len(away.ledger_state.runs))
    assert away.trouble
