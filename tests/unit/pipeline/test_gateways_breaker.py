"""The circuit breaker: bursts of failures pause the run, and a cheap read tests the water."""

import asyncio
from collections import Counter

import pytest

from bulk_onboard.errors import ExitStatus, StoppedError
from bulk_onboard.model.call import Get, ListPage, Operation
from bulk_onboard.model.outcome import Done
from bulk_onboard.pipeline.gateways import (
    FIRST_REST_S,
    IN_A_ROW,
    LONGEST_REST_S,
    TRIES_AT_MOST,
    Breaker,
    Health,
    StopGate,
    is_failure,
    next_rest_s,
)
from bulk_onboard.pipeline.stop import Stop
from tests.support.clocks import FakeClock, FrozenClock
from tests.support.gateways import FakeAccount, ScriptedGateway
from tests.unit.pipeline.samples import OUTCOMES, create

YES = Done(value="5f0f6c5e-0000-4000-8000-000000000001")
NO_ANSWER = OUTCOMES["unresolved"]
GET = Get(compliance_id="5f0f6c5e-0000-4000-8000-000000000001")
SETTLE_S = 90.0


@pytest.fixture
def stop():
    return Stop()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def breaker(clock, stop):
    """Wraps a gateway, which is as far as calls get once the run is to stop; the dice always show the most."""
    return lambda inner, clock=clock: Breaker(
        StopGate(inner, stop, Counter()), clock=clock, stop=stop, settle_s=SETTLE_S, dice=lambda: 1.0
    )


async def send(breaker, outcomes_of_calls):
    """One create after the other, as many as there are outcomes."""
    return [await breaker.send(create(number)) for number, _ in enumerate(outcomes_of_calls)]


async def opened(breaker, scripted):
    """A breaker that has just opened, on a gateway that then answers these."""
    inner = ScriptedGateway(*[NO_ANSWER] * IN_A_ROW, *scripted)
    made = breaker(inner)
    await send(made, range(IN_A_ROW))
    del inner.calls[:]
    return made, inner


def operations(inner):
    return [call.operation.value for call in inner.calls]


@pytest.mark.parametrize(
    ("calls", "bad"),
    [
        ("", False),
        ("x" * 7, False),
        ("x" * 8, True),
        ("." * 12 + "x" * 7, False),
        ("." * 12 + "x" * 8, True),
        ("x" * 8 + ".", False),
        ("xxxxxxx." * 2, False),  # 14 of 16: twenty are needed to speak of a share
        ("xxx.." * 4, False),  # 12 of 20: not more than 60 %
        ("xxx.." * 3 + "xxxx.", True),  # 13 of 20
        ("xxxx." * 3 + "." * 20, False),  # what was long ago is forgotten
    ],
)
def test_health_is_bad_after_8_in_a_row_or_more_than_60_percent_of_20(calls, bad):
    """`x` is a failure; the thresholds of the fault matrix, met and just missed."""
    health = Health()

    for call in calls:
        health = health.after(failed=call == "x")

    assert bad == health.is_bad


@pytest.mark.parametrize(
    ("tries", "settle_s", "dice", "expected"),
    [
        (0, 90.0, 1.0, 30.0),
        (1, 90.0, 1.0, 60.0),
        (4, 90.0, 1.0, 480.0),
        (5, 90.0, 1.0, 600.0),
        (60, 90.0, 1.0, 600.0),
        (0, 4.5, 1.0, 4.5),
        (2, 4.5, 1.0, 18.0),
        (1, 90.0, 0.25, 15.0),
        (5, 90.0, 0.5, 300.0),
        (3, 90.0, 0.0, 0.0),
    ],
)
def test_rests_begin_at_half_a_minute_or_the_window_and_double_up_to_ten_minutes(tries, settle_s, dice, expected):
    """min(30 s, W) · 2ⁿ, never over 600 s, with full jitter."""
    assert expected == next_rest_s(tries, settle_s, dice)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_only_what_got_no_answer_is_a_failure(outcome):
    """A no is an answer: refused, throttled and denied calls say nothing against the way to the API."""
    assert (outcome in {"unavailable", "unresolved"}) == is_failure(OUTCOMES[outcome])


async def test_calls_flow_while_they_are_answered(breaker, clock):
    """Refused, throttled and denied ones among them: no pause, no read in between."""
    outcomes = [OUTCOMES[name] for name in ("done", "refused", "throttled", "denied")] * 6
    inner = ScriptedGateway(*outcomes)

    answered = await send(breaker(inner), outcomes)

    assert (outcomes, []) == (answered, clock.slept)
    assert {"create"} == set(operations(inner))


