"""Absence is believed only after W, and only of a list that showed what is known to exist."""

import pytest

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Operation
from bulk_onboard.model.entry import Op
from bulk_onboard.model.record import State
from tests.unit.submission.desks import KNOWN, SCHEDULE, STRANGER, Desk, W
from tests.unit.submission.samples import (
    alias,
    create,
    token,
    uncertain,
)


@pytest.fixture
async def desk():
    """The first row's create is unknown; another row's record is known."""
    desk = Desk(*uncertain(1))
    await desk.know()
    return desk


async def test_absent_one_is_looked_for_four_times_and_no_more(desk):
    """After 2, 10 and 30 seconds, and once when W is over."""
    await desk.settle()

    assert SCHEDULE == pytest.approx(desk.looks())
    assert State.DEFERRED is desk.state()


async def test_each_look_that_found_nothing_is_noted(desk):
    """The ledger tells the whole story: four looks, then absent."""
    await desk.settle()

    told = ["intent create", "unresolved create", *["probed create"] * 4, "absent create"]
    assert told == desk.journal.story(token(1))


async def test_absent_entry_shows_how_long_was_waited_and_what_the_control_found(desk):
    """At least W, and the record that the list did show (I6)."""
    await desk.settle()

    absent = desk.newest()
    assert isinstance(absent, entries.Absent)
    assert absent.waited_s >= W
    assert token(KNOWN) == absent.control


@pytest.mark.parametrize("since", [0.0, 0.1, 7.3, 33.3])
@pytest.mark.parametrize("settle_s", [0.3, 0.6, 4.5, 90.0])
async def test_last_look_begins_when_w_is_over(settle_s, since):
    """Counted from the bound, to the last digit; never a moment before."""
    desk = Desk(*uncertain(1), settle_s=settle_s)
    await desk.know()
    desk.clock.pass_time(since)

    await desk.settle(since=since)

    assert desk.looks()[-1] - since >= settle_s
    assert desk.newest().waited_s >= round(settle_s, 3)


async def test_look_that_began_before_w_proves_nothing_however_long_it_took(desk):
    """The answer came after W, but it may tell of what was before: one more look is made."""
    desk.account.slow_s = W
    desk.account.expect(Operation.LIST, "fair", "fair", "slow")

    await desk.settle()

    assert [2.0, 10.0, 30.0, 30.0 + W] == pytest.approx(desk.looks())
    assert pytest.approx(30.0 + W) == desk.newest().waited_s


async def test_silence_of_a_list_that_hides_what_is_known_is_not_believed(desk):
    """The control fails: nothing is sent again, a person must look."""
    desk.account.matching = "blind"

    await desk.settle()

    assert State.HELD is desk.state()
    assert "absence could not be shown" in desk.newest().why


async def test_silence_of_an_account_where_nothing_is_known_is_not_believed():
    """No record by which the list could be checked."""
    desk = Desk(*uncertain(1))

    await desk.settle()

    assert State.HELD is desk.state()


async def test_control_is_made_once_for_all_absences(desk):
    """Two requests for the whole run, however many rows are absent."""
    for entry in (*uncertain(2), *uncertain(3)):
        await desk.journal.append(entry)

    await desk.settle(1, 2, 3)

    asked = [call.query.get("alias", "") for call in desk.account.made(Operation.LIST)]
    walks_of_the_rows = 4
    assert (1, walks_of_the_rows + 1) == (asked.count(f"~{STRANGER}"), asked.count(""))
    assert [State.DEFERRED] * 3 == [desk.state(number) for number in (1, 2, 3)]


async def test_control_is_not_made_where_all_is_found(desk):
    """It costs requests only where silence is to be believed."""
    await desk.account.send(create(1))

    await desk.settle()

    assert f"~{STRANGER}" not in [call.query.get("alias", "") for call in desk.account.made(Operation.LIST)]


async def test_orphans_are_counted_from_the_lock():
    """What an earlier process sent counts from the instant at which this one took the lock."""
    desk = Desk(*uncertain(1))
    await desk.know()
    desk.clock.pass_time(1000.0)

    await desk.settle(since=1000.0)

    assert [1000.0 + at for at in SCHEDULE] == pytest.approx(desk.looks())


async def test_bound_long_ago_is_settled_by_one_look(desk):
    """W was over before anybody looked; the look begins now."""
    desk.clock.pass_time(1000.0)

    await desk.settle(since=0.0)

    assert [1000.0] == desk.looks()
    assert State.DEFERRED is desk.state()


@pytest.mark.parametrize("settle_s", [4.5, 90.0])
async def test_each_is_looked_for_by_its_own_schedule(settle_s):
    """A second doubt that arises later is settled later; neither hurries the other."""
    desk = Desk(*uncertain(1), *uncertain(2), settle_s=settle_s)
    await desk.know()
    settler = desk.settler()
    settler.watch(token(1), 0.0)
    settler.watch(token(2), settle_s / 3)

    await settler.run()

    assert [at * settle_s / W for at in SCHEDULE] == pytest.approx(desk.looks(1))
    assert [settle_s / 3 + at * settle_s / W for at in SCHEDULE] == pytest.approx(desk.looks(2))


async def test_settled_ones_are_handed_out_once(desk):
    """What is due for them now is for the planner to say: an absent one may be sent again, a found one may not."""
    for entry in uncertain(2):
        await desk.journal.append(entry)
    await desk.account.send(create(2))

    settler = await desk.settle(1, 2)

    assert {token(1), token(2)} == set(settler.take_settled())
    assert [] == settler.take_settled()


async def test_control_that_cannot_be_made_proves_nothing(desk):
    """The row's own look was made, the control's not: uncertain, and looked for again."""
    desk.account.expect(Operation.LIST, *["fair"] * 4, "unresolved")

    await desk.settle()

    assert (State.DEFERRED, 5) == (desk.state(), len(desk.looks()))


async def test_held_record_is_settled_anew():
    """Its row has changed: absent now, so it may be sent again (design.md 5)."""
    why = entries.Held(token=token(1), op=Op.CREATE, why="absence could not be shown")
    desk = Desk(*uncertain(1), why)
    await desk.know()

    settler = await desk.settle()

    assert (State.DEFERRED, [token(1)]) == (desk.state(), settler.take_settled())


async def test_silence_about_a_doubt_that_is_older_than_all_that_is_known_is_not_believed():
    """The list may reach back some days only: what was made today says nothing of what was sent last week."""
    desk = Desk(*uncertain(1))
    desk.clock.pass_time(8 * 24 * 3600.0)
    await desk.know()

    await desk.settle(since=desk.clock.monotonic())

    assert State.HELD is desk.state()
    assert "as old" in desk.newest().why


@pytest.mark.parametrize("numbers", [(1,), (1, 2, 3)], ids=["by alias", "in a walk"])
async def test_known_record_is_looked_for_in_the_way_that_the_absent_ones_were(desk, numbers):
    """What one way shows proves nothing of the other."""
    for number in numbers[1:]:
        for entry in uncertain(number):
            await desk.journal.append(entry)

    await desk.settle(*numbers)

    stranger, known = [call.query.get("alias", "") for call in desk.account.made(Operation.LIST)][-2:]
    assert (f"~{STRANGER}", alias(KNOWN) if len(numbers) == 1 else "") == (stranger, known)
