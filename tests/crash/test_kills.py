"""The real command against a faulty API in a process of its own, killed with SIGKILL at random.

`make crash KILLS=10000 SEED=7` kills more often, `DICE=backup,aliases` throws these dice and no other; batch n of a
session is thrown by the seed SEED + n, so that `SEED=<its seed> KILLS=1` throws one batch again. The API speaks the
beta where that seed is even, and else the released contract; with `CONTRACT=beta` or `CONTRACT=released` always that.
"""

import asyncio
import math
import random
from pathlib import Path

import pytest

from tests.crash.batches import Batch
from tests.crash.dice import drawn
from tests.crash.figures import FIGURES, KILLS, SEED
from tests.support.contracts import CONTRACTS, LAYOUTS

pytestmark = pytest.mark.slow

AT_A_TIME = 3
KILLS_A_BATCH = 12
BATCHES = math.ceil(KILLS / KILLS_A_BATCH)


@pytest.mark.timeout(90 + 3 * KILLS)
async def test_however_often_it_is_killed_nothing_is_twice_and_nothing_lost(tmp_path: Path) -> None:
    """Batches under faults, kills, edits and re-orders: each ends with every row accounted for and no duplicate."""
    seeds = iter(range(SEED, SEED + BATCHES))
    kills_before = FIGURES["kills"]

    async def work() -> None:
        for seed in seeds:
            await through_a_batch(tmp_path / f"batch-{seed}", seed)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_A_TIME):
            group.create_task(work())

    assert FIGURES["kills"] - kills_before >= KILLS


async def through_a_batch(folder: Path, seed: int) -> None:
    """One batch, from its first row to the check of its end."""
    dice, layout = random.Random(f"{seed} weather"), LAYOUTS[CONTRACTS[seed % len(CONTRACTS)]]
    weather = drawn(dice, layout.contract)
    print(f"SEED={seed} CONTRACT={layout.contract}: {weather}")
    async with Batch.opened(folder, weather, seed=seed, rows=dice.randint(8, 14), layout=layout) as batch:
        while batch.kills < KILLS_A_BATCH:
            await batch.run_killed()
            if dice.random() < 0.5:
                batch.add(dice.randint(1, 3))
            batch.tidy()
            await batch.happens()
        await batch.check(await batch.finish())
        batch.count()
