"""Absence is believed only after W, and only of a list that showed what is known to exist."""

import asyncio

import pytest

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Operation
from bulk_onboard.model.entry import Op
from bulk_onboard.model.record import State
from bulk_onboard.pipeline.settle import INCONCLUSIVE_AT_MOST, Subject
from tests.unit.pipeline.rigs import KNOWN, SCHEDULE, STRANGER, Rig, W
from tests.unit.pipeline.samples import (
    alias,
    create,
    token,
    uncertain,
)


async def test_absent_one_is_looked_for_four_times_and_no_more(context):
    """After 2, 10 and 30 seconds, and once when W is over."""
    await context.settle()

    assert SCHEDULE == pytest.approx(context.looks())
    assert State.DEFERRED is context.state()


async def test_each_look_that_found_nothing_is_noted(context):
    """The ledger tells the whole story: four looks, then absent."""
    await context.settle()

    told = ["intent create", "unresolved create", *["probed create"] * 4, "absent create"]
    assert told == context.journal.story(token(1))


async def test_absent_entry_shows_how_long_was_waited_and_what_the_control_found(context):
    """At least W, and the record that the list did show (I6)."""
    await context.settle()

    absent = context.newest()
    assert isinstance(absent, entries.Absent)
    assert absent.waited_s >= W
    assert token(KNOWN) == absent.control


@pytest.mark.parametrize("since", [0.0, 0.1, 7.3, 33.3])
@pytest.mark.parametrize("settle_s", [0.3, 0.6, 4.5, 90.0])
async def test_last_look_begins_when_w_is_over(settle_s, since):
    """Counted from the bound, to the last digit; never a moment before."""
    context = Rig(*uncertain(1), settle_s=settle_s)
    await context.know()
    context.clock.pass_time(since)

    await context.settle(since=since)

    assert context.looks()[-1] - since >= settle_s
    assert context.newest().waited_s >= round(settle_s, 3)


async def test_look_that_began_before_w_proves_nothing_however_long_it_took(context):
    """The answer came after W, but it may tell of what was before: one more look is made."""
    context.account.slow_s = W
    context.account.expect(Operation.LIST, "fair", "fair", "slow")

    await context.settle()

    assert [2.0, 10.0, 30.0, 30.0 + W] == pytest.approx(context.looks())
    assert pytest.approx(30.0 + W) == context.newest().waited_s


async def test_silence_of_a_list_that_hides_what_is_known_is_not_believed(context):
    """The control fails: nothing is sent again, nobody is asked to judge; it is looked for again by the next run."""
    context.account.matching = "blind"

    settler = await context.settle()

    record = context.journal.ledger_state.record(token(1))
    assert (State.UNCERTAIN, []) == (record.state, settler.take_settled())
    assert "absence could not be shown yet" in record.reason


async def test_silence_of_an_account_where_nothing_is_known_is_not_believed():
    """No record by which the list could be checked: looked for again, and the reason is written once."""
    context = Rig(*uncertain(1))

    await context.settle()

    whys = [entry.why for entry in context.journal.about(token(1)) if isinstance(entry, entries.Probed) and entry.why]
    assert State.UNCERTAIN is context.state()
    assert 1 == len(whys)
    assert len(SCHEDULE) + INCONCLUSIVE_AT_MOST - 1 == len(context.looks())


async def test_record_that_is_filed_meanwhile_serves_as_the_control_that_was_missing():
    """On an empty account the next row's create shows that the list may be believed, in the same run."""
    context = Rig(*uncertain(1))
    settler = context.settler()
    settler.expect(more=True)
    settler.watch(Subject(token(1)), 0.0)
    running = asyncio.create_task(settler.run())
    while len(context.looks()) < len(SCHEDULE) + 2 * INCONCLUSIVE_AT_MOST:
        await asyncio.sleep(0)
    before = context.state()

    await context.know()
    settler.expect(more=False)
    await running

    assert (State.UNCERTAIN, State.DEFERRED) == (before, context.state())
    assert token(KNOWN) == context.newest().control


async def test_next_run_looks_again_by_itself():
    """What could not be shown then can be now."""
    context = Rig(*uncertain(1))
    await context.settle()
    await context.know()

    await context.settle(since=context.clock.monotonic())

    assert State.DEFERRED is context.state()


async def test_control_is_made_once_for_all_absences(context):
    """Two requests for the whole run, and one more for each absent row: it is asked for itself before it is absent."""
    for entry in (*uncertain(2), *uncertain(3)):
        await context.journal.append(entry)

    await context.settle(1, 2, 3)

    asked = [call.query.get("alias", "") for call in context.account.made(Operation.LIST)]
    assert (1, 1, len(SCHEDULE)) == (asked.count(f"~{STRANGER}"), asked.count(alias(KNOWN)), asked.count(""))
    assert [1, 1, 1] == [asked.count(alias(number)) for number in (1, 2, 3)]
    assert [State.DEFERRED] * 3 == [context.state(number) for number in (1, 2, 3)]


