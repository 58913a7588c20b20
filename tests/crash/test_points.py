"""The process dies at each of its steps, one after the other, whatever the API does: nothing twice, nothing lost.

Steps are: before and after each entry, in the middle of its line, before and after its fsync; before and after each
call, in the middle of a body, after its last byte, and when its answer is on the way. `make crash` takes them all.
"""

import asyncio
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.crash.bench import Bench, Rig
from tests.crash.dice import BEHAVIOURS, HANGS, LOST
from tests.crash.figures import LONG, POINTS, SEED
from tests.support.crashes import Crash

pytestmark = pytest.mark.slow

ROWS = 3
AT_A_TIME = 10
FAULTS = ("", *LOST, *HANGS, "stray-429")
WHAT_MATTERS = {
    *("before intent create is written", "in the middle of a line", "before fsync", "after fsync"),
    *("after intent create was written", "before create is sent", "in the middle of the body", "after the last byte"),
    *("before the answer arrives", "after create was sent", "before done create is written"),
    *("before unresolved create is written", "after list was sent", "before probed create is written"),
    *("before adopted create is written", "after adopted create was written"),
}
POINTS_OF_EACH = 10**6 if LONG else 18


async def through_a_crash(context: Rig, ledger: Path, fault: str, at: int) -> Crash:
    """A run that dies at one step while a fault strikes the second create; then runs to the end, and the check."""
    behaviours = BEHAVIOURS[at % len(BEHAVIOURS)]
    crash = Crash(at)
    async with Bench.opened(context, ledger, behaviours=behaviours, power_fails=at % 2 == 1) as bench:
        if fault:
            bench.sandbox.faults.script("create", fault, after=1)
        await bench.run(crash)
        await bench.run_to_the_end()
        bench.check()
    return crash


def chosen(steps: int, fault: str) -> Iterable[int]:
    """Which steps to die at: all, or so many of them, spread by the dice."""
    dice = random.Random(f"{SEED} {fault}")
    return sorted(dice.sample(range(1, steps + 1), min(steps, POINTS_OF_EACH)))


@pytest.mark.timeout(1200 if LONG else 120)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault or "fair")
async def test_a_crash_at_any_step_loses_nothing_and_repeats_nothing(tmp_path: Path, fault: str) -> None:
    """The next runs end with every row submitted once, or held where absence could not be shown."""
    context = await Rig.laid(tmp_path, ROWS)
    whole = await through_a_crash(context, tmp_path / "whole.jsonl", fault, at=0)
    points = iter(chosen(len(whole.passed), fault))

    async def work() -> None:
        for at in points:
            try:
                crash = await through_a_crash(context, tmp_path / f"{at}.jsonl", fault, at)
            except BaseException:
                print(f"SEED={SEED}, step {at}")
                raise
            if crash.happened:
                POINTS[crash.passed[-1]] += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_A_TIME):
            group.create_task(work())


async def test_every_step_that_matters_is_one_to_die_at(tmp_path: Path) -> None:
    """A run with a lost answer passes all of them, from the intent to the entry that settles it."""
    context = await Rig.laid(tmp_path, ROWS)

    whole = await through_a_crash(context, tmp_path / "whole.jsonl", "drop-after", at=0)

    assert set() == WHAT_MATTERS - set(whole.passed)
