"""A run is a stream: what it has at hand at a time does not grow with the rows."""

import asyncio
from collections import Counter
from types import SimpleNamespace

from bulk_onboard.intake.documents import known
from bulk_onboard.model import entry as entries
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Scope
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.pipeline.execution import Run
from bulk_onboard.pipeline.reviews import ENTRIES_AT_A_TIME
from tests.support.businesses import DOCUMENTS, business


def a_run(ledger_state: LedgerState) -> Run:
    """A run of no rows."""
    return Run(
        job=SimpleNamespace(quota=None, findings=(), links_per_call=50),
        auth_id="",
        journal=SimpleNamespace(ledger_state=ledger_state),
        connection=None,
        judgement=SimpleNamespace(rows=(), book=RequirementsBook("", live=False)),
        clock=None,
        stop=None,
        requests=Counter(),
        progress=None,
        usage=None,
        scope=Scope(),
        began_at=0.0,
    )


async def test_a_plan_stands_until_a_record_changes():
    """It is not made again for each caller, nor for entries that are about no record, and is never out of date."""
    ledger_state = LedgerState()
    run = a_run(ledger_state)
    first = await run.plan()

    ledger_state.take(entries.Swept(seq=1, records=0))
    again = await run.plan()
    ledger_state.take(entries.Admitted(seq=2, tokens=("a" * 16,)))

    assert first is again
    assert first is not await run.plan()


async def test_rows_that_are_kept_out_are_written_down_some_at_a_time(office):
    """However many there are, only so many entries wait for the disk; in the end all are there."""
    rows = ENTRIES_AT_A_TIME + 500
    documents = {title.replace(" ", "_"): business(0)[title] for title in DOCUMENTS}
    office.fill([business(number, Email="nonsense", **documents) for number in range(rows)])
    running = asyncio.create_task(office.run())
    most = 0

    while not running.done():
        most = max(most, len(asyncio.all_tasks()))
        await asyncio.sleep(0)

    assert rows == running.result().counts["invalid"]
    assert most < ENTRIES_AT_A_TIME + 50


async def test_facts_of_documents_are_remembered_beside_the_ledger(office, monkeypatch):
    """From one run to the next, where there are many of them."""
    office.fill(2)
    monkeypatch.setattr(known, "PAYS_FROM", 6)
    monkeypatch.setattr(known, "_TICK_NS", 0)

    await office.run()

    assert (office.folder / "businesses.facts").is_file()
