"""How long a run still takes, by what it has ahead and how fast the quota lets that go."""

from datetime import UTC, datetime, timedelta

import pytest

from bulk_onboard.model import entry as entries
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.planning import Budget, Step, time_left, time_left_by_ledger
from bulk_onboard.units import Quota

MINUTE = Quota(60, 60.0)
FULL = tuple(float(number) for number in range(1, 61))  # sixty requests were sent in the last minute, one a second
NOW = datetime(2026, 1, 5, 10, 30, tzinfo=UTC)


def spent(at_s: float, number: int = 60) -> tuple[float, ...]:
    """So many requests were sent at once, and leave the window in so many seconds."""
    return (at_s,) * number


@pytest.mark.parametrize(
    ("requests", "openings_s", "left_s"),
    [
        (0, (), 0),
        (60, (), 0),
        (61, (), 60),
        (150, (), 120),
        (10_000, (), 166 * 60),
        (149, spent(44.0), 44 + 2 * 60),
        (1, spent(44.0), 44),
        (9, spent(44.0, 51), 0),
        (10, spent(44.0, 51), 44),
        (60, FULL, 60),
        (61, FULL, 61),
        (600, FULL, 600),
    ],
)
def test_requests_take_as_long_as_the_quota_makes_them_wait(requests, openings_s, left_s):
    """Not as long as the last burst took: what was sent of late has to leave the window first."""
    assert left_s == time_left([Step(requests=requests)], Budget(quota=MINUTE, openings_s=openings_s))


def test_each_request_takes_its_own_time_where_the_quota_is_larger_than_what_can_be_sent():
    """A slow upload, or a slow API, is what such a run waits for."""
    assert 199 * 2.0 == time_left([Step(requests=200)], Budget(quota=MINUTE, each_s=2.0))


def test_without_a_quota_the_pace_of_the_calls_counts():
    """It is known once a call was answered; before that nothing is told."""
    steps = [Step(requests=10)]

    assert (None, 5.0) == (time_left(steps, Budget(quota=None)), time_left(steps, Budget(quota=None, each_s=0.5)))


def test_waits_between_the_steps_count():
    """Two looks, the settle window, what is due, the settle window once more, and the look for duplicates."""
    steps = [Step(requests=1), Step(requests=1, not_before_s=80), Step(requests=120), Step(requests=2, after_s=90)]

    assert 80 + 60 + 60 + 90 == round(time_left(steps, Budget(quota=MINUTE, openings_s=spent(79.0))))


def test_quota_fills_up_while_a_step_waits():
    """After a wait of a window all of the quota may go at once."""
    steps = [Step(requests=60), Step(requests=60, after_s=60)]

    assert 60 == time_left(steps, Budget(quota=MINUTE))


def test_a_wait_alone_needs_no_pace():
    """What is left is the wait, whatever the quota."""
    assert 30.0 == time_left([Step(after_s=30.0)], Budget(quota=None))


@pytest.mark.parametrize("requests", [1, 7, 59, 60, 61, 119, 120, 121, 200])
@pytest.mark.parametrize("each_s", [0.0, 0.05])
def test_time_is_what_counting_request_by_request_gives(requests, each_s):
    """However many there are: the shortcut is none."""
    at_s, sent = 0.0, [opening - 60 for opening in FULL]
    for number in range(requests):
        at_s = max(at_s + (each_s if number else 0.0), sent[-60] + 60)
        sent.append(at_s)

    assert at_s == pytest.approx(
        time_left([Step(requests=requests)], Budget(quota=MINUTE, openings_s=FULL, each_s=each_s))
    )


def ledger_state(*more, quota="60/min", creates=200, usage=()):
    """A run that began twenty minutes ago, with what it has planned, and what it has used."""
    started = entries.RunStarted(
        run_id="r1", user="u", host="h", version="1", workbook="w", job="j", requirements="q", quota=quota, settle=90.0,
        at=stamp(20 * 60),
    )  # fmt: skip
    state = LedgerState()
    for each in (started, *more):
        state.take(each)
    for ago_s, requests in usage:
        state.take(entries.Used(at=stamp(ago_s), requests=requests, writes=requests, throttled=0))
    return state


def stamp(ago_s: float) -> str:
    return (NOW - timedelta(seconds=ago_s)).isoformat().replace("+00:00", "Z")


PLANNED = entries.Planned(rows=200, creates=200, reads=10)


def test_a_ledger_alone_tells_how_long_its_run_takes():
    """Of 210 requests 120 were made a minute ago and before: one more window, and the wait before the last look."""
    assert 60 + 90 == time_left_by_ledger(ledger_state(PLANNED, usage=[(120, 60), (60, 60)]), NOW)


def test_throttled_calls_come_again():
    """Of the 210 requests fifty were answered by 429 alone, so they are still to be made."""
    state = ledger_state(PLANNED, entries.Used(at=stamp(60), requests=120, writes=120, throttled=50))

    assert 120 + 90 == time_left_by_ledger(state, NOW)


@pytest.mark.parametrize(
    "state",
    [
        LedgerState(),
        ledger_state(),
        ledger_state(PLANNED, quota="none"),
        ledger_state(PLANNED, entries.RunEnded(run_id="r1", exit_status=0, counts={}, requests={})),
    ],
    ids=["no run", "nothing planned", "no quota", "ended"],
)
def test_a_ledger_that_does_not_tell_gives_no_time(state):
    """Nothing is better than a guess."""
    assert time_left_by_ledger(state, NOW) is None
