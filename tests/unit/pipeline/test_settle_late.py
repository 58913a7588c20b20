"""What an earlier owner of the ledger was told after its lease is asked for before an absence is believed."""

import pytest

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Operation
from bulk_onboard.model.entry import Op
from bulk_onboard.model.record import State
from tests.unit.pipeline.rigs import Rig, W
from tests.unit.pipeline.samples import create, token
from tests.unit.pipeline.test_writes_create import CreatingDesk

LAG_S = 10 * W


@pytest.fixture
async def filed(context: Rig) -> str:
    """The unknown create was done, and shows on the list long after W; the known record is on it."""
    context.account.lag_s = LAG_S
    context.clock.pass_time(2 * LAG_S)
    return (await context.account.send(create(1))).value


async def settle(context: Rig) -> None:
    await context.settle(since=context.clock.monotonic())


async def test_without_it_a_list_that_lags_beyond_w_is_believed(context: Rig, filed: str) -> None:
    """That is what W is for; so the rest of this file is about something."""
    await settle(context)

    assert State.DEFERRED is context.state()


async def test_record_is_found_by_the_id_that_came_too_late(context: Rig, filed: str) -> None:
    """At the first look already, and it is adopted."""
    context.journal.late[token(1)] = (filed,)

    await settle(context)

    assert (State.SUBMITTED, filed) == (context.state(), context.record().compliance_id)
    assert isinstance(context.newest(), entries.Adopted)
    assert 1 == context.journal.story(token(1)).count("probed create")


async def test_id_that_shows_late_itself_is_asked_for_at_each_look(context: Rig, filed: str) -> None:
    """It is found as soon as the API shows it."""
    context.journal.late[token(1)] = (filed,)
    made = context.account.records.pop(filed)

    settling = context.settle(since=context.clock.monotonic())
    sleep = context.clock.sleep

    async def appear(seconds: float) -> None:
        await sleep(seconds)
        if context.clock.monotonic() > 2 * LAG_S + W / 2:
            context.account.records[filed] = made

    context.clock.sleep = appear  # type: ignore[method-assign]
    await settling

    assert (State.SUBMITTED, filed) == (context.state(), context.record().compliance_id)


async def test_what_the_api_created_and_does_not_show_is_held(context: Rig) -> None:
    """It is not sent again before a person has looked."""
    context.journal.late[token(1)] = ("id-of-a-record-that-is-not-there",)

    await settle(context)

    newest = context.newest()
    assert State.HELD is context.state()
    assert isinstance(newest, entries.Held)
    assert ("id-of-a-record-that-is-not-there",) == newest.compliance_ids


async def test_id_that_cannot_be_asked_for_leaves_the_row_to_the_next_run(context: Rig, filed: str) -> None:
    """No look counts that could not be made."""
    context.journal.late[token(1)] = (filed,)
    context.account.expect(Operation.GET, *["unavailable"] * 50)

    await settle(context)

    assert State.UNCERTAIN is context.state()


async def test_id_of_another_rows_record_proves_nothing(context: Rig) -> None:
    """What the API shows under it has another token."""
    other = (await context.account.send(create(2))).value
    context.journal.late[token(1)] = (other,)

    await settle(context)

    assert State.HELD is context.state()
    assert not context.record().compliance_id


# A record that was proved absent before the evidence came.


async def test_row_that_is_due_again_is_asked_for_before_it_is_sent() -> None:
    """What is found is adopted."""
    desk = CreatingDesk()
    await desk.create(1)
    there = (await desk.account.send(create(2))).value
    desk.journal.late[token(2)] = (there,)

    await desk.create(2)

    assert there == desk.journal.ledger_state.record(token(2)).compliance_id
    assert 2 == len(desk.account.made(Operation.CREATE))  # the first row's, and that of the earlier owner


async def test_row_that_is_due_again_is_sent_where_nothing_is_found() -> None:
    """It was proved absent, and the API says so once more."""
    desk = CreatingDesk()
    await desk.create(1)
    desk.journal.late[token(2)] = ("id-of-a-record-that-is-not-there",)

    await desk.create(2)

    assert [State.SUBMITTED] * 2 == desk.states(1, 2)
    assert [Op.CREATE, Op.CREATE] == [e.op for e in desk.journal.entries if isinstance(e, entries.Intent)]


async def test_row_whose_id_cannot_be_asked_for_is_not_sent() -> None:
    """It stays due."""
    desk = CreatingDesk()
    await desk.create(1)
    desk.journal.late[token(2)] = ("id-of-a-record-that-is-not-there",)
    desk.account.expect(Operation.GET, *["unavailable"] * 50)

    await desk.create(2)

    assert [State.NOT_SENT] == desk.states(2)
