"""What is unknown is settled beside fresh rows; what was proved absent is sent again in the same run."""

import asyncio
import dataclasses

import pytest
from msgspec.structs import replace

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Operation
from bulk_onboard.model.entry import Op
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.plan import Action, Plan
from bulk_onboard.model.record import State
from bulk_onboard.pipeline.gateways import ATTEMPTS
from bulk_onboard.pipeline.runner import new_token
from tests.support.clocks import FrozenClock
from tests.unit.pipeline.benches import Bench, W
from tests.unit.pipeline.samples import (
    alias,
    application,
    create,
    judged,
    plan,
    row_gone,
    token,
    uncertain,
)

pytestmark = pytest.mark.usefixtures("documents_are_read_at_once")


async def test_lost_answer_is_found_in_the_same_run():
    """The create was done: it is adopted, and not sent again."""
    bench = Bench()
    bench.account.expect(Operation.CREATE, "fair", "unheard")

    await bench.run(*range(5))

    assert {State.SUBMITTED: 5} == bench.states(range(5))
    assert 5 == len(bench.account.made(Operation.CREATE))


async def test_orphan_is_settled_beside_fresh_rows():
    """What an earlier run left unknown is looked up while rows are created, not only after them."""
    bench = Bench(*uncertain(0), concurrency=1)
    await bench.account.send(create(0))
    bench.account.slow_s = W / 4
    bench.account.expect(Operation.CREATE, *["slow"] * 5)

    await bench.run(*range(6))

    assert {State.SUBMITTED: 6} == bench.states(range(6))
    assert min(bench.account.times_of(Operation.LIST)) < max(bench.account.times_of(Operation.CREATE))
    assert 6 == len(bench.account.records)


async def test_orphan_without_a_row_is_settled_too():
    """The row has left the sheet; the record stays in the books."""
    bench = Bench(*uncertain(9))
    await bench.account.send(create(9))

    await bench.run(1)

    assert State.SUBMITTED is bench.state(9)


async def test_orphan_whose_row_changed_is_not_compared_with_it():
    """Its contents are those of the intent; what the row says now was never sent."""
    bench = Bench(*uncertain(9))
    await bench.account.send(create(9, application=application(9, business_name="The former name")))

    await bench.carry_out(Plan((row_gone(9),), plan(journal=bench.journal).forecast))

    assert State.SUBMITTED is bench.state(9)


async def test_row_that_was_proved_absent_is_sent_again_in_the_same_run():
    """Only when W is over, counted from the instant at which its outcome came back; then it becomes a record."""
    bench = Bench(concurrency=1)
    bench.account.slow_s = W / 2
    bench.account.expect(Operation.CREATE, "fair", "hung in vain")

    await bench.run(1, 2, 3)

    _, sent, _, again = bench.account.times_of(Operation.CREATE)
    assert sent + W / 2 + W <= again
    assert {State.SUBMITTED: 3} == bench.states([1, 2, 3])
    assert (3, 3, 0.0) == (
        bench.runner.progress.due,
        bench.runner.progress.done,
        round(bench.runner.progress.requests_left, 6),
    )
    assert ["absent create", "intent create", "done create"] == bench.journal.story(token(2))[-3:]


async def test_orphan_that_was_proved_absent_is_sent_again_in_the_same_run():
    """Its W counts from the lock: what an earlier process sent may arrive until then."""
    bench = Bench(*uncertain(1))

    await bench.run(1, 2)

    first, again = bench.account.times_of(Operation.CREATE)
    assert (0.0, True) == (first, again >= W)
    assert {State.SUBMITTED: 2} == bench.states([1, 2])


async def test_orphan_that_was_proved_absent_is_sent_with_what_its_row_says_now():
    """Nothing of the former contents is at the API."""
    bench = Bench(*uncertain(1))

    await bench.carry_out(
        Plan((row_gone(1), *plan(2, journal=bench.journal).decisions), plan(journal=bench.journal).forecast)
    )

    assert "another" == bench.journal.ledger_state.record(token(1)).fingerprint
    assert State.SUBMITTED is bench.state(1)


async def test_orphan_without_a_row_that_was_proved_absent_is_not_sent():
    """There is nothing to send; it waits for its row."""
    bench = Bench(*uncertain(9))

    await bench.run(1)

    assert (State.DEFERRED, [alias(1)]) == (bench.state(9), [made.alias for made in bench.account.records.values()])


