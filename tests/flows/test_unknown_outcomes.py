"""Calls whose outcome is unknown are settled by looking, and never sent again blind."""

import pytest

from bulk_onboard.errors import ExitStatus
from bulk_onboard.ledger.fold import entries
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.model.entry import Absent
from bulk_onboard.model.record import State
from tests.support.businesses import business
from tests.support.nights import Nights
from tests.support.office import Office

pytestmark = pytest.mark.slow

COMMITTED = ("drop-after", "error-500-after", "html-502-after", "truncated-json", "cut-answer")
NOT_COMMITTED = ("drop-before", "drop-mid-body", "error-500-before", "html-502-before")


@pytest.mark.parametrize("fault", COMMITTED)
async def test_a_create_whose_answer_was_lost_is_found_by_its_alias_and_adopted(office: Office, fault: str) -> None:
    """Applied at the API, unknown here: the look-up finds the one match, and the run ends with all done."""
    office.fill(4)
    office.sandbox.faults.script("create", fault, times=2)

    result = await office.run()

    assert (result.exit_status, result.counts["submitted"]) == (ExitStatus.DONE, 4)
    assert len(office.sandbox.state.records) == 4


@pytest.mark.parametrize("fault", NOT_COMMITTED)
async def test_a_create_that_did_not_happen_is_proved_absent_after_the_window_and_sent_again(
    office: Office, fault: str
) -> None:
    """The same run ends with all done; the ledger shows how long was waited and by what the list was checked."""
    office.fill(3)
    office.sandbox.faults.script("create", fault)

    result = await office.run()

    (absent,) = [entry for entry in entries(office.ledger.read_bytes()) if isinstance(entry, Absent)]
    assert (result.exit_status, result.counts["submitted"]) == (ExitStatus.DONE, 3)
    assert len(office.sandbox.state.records) == 3
    assert absent.waited_s >= 0.6
    assert absent.control in read_ledger_state(office.ledger).ledger_state.records


async def test_without_any_known_record_absence_cannot_be_shown_yet_and_every_run_looks_again(office: Office) -> None:
    """An empty account and a single row: there is nothing to check the list by, so nothing is sent again."""
    office.fill(1)
    office.sandbox.faults.script("create", "drop-before")

    first, second = await office.run(), await office.run()

    assert [ExitStatus.STOPPED] * 2 == [first.exit_status, second.exit_status]
    assert (second.counts["uncertain"], "create done" in second.requests) == (1, False)


async def test_run_says_how_many_rows_have_an_unknown_outcome(office: Office) -> None:
    """Each of them counts, not only the first."""
    office.fill(2)
    office.sandbox.faults.script("create", "drop-before", times=2)

    result = await office.run()

    assert 2 == result.counts["uncertain"]
    assert "2 rows could not be finished" in str(result.error)


@pytest.mark.parametrize("key", ["K-1", "K-1000", "A very long Key, longer than the other"])
async def test_on_an_empty_account_the_next_rows_create_serves_as_the_control(office: Office, key: str) -> None:
    """The first create is lost for good; the second one shows that the list can be believed, so it goes again."""
    office.fill([business(1, Key=key), business(2, Key="K-22")])
    office.sandbox.faults.script("create", "drop-before")

    result = await office.run()

    assert (result.exit_status, result.counts["submitted"]) == (ExitStatus.DONE, 2)
    assert len(office.sandbox.state.records) == 2


async def test_a_record_that_shows_late_within_the_window_is_adopted(office: Office) -> None:
    """The list lags by less than the settle window: found by a later look, created once."""
    office.fill(2)
    office.sandbox.state.list_lag_s = 0.3
    office.sandbox.faults.script("create", "drop-after")

    result = await office.run()

    assert (result.exit_status, result.counts["submitted"]) == (ExitStatus.DONE, 2)
    assert len(office.sandbox.state.records) == 2


async def test_a_list_that_lags_beyond_the_window_fails_the_control_and_the_row_stays_uncertain(office: Office) -> None:
    """The control record does not show either, so the list's silence is not believed."""
    office.fill(2)
    office.sandbox.state.list_lag_s = 30.0
    office.sandbox.faults.script("create", "drop-after")

    result = await office.run()

    assert (result.exit_status, result.counts["uncertain"]) == (ExitStatus.STOPPED, 1)
    assert len(office.sandbox.state.records) == 2