async def test_the_eighth_failure_in_a_row_opens_it(breaker, clock):
    """The ninth call rests first; then a cheap read goes out, and when that is answered the call itself."""
    inner = ScriptedGateway(*[NO_ANSWER] * IN_A_ROW, YES, YES)
    made = breaker(inner)

    await send(made, range(IN_A_ROW))
    before = list(clock.slept)
    answered = await made.send(create(99))

    assert ([], [FIRST_REST_S]) == (before, clock.slept)
    assert (YES, [ListPage(query={"limit": "1"}), create(99)]) == (answered, inner.calls[IN_A_ROW:])


async def test_more_than_60_percent_of_20_open_it(breaker, clock):
    """13 of 20, never more than four in a row: the next call rests."""
    outcomes = [*[NO_ANSWER] * 3, YES, YES] * 3 + [*[NO_ANSWER] * 4, YES]
    inner = ScriptedGateway(*outcomes, YES, YES)
    made = breaker(inner)

    await send(made, outcomes)
    await made.send(create(99))

    assert [FIRST_REST_S] == clock.slept
    assert ["list", "create"] == operations(inner)[20:]


async def test_a_read_that_fails_costs_no_row_its_attempt(breaker, clock):
    """While the water is not fine the call itself is not made; each rest is twice as long."""
    made, inner = await opened(breaker, [NO_ANSWER, NO_ANSWER, YES, YES])

    answered = await made.send(create(99))

    assert YES == answered
    assert ["list", "list", "list", "create"] == operations(inner)
    assert [30.0, 60.0, 120.0] == clock.slept


async def test_a_call_that_fails_after_a_read_that_did_not_keeps_it_open(breaker, clock):
    """The call gets its own outcome and is not made again here; the next one rests twice as long."""
    made, inner = await opened(breaker, [YES, NO_ANSWER, YES, YES])

    answered = [await made.send(create(number)) for number in (98, 99)]

    assert [NO_ANSWER, YES] == answered
    assert ["list", "create", "list", "create"] == operations(inner)
    assert [30.0, 60.0] == clock.slept


async def test_a_success_closes_it_and_clears_the_count(breaker, clock):
    """Seven more failures do not open it, the eighth does, and its rests begin anew."""
    made, _ = await opened(breaker, [NO_ANSWER, YES, YES, *[NO_ANSWER] * IN_A_ROW, YES, YES])

    await made.send(create(99))
    await send(made, range(IN_A_ROW))
    closed = list(clock.slept)
    await made.send(create(99))

    assert ([30.0, 60.0], [30.0]) == (closed, clock.slept[2:])


async def test_rests_are_capped_and_after_six_vain_tries_the_run_stops(breaker, clock, stop):
    """Exit status 4, and a sentence that says how to go on; the row was never sent."""
    made, inner = await opened(breaker, [NO_ANSWER] * TRIES_AT_MOST)

    with pytest.raises(StoppedError, match="not begun"):
        await made.send(create(99))

    assert [30.0, 60.0, 120.0, 240.0, 480.0, LONGEST_REST_S] == clock.slept
    assert ["list"] * TRIES_AT_MOST == operations(inner)
    assert isinstance(stop.cause, StoppedError)
    assert ExitStatus.STOPPED is stop.cause.exit_status
    assert "running again" in str(stop.cause)


async def test_patience_leaves_failing_calls_to_whoever_makes_them(breaker, clock, stop):
    """He rests himself between them: the breaker adds no rest, and no number of them ends the run."""
    made = breaker(ScriptedGateway(*[NO_ANSWER] * (IN_A_ROW + 20), YES, YES))
    for _ in range(IN_A_ROW):
        await made.send(GET)
    made.be_patient(True)

    vain = [await made.send(GET) for _ in range(20)]
    answered = await made.send(GET)

    assert ({True}, YES) == ({is_failure(outcome) for outcome in vain}, answered)
    assert ([], False) == (clock.slept, stop.requested)


async def test_one_call_at_a_time_while_it_is_open(breaker):
    """Eight rows wait: reads and calls go out singly until a call is done, then the rest flow."""
    account = FakeAccount()
    account.expect(Operation.CREATE, *["unheard"] * IN_A_ROW, "unheard", "unheard", "fair")
    made = breaker(account)
    await send(made, range(IN_A_ROW))
    account.most_inside, inside = 0, []

    async def send_one(number):
        outcome = await made.send(create(number))
        inside.append((outcome.name, account.most_inside))

    await asyncio.gather(*(send_one(number) for number in range(20, 28)))

    assert [("unresolved", 1), ("unresolved", 1), ("done", 1)] == inside[:3]
    assert ["list", "create"] * 3 + ["create"] * 5 == operations(account)[IN_A_ROW:]
    assert account.most_inside > 1


