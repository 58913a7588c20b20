"""The process dies at each of its steps, one after the other, whatever the API does: nothing twice, nothing lost.

Steps are: before and after each entry, in the middle of its line, before and after its fsync; before and after each
call, in the middle of a body, after its last byte, and when its answer is on the way. `make crash` takes them all.
So it is while records are filed, and while the numbers of approved ones are linked, in the released contract several
of them in one call.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import pytest

from tests.crash.bench import Bench, Rig
from tests.crash.dice import BEHAVIOURS, HANGS, LOST
from tests.crash.figures import LONG, POINTS, SEED
from tests.support.contracts import CONTRACTS, LAYOUTS, effort
from tests.support.crashes import Crash
from tests.support.nights import Hurried

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
WHAT_MATTERS_OF_LINKS = {
    *("before intent link is written", "in the middle of a line", "before fsync", "after intent link was written"),
    *("before link is sent", "in the middle of the body", "after the last byte", "before the answer arrives"),
    *("after link was sent", "before unresolved link is written", "before adopted link is written"),
    "after adopted link was written",
}
LINK_FAULTS = ("", "drop-before", "drop-after", "truncated-json", "late-apply", "stray-429")
LINK_ANSWERS = (
    *((), ("report-omits-one",), ("report-reordered", "numbers-spaced"), ("report-empty",), ("report-doubles",)),
    *(("counts-contradict",), ("counts-only",), ("multi-status", "message-for-remarks"), ("report-too-long",)),
)
EVERY_POINT = 10**6
NUMBERS = 2  # of each row


def chosen(steps: int, what: str, most: int) -> Iterable[int]:
    """Which steps to die at: all, or so many of them, spread by the dice."""
    dice = random.Random(f"{SEED} {what}")
    return sorted(dice.sample(range(1, steps + 1), min(steps, EVERY_POINT if LONG else most)))


async def at_each(points: Iterable[int], dying: Callable[[int], Awaitable[Crash]]) -> None:
    """Die at each of these steps, some at a time."""
    left = iter(points)

    async def work() -> None:
        for at in left:
            try:
                crash = await dying(at)
            except BaseException:
                print(f"SEED={SEED}, step {at}")
                raise
            if crash.happened:
                POINTS[crash.passed[-1]] += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_A_TIME):
            group.create_task(work())


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


async def through_a_crash_while_linking(context: Rig, ledger: Path, fault: str, at: int) -> Crash:
    """Records are filed and approved; the run that links their numbers dies at one step, and the next ones end it."""
    behaviours = LINK_ANSWERS[at % len(LINK_ANSWERS)] if context.contract == "released" else ()
    crash = Crash(at)
    opened = Bench.opened(context, ledger, behaviours=behaviours, power_fails=at % 2 == 1, clock=Hurried())
    async with opened as bench:
        await bench.file_and_approve()
        if fault:
            bench.sandbox.faults.script("link", fault)
        await bench.run(crash)
        await bench.run_to_the_end()
        bench.check_links()
    return crash


@pytest.mark.timeout(1200 if LONG else 120)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault or "fair")
@pytest.mark.parametrize("contract", CONTRACTS)
async def test_a_crash_at_any_step_loses_nothing_and_repeats_nothing(
    tmp_path: Path, contract: str, fault: str
) -> None:
    """The next runs end with every row submitted once, or held where absence could not be shown."""
    context = await Rig.laid(tmp_path, ROWS, layout=LAYOUTS[contract])
    whole = await through_a_crash(context, tmp_path / "whole.jsonl", fault, at=0)

    await at_each(
        chosen(len(whole.passed), f"{contract} {fault}", effort(contract, 18, 4)),
        lambda at: through_a_crash(context, tmp_path / f"{at}.jsonl", fault, at),
    )


@pytest.mark.timeout(1200 if LONG else 120)
@pytest.mark.parametrize("fault", LINK_FAULTS, ids=lambda fault: fault or "fair")
@pytest.mark.parametrize("contract", CONTRACTS)
async def test_a_crash_at_any_step_of_links_leaves_each_number_linked_once(
    tmp_path: Path, contract: str, fault: str
) -> None:
    """Whatever the answer or its report is like: none without its intent, none twice, none under another record."""
    context = await Rig.laid(tmp_path, ROWS, numbers=NUMBERS, layout=LAYOUTS[contract])
    whole = await through_a_crash_while_linking(context, tmp_path / "whole.jsonl", fault, at=0)

    await at_each(
        chosen(len(whole.passed), f"{contract} link {fault}", 12),
        lambda at: through_a_crash_while_linking(context, tmp_path / f"{at}.jsonl", fault, at),
    )


@pytest.mark.parametrize("contract", CONTRACTS)
async def test_every_step_that_matters_is_one_to_die_at(tmp_path: Path, contract: str) -> None:
    """A run with a lost answer passes all of them, from the intent to the entry that settles it."""
    context = await Rig.laid(tmp_path, ROWS, numbers=NUMBERS, layout=LAYOUTS[contract])

    whole = await through_a_crash(context, tmp_path / "filed.jsonl", "drop-after", at=0)
    linking = await through_a_crash_while_linking(context, tmp_path / "linked.jsonl", "drop-after", at=0)

    assert set() == WHAT_MATTERS - set(whole.passed)
    assert set() == WHAT_MATTERS_OF_LINKS - set(linking.passed)
