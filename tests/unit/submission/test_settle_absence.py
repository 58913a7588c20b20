"""Absence is believed only after W, and only of a list that showed what is known to exist."""

import asyncio

import pytest

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Operation
from bulk_onboard.model.entry import Op
from bulk_onboard.model.record import State
from bulk_onboard.submission.settle import VAIN_AT_MOST
from tests.unit.submission.desks import KNOWN, SCHEDULE, STRANGER, Desk, W
from tests.unit.submission.samples import (
    alias,
    create,
    token,
    uncertain,
)


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
    """The control fails: nothing is sent again, nobody is asked to judge; it is looked for again by the next run."""
    desk.account.matching = "blind"

    settler = await desk.settle()

    record = desk.journal.books.record(token(1))
    assert (State.UNCERTAIN, []) == (record.state, settler.take_settled())
    assert "absence could not be shown yet" in record.reason


async def test_silence_of_an_account_where_nothing_is_known_is_not_believed():
    """No record by which the list could be checked: looked for again, and the reason is written once."""
    desk = Desk(*uncertain(1))

    await desk.settle()

    whys = [entry.why for entry in desk.journal.about(token(1)) if isinstance(entry, entries.Probed) and entry.why]
    assert State.UNCERTAIN is desk.state()
    assert 1 == len(whys)
    assert len(SCHEDULE) + VAIN_AT_MOST - 1 == len(desk.looks())


async def test_record_that_is_filed_meanwhile_serves_as_the_control_that_was_missing():
    """On an empty account the next row's create shows that the list may be believed, in the same run."""
    desk = Desk(*uncertain(1))
    settler = desk.settler()
    settler.expect(more=True)
    settler.watch(token(1), 0.0)
    running = asyncio.create_task(settler.run())
    while len(desk.looks()) < len(SCHEDULE) + 2 * VAIN_AT_MOST:
        await asyncio.sleep(0)
    before = desk.state()

    await desk.know()
    settler.expect(more=False)
    await running

    assert (State.UNCERTAIN, State.DEFERRED) == (before, desk.state())
    assert token(KNOWN) == desk.newest().control


async def test_next_run_looks_again_by_itself():
    """What could not be shown then can be now."""
    desk = Desk(*uncertain(1))
    await desk.settle()
    await desk.know()

    await desk.settle(since=desk.clock.monotonic())

    assert State.DEFERRED is desk.state()


async def test_control_is_made_once_for_all_absences(desk):
    """Two requests for the whole run, and one more for each absent row: it is asked for itself before it is absent."""
    for entry in (*uncertain(2), *uncertain(3)):
        await desk.journal.append(entry)

    await desk.settle(1, 2, 3)

    asked = [call.query.get("alias", "") for call in desk.account.made(Operation.LIST)]
    assert (1, 1, len(SCHEDULE)) == (asked.count(f"~{STRANGER}"), asked.count(alias(KNOWN)), asked.count(""))
    assert [1, 1, 1] == [asked.count(alias(number)) for number in (1, 2, 3)]
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
    """Its row has changed: absent now, so it may be sent again.

    See docs/design/settling.md, Held.
    """
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

    assert State.UNCERTAIN is desk.state()


async def test_filter_that_is_ignored_leaves_absence_to_two_walks_that_agree(desk):
    """Where the alias cannot be asked for, one walk is not enough."""
    known = desk.journal.books.record(token(KNOWN))
    await desk.journal.append(entries.ReadBack(compliance_id=known.compliance_id, alias=known.alias))
    desk.account.matching = "deaf"

    await desk.settle(since=-W)

    asked = [call.query.get("alias", "") for call in desk.account.made(Operation.LIST)]
    assert (State.DEFERRED, token(KNOWN)) == (desk.state(), desk.newest().control)
    assert ["", ""] == asked[-2:]


async def test_record_that_shows_in_the_very_walks_that_should_prove_its_absence_is_adopted(desk):
    """It came late: the look before did not find it."""
    desk.account.matching = "deaf"
    desk.account.expect(Operation.LIST, "blind")
    await desk.account.send(create(1))

    await desk.settle(since=-W)

    assert State.SUBMITTED is desk.state()


async def test_record_that_only_its_own_alias_shows_is_not_absent(desk):
    """The walk before did not show it; before *absent* it is asked for itself."""
    for entry in (*uncertain(2), *uncertain(3)):
        await desk.journal.append(entry)
    await desk.account.send(create(1))
    desk.account.expect(Operation.LIST, "blind")

    await desk.settle(1, 2, 3, since=-W)

    assert [State.SUBMITTED, State.DEFERRED, State.DEFERRED] == [desk.state(number) for number in (1, 2, 3)]
