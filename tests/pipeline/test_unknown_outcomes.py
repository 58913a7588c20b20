"""Calls whose outcome is unknown: one look-up may settle them, nothing ever resends them blind."""

import pytest

from bulk_onboard.errors import ExitStatus
from bulk_onboard.ledger.journal import read_books
from bulk_onboard.model.record import State
from tests.support.businesses import business
from tests.support.office import Office

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
async def test_a_create_that_may_not_have_happened_stays_uncertain_and_is_never_sent_again(
    office: Office, fault: str
) -> None:
    """Absence is not believed from one look-up: run after run the row stays uncertain, and the run says unfinished."""
    office.fill(3)
    office.sandbox.faults.script("create", fault)

    first, second = await office.run(), await office.run()

    assert (first.exit_status, second.exit_status) == (ExitStatus.STOPPED, ExitStatus.STOPPED)
    assert (second.counts["submitted"], second.counts["uncertain"]) == (2, 1)
    assert "create done" not in second.requests


async def test_a_record_that_shows_late_is_adopted_by_the_next_run(office: Office) -> None:
    """The list lags: uncertain at first, adopted once the record shows; nothing was created meanwhile."""
    office.fill(1)
    office.sandbox.state.list_lag_s = 30.0
    office.sandbox.faults.script("create", "drop-after")
    first = await office.run()
    office.sandbox.state.list_lag_s = 0.0

    second = await office.run()

    assert (first.counts["uncertain"], second.counts["submitted"]) == (1, 1)
    assert len(office.sandbox.state.records) == 1


async def test_a_row_edited_while_uncertain_is_adopted_as_it_was_sent(office: Office) -> None:
    """Settled by the stored alias, not compared with contents that were never sent; nothing is created."""
    office.fill([business(1, Key="K-1")])
    office.sandbox.state.list_lag_s = 30.0
    office.sandbox.faults.script("create", "drop-after")
    await office.run()
    office.sandbox.state.list_lag_s = 0.0
    office.rows[0] |= {"City": "Mysuru", "Registration Number": "U72999KA2020PTC999999"}
    office.save()

    result = await office.run()

    assert result.counts["submitted"] == 1
    assert len(office.sandbox.state.records) == 1


async def test_an_uncertain_record_whose_row_has_gone_is_settled_all_the_same(office: Office) -> None:
    """The row was deleted while its outcome was unknown: it is looked up, and kept in the books."""
    office.fill(2)
    office.sandbox.state.list_lag_s = 30.0
    office.sandbox.faults.script("create", "drop-after")
    await office.run(concurrency="1")
    office.sandbox.state.list_lag_s = 0.0
    office.rows = office.rows[1:]
    office.save()

    await office.run()

    states = [record.state for record in read_books(office.ledger).books.records.values()]
    assert states == [State.SUBMITTED, State.SUBMITTED]


async def test_a_match_with_other_contents_is_held_for_a_person(office: Office) -> None:
    """The alias is there, but it names another business: not ours to adopt, not ours to send."""
    office.fill(1)
    office.sandbox.state.list_lag_s = 30.0
    office.sandbox.faults.script("create", "drop-after")
    await office.run()
    (record,) = office.sandbox.state.records
    record.end_user["name"] = "Somebody Else Private Limited"
    office.sandbox.state.list_lag_s = 0.0

    result = await office.run()

    assert (result.exit_status, result.counts["held"]) == (ExitStatus.ROWS_NEED_A_PERSON, 1)
    assert len(office.sandbox.state.records) == 1
