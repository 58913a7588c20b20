"""What is tried again, how often, and what ends it."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.model.call import Get, Operation
from bulk_onboard.model.outcome import Done, Halt, Unavailable
from bulk_onboard.pipeline.gateways import (
    ATTEMPTS,
    BUDGET,
    FREE_RETRIES,
    LONGEST_PAUSE_S,
    THROTTLED_AT_MOST,
    Retrying,
    may_be_repeated,
    next_pause_s,
)
from bulk_onboard.pipeline.stop import Stop
from tests.support.calls import CALLS
from tests.support.clocks import FakeClock, FrozenClock
from tests.support.gateways import ScriptedGateway
from tests.unit.pipeline.samples import OUTCOMES, create

WRITES = {Operation.CREATE, Operation.UPDATE, Operation.LINK, Operation.DELETE}
REPEATED = {
    *((operation, "unavailable") for operation in Operation),
    *((operation, "unresolved") for operation in set(Operation) - WRITES),
}
GET = Get(compliance_id="5f0f6c5e-0000-4000-8000-000000000001")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def stop():
    return Stop()


@pytest.fixture
def retrying(clock, stop):
    """Wraps a gateway; the dice always show the most."""
    return lambda inner: Retrying(inner, clock=clock, stop=stop, dice=lambda: 1.0)


@pytest.mark.parametrize(
    ("attempt", "dice", "expected"),
    [
        (1, 1.0, 1.0),
        (2, 1.0, 2.0),
        (3, 1.0, 4.0),
        (5, 1.0, 16.0),
        (6, 1.0, 30.0),
        (900, 1.0, 30.0),
        (1, 0.0, 0.0),
        (3, 0.25, 1.0),
    ],
)
def test_pauses_double_up_to_half_a_minute_and_are_diced(attempt, dice, expected):
    """1, 2, 4 … 30 seconds with full jitter."""
    assert expected == next_pause_s(attempt, dice)


@given(st.integers(1, 1000), st.floats(0, 1))
def test_no_pause_is_negative_or_longer_than_half_a_minute(attempt, dice):
    """Whatever the attempt and the dice."""
    assert 0 <= next_pause_s(attempt, dice) <= LONGEST_PAUSE_S


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("operation", list(Operation))
def test_only_what_cannot_be_done_twice_may_be_repeated(operation, outcome):
    """What was proved unsent may, and a read whose answer was lost; nothing else of any operation."""
    expected = (operation, outcome) in REPEATED

    assert expected == may_be_repeated(CALLS[operation], OUTCOMES[outcome])


@pytest.mark.parametrize("outcome", ["done", "refused", "unresolved", "denied", "withheld"])
async def test_what_may_not_be_repeated_is_sent_once(retrying, clock, outcome):
    """A create that is done, refused, unknown, denied or withheld is not sent again."""
    inner = ScriptedGateway(OUTCOMES[outcome])

    answered = await retrying(inner).send(create())

    assert OUTCOMES[outcome] == answered
    assert (1, []) == (len(inner.calls), clock.slept)


async def test_unavailable_is_tried_three_times_with_growing_pauses(retrying, clock):
    """After the third attempt the outcome stands; there is no pause after it."""
    inner = ScriptedGateway(*[OUTCOMES["unavailable"]] * ATTEMPTS)

    answered = await retrying(inner).send(create())

    assert OUTCOMES["unavailable"] == answered
    assert [1.0, 2.0] == clock.slept


async def test_attempts_of_a_write_are_numbered(retrying):
    """Each sending goes on counting from where the record was; a throttled one is no attempt."""
    inner = ScriptedGateway(OUTCOMES["unavailable"], OUTCOMES["throttled"], OUTCOMES["done"])

    await retrying(inner).send(create(attempt=4))

    assert [4, 5, 5] == [call.attempt for call in inner.calls]


async def test_throttled_is_no_attempt_and_has_no_pause_of_its_own(retrying, clock):
    """Between throttled answers the pacer makes the call wait; three real attempts are left."""
    throttled, unavailable = OUTCOMES["throttled"], OUTCOMES["unavailable"]
    inner = ScriptedGateway(throttled, throttled, unavailable, throttled, unavailable, throttled, OUTCOMES["done"])

    answered = await retrying(inner).send(create())

    assert OUTCOMES["done"] == answered
    assert [1.0, 2.0] == clock.slept


async def test_throttling_without_end_ends(retrying):
    """A call that is throttled twenty times is left for the next run."""
    inner = ScriptedGateway(*[OUTCOMES["throttled"]] * THROTTLED_AT_MOST)

    answered = await retrying(inner).send(create())

    assert OUTCOMES["throttled"] == answered


async def test_unknown_read_is_repeated(retrying):
    """A lost answer to a read costs nothing: the same call goes out again."""
    inner = ScriptedGateway(OUTCOMES["unresolved"], OUTCOMES["unresolved"], Done(value="record"))

    answered = await retrying(inner).send(GET)

    assert Done(value="record") == answered
    assert [GET, GET, GET] == inner.calls


async def test_what_halts_the_run_is_not_tried_again(retrying):
    """A certificate that is not trusted does not get better."""
    inner = ScriptedGateway(Unavailable(why="ClientConnectorCertificateError", halt=Halt.TLS))

    answered = await retrying(inner).send(create())

    assert Halt.TLS is answered.halt


@pytest.mark.parametrize("outcome", ["unavailable", "throttled"])
async def test_nothing_is_tried_again_once_the_run_is_to_stop(retrying, stop, clock, outcome):
    """The wish came while the call was in flight: its outcome stands, without a pause."""
    inner = ScriptedGateway(OUTCOMES[outcome], on_send=lambda call: stop.request("signal"))

    answered = await retrying(inner).send(create())

    assert OUTCOMES[outcome] == answered
    assert [] == clock.slept


async def test_wish_to_stop_ends_the_pause_and_the_retries(stop):
    """Nobody waits half a minute for a call that will not be made."""
    inner, clock = ScriptedGateway(OUTCOMES["unavailable"]), FrozenClock()
    sending = asyncio.create_task(Retrying(inner, clock=clock, stop=stop, dice=lambda: 1.0).send(create()))
    while not clock.slept:
        await asyncio.sleep(0)

    stop.request("signal")

    assert OUTCOMES["unavailable"] == await sending


class Fickle:
    """Unavailable or done, whichever it is at the time; `sent` counts the calls."""

    def __init__(self) -> None:
        self.unavailable = False
        self.sent = 0

    async def send(self, call):
        self.sent += 1
        return OUTCOMES["unavailable" if self.unavailable else "done"]

    async def sent_for(self, retrying, calls):
        """How many requests so many calls cost."""
        before = self.sent
        for _ in range(calls):
            await retrying.send(create())
        return self.sent - before


async def test_a_short_run_may_retry_ten_times(retrying):
    """Five calls twice each; the sixth is sent once, and its row stays deferred for the next run."""
    inner = Fickle()
    inner.unavailable = True
    budgeted = retrying(inner)

    assert 5 * ATTEMPTS == await inner.sent_for(budgeted, 5)
    assert 1 == await inner.sent_for(budgeted, 1)
    assert OUTCOMES["unavailable"] == await budgeted.send(create())


async def test_a_long_run_may_retry_a_tenth_of_its_requests(retrying):
    """After 400 requests there are forty retries, and a few more for the requests that they are themselves."""
    inner = Fickle()
    budgeted = retrying(inner)
    await inner.sent_for(budgeted, 400)
    inner.unavailable = True

    retries = await inner.sent_for(budgeted, 100) - 100

    assert retries == int(BUDGET * (400 + 100 + retries)) > 4 * FREE_RETRIES


async def test_a_retry_that_was_not_granted_is_not_spent(retrying):
    """A long outage early in a run takes nothing from its later hours: the budget grows with the requests again."""
    inner = Fickle()
    budgeted = retrying(inner)
    inner.unavailable = True
    await inner.sent_for(budgeted, 100)
    inner.unavailable = False
    await inner.sent_for(budgeted, 200)
    inner.unavailable = True

    assert ATTEMPTS == await inner.sent_for(budgeted, 1)


async def test_throttled_calls_cost_nothing_of_the_budget(retrying):
    """The pacer makes them wait; they are repeated however little is left."""
    budgeted = retrying(ScriptedGateway(*[OUTCOMES["throttled"]] * 15, OUTCOMES["unavailable"], OUTCOMES["done"]))

    assert OUTCOMES["done"] == await budgeted.send(create())


async def test_a_refused_retry_makes_no_pause(retrying, clock):
    """Without a budget nothing is waited for."""
    inner = Fickle()
    inner.unavailable = True
    budgeted = retrying(inner)
    await inner.sent_for(budgeted, 5)
    slept = len(clock.slept)

    await inner.sent_for(budgeted, 3)

    assert slept == len(clock.slept)
