"""Unknown outcomes are looked up until they are found, proved absent, or for a person to judge."""

import asyncio

import pytest

from bulk_onboard.errors import StoppedError
from bulk_onboard.model.call import Operation, Priority, RecordPage
from bulk_onboard.model.outcome import Done
from bulk_onboard.model.record import State
from bulk_onboard.pipeline.settle import MISSES_AT_MOST, Subject, next_look_s
from bulk_onboard.pipeline.walk import LIMITS
from tests.support.clocks import FrozenClock
from tests.support.gateways import ScriptedGateway
from tests.unit.pipeline.rigs import SCHEDULE, Rig
from tests.unit.pipeline.samples import (
    OUTCOMES,
    alias,
    application,
    compliance_id,
    create,
    done,
    expanded,
    intent,
    server_record,
    token,
    uncertain,
)


@pytest.mark.parametrize(
    ("looks", "settle_s", "expected"),
    [
        *((0, 90.0, 2.0), (1, 90.0, 10.0), (2, 90.0, 30.0), (3, 90.0, 90.0), (4, 90.0, 90.0), (99, 90.0, 90.0)),
        *((0, 4.5, 0.1), (1, 4.5, 0.5), (2, 4.5, 1.5), (3, 4.5, 4.5), (0, 0.0, 0.0), (3, 0.0, 0.0)),
    ],
)
def test_next_look_s(looks, settle_s, expected):
    """2, 10, 30 seconds and W, scaled with W; never later than W."""
    assert expected == pytest.approx(next_look_s(looks, settle_s))


@pytest.mark.parametrize(("shows_after", "found_at"), [(0.0, 2.0), (5.0, 10.0), (29.0, 30.0), (60.0, 90.0)])
async def test_record_that_shows_is_adopted_at_the_next_look(context, shows_after, found_at):
    """Found is settled: nothing is waited for, nothing asked any more, nothing created again."""
    await context.account.send(create(1))
    context.account.lag_s = shows_after

    await context.settle()

    assert found_at == pytest.approx(context.clock.monotonic())
    found = next(i for i, made in context.account.records.items() if made.alias == alias(1))
    record = context.journal.ledger_state.record(token(1))
    assert (State.SUBMITTED, found, alias(1)) == (record.state, record.compliance_id, record.alias)
    assert 2 == len(context.account.made(Operation.CREATE))


async def test_look_up_is_by_the_stored_alias_and_goes_first(context):
    """What the intent said, not what the row says now; before fresh rows at the pacer."""
    await context.account.send(create(1))

    await context.settle()

    (listed,), (got,) = context.account.made(Operation.LIST), context.account.made(Operation.GET)
    assert (alias(1), Priority.SETTLE, Priority.SETTLE) == (listed.query["alias"], listed.priority, got.priority)
    assert {"end_user", "documents"} == set(got.expand)


async def test_other_contents_under_the_token_are_adopted_and_told(context):
    """The API may have normalised them; the token says whose record it is."""
    await context.account.send(create(1, application=application(1, business_name="INVENTED TRADERS 1")))

    await context.settle()

    record = context.journal.ledger_state.record(token(1))
    assert (State.SUBMITTED, "business name") == (record.state, record.differs)


async def test_alias_that_the_api_changed_is_adopted_by_its_token(context):
    """In capitals, its front cut: the record keeps the alias that it was sent with, by which it is asked for."""
    await context.account.send(create(1, alias=f"0001 ~{token(1)}".upper()))
    context.account.matching = "deaf"

    await context.settle()

    record = context.journal.ledger_state.record(token(1))
    assert (State.SUBMITTED, alias(1)) == (record.state, record.alias)


async def test_several_matches_are_held_at_once_without_a_further_request(context):
    """Two records of one alias: a person decides, nobody guesses."""
    await context.account.send(create(1))
    await context.account.send(create(1))

    await context.settle()

    assert (State.HELD, 2) == (context.state(), len(context.newest().compliance_ids))
    assert [] == context.account.made(Operation.GET)


async def test_row_that_changed_is_adopted_as_it_was_sent(context):
    """Without the contents that were sent there is nothing to compare, and nothing more is asked for."""
    await context.account.send(create(1))
    del context.rows[token(1)]

    await context.settle()

    assert State.SUBMITTED is context.state()
    assert [] == context.account.made(Operation.GET)