async def test_orphan_whose_row_has_become_invalid_is_not_sent():
    """The row keeps itself out, however surely nothing is at the API."""
    bench = Bench(*uncertain(9))
    spoiled = replace(row_gone(9), judged=replace(judged(9, "another"), application=None))

    await bench.carry_out(
        Plan((spoiled, *plan(1, journal=bench.journal).decisions), plan(journal=bench.journal).forecast)
    )

    assert State.DEFERRED is bench.state(9)
    assert 1 == len(bench.account.records)


async def test_duplicate_of_a_row_is_never_what_is_sent_again():
    """The first of the two is; the second only points at it."""
    bench = Bench(*uncertain(1))
    first, other = plan(1, 2, journal=bench.journal).decisions
    second = replace(first, action=Action.NOTHING, judged=replace(judged(1, "twin"), duplicate_of=2))

    await bench.carry_out(Plan((first, other, second), plan(journal=bench.journal).forecast))

    assert "now" == bench.journal.ledger_state.record(token(1)).fingerprint


async def test_row_that_never_gets_through_is_sent_so_many_times_and_no_more():
    """Lost each time and proved absent each time, while others were taken: it is set aside, and nothing is twice."""
    bench = Bench(concurrency=1)
    bench.account.expect(Operation.CREATE, "fair", *["unresolved"] * 9)

    await bench.run(1, 2)

    assert ATTEMPTS == bench.journal.story(token(2)).count("intent create")
    assert State.REFUSED is bench.state(2)
    assert 2 == bench.runner.progress.done == bench.runner.progress.due


async def test_row_whose_outcome_is_unknown_is_told_apart_from_those_that_are_done():
    """Nobody knows whether it is sent; what an earlier process left unknown was never counted."""
    bench = Bench(*uncertain(9), concurrency=1)
    bench.account.expect(Operation.CREATE, "fair", "hung in vain")
    progress, seen = bench.runner.progress, []
    sleep = bench.clock.sleep

    async def look_and_sleep(seconds):
        seen.append((progress.done, progress.settling()[0], progress.unsure()))
        await sleep(seconds)

    bench.clock.sleep = look_and_sleep
    await bench.run(1, 2, 3)

    assert (3, 2, 1) in seen
    assert 0 == progress.unsure()


async def test_unknown_record_of_a_list_that_cannot_be_read_is_never_sent_again():
    """Run after run it is looked for, and stays uncertain."""
    bench = Bench(*uncertain(1))
    bench.account.expect(Operation.LIST, *["unresolved"] * 99)

    await bench.run(1)
    await bench.run(1)

    assert State.UNCERTAIN is bench.state(1)
    assert [] == bench.account.made(Operation.CREATE)


async def test_held_row_that_changed_is_settled_before_it_is_sent():
    """It is looked for until W is over, and no create goes out before.

    See docs/design/settling.md, Settle window.
    """
    bench = Bench(*uncertain(1), entries.Held(token=token(1), op=Op.CREATE, why="absence could not be shown"))

    await bench.run(2)
    await bench.carry_out(plan(1, journal=bench.journal, fingerprint="mended"))

    story = bench.journal.story(token(1))
    assert story.index("absent create") < story.index("intent create", 1)
    assert [State.SUBMITTED] * 2 == [bench.state(1), bench.state(2)]


async def test_stop_ends_the_wait_for_what_is_unknown():
    """Ctrl-C while W runs: the run ends at once, the row stays uncertain, and nothing is sent again."""
    bench = Bench(*uncertain(1))
    bench.runner.context = dataclasses.replace(bench.context, clock=FrozenClock())
    running = asyncio.create_task(bench.run(1, 2))
    while not bench.runner.context.clock.slept or bench.state(2) is not State.SUBMITTED:
        await asyncio.sleep(0)

    bench.stop.request("signal")
    await running

    assert [State.UNCERTAIN, State.SUBMITTED] == [bench.state(1), bench.state(2)]


def test_token_that_no_record_has():
    """Another one each time, and of the shape of a token, so that the API treats it as any other."""
    tokens = {new_token() for _ in range(99)}

    assert 99 == len(tokens)
    assert tokens == {token_in(f"~{one}") for one in tokens}


@pytest.mark.parametrize(("there", "expected"), [(True, State.SUBMITTED), (False, State.REFUSED)])
async def test_contested_refusal_is_looked_up_before_it_is_believed(there, expected):
    """ "Already exists": the record with this alias is adopted; where there is none, refused it is."""
    bench = Bench()
    if there:
        await bench.account.send(create(1))
    bench.account.expect(Operation.CREATE, "contested")

    await bench.run(1, 2)

    assert [expected, State.SUBMITTED] == [bench.state(1), bench.state(2)]
