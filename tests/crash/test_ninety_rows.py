"""Ninety rows against an API that loses three of ten answers and shows its records late, killed a dozen times.

`make crash` takes the list lag and the settle window at their full size: 3 s and 4.5 s.
"""

import asyncio
from pathlib import Path

import pytest

from tests.crash.batches import Batch
from tests.crash.dice import Weather
from tests.crash.figures import LONG, SEED
from tests.support.contracts import CONTRACTS, LAYOUTS, Layout

pytestmark = pytest.mark.slow

ROWS = 90
KILLS = 12
LAG_S, SETTLE_S = (3.0, 4.5) if LONG else (0.3, 0.45)
LOST = {
    "drop-after": 0.07,
    "error-500-after": 0.06,
    "html-502-after": 0.04,
    "html-502-before": 0.03,
    "truncated-json": 0.05,
    "drop-before": 0.03,
    "hang-after": 0.01,
    "hang-before": 0.01,
}


BEHAVIOURS = ((), ("ignore-alias",), ("substring-alias", "newest-first"))


@pytest.mark.timeout(600 if LONG else 240)
async def test_ninety_rows_end_as_ninety_records_however_the_list_answers(tmp_path: Path) -> None:
    """Sorted anew after each kill: ninety records with the right bytes; and a ledger that stands some damage."""
    async with asyncio.TaskGroup() as group:
        for number, behaviours in enumerate(BEHAVIOURS):
            weather = Weather(LOST, behaviours, lag_s=LAG_S, settle_s=SETTLE_S)
            layout = LAYOUTS[CONTRACTS[number % len(CONTRACTS)]]
            group.create_task(through_a_dozen_kills(tmp_path / f"batch-{number}", weather, layout))


async def through_a_dozen_kills(folder: Path, weather: Weather, layout: Layout) -> None:
    """Ninety rows, from the first run to the check of their end."""
    print(f"SEED={SEED} CONTRACT={layout.contract}: {weather}")
    async with Batch.opened(folder, weather, seed=SEED, rows=ROWS, layout=layout) as batch:
        while batch.kills < KILLS:
            await batch.run_killed()
            batch.sort_anew()
        await batch.sandbox.set_rates(weather.without_hangs)
        await batch.run()
        told = await batch.finish()

        assert 0 == told.status
        assert ROWS == told.json["counts"]["submitted"] == (await batch.sandbox.state())["count"]
        await batch.check(told)
        await cut_seven_bytes_off(batch)
        await flip_one_bit(batch)
        batch.count()


async def cut_seven_bytes_off(batch: Batch) -> None:
    """The last line is torn: it is put aside, and nothing changes at the API."""
    before = await batch.sandbox.state()
    batch.office.ledger.write_bytes(batch.office.ledger.read_bytes()[:-7])

    told = await batch.run()

    after = await batch.sandbox.state()
    assert (0, before["records"]) == (told.status, after["records"])
    assert before["requests"]["create"] == after["requests"]["create"]
    await batch.check(told)


async def flip_one_bit(batch: Batch) -> None:
    """Damage in the middle is refused, and nothing at all is sent; the ledger is as it was, afterwards mended here."""
    before, content = await batch.sandbox.state(), batch.office.ledger.read_bytes()
    damaged = bytearray(content)
    damaged[len(content) // 2] ^= 1 << batch.dice.randrange(7)
    batch.office.ledger.write_bytes(damaged)

    told = await batch.run()

    assert 6 == told.status
    assert before["requests"] == (await batch.sandbox.state())["requests"]
    assert bytes(damaged) == batch.office.ledger.read_bytes()
    batch.office.ledger.write_bytes(content)