async def test_control_is_not_made_where_all_is_found(context):
    """It costs requests only where silence is to be believed."""
    await context.account.send(create(1))

    await context.settle()

    assert f"~{STRANGER}" not in [call.query.get("alias", "") for call in context.account.made(Operation.LIST)]


async def test_orphans_are_counted_from_the_lock():
    """What an earlier process sent counts from the instant at which this one took the lock."""
    context = Rig(*uncertain(1))
    await context.know()
    context.clock.pass_time(1000.0)

    await context.settle(since=1000.0)

    assert [1000.0 + at for at in SCHEDULE] == pytest.approx(context.looks())


async def test_bound_long_ago_is_settled_by_one_look(context):
    """W was over before anybody looked; the look begins now."""
    context.clock.pass_time(1000.0)

    await context.settle(since=0.0)

    assert [1000.0] == context.looks()
    assert State.DEFERRED is context.state()


@pytest.mark.parametrize("settle_s", [4.5, 90.0])
async def test_each_is_looked_for_by_its_own_schedule(settle_s):
    """A second doubt that arises later is settled later; neither hurries the other."""
    context = Rig(*uncertain(1), *uncertain(2), settle_s=settle_s)
    await context.know()
    settler = context.settler()
    settler.watch(Subject(token(1)), 0.0)
    settler.watch(Subject(token(2)), settle_s / 3)

    await settler.run()

    assert [at * settle_s / W for at in SCHEDULE] == pytest.approx(context.looks(1))
    assert [settle_s / 3 + at * settle_s / W for at in SCHEDULE] == pytest.approx(context.looks(2))


async def test_settled_ones_are_handed_out_once(context):
    """What is due for them now is for the planner to say: an absent one may be sent again, a found one may not."""
    for entry in uncertain(2):
        await context.journal.append(entry)
    await context.account.send(create(2))

    settler = await context.settle(1, 2)

    assert {token(1), token(2)} == set(settler.take_settled())
    assert [] == settler.take_settled()


async def test_control_that_cannot_be_made_proves_nothing(context):
    """The row's own look was made, the control's not: uncertain, and looked for again."""
    context.account.expect(Operation.LIST, *["fair"] * 4, "unresolved")

    await context.settle()

    assert (State.DEFERRED, 5) == (context.state(), len(context.looks()))


async def test_held_record_is_settled_anew():
    """Its row has changed: absent now, so it may be sent again.

    See docs/design/settling.md, Held.
    """
    why = entries.Held(token=token(1), op=Op.CREATE, why="absence could not be shown")
    context = Rig(*uncertain(1), why)
    await context.know()

    settler = await context.settle()

    assert (State.DEFERRED, [token(1)]) == (context.state(), settler.take_settled())


async def test_silence_about_a_doubt_that_is_older_than_all_that_is_known_is_not_believed():
    """The list may reach back some days only: what was made today says nothing of what was sent last week."""
    context = Rig(*uncertain(1))
    context.clock.pass_time(8 * 24 * 3600.0)
    await context.know()

    await context.settle(since=context.clock.monotonic())

    assert State.UNCERTAIN is context.state()


async def test_filter_that_is_ignored_leaves_absence_to_two_walks_that_agree(context):
    """Where the alias cannot be asked for, one walk is not enough."""
    known = context.journal.ledger_state.record(token(KNOWN))
    await context.journal.append(entries.ReadBack(compliance_id=known.compliance_id, alias=known.alias))
    context.account.matching = "deaf"

    await context.settle(since=-W)

    asked = [call.query.get("alias", "") for call in context.account.made(Operation.LIST)]
    assert (State.DEFERRED, token(KNOWN)) == (context.state(), context.newest().control)
    assert ["", ""] == asked[-2:]


async def test_record_that_shows_in_the_very_walks_that_should_prove_its_absence_is_adopted(context):
    """It came late: the look before did not find it."""
    context.account.matching = "deaf"
    context.account.expect(Operation.LIST, "blind")
    await context.account.send(create(1))

    await context.settle(since=-W)

    assert State.SUBMITTED is context.state()


async def test_record_that_only_its_own_alias_shows_is_not_absent(context):
    """The walk before did not show it; before *absent* it is asked for itself."""
    for entry in (*uncertain(2), *uncertain(3)):
        await context.journal.append(entry)
    await context.account.send(create(1))
    context.account.expect(Operation.LIST, "blind")

    await context.settle(1, 2, 3, since=-W)

    assert [State.SUBMITTED, State.DEFERRED, State.DEFERRED] == [context.state(number) for number in (1, 2, 3)]
