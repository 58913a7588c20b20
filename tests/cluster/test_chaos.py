"""Four accounts of ninety rows each on real workers, whatever befalls them: nothing twice, nothing lost.

Leases and heartbeats are a tenth of what they are in earnest; `make bench-many CLUSTER=1` does it with real ones.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from tests.support.cluster import HURRIED, Cluster
from tests.support.postgres import Database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]

LEASE_S = 60 * HURRIED
BEGUN, HALF = 40, 160  # records at the API when it strikes
LARGE = 1_500_000  # bytes of a document, three of which are more than what the kernel takes of a body


@pytest.fixture
async def cluster(tmp_path: Path, postgres: Database) -> AsyncIterator[Cluster]:
    """Two workers for the four accounts."""
    async with Cluster.made(tmp_path, postgres) as made:
        made.workers.start(0, 1)
        yield made


async def kill_a_worker(cluster: Cluster) -> None:
    """Its accounts go to the other, or to the one that the supervisor starts."""
    cluster.workers.send(signal.SIGKILL, 0)
    await cluster.until(HALF)
    cluster.workers.send(signal.SIGKILL, 1)


async def kill_all_workers(cluster: Cluster) -> None:
    """All in one moment."""
    cluster.workers.send(signal.SIGKILL)


async def let_a_worker_sleep(cluster: Cluster) -> None:
    """It wakes when its leases have been over for a while, and others own its accounts."""
    cluster.workers.send(signal.SIGSTOP, 0)
    await asyncio.sleep(1.5 * LEASE_S)
    cluster.workers.send(signal.SIGCONT, 0)


async def let_all_workers_sleep(cluster: Cluster) -> None:
    """They wake together, and nobody else was there meanwhile."""
    cluster.workers.send(signal.SIGSTOP)
    await asyncio.sleep(1.5 * LEASE_S)
    cluster.workers.send(signal.SIGCONT)


async def restart_the_database(cluster: Cluster) -> None:
    """As for an update of its package, and then after a crash of its machine."""
    await asyncio.to_thread(cluster.database.server.restart, "fast")
    await cluster.until(HALF)
    await asyncio.to_thread(cluster.database.server.restart, "immediate")


async def cut_the_database_off_for_less_than_a_lease(cluster: Cluster) -> None:
    """For 10 s of a lease's 60."""
    await cluster.store.cut(10 * HURRIED)


async def cut_the_database_off_for_more_than_a_lease(cluster: Cluster) -> None:
    """For 70 s where a lease lasts 60."""
    await cluster.store.cut(70 * HURRIED)


async def reset_connections_to_the_database(cluster: Cluster) -> None:
    """And refuse new ones for 10 s of a lease's 60."""
    await cluster.store.cut(10 * HURRIED, silent=False)


STRIKES: tuple[Callable[[Cluster], Awaitable[None]], ...] = (
    kill_a_worker,
    kill_all_workers,
    let_a_worker_sleep,
    let_all_workers_sleep,
    restart_the_database,
    cut_the_database_off_for_less_than_a_lease,
    cut_the_database_off_for_more_than_a_lease,
    reset_connections_to_the_database,
)


@pytest.mark.parametrize("strike", STRIKES, ids=lambda strike: strike.__name__)
async def test_each_row_is_filed_once_whatever_befalls(
    cluster: Cluster, strike: Callable[[Cluster], Awaitable[None]]
) -> None:
    """Duplicates 0, lost 0, no window above its quota, and the reports add up."""
    client = await cluster.hand_over()
    await cluster.until(BEGUN)
    await strike(cluster)

    await cluster.check(await cluster.heard(client, cluster.handing_over))


async def test_the_client_may_die_and_hand_over_again(cluster: Cluster) -> None:
    """The tasks go on without it, and handing over again follows them: none is there twice."""
    client = await cluster.hand_over()
    await cluster.until(BEGUN)
    client.kill()
    await client.wait()
    before = await cluster.records()
    await cluster.until(before + BEGUN)

    await cluster.check(await cluster.typed(*cluster.handing_over))
    assert all(1 == runs for runs in runs_of_all(cluster).values())


async def test_a_worker_that_is_asked_to_end_hands_its_accounts_back(cluster: Cluster) -> None:
    """It lets its calls finish, and others go on with its accounts before its lease would have been over."""
    client = await cluster.hand_over()
    await cluster.until(BEGUN)
    cluster.workers.send(signal.SIGTERM, 0)

    await cluster.check(await cluster.heard(client, cluster.handing_over))
    assert [143] == cluster.workers.ended


async def test_a_worker_that_sleeps_in_mid_body_sends_nothing_when_it_wakes(tmp_path: Path, postgres: Database) -> None:
    """What its kernel still had has gone out by then; not a byte follows."""
    async with Cluster.made(tmp_path, postgres, large=LARGE, faults={}) as cluster:
        cluster.api.hold_after(300_000)
        cluster.workers.start(0)
        client = await cluster.hand_over()
        while len(cluster.api.held) < 2:
            await asyncio.sleep(0.05)
        cluster.workers.send(signal.SIGSTOP, 0)
        asleep = [*cluster.api.held]
        cluster.workers.start(1)
        cluster.api.release()
        await cluster.until(HALF)
        before = [link.passed for link in asleep]
        cluster.workers.send(signal.SIGCONT, 0)

        await cluster.check(await cluster.heard(client, cluster.handing_over))
        assert before == [link.passed for link in asleep]
        assert max(before) < 3 * LARGE


def runs_of_all(cluster: Cluster) -> Mapping[str, int]:
    """How often each account was opened by a run."""
    return {
        account: sum(entry["entry"] == "run_started" for entry in cluster.entries(account))
        for account in cluster.office.accounts
    }
