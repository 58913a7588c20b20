"""What befalls workers, whoever follows them, and the database: each a function that returns when it is over.

Durations are those of the cluster: with a share of 0.1 a lease of 60 s is one of 6.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from tests.support.cluster import Cluster

LEASE_S, SHORT_S, LONG_S = 60, 10, 70
BEGUN, MORE, HALF = 8, 40, 160  # records at the API when it strikes: of each account; of all, since then; of all
_IN_FLIGHT_S = 0.5
_MOST, _LARGE = 300_000, 3_500_000  # bytes of a body that get through; of a document: kernels take 4 MB of a body


async def kill_a_worker(cluster: Cluster) -> None:
    """In the middle of calls, which arrive afterwards, as they do when a network was slow."""
    slow = asyncio.ensure_future(cluster.api.cut(2 * _IN_FLIGHT_S))
    await asyncio.sleep(_IN_FLIGHT_S)
    cluster.workers.send(signal.SIGKILL, 0)
    await slow


async def kill_one_worker_after_the_other(cluster: Cluster) -> None:
    """The second one when the accounts of the first have long begun again."""
    cluster.workers.send(signal.SIGKILL, 0)
    await cluster.until(HALF)
    cluster.workers.send(signal.SIGKILL, 1)


async def kill_all_workers(cluster: Cluster) -> None:
    """In one moment."""
    cluster.workers.send(signal.SIGKILL)


async def kill_the_client(cluster: Cluster) -> None:
    """The tasks go on, and are followed again by whoever hands them over again."""
    await cluster.lose_client()
    await cluster.until(HALF)


async def let_a_worker_sleep(cluster: Cluster) -> None:
    """It wakes when its leases have been over for a while, and others own its accounts."""
    cluster.workers.send(signal.SIGSTOP, 0)
    await asyncio.sleep(1.5 * LEASE_S * cluster.share)
    cluster.workers.send(signal.SIGCONT, 0)


async def let_all_workers_sleep(cluster: Cluster) -> None:
    """They wake together, and nobody else was there meanwhile."""
    cluster.workers.send(signal.SIGSTOP)
    await asyncio.sleep(1.5 * LEASE_S * cluster.share)
    cluster.workers.send(signal.SIGCONT)


async def let_workers_sleep_in_mid_body(cluster: Cluster) -> None:
    """A third takes over; when they wake, nothing follows what their kernels had."""
    cluster.api.hold_after(_MOST)
    async with asyncio.timeout(LEASE_S):
        while len(cluster.api.held) < 2:
            await asyncio.sleep(0.05)
    cluster.workers.send(signal.SIGSTOP)
    asleep = cluster.api.held
    cluster.workers.start(2)
    cluster.api.release()
    await asyncio.sleep(1.5 * LEASE_S * cluster.share)
    await cluster.until(await cluster.records() + MORE)
    cluster.asleep = {link: link.passed for link in asleep}
    cluster.workers.send(signal.SIGCONT)


async def ask_a_worker_to_end(cluster: Cluster) -> None:
    """It lets its calls finish and hands its accounts back."""
    cluster.workers.send(signal.SIGTERM, 0)


async def restart_the_database(cluster: Cluster) -> None:
    """As for an update of its package."""
    await asyncio.to_thread(cluster.database.server.restart)


async def crash_the_database(cluster: Cluster) -> None:
    """As with its machine; it starts again at once."""
    await asyncio.to_thread(cluster.database.server.restart, "immediate")


async def cut_the_database_off_for_10_s(cluster: Cluster) -> None:
    """Silently, for less than a lease."""
    await cluster.store.cut(SHORT_S * cluster.share)


async def cut_the_database_off_for_70_s(cluster: Cluster) -> None:
    """Silently, for more than a lease."""
    await cluster.store.cut(LONG_S * cluster.share)


async def reset_all_connections_to_the_database(cluster: Cluster) -> None:
    """And refuse new ones for 10 s."""
    await cluster.store.cut(SHORT_S * cluster.share, silent=False)


class Strike(NamedTuple):
    """Something that befalls them.

    Attributes:
        large: how many bytes some documents have, where that matters.
        needs_server: whether it strikes the server, which therefore serves nobody else.
    """

    strike: Callable[[Cluster], Awaitable[None]]
    large: int = 0
    needs_server: bool = False

    @property
    def name(self) -> str:
        """Its name, in words."""
        return self.strike.__name__.replace("_", " ")


STRIKES = (
    Strike(kill_a_worker),
    Strike(kill_one_worker_after_the_other),
    Strike(kill_all_workers),
    Strike(kill_the_client),
    Strike(let_a_worker_sleep),
    Strike(let_all_workers_sleep),
    Strike(let_workers_sleep_in_mid_body, large=_LARGE),
    Strike(ask_a_worker_to_end),
    Strike(restart_the_database, needs_server=True),
    Strike(crash_the_database, needs_server=True),
    Strike(cut_the_database_off_for_10_s),
    Strike(cut_the_database_off_for_70_s),
    Strike(reset_all_connections_to_the_database),
)
