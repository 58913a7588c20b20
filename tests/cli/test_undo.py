"""`undo` and `delete` as people type them, and as machines end them: they get further, and take only their own."""

import asyncio
from pathlib import Path

import pytest

from bulk_onboard.model.record import State
from bulk_onboard.sandbox.faults import FAULTS, FOR_GOOD
from tests.support.businesses import business
from tests.support.nights import saying
from tests.support.office import Office, Told

ROWS = 6


async def filed(office: Office, rows: int = ROWS) -> str:
    """So many rows with Keys are at the API; the run's id."""
    office.fill([business(number, Key=f"K-{number}") for number in range(rows)])
    told = await office.type("run", "--json")
    assert 0 == told.status
    return str(told.json["run_id"])


async def killed_in(office: Office, process: asyncio.subprocess.Process, operation: str) -> None:
    """Kill the process once its second write of this kind has arrived, and was carried out where it ever is."""
    while sum(request.operation == operation for request in office.sandbox.log) < 2:
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)
    process.kill()
    await process.communicate()


def is_sending(office: Office) -> bool:
    """Whether the ledger ends in the middle of a call."""
    return any(record.state is State.SENDING for record in office.ledger_state().records.values())


@pytest.mark.slow
@pytest.mark.parametrize("carried_out", [True, False], ids=["carried out", "not carried out"])
async def test_undo_that_was_killed_in_a_delete_is_finished_by_typing_it_again(
    office: Office, carried_out: bool
) -> None:
    """Whether the API still carried the delete out or not: all are gone then, and the exit status is 0."""
    run_id = await filed(office)
    office.sandbox.faults.script("delete", "hang-after" if carried_out else "hang-before", FOR_GOOD, after=1)
    await killed_in(office, await office.start("undo", "--run", run_id, "--yes"), "delete")
    office.sandbox.faults.clear()
    left = len(office.sandbox.state.records)
    assert (is_sending(office), left) == (True, ROWS - 1 - carried_out)

    again = await office.type("undo", "--run", run_id, "--yes")
    once_more = await office.type("undo", "--run", run_id, "--yes")

    assert "6 records: 4 will be deleted, 1 will be looked for first, and deleted if found, 1 is gone" in again.err
    assert (0, "Deleted: 5 of 6 records.") == (again.status, again.out.splitlines()[0])
    assert (0, "Nothing was deleted.", 0) == (
        once_more.status,
        once_more.out.splitlines()[0],
        len(office.sandbox.state.records),
    )
    assert {State.DELETED} == {record.state for record in office.ledger_state().records.values()}
    assert 0 == (await office.type("ledger verify")).status


@pytest.mark.slow
@pytest.mark.parametrize("carried_out", [True, False], ids=["carried out", "not carried out"])
async def test_undo_of_a_killed_run_takes_what_turns_out_to_be_there(office: Office, carried_out: bool) -> None:
    """Its last create is unknown: it is looked for, for as long as it may yet arrive, and deleted if it is found."""
    office.fill([business(number, Key=f"K-{number}") for number in range(ROWS)])
    office.sandbox.faults.script("create", "hang-after" if carried_out else "hang-before", FOR_GOOD, after=1)
    process = await office.start("run", "--concurrency", "1")
    await killed_in(office, process, "create")
    office.sandbox.faults.clear()
    assert (is_sending(office), len(office.sandbox.state.records)) == (True, 1 + carried_out)
    (run,) = office.ledger_state().runs

    told = await office.type("undo", "--run", run.started.run_id, "--yes")

    assert "2 records: 1 will be deleted, 1 will be looked for first" in told.err
    assert (0, f"Deleted: {1 + carried_out} of 2 records.") == (told.status, told.out.splitlines()[0])
    assert ("Not at the API, so there was nothing to delete: 1 record." in told.out) is not carried_out
    assert 0 == len(office.sandbox.state.records)
    assert 0 == (await office.type("ledger verify")).status


@pytest.mark.slow
async def test_record_whose_create_stays_unknown_is_named_with_3(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list cannot be read: nothing is concluded, and the same command finishes it once it can."""
    office.fill([business(1, Key="K-1")])
    office.sandbox.faults.script("create", "hang-after")
    process = await office.start("run")
    while not office.sandbox.state.records:
        await asyncio.sleep(0.005)
    process.kill()
    await process.communicate()
    monkeypatch.setitem(FAULTS, "refuse-400", saying("refuse-400", "invalid_parameter"))
    office.sandbox.faults.script("list", "refuse-400", FOR_GOOD)

    told = await office.type("delete", "K-1", "--yes")
    office.sandbox.faults.clear()
    again = await office.type("delete", "K-1", "--yes")

    assert (3, True) == (told.status, told.out.startswith("K-1: what the API has of it is not known yet"))
    assert (0, "Deleted: 1 of 1 record.") == (again.status, again.out.splitlines()[0])
    assert 0 == len(office.sandbox.state.records)


@pytest.mark.parametrize("fault", ["drop-before", "drop-after"])
async def test_delete_whose_answer_was_lost_is_finished_by_the_same_command(office: Office, fault: str) -> None:
    """It is looked for; where it did not happen the record is deleted once more."""
    run_id = await filed(office, 2)
    office.sandbox.faults.script("delete", fault)

    told = await office.type("undo", "--run", run_id, "--yes")

    assert (0, "Deleted: 2 of 2 records.", 0) == (
        told.status,
        told.out.splitlines()[0],
        len(office.sandbox.state.records),
    )


async def test_undo_begins_with_the_sum(office: Office) -> None:
    """How many go and how many stay, before the list and the question."""
    run_id = await filed(office)
    for record in office.sandbox.state.records[:2]:
        office.sandbox.state.review(record, "approved", None)

    asked = await office.type("undo", "--run", run_id)

    assert "bulk-onboard: 6 records: 4 will be deleted, 2 stay." == asked.err.splitlines()[0]
    assert (2, 6) == (asked.status, len(office.sandbox.state.records))


async def test_deleted_record_needs_nobody_when_it_is_deleted_again(office: Office) -> None:
    """It is not there, which was wanted; so is one that somebody else deleted in the meantime."""
    await filed(office, 2)
    office.sandbox.state.forget(office.sandbox.state.records[1])

    told = [await office.type("delete", key, "--yes") for key in ("K-0", "K-0", "K-1", "K-1")]

    assert [0, 0, 0, 0] == [each.status for each in told]
    assert "1 record, and nothing to delete: 1 is gone already." in told[1].err


async def test_undo_leaves_a_record_that_was_filed_by_hand_after_the_run_had_failed(office: Office) -> None:
    """The run was denied; somebody then filed the business, and a later run found that."""
    office.fill([business(number, Key=f"K-{number}") for number in range(2)])
    office.sandbox.faults.script("create", "refuse-401", FOR_GOOD)
    denied = await office.type("run", "--json")
    office.sandbox.faults.clear()
    elsewhere = office.folder / "elsewhere"
    elsewhere.mkdir()
    by_hand = await other_ledger(office, elsewhere)
    found = await office.type("run", "--json")

    told = [await office.type("undo", "--run", run, "--yes") for run in (denied.json["run_id"], found.json["run_id"])]

    assert (7, 0, 0) == (denied.status, by_hand.status, found.status)
    assert [(0, "Nothing was deleted.")] * 2 == [(each.status, each.out.splitlines()[0]) for each in told]
    assert 2 == len(office.sandbox.state.records)


async def other_ledger(office: Office, folder: Path) -> Told:
    """The same rows, filed with a ledger of its own."""
    return await office.type("run", "--ledger", str(folder / "own.ledger.jsonl"))
