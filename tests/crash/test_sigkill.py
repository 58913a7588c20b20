"""The real command, killed with SIGKILL at random; afterwards nothing is there twice and nothing is lost."""

import asyncio
import random
import signal

import openpyxl

from bulk_onboard.ledger.journal import read_books
from bulk_onboard.model.record import State
from bulk_onboard.sandbox.server import Sandbox
from tests.support.office import Office, heard

ROWS = 24
KILLS = 10


async def test_ten_kills_at_random_make_no_duplicate_and_lose_no_row(office: Office, record_property) -> None:
    """After a run to the end each row is in the report, at worst uncertain, and none of those was sent again."""
    seed = random.SystemRandom().randrange(10**6)
    record_property("seed", seed)
    print(f"seed {seed}")
    dice = random.Random(seed)
    office.fill(ROWS)
    office.sandbox.latency_s = 0.03

    for _ in range(KILLS):
        process = await office.start("run", "--concurrency", "4")
        await asyncio.sleep(dice.uniform(0.5, 1.2))
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await heard(process)
        office.shuffle(dice.randrange(10**6))
    told = await office.type("run", "--json")

    records = office.sandbox.state.records
    counts = told.json["counts"]
    assert not office.sandbox.state.duplicates
    assert counts["submitted"] == len(records)
    assert counts["submitted"] + counts["uncertain"] == counts["rows"] == ROWS
    rows = openpyxl.load_workbook(office.report)["Results"].iter_rows(min_row=2, max_col=1, values_only=True)
    assert list(range(2, ROWS + 2)) == [number for (number,) in rows]
    assert (await office.type("ledger verify")).status == 0


async def test_an_intent_is_on_disk_before_its_create_arrives(office: Office) -> None:
    """When a create arrives, the ledger file holds an unfinished intent with its whole alias (I3)."""
    office.fill(6)
    found: list[bool] = []

    def look(operation: str, alias: str) -> None:
        if operation == "create":
            sending = [r for r in read_books(office.ledger).books.records.values() if r.state is State.SENDING]
            found.append(alias in [record.alias for record in sending])

    async with Sandbox(witness=look) as office.sandbox:
        await office.run()

    assert [True] * 6 == found