async def test_many_unknown_ones_share_one_walk_at_each_look():
    """Forty unknown rows: four walks of the account, then one look at each that is absent, not a hundred and sixty."""
    numbers = range(100, 140)
    context = Rig(*(entry for number in numbers for entry in uncertain(number)))
    await context.know()
    for number in numbers[:20]:
        await context.account.send(create(number))

    await context.settle(*numbers)

    found, absent = [context.state(n) for n in numbers[:20]], [context.state(n) for n in numbers[20:]]
    assert ({State.SUBMITTED}, {State.DEFERRED}) == (set(found), set(absent))
    asked = [call.query.get("alias", "") for call in context.account.made(Operation.LIST)]
    assert len(SCHEDULE) == asked.count("")
    assert len(["a stranger", "a known one", *numbers[20:]]) == len(list(filter(None, asked)))


async def test_doubt_that_arises_while_others_wait_is_taken_in(context):
    """`watch` wakes the settler, and `run` goes on while more may come."""
    settler = context.settler()
    settler.expect(more=True)
    running = asyncio.create_task(settler.run())
    await asyncio.sleep(0)

    await context.account.send(create(1))
    settler.watch(Subject(token(1)), context.clock.monotonic())
    while context.state() is State.UNCERTAIN:
        await asyncio.sleep(0)
    still_running = not running.done()
    settler.expect(more=False)
    await running

    assert still_running
    assert [2.0] == pytest.approx(context.looks())


async def test_nothing_to_settle_and_nothing_expected_is_the_end(context):
    """No request, no pause."""
    settler = context.settler()

    await settler.run()

    assert [] == context.account.made(Operation.LIST)


@pytest.mark.parametrize("outcome", sorted(set(OUTCOMES) - {"done"}))
async def test_list_that_cannot_be_read_leaves_it_uncertain(outcome):
    """Looked for a few times in vain, then left to the next run; the ledger shows no look that was not made."""
    requests = MISSES_AT_MOST * (len(LIMITS) if outcome == "refused" else 1)
    api = ScriptedGateway(*[OUTCOMES[outcome]] * requests)
    context = Rig(*uncertain(1), api=api)

    settler = await context.settle()

    assert State.UNCERTAIN is context.state()
    assert ["intent create", "unresolved create"] == context.journal.story(token(1))
    assert (requests, []) == (len(api.calls), settler.take_settled())


async def test_misses_count_only_in_a_row(context):
    """A list that answers now and then gets its record settled."""
    context.account.expect(Operation.LIST, *(["unresolved"] * (MISSES_AT_MOST - 1) + ["fair"]) * 2)

    await context.settle()

    assert State.DEFERRED is context.state()


@pytest.mark.parametrize("outcome", sorted(set(OUTCOMES) - {"done"}))
async def test_match_that_cannot_be_read_is_not_adopted(outcome):
    """One match, but its contents are not known: uncertain still."""
    listed = Done(value=RecordPage(records=(server_record(1),)))
    context = Rig(*uncertain(1), api=ScriptedGateway(*(listed, OUTCOMES[outcome]) * MISSES_AT_MOST))

    await context.settle()

    assert State.UNCERTAIN is context.state()


async def test_match_that_is_read_at_last_is_adopted():
    """The trouble passes within the same run."""
    listed = Done(value=RecordPage(records=(server_record(1),)))
    api = ScriptedGateway(listed, OUTCOMES["unresolved"], listed, Done(value=expanded(1)))
    context = Rig(*uncertain(1), api=api)

    await context.settle()

    assert State.SUBMITTED is context.state()


async def test_wish_to_stop_ends_the_wait_at_once():
    """Nobody waits W for a run that is to end; what is unknown stays so."""
    context = Rig(*uncertain(1), clock=FrozenClock())
    settler = context.settler()
    settler.watch(Subject(token(1)), 0.0)
    running = asyncio.create_task(settler.run())
    while not context.clock.slept:
        await asyncio.sleep(0)

    context.stop.request("signal")
    await running
    await asyncio.sleep(0)

    assert State.UNCERTAIN is context.state()
    assert {asyncio.current_task()} == asyncio.all_tasks()


async def test_wish_to_stop_that_came_before_lets_nothing_begin(context):
    """Not even a look that is due."""
    context.stop.request("signal")

    await context.settle(since=-1000.0)

    assert [] == context.account.made(Operation.LIST)


async def test_disk_that_fails_stops_the_run(context):
    """What cannot be written down is not concluded."""
    context.journal.room = 0

    await context.settle()

    assert isinstance(context.stop.cause, StoppedError)
    assert State.UNCERTAIN is context.state()


async def test_id_that_another_row_has_is_held():
    """The list shows another row's record under this alias: not ours to adopt (I4)."""
    listed = Done(value=RecordPage(records=(server_record(2, alias=alias(1)),)))
    shown = Done(value=expanded(1, compliance_id=compliance_id(2)))
    context = Rig(*uncertain(1), intent(2), done(2), api=ScriptedGateway(listed, shown))

    await context.settle()

    assert (State.HELD, State.SUBMITTED) == (context.state(1), context.state(2))
