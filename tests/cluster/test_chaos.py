"""Four accounts of ninety rows each on real workers, whatever befalls them: nothing twice, nothing lost.

Leases and heartbeats are a tenth of what they are in earnest; `make bench-many CLUSTER=1` does it with real ones.
"""

from pathlib import Path

import pytest

from tests.support.cluster import WELL, Cluster
from tests.support.postgres import Database
from tests.support.strikes import BEGUN, STRIKES, Strike, ask_a_worker_to_end

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]

AT_ONCE = 8
"""How many calls of an account may be throttled beside one of each run, in windows of four seconds, on a machine that
several such tests share. With windows of a minute, as in the bench, none was."""


@pytest.mark.parametrize("strike", STRIKES, ids=lambda strike: strike.strike.__name__)
async def test_each_row_is_filed_once_whatever_befalls(tmp_path: Path, postgres: Database, strike: Strike) -> None:
    """Duplicates 0, lost 0, no window above its quota, and the reports add up."""
    async with Cluster.made(tmp_path, postgres, large=strike.large) as cluster:
        cluster.workers.start(0, 1)
        await cluster.hand_over()
        await cluster.until_begun(BEGUN)
        await strike.strike(cluster)

        outcome = await cluster.outcome(await cluster.followed())
        assert outcome.above_quota <= AT_ONCE * len(cluster.office.accounts)
        assert WELL == outcome._replace(above_quota=0)
        if strike.strike is ask_a_worker_to_end:
            assert {0} == {*cluster.workers.ended}, "it was asked to, so it is no failure"
