"""Stop when asked, and sleep until the time is up or something happens."""

import asyncio

import pytest

from bulk_onboard.model.outcome import Halt
from bulk_onboard.pipeline.stop import Stop, left_over, rest, why_stopped
from tests.support.clocks import FakeClock, FrozenClock


def test_nobody_wished_to_stop():
    """A fresh run goes on."""
    stop = Stop()

    assert (False, None) == (stop.requested, stop.cause)


def test_first_cause_counts():
    """What came later did not stop the run."""
    stop = Stop()

    stop.request("credentials")
    stop.request("signal")

    assert (True, "credentials") == (stop.requested, stop.cause)


def test_a_part_stops_with_the_whole():
    """For the cause of the whole, also where that was asked to stop before."""
    whole = Stop()
    part = whole.part()

    whole.request("signal")

    assert ("signal", "signal") == (part.cause, whole.part().cause)


def test_a_part_may_stop_alone():
    """Neither the whole nor another part stops with it, and its own cause stays the first."""
    whole = Stop()
    part, other = whole.part(), whole.part()

    part.request("credentials")
    assert (False, False) == (whole.requested, other.requested)
    whole.request("signal")

    assert ("credentials", "signal") == (part.cause, other.cause)


def test_what_is_complete_does_not_stop():
    """Where nothing is left to stop, what comes later is no cause; the whole goes on to stop the other parts."""
    whole = Stop()
    done, other = whole.part(), whole.part()

    done.complete()
    whole.request("signal")

    assert (False, True) == (done.requested, other.requested)


def test_listeners_are_told_once():
    """However often it is wished."""
    stop, told = Stop(), []
    stop.call_when_requested(lambda: told.append("pacer"))
    stop.call_when_requested(lambda: told.append("another"))

    stop.request("signal")
    stop.request("signal")

    assert ["pacer", "another"] == told


def test_late_listener_is_told_at_once():
    """Ctrl-C while the workbook was read: the pacer that is made afterwards lets nothing wait in it."""
    stop, told = Stop(), []
    stop.request("signal")

    stop.call_when_requested(lambda: told.append("pacer"))
    stop.request("signal")

    assert ["pacer"] == told


async def test_pause_takes_its_time():
    """Without a wish it is as long as it was meant to be."""
    clock = FakeClock()

    await Stop().pause(clock, 4.0)

    assert 4.0 == clock.monotonic()


async def test_pause_ends_early():
    """With the wish it ends, and leaves no sleeper behind."""
    stop, clock = Stop(), FrozenClock()
    pausing = asyncio.create_task(stop.pause(clock, 30.0))
    while not clock.slept:
        await asyncio.sleep(0)

    stop.request("signal")
    await asyncio.wait_for(pausing, 1)
    await asyncio.sleep(0)

    assert {asyncio.current_task()} == asyncio.all_tasks()


async def test_cancelled_pause_leaves_no_sleeper_behind():
    """Whoever gives up waiting takes the clock's task along."""
    clock = FrozenClock()
    pausing = asyncio.create_task(Stop().pause(clock, 30.0))
    while not clock.slept:
        await asyncio.sleep(0)

    pausing.cancel()
    await asyncio.wait([pausing])
    await asyncio.sleep(0)

    assert {asyncio.current_task()} == asyncio.all_tasks()


async def test_the_wish_can_be_waited_for():
    """Whoever waits for several things at once waits for this among them; the cause is there when he wakes."""
    stop = Stop()
    waiting = asyncio.create_task(stop.wished.wait())
    await asyncio.sleep(0)

    stop.request("signal")
    await waiting

    assert "signal" == stop.cause


async def test_pause_after_the_wish_is_none():
    """Nobody rests once the run is to stop."""
    stop = Stop()
    stop.request("signal")

    await asyncio.wait_for(stop.pause(FrozenClock(), 600.0), 1)


def others():
    """The tasks beside this test's own."""
    return asyncio.all_tasks() - {asyncio.current_task()}


@pytest.mark.parametrize(("seconds", "slept"), [(4.0, 4.0), (0.0, 0.0), (-3.0, 0.0)])
async def test_without_an_event_it_takes_its_time(seconds, slept):
    """A rest that should have ended already ends now; nobody sleeps for less than no time."""
    clock = FakeClock()

    await rest(clock, seconds, asyncio.Event())

    assert (slept, [slept]) == (clock.monotonic(), clock.slept)


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("seconds", [30.0, None])
async def test_any_of_its_events_ends_it(number, seconds):
    """Whether or not it is bounded; nobody is left sleeping."""
    clock, events = FrozenClock(), [asyncio.Event(), asyncio.Event()]
    resting = asyncio.create_task(rest(clock, seconds, *events))
    await asyncio.sleep(0)

    events[number].set()
    await asyncio.wait_for(resting, 1)
    await asyncio.sleep(0)

    assert set() == others()


async def test_an_event_that_is_set_already_lets_nobody_wait():
    """It ends at once, however long it was to be."""
    event = asyncio.Event()
    event.set()

    await asyncio.wait_for(rest(FrozenClock(), 600.0, event), 1)


async def test_without_a_bound_only_the_event_ends_it():
    """It sleeps on no clock at all."""
    clock, event = FrozenClock(), asyncio.Event()
    resting = asyncio.create_task(rest(clock, None, event))
    for _ in range(100):
        await asyncio.sleep(0)

    assert (False, []) == (resting.done(), clock.slept)
    event.set()
    await asyncio.wait_for(resting, 1)


async def test_cancelled_it_leaves_nobody_behind():
    """Neither the sleeper nor those who wait for the events."""
    clock = FrozenClock()
    resting = asyncio.create_task(rest(clock, 30.0, asyncio.Event(), asyncio.Event()))
    while not clock.slept:
        await asyncio.sleep(0)

    resting.cancel()
    await asyncio.wait([resting])
    await asyncio.sleep(0)

    assert set() == others()


def test_rows_that_were_left_over_are_told_with_why_where_that_is_known():
    """Else another run may well finish them."""
    assert left_over(0) is None
    assert "1 row could not be finished; run again to continue." == str(left_over(1))
    assert "2 rows could not be finished. The API refuses." == str(left_over(2, why="The API refuses."))


@pytest.mark.parametrize(("account", "ending"), [("", ""), ("acme-ltd", "_ACME_LTD")])
def test_refused_credentials_are_called_by_the_accounts_variables(account, ending):
    """So that whoever reads it checks the right ones."""
    error = why_stopped(Halt.CREDENTIALS, base_url="http://127.0.0.1", sent_before=True, account=account)

    assert f"Check PLIVO_AUTH_ID{ending} and PLIVO_AUTH_TOKEN{ending}, and that" in str(error)
