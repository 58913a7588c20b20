"""Sleep until the time is up, or until something happens."""

import asyncio

import pytest

from bulk_onboard.run.stop import rest
from tests.support.clocks import FakeClock, FrozenClock


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