async def test_a_row_edited_while_uncertain_is_adopted_as_it_was_sent(office: Office) -> None:
    """Settled by the stored alias, not compared with contents that were never sent; nothing is created."""
    office.fill([business(1, Key="K-1")])
    office.sandbox.faults.script("create", "drop-after")
    await office.run_until_unknown()
    office.rows[0] |= {"City": "Mysuru", "Registration Number": "U72999KA2020PTC999999"}
    office.save()

    result = await office.run()

    assert result.counts["submitted"] == 1
    assert len(office.sandbox.state.records) == 1


async def test_a_row_edited_while_uncertain_is_sent_with_its_new_contents_once_absent(office: Office) -> None:
    """Nothing of the old contents arrived: the new ones are sent, under the alias that was stored."""
    office.fill([business(1, Key="K-1"), business(2, Key="K-2")])
    await office.run(limit="1")
    office.sandbox.faults.script("create", "drop-before")
    await office.run_until_unknown()
    office.rows[1]["City"] = "Mysuru"
    office.save()

    result = await office.run()

    assert (result.exit_status, result.counts["submitted"]) == (ExitStatus.DONE, 2)
    assert {"Bengaluru", "Mysuru"} == {r.end_user["address"]["city"] for r in office.sandbox.state.records}


async def test_an_uncertain_record_whose_row_has_gone_is_settled_all_the_same(office: Office) -> None:
    """The row was deleted while its outcome was unknown: it is looked up, and kept in the books."""
    office.fill(2)
    office.sandbox.faults.script("create", "drop-after")
    await office.run_until_unknown(concurrency="1")
    office.rows = office.rows[1:]
    office.save()

    await office.run()

    states = [record.state for record in read_ledger_state(office.ledger).ledger_state.records.values()]
    assert states == [State.SUBMITTED, State.SUBMITTED]


async def test_a_match_with_other_contents_is_adopted_and_the_difference_told(office: Office) -> None:
    """The token proves which row was meant, whatever the API made of its content; the difference is told."""
    office.fill(1)
    office.sandbox.faults.script("create", "drop-after")
    await office.run_until_unknown()
    (record,) = office.sandbox.state.records
    record.end_user["name"] = record.end_user["name"].upper()

    result = await office.run()

    assert (result.exit_status, result.counts["submitted"]) == (ExitStatus.DONE, 1)
    assert len(office.sandbox.state.records) == 1
    assert ["business name"] == [
        record.differs for record in read_ledger_state(office.ledger).ledger_state.records.values()
    ]


async def test_a_held_row_that_changes_is_looked_up_anew_and_never_created_straight_away(office: Office) -> None:
    """Absence could not be shown at first; the changed row is settled before it is sent."""
    office.fill([business(1, Key="K-1"), business(2, Key="K-2")])
    office.sandbox.faults.script("create", "drop-before")
    await office.run(limit="1")
    office.rows[0]["City"] = "Mysuru"
    office.save()

    result = await office.run()

    story = [e.name() for e in entries(office.ledger.read_bytes()) if getattr(e, "key", "") == "K-1"]
    assert (result.exit_status, result.counts["submitted"]) == (ExitStatus.DONE, 2)
    assert ["intent", "done"] == story[-2:]
    assert "absent" == story[-3]


async def test_a_ledger_lost_right_after_a_kill_waits_out_the_window_before_it_creates(nights: Nights) -> None:
    """What the killed run had in flight may still arrive: the account is walked again when it cannot any more."""
    nights.fill(2)
    nights.sandbox.state.list_lag_s = 60.0
    await nights.run_until_filed(clock=nights.calendar)
    nights.ledger.unlink()

    result = await nights.night(settle="90s")

    assert result.counts["submitted"] == 2
    assert len(nights.sandbox.state.records) == 2


async def test_a_shared_job_can_be_carried_on_by_the_group(office: Office) -> None:
    """`share = "group"`: ledger, lock and report have mode 0660."""
    office.fill(1)
    job = office.folder / "businesses.toml"
    job.write_text('workbook = "businesses.xlsx"\nshare = "group"\n')

    told = await office.type("run", job=job)

    assert told.status == 0
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in office.folder.glob("businesses.*.*")}
    assert set(modes.values()) == {"0o660"}
