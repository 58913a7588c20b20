"""What the accounts of a worker share."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bulk_onboard.cluster.worker import KEPT_S, SharedLedgers
from bulk_onboard.job import Job, load_jobs
from tests.support.clocks import FakeClock


@pytest.fixture
def jobs(tmp_path: Path) -> Sequence[Job]:
    """Three accounts of one job."""
    file = tmp_path / "job.toml"
    accounts = (f'[[accounts]]\nname = "{name}"\nworkbook = "{name}.xlsx"\n' for name in ("acme", "bravo", "coral"))
    file.write_text("".join(accounts))
    return load_jobs(file)


def test_accounts_that_begin_together_read_the_ledgers_once(jobs: Sequence[Job]) -> None:
    """Until the rows of all are judged; then nothing of them is kept."""
    shared = SharedLedgers(FakeClock())
    acme, bravo = shared.lend(jobs[0]), shared.lend(jobs[1])

    read = acme.ledgers.of_account(jobs[0], jobs[2].ledger)
    acme.give_back()
    again = bravo.ledgers.of_account(jobs[1], jobs[2].ledger)
    bravo.give_back()
    anew = shared.lend(jobs[2]).ledgers.of_account(jobs[2], jobs[2].ledger)

    assert (True, False) == (read is again, read is anew)


async def test_one_that_begins_later_reads_them_anew(jobs: Sequence[Job]) -> None:
    """What others have filed since it would not know; those that began before keep what they have."""
    clock = FakeClock()
    shared = SharedLedgers(clock)
    first = shared.lend(jobs[0])
    read = first.ledgers.of_account(jobs[0], jobs[2].ledger)

    await clock.sleep(KEPT_S)
    later = shared.lend(jobs[1])
    later.give_back()

    assert read is not later.ledgers.of_account(jobs[1], jobs[2].ledger)
    assert read is first.ledgers.of_account(jobs[0], jobs[2].ledger)
