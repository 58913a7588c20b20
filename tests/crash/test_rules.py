"""One crash for each rule that keeps a row from being sent twice: the smallest that fails without it (`mutants`)."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bulk_onboard.errors import LockedError
from bulk_onboard.model.record import State
from tests.crash.bench import SETTLE_S, Bench, Rig
from tests.support.contracts import CONTRACTS, LAYOUTS
from tests.support.crashes import Crash
from tests.support.nights import Hurried

pytestmark = pytest.mark.slow


@pytest.fixture(params=CONTRACTS)
async def context(request: pytest.FixtureRequest, tmp_path: Path) -> Rig:
    """Two rows, judged; under each contract."""
    return await Rig.laid(tmp_path, 2, layout=LAYOUTS[request.param])


def step(whole: list[str], name: str, occurrence: int = 1) -> int:
    """The number of a step, by its name."""
    return [number for number, passed in enumerate(whole, start=1) if passed == name][occurrence - 1]


async def steps_of(context: Rig, folder: Path) -> list[str]:
    """The steps of a run that nothing disturbs."""
    async with Bench.opened(context, folder / "whole.jsonl") as bench:
        await bench.run(whole := Crash())
    return whole.passed


async def test_what_was_sent_is_known_after_a_power_failure(context: Rig, tmp_path: Path) -> None:
    """The power fails when a create's last byte has left: its intent is on disk, so it is found, not sent again."""
    at = step(await steps_of(context, tmp_path), "after the last byte", 2)

    async with Bench.opened(context, tmp_path / "ledger.jsonl", power_fails=True) as bench:
        await bench.run(Crash(at))
        after_the_crash = [record.state for record in bench.ledger_state.records.values()]
        await bench.run_to_the_end()

        assert [State.SUBMITTED, State.SENDING] == after_the_crash
        bench.check()


async def test_an_intent_is_in_the_ledger_when_its_create_arrives(context: Rig, tmp_path: Path) -> None:
    """The API itself looks into the ledger whenever a create arrives, however slow the disk is."""
    async with Bench.opened(context, tmp_path / "ledger.jsonl", slow_disk_s=0.1) as bench:
        await bench.run()

        assert 2 == len(bench.sandbox.state.records)
        assert [] == bench.sandbox.witness.without_intent


@pytest.mark.parametrize(("lag_s", "late_s"), [(0.0, 40.0), (30.0, 0.0)])
async def test_what_a_crash_left_behind_is_found_when_it_shows_late(
    context: Rig, tmp_path: Path, lag_s: float, late_s: float
) -> None:
    """The create takes effect, or is listed, some time after the next run has begun, and within its window."""
    at = step(await steps_of(context, tmp_path), "after create was sent", 2)
    times = {"lag_s": lag_s, "late_s": late_s, "settle_s": 50.0}

    async with Bench.opened(context, tmp_path / "ledger.jsonl", **times, clock=Hurried()) as bench:
        if late_s:
            bench.sandbox.faults.script("create", "late-apply", after=1)
        await bench.run(Crash(at))
        await bench.run_to_the_end()

        bench.check()
        assert 0 == bench.requests["create unresolved"]


async def test_a_list_that_never_shows_what_exists_is_not_believed(context: Rig, tmp_path: Path) -> None:
    """The list lags beyond every window: the row stays uncertain, run after run, and is not sent again."""
    async with Bench.opened(context, tmp_path / "ledger.jsonl", lag_s=60) as bench:
        bench.sandbox.faults.script("create", "drop-after", after=1)
        await bench.run_to_the_end()

        assert [State.SUBMITTED, State.UNCERTAIN] == [record.state for record in bench.ledger_state.records.values()]
        assert 2 == len(bench.sandbox.state.records)


async def test_of_two_runs_at_a_time_one_is_turned_away(context: Rig, tmp_path: Path) -> None:
    """The ledger is locked: the second run ends at once, and sends nothing."""
    async with Bench.opened(context, tmp_path / "ledger.jsonl") as bench:
        first, second = await asyncio.gather(bench.run(), bench.run(), return_exceptions=True)

        assert (None, LockedError) == (first, type(second))
        assert 2 == len(bench.sandbox.state.records)


@pytest.mark.parametrize("behaviours", [("ignore-alias",), ("substring-alias", "newest-first")], ids="+".join)
@pytest.mark.parametrize("fault", ["drop-before", "drop-after"])
async def test_with_the_filter_ignored_only_its_own_record_is_adopted(
    context: Rig, tmp_path: Path, behaviours: tuple[str, ...], fault: str
) -> None:
    """Whatever the list answers, a record is told by its whole alias."""
    async with Bench.opened(context, tmp_path / "ledger.jsonl", behaviours=behaviours) as bench:
        bench.sandbox.faults.script("create", fault, after=1)
        await bench.run_to_the_end()

        bench.check()
        assert [State.SUBMITTED] * 2 == [record.state for record in bench.ledger_state.records.values()]


async def test_a_lost_answer_makes_no_second_record(context: Rig, tmp_path: Path) -> None:
    """The create was carried out, the connection dropped: it is looked for, not sent again."""
    async with Bench.opened(context, tmp_path / "ledger.jsonl") as bench:
        bench.sandbox.faults.script("create", "drop-after")
        await bench.run_to_the_end()

        bench.check()
        assert 1 == bench.requests["create unresolved"]


@pytest.mark.parametrize(
    "behaviours", [("upper-alias",), ("cut-alias=40", "ascii-alias", "no-blanks-alias")], ids="+".join
)
async def test_a_record_is_known_by_its_token_however_its_alias_is_kept(
    context: Rig, tmp_path: Path, behaviours: tuple[str, ...]
) -> None:
    """A lost create is found by the token in what is left of its alias, and not sent again."""
    async with Bench.opened(context, tmp_path / "ledger.jsonl", behaviours=behaviours) as bench:
        bench.sandbox.faults.script("create", "drop-after", after=1)
        await bench.run_to_the_end()

        assert [State.SUBMITTED] * 2 == [record.state for record in bench.ledger_state.records.values()]
        assert 2 == len(bench.sandbox.state.records)


async def test_a_first_record_that_loses_its_token_is_the_last(context: Rig, tmp_path: Path) -> None:
    """The API cuts aliases before the token: one record is filed, in however many runs."""
    async with Bench.opened(context, tmp_path / "ledger.jsonl", behaviours=("cut-alias=10",)) as bench:
        for _ in range(2):
            await bench.run()

        assert 1 == len(bench.sandbox.state.records)


async def test_the_audit_looks_when_the_youngest_create_is_as_old_as_the_window(context: Rig, tmp_path: Path) -> None:
    """Whatever the run left behind shows by then."""
    async with Bench.opened(context, tmp_path / "ledger.jsonl") as bench:
        await bench.run()

        created = [request.instant for request in bench.sandbox.log if request.operation == "create"]
        listed = [request.instant for request in bench.sandbox.log if request.operation == "list"]
        assert listed[-1] - created[-1] >= timedelta(seconds=SETTLE_S)