async def test_calls_that_waited_are_counted_again_once_it_has_closed(breaker, clock):
    """It closed too early: the eight that had waited fail together, and it opens again at once."""
    account = FakeAccount(clock)
    account.expect(Operation.CREATE, *["unheard"] * IN_A_ROW, "fair", *["unheard"] * IN_A_ROW)
    made = breaker(account)
    await send(made, range(IN_A_ROW))

    await asyncio.gather(*(made.send(create(number)) for number in range(20, 29)))
    await made.send(create(99))

    assert ["list", "create"] == operations(account)[-2:]
    assert 2 == len(clock.slept)


async def test_calls_in_flight_when_it_opens_are_not_cut(breaker, clock):
    """The ninth is slow while the eight beside it fail: it gets its answer, without a rest."""
    account = FakeAccount(clock)
    account.slow_s = 5.0
    account.expect(Operation.CREATE, *["unheard"] * IN_A_ROW, "slow")
    made = breaker(account)

    *failed, slow = await asyncio.gather(*(made.send(create(number)) for number in range(IN_A_ROW + 1)))

    assert {"unresolved"} == {outcome.name for outcome in failed}
    assert isinstance(slow, Done)
    assert [5.0] == clock.slept


async def test_reads_that_are_answered_do_not_hide_that_no_write_is(breaker, clock):
    """The looks of settling go out between the creates: eight creates in a row failed all the same, so it opens."""
    inner = ScriptedGateway(*[NO_ANSWER, YES] * IN_A_ROW, YES, YES)
    made = breaker(inner)
    for number in range(IN_A_ROW):
        await made.send(create(number))
        await made.send(GET)

    await made.send(create(99))

    assert ["list", "create"] == operations(inner)[2 * IN_A_ROW :]
    assert [FIRST_REST_S] == clock.slept


async def test_reads_flow_while_writes_rest(breaker, clock):
    """Rows are settled although no create is taken; that they are says nothing for the creates."""
    made, inner = await opened(breaker, [YES, YES, YES])

    answered = [await made.send(GET), await made.send(create(99))]

    assert [YES, YES] == answered
    assert (["get", "list", "create"], [FIRST_REST_S]) == (operations(inner), clock.slept)


async def test_reads_that_fail_rest_too(breaker, clock):
    """Eight in a row: the ninth waits for a cheaper one to be answered."""
    inner = ScriptedGateway(*[NO_ANSWER] * IN_A_ROW, NO_ANSWER, YES, YES)
    made = breaker(inner)
    for _ in range(IN_A_ROW):
        await made.send(GET)

    await made.send(GET)

    assert ["list", "list", "get"] == operations(inner)[IN_A_ROW:]
    assert [30.0, 60.0] == clock.slept


async def test_a_wish_to_stop_ends_the_rest_at_once(breaker, stop):
    """Nobody waits ten minutes for a row that will not be sent; neither read nor call goes out."""
    clock = FrozenClock()
    made, inner = await opened(lambda inner: breaker(inner, clock), [])
    sending = asyncio.create_task(made.send(create(99)))
    while not clock.slept:
        await asyncio.sleep(0)

    stop.request("signal")

    with pytest.raises(StoppedError):
        await sending
    assert [] == inner.calls


async def test_whoever_waits_behind_a_resting_call_is_turned_away_too(breaker, stop):
    """All eight rows end at once, none of them sent."""
    clock = FrozenClock()
    made, inner = await opened(lambda inner: breaker(inner, clock), [])
    sending = [asyncio.create_task(made.send(create(number))) for number in range(8)]
    while not clock.slept:
        await asyncio.sleep(0)

    stop.request("signal")
    ended = await asyncio.gather(*sending, return_exceptions=True)

    assert [StoppedError] * 8 == [type(one) for one in ended]
    assert ([], 1) == (inner.calls, len(clock.slept))


async def test_whoever_gives_up_while_resting_hinders_nobody(breaker, clock):
    """The call that rested is cancelled: the next one takes its place."""
    frozen = FrozenClock()
    made, inner = await opened(lambda inner: breaker(inner, frozen), [YES, YES])
    resting = asyncio.create_task(made.send(create(98)))
    while not frozen.slept:
        await asyncio.sleep(0)
    waiting = asyncio.create_task(made.send(create(99)))

    resting.cancel()
    await asyncio.wait([resting])
    while len(frozen.slept) < 2:
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])

    assert [] == inner.calls


async def test_why_calls_wait_is_told_while_they_do(breaker):
    """For the progress line: what is wrong and when it goes on; nothing when calls flow again."""
    notes = []
    inner = ScriptedGateway(*[NO_ANSWER] * IN_A_ROW, YES, YES, on_send=lambda call: notes.append(made.reason))
    made = breaker(inner)

    await send(made, range(IN_A_ROW))
    await made.send(create(99))

    assert {""} == set(notes[:IN_A_ROW])
    assert ["the API does not answer; trying again"] * 2 == notes[IN_A_ROW:]
    assert "" == made.reason
