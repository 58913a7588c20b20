"""The process dies at each of its steps, one after the other, whatever the API does: nothing twice, nothing lost.

Steps are: before and after each entry, in the middle of its line, before and after its fsync; before and after each
call, in the middle of a body, after its last byte, and when its answer is on the way. `make crash` takes them all.
Records are filed here; what is done about their numbers is in `test_links`.
"""

from pathlib import Path

import pytest

from bulk_onboard.ledger.database import lease
from bulk_onboard.ledger.database.lease import Times
from bulk_onboard.ledger.database.store import set_up
from tests.crash.bench import Bench, Rig, at_each, chosen
from tests.crash.dice import BEHAVIOURS, HANGS, LOST
from tests.crash.figures import LONG
from tests.support.contracts import CONTRACTS, LAYOUTS, effort
from tests.support.crashes import Crash
from tests.support.postgres import Database

pytestmark = pytest.mark.slow

ROWS = 3
FAULTS = ("", *LOST, *HANGS, "stray-429")
WHAT_MATTERS = {
    *("before intent create is written", "in the middle of a line", "before fsync", "after fsync"),
    *("after intent create was written", "before create is sent", "in the middle of the body", "after the last byte"),
    *("before the answer arrives", "after create was sent", "before done create is written"),
    *("before unresolved create is written", "after list was sent", "before probed create is written"),
    *("before adopted create is written", "after adopted create was written"),
}


ON_DISK = {"in the middle of a line", "before fsync", "after fsync"}
IN_DATABASE = {
    f"{when} {what}" for when in ("before", "after") for what in ("claim", "insert", "another statement")
} | {"before the database's answer arrives"}


async def through_a_crash(
    context: Rig, ledger: Path, fault: str, at: int, *, database: Database | None = None
) -> Crash:
    """A run that dies at one step while a fault strikes the second create; then runs to the end, and the check."""
    behaviours = BEHAVIOURS[at % len(BEHAVIOURS)]
    crash = Crash(at)
    opened = Bench.opened(context, ledger, behaviours=behaviours, power_fails=at % 2 == 1, database=database)
    async with opened as bench:
        if fault:
            bench.sandbox.faults.script("create", fault, after=1)
        await bench.run(crash)
        await bench.run_to_the_end()
        bench.check()
    return crash


@pytest.mark.timeout(1200 if LONG else 120)
@pytest.mark.parametrize(
    ("contract", "fault"),
    [(contract, fault) for contract in CONTRACTS for fault in (FAULTS if LONG else FAULTS[:: effort(contract, 1, 3)])],
    ids=lambda name: name or "fair",
)
async def test_a_crash_at_any_step_loses_nothing_and_repeats_nothing(tmp_path: Path, contract: str, fault: str) -> None:
    """The next runs end with every row submitted once, or held where absence could not be shown."""
    context = await Rig.laid(tmp_path, ROWS, layout=LAYOUTS[contract])
    whole = await through_a_crash(context, tmp_path / "whole.jsonl", fault, at=0)

    await at_each(
        chosen(len(whole.passed), f"{contract} {fault}", effort(contract, 18, 8)),
        lambda at: through_a_crash(context, tmp_path / f"{at}.jsonl", fault, at),
    )


@pytest.mark.parametrize("contract", CONTRACTS)
async def test_every_step_that_matters_is_one_to_die_at(tmp_path: Path, contract: str) -> None:
    """A run with a lost answer passes all of them, from the intent to the entry that settles it."""
    context = await Rig.laid(tmp_path, ROWS, layout=LAYOUTS[contract])

    whole = await through_a_crash(context, tmp_path / "whole.jsonl", "drop-after", at=0)

    assert set() == WHAT_MATTERS - set(whole.passed)


@pytest.fixture
def database(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Has the tables; what a process that died has claimed is free again after some seconds."""
    set_up(postgres.address)
    monkeypatch.setattr(lease, "TIMES", Times(lease_s=3, margin_s=0.5, renew_s=0.5, look_s=0.05, farewell_s=0.5))
    return postgres


@pytest.mark.cluster
@pytest.mark.timeout(1200 if LONG else 120)
@pytest.mark.parametrize("contract", CONTRACTS)
async def test_a_crash_at_any_step_of_a_database_does_neither(
    tmp_path: Path, contract: str, database: Database
) -> None:
    """Before a statement reaches it, after that, and when its answer is on the way; of an opening and of each entry."""
    context = await Rig.laid(tmp_path, ROWS, layout=LAYOUTS[contract])
    whole = await through_a_crash(context, tmp_path / "whole.jsonl", "drop-after", 0, database=database)
    assert set() == (WHAT_MATTERS - ON_DISK | IN_DATABASE) - set(whole.passed)

    await at_each(
        chosen(len(whole.passed), f"{contract} database", effort(contract, 18, 8)),
        lambda at: through_a_crash(context, tmp_path / f"{at}.jsonl", "drop-after", at, database=database),
    )
