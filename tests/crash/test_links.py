"""The process dies at each step of linking numbers, one after the other: none twice, none lost, none without intent.

In the released contract one call has several numbers of several records, so a crash leaves several unknown ones behind.
The steps are those of `test_points`: among them before the intents of a call, between these and its bytes, in the
middle of its body, when its answer is on the way, and while its outcomes are written, all of them in one go.
"""

from pathlib import Path

import pytest

from tests.crash.bench import Bench, Rig, at_each, chosen
from tests.crash.figures import LONG
from tests.support.contracts import CONTRACTS, LAYOUTS
from tests.support.crashes import Crash
from tests.support.nights import Hurried

pytestmark = pytest.mark.slow

ROWS, NUMBERS = 3, 4  # of each row
WHAT_MATTERS = {
    *("before intent link is written", "in the middle of a line", "before fsync", "after intent link was written"),
    *("before link is sent", "in the middle of the body", "after the last byte", "before the answer arrives"),
    *("after link was sent", "before unresolved link is written", "before adopted link is written"),
    "after adopted link was written",
}
FAULTS = ("", "drop-before", "drop-after", "truncated-json", "late-apply", "stray-429")
ANSWERS = (
    *((), ("report-omits-one",), ("report-reordered", "numbers-spaced"), ("report-empty",), ("report-doubles",)),
    *(("counts-contradict",), ("counts-only",), ("multi-status", "message-for-remarks"), ("report-too-long",)),
)


async def through_a_crash(context: Rig, ledger: Path, fault: str, at: int) -> Crash:
    """Records are filed and approved; the run that links their numbers dies at one step, and the next ones end it."""
    behaviours = ANSWERS[at % len(ANSWERS)] if context.contract == "released" else ()
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
async def test_a_crash_at_any_step_of_links_leaves_each_number_linked_once(
    tmp_path: Path, contract: str, fault: str
) -> None:
    """Whatever the answer or its report is like: none without its intent, none twice, none under another record."""
    context = await Rig.laid(tmp_path, ROWS, numbers=NUMBERS, layout=LAYOUTS[contract])
    whole = await through_a_crash(context, tmp_path / "whole.jsonl", fault, at=0)

    await at_each(
        chosen(len(whole.passed), f"{contract} {fault}", 12),
        lambda at: through_a_crash(context, tmp_path / f"{at}.jsonl", fault, at),
    )


@pytest.mark.parametrize("contract", CONTRACTS)
async def test_every_step_of_a_link_that_matters_is_one_to_die_at(tmp_path: Path, contract: str) -> None:
    """A run with a lost answer passes all of them, from the intents to the entries that settle them."""
    context = await Rig.laid(tmp_path, ROWS, numbers=NUMBERS, layout=LAYOUTS[contract])

    whole = await through_a_crash(context, tmp_path / "whole.jsonl", "drop-after", at=0)

    assert set() == WHAT_MATTERS - set(whole.passed)
