"""The process dies at each step of a bulk link, one after the other: no number twice, none lost, none without intent.

The steps are those of `test_points`, among them between the intents of a call and its bytes, in the middle of its body,
and while its outcomes are written.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus
from bulk_onboard.job import load_job
from bulk_onboard.ledger.verify import verify
from bulk_onboard.model.record import Linkage
from bulk_onboard.model.requirements import Combination, Contract, RequirementsBook
from bulk_onboard.run.judge import judge, read_job_sheet
from bulk_onboard.run.requirements import requirements_for
from bulk_onboard.run.stop import Stop
from bulk_onboard.sandbox.records import Number
from bulk_onboard.sandbox.server import Sandbox
from tests.crash.bench import CREDENTIALS, LATE_S, SETTLE_S, Bench
from tests.crash.figures import LONG, POINTS, SEED
from tests.support.businesses import business, write_workbook
from tests.support.crashes import Crash, Relay

pytestmark = pytest.mark.slow

HEADERS = ("Key", "Business Name", "Number Type", "Numbers")
ROWS, EACH = 3, 4
NUMBERS = [[f"91224800{row:02d}{place:02d}" for place in range(EACH)] for row in range(ROWS)]
ALL = [number for row in NUMBERS for number in row]
PER_CALL = 5
AT_A_TIME = 10
FAULTS = ("", "drop-before", "drop-after", "cut-answer", "late-apply")
POINTS_OF_EACH = 10**6 if LONG else 14
WHAT_MATTERS = {
    *("before intent link is written", "in the middle of a line", "before fsync", "after intent link was written"),
    *("before link is sent", "in the middle of the body", "after the last byte", "before the answer arrives"),
    *("after link was sent", "before done link is written", "before numbers is sent"),
}


class LinkBench(Bench):
    """A bench whose records are accepted, and whose rows have numbers."""

    def linked(self) -> dict[str, int]:
        """How often each number was linked."""
        return {each.number: each.times_linked for each in self.sandbox.state.numbers}

    def linkages(self) -> list[str]:
        """Where the ledger has its numbers."""
        records = self.ledger_state.records.values()
        return [linking.linkage for record in records for linking in record.numbers.values()]

    def check(self) -> None:
        """Each number was linked once, with its intent before it, and the ledger says so and is sound."""
        assert dict.fromkeys(ALL, 1) == self.linked()
        assert [Linkage.LINKED] * len(ALL) == self.linkages()
        assert [] == self.sandbox.witness.without_intent
        assert ExitStatus.DONE is verify(self.job.ledger).exit_status


@asynccontextmanager
async def ready(folder: Path, ledger: Path, *, power_fails: bool) -> AsyncIterator[LinkBench]:
    """Three records are accepted, and twelve numbers due."""
    options = {"contract": "released", "behaviours": ("nothing-required",), "ledger": ledger, "late_apply_s": LATE_S}
    async with Sandbox(**options) as sandbox:
        address = urlsplit(sandbox.url)
        async with Relay(str(address.hostname), int(address.port or 0)).serving() as relay:
            clock, stop = SystemClock(), Stop()

            async def bench(numbers: Iterable[Iterable[str]]) -> LinkBench:
                rows = [business(row, Key=f"K-{row}", Numbers="; ".join(named)) for row, named in enumerate(numbers)]
                cells = [{name: cells[name] for name in HEADERS} for cells in rows]
                workbook = write_workbook(folder / f"{ledger.stem}.xlsx", cells, HEADERS)
                flags = {"base_url": sandbox.url, "quota": "none", "settle": f"{SETTLE_S}s", "concurrency": "2"}
                job = replace(load_job(workbook, flags), ledger=ledger, links_per_call=PER_CALL)

                async def ask(combinations: Iterable[Combination]) -> RequirementsBook:
                    return await requirements_for(job, combinations, credentials=CREDENTIALS, clock=clock, stop=stop)

                judgement = await judge(job, await read_job_sheet(job), ask)
                through = replace(job, base_url=relay.url)
                return LinkBench(judgement, through, sandbox, relay, Contract.RELEASED, power_fails=power_fails)

            await (await bench([[]] * ROWS)).run()
            for record in sandbox.state.records:
                sandbox.state.review(record, "approved", None)
            for number in ALL:
                sandbox.state.rent(Number(number, "IN", "local"))
            yield await bench(NUMBERS)


async def through_a_crash(folder: Path, ledger: Path, fault: str, at: int) -> Crash:
    """A run that dies at one step while a fault strikes the second call; then runs to the end, and the check."""
    crash = Crash(at)
    async with ready(folder, ledger, power_fails=at % 2 == 1) as bench:
        if fault:
            bench.sandbox.faults.script("link", fault, after=1)
        await bench.run(crash)
        for _ in range(3):
            await bench.run()
        bench.check()
    return crash


@pytest.mark.timeout(1200 if LONG else 120)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault or "fair")
async def test_a_crash_at_any_step_of_a_bulk_link_loses_nothing_and_repeats_nothing(tmp_path: Path, fault: str) -> None:
    """The next runs end with every number linked once."""
    whole = await through_a_crash(tmp_path, tmp_path / "whole.jsonl", fault, at=0)
    steps = len(whole.passed)
    dice = random.Random(f"{SEED} {fault}")

    points = iter(sorted(dice.sample(range(1, steps + 1), min(steps, POINTS_OF_EACH))))

    async def work() -> None:
        for at in points:
            try:
                crash = await through_a_crash(tmp_path, tmp_path / f"{at}.jsonl", fault, at)
            except BaseException:
                print(f"SEED={SEED}, step {at}")
                raise
            if crash.happened:
                POINTS[crash.passed[-1]] += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_A_TIME):
            group.create_task(work())


async def test_every_step_of_a_link_that_matters_is_one_to_die_at(tmp_path: Path) -> None:
    """From the pages of numbers to the entries that end a call."""
    whole = await through_a_crash(tmp_path, tmp_path / "whole.jsonl", "", at=0)

    assert set() == WHAT_MATTERS - set(whole.passed)
    assert {1} == set(Counter(ALL).values())
