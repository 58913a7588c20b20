"""The rules of pacing together: simulated runs against every kind of window, on a clock of their own."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulk_onboard.api import quota as rules
from bulk_onboard.api.pacer import smooth_rate
from bulk_onboard.model.outcome import QuotaHeaders
from bulk_onboard.planning import Budget, Step, time_left
from bulk_onboard.sandbox.quota import WINDOWS
from bulk_onboard.units import Quota
from tests.support.pacing import MIDNIGHT, SIXTY, LeakyBucket, Led, Server, Simulation, fullest, least_s

KINDS = list(WINDOWS)
REQUIREMENTS = Quota(100, 60.0)
JITTERY = (0.01, 0.3)
PAUSE = QuotaHeaders(limit=60, remaining=0, retry_after_s=40.0)


def spoilt(**headers: str | None):
    """What replaces headers on their way, underscores for hyphens; None takes one away."""
    replaced = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda told: {name: value for name, value in {**told, **replaced}.items() if value is not None}


SPOILT = {
    "none": lambda _: {},
    "no-date": spoilt(date=None),
    "no-limit": spoilt(x_ratelimit_limit=None),
    "no-remaining": spoilt(x_ratelimit_remaining=None),
    "no-reset": spoilt(x_ratelimit_reset=None),
    "garbage": spoilt(x_ratelimit_limit="sixty", x_ratelimit_remaining="-1", x_ratelimit_reset="soon", date="today"),
    "reset-past": spoilt(x_ratelimit_reset=str(int(MIDNIGHT) - 86400)),
    "reset-hours-away": spoilt(x_ratelimit_reset=str(int(MIDNIGHT) + 86400)),
    "limit-0": spoilt(x_ratelimit_limit="0"),
    "limit-huge": spoilt(x_ratelimit_limit="999999999"),
    "remaining-huge": spoilt(x_ratelimit_remaining="999999999"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("quota", [SIXTY, REQUIREMENTS], ids=str)
@pytest.mark.parametrize("phase_s", [0.0, 17.3, 41.7])
def test_all_of_the_quota_and_never_throttled(kind, quota, phase_s):
    """On an idle account a run is never throttled, and needs little more than the least time."""
    server, count = Server(kind, quota, phase_s=phase_s), 5 * quota.limit
    run = Simulation(server, seed=3)

    run.run(Led(quota), count)

    assert (count, 0) == (run.done, server.throttled)
    assert least_s(Server(kind, quota, phase_s=phase_s), count) + 12 >= run.finished_at


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_jitter_does_not_throttle(kind, seed):
    """Requests that arrive up to 0.3 s late cost at most one throttled call on a sliding window, and none elsewhere."""
    server = Server(kind, phase_s=50.0)
    run = Simulation(server, seed=seed, arrival_s=JITTERY)

    run.run(Led(), 300)

    assert 300 == run.done
    assert server.throttled <= (kind == "sliding")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dirty", [1, 30, 59, 60])
def test_dirty_start_costs_one_throttled_call_at_most(kind, dirty):
    """What others spent just before is read from the first answer, and told."""
    server, client = Server(kind, phase_s=20.0, dirty=dirty), Led()
    run = Simulation(server)

    run.run(client, 200)

    assert 200 == run.done
    assert server.throttled <= 1
    assert client.noticed_others or dirty == 60  # then the first answer is a 429, and the wait forgets it


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_suspected_on_an_idle_account(kind):
    """Our own spending is never taken for somebody else's."""
    client = Led()

    Simulation(Server(kind), arrival_s=JITTERY, answer_s=(0.1, 30.0)).run(client, 300)

    assert not client.noticed_others


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("per_min", [6, 20])
def test_second_client_is_lived_with(kind, per_min):
    """Beside somebody who goes on spending everything is sent, he is noticed, and few calls are throttled."""
    server, client = Server(kind, phase_s=17.3, second_per_min=per_min), Led()
    run = Simulation(server)

    run.run(client, 500)

    assert 500 == run.done
    assert client.noticed_others or server.throttled
    assert server.throttled <= 10


@pytest.mark.parametrize("kind", KINDS)
def test_twenty_restarts_do_not_double_the_spending(kind):
    """A run that is killed and begun again every few seconds spends one quota and is not throttled."""
    server = Server(kind, phase_s=5.0)
    run = Simulation(server, arrival_s=(0.01, 0.1))
    for _ in range(20):
        run.run(Led(now=run.now, ages=[run.now - at for at in run.sends]), 1000, until=run.now + 7.0)

    assert 100 < len(run.sends)
    assert 0 == server.throttled
    assert 1 >= server.fullest()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_absurd_headers_do_no_harm(kind, spoil):
    """With headers that are missing, garbage or wrong our own log leads: nothing is throttled, and time is not lost."""
    server = Server(kind, spoil=spoil)
    run = Simulation(server)

    run.run(Led(), 200)

    assert (200, 0) == (run.done, server.throttled)
    assert 4 * 60 >= run.finished_at


@pytest.mark.parametrize("spoil", [dict, SPOILT["none"]], ids=["headers", "none"])
def test_users_lower_limit_is_kept(spoil):
    """A user who states less than the API allows never has more than that in any window."""
    server = Server("fixed", spoil=spoil)
    run = Simulation(server)

    run.run(Led(Quota(20, 60.0)), 100)

    assert 20 == fullest(run.sends, 60.0)
    assert (100, 0) == (run.done, server.throttled)


@pytest.mark.parametrize("kind", KINDS)
def test_lower_limit_of_the_api_wins(kind):
    """A user who states more than the API allows is held to what it says, without a throttled call."""
    server = Server(kind, Quota(20, 60.0))
    run = Simulation(server)

    run.run(Led(SIXTY), 100)

    assert (100, 0) == (run.done, server.throttled)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phase_s", [0.0, 2.3, 4.5])
def test_short_windows_are_used_up_too(kind, phase_s):
    """60 requests in 6 s, on a way as short as on one machine: within 1.15 of the least time."""
    quota = Quota(60, 6.0)
    server = Server(kind, quota, phase_s=phase_s)
    run = Simulation(server, arrival_s=(0.002, 0.02), answer_s=(0.01, 0.05), concurrency=8)

    run.run(Led(quota), 300)

    assert 0 == server.throttled
    assert 1.15 * least_s(Server(kind, quota, phase_s=phase_s), 300) >= run.finished_at


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_quota_only_the_api_slows_down(kind):
    """`none` goes on until it is throttled, and everything is sent in the end."""
    server = Server(kind, Quota(30, 60.0))
    run = Simulation(server)

    run.run(Led(None), 100)

    assert 100 == run.done
    assert 0 == run.sends[15] < run.sends[16] < 2.5
    assert 0 < server.throttled


SERVERS = st.builds(
    Server,
    kind=st.sampled_from(KINDS),
    quota=st.sampled_from([6.0, 60.0, 300.0]).map(lambda window_s: Quota(30, window_s)),
    phase_s=st.floats(0, 60),
    dirty=st.integers(0, 30),
    second_per_min=st.sampled_from([0, 0, 3, 15]),
    spoil=st.sampled_from([dict, dict, *SPOILT.values()]),
)
WAYS = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 1000),
        "concurrency": st.integers(1, 20),
        "answer_s": st.sampled_from([(0.1, 0.3), (0.1, 2.0), (0.1, 90.0)]),
        "lost": st.sampled_from([0.0, 0.0, 0.1]),
    }
)


@settings(max_examples=150, deadline=None)
@given(server=SERVERS, way=WAYS, limit=st.sampled_from([1, 10, 30, 50]))
def test_whatever_happens_everything_is_sent(server, way, limit):
    """Every request is granted in the end, no window ever grants more than its limit, and nothing waits for ever."""
    window_s = server.quota.window_s
    run = Simulation(server, **way)

    run.run(Led(Quota(limit, window_s)), 2 * limit + 1)

    pauses = [after - before for before, after in itertools.pairwise(run.sends)]
    assert 2 * limit + 1 == run.done
    assert 1 >= server.fullest()
    assert 2 * max(window_s, 60) + 100 >= max(pauses)


def test_simulation_judges_the_naive_as_measured():
    """What it is held against: a bucket of 60 that does not listen is throttled dozens of times on a fixed window."""
    server = Server("fixed")
    run = Simulation(server)

    run.run(LeakyBucket(60, 60.0), 300)

    assert 300 == run.done
    assert 10 < server.throttled
    assert 240 < run.finished_at < math.inf


class Foreseeing(Led):
    """Our pacer, which remembers what it knew at each answer of a run of so many requests."""

    def __init__(self, quota: Quota, count: int) -> None:
        super().__init__(quota)
        self._quota, self._left = quota, count
        self._known: list[tuple[float, int, rules.Pace]] = []

    def answered(self, ticket, now, stated, *, throttled):
        super().answered(ticket, now, stated, throttled=throttled)
        self._left -= not throttled
        self._known.append((now, self._left, self.pace))

    def at(self, instant: float) -> tuple[float, float]:
        """When it knew something last before an instant, and how long the rest takes by that."""
        now, left, pace = [each for each in self._known if each[0] <= instant][-1]
        kept = Quota(rules.effective_limit(pace), self._quota.window_s + pace.guard_s)
        budget = Budget(quota=kept, openings_s=rules.openings_s(pace, now), each_s=1 / smooth_rate(self._quota))
        return now, time_left([Step(requests=left)], budget)


MARKS = (0.1, 0.25, 0.5, 0.75, 0.9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("quota", [Quota(60, 6.0), SIXTY], ids=str)
@pytest.mark.parametrize("phase_s", [0.0, 17.3, 41.7])
def test_time_that_is_foreseen_is_the_time_that_it_takes(kind, quota, phase_s):
    """Of 600 requests, at 10, 25, 50, 75 and 90 % of the time: within a fifth of it.

    Which window the API keeps nobody knows; only a sliding one is as it is foreseen. With another one a run may be
    ready a window earlier than was thought.
    """
    server, client = Server(kind, quota, phase_s=phase_s), Foreseeing(quota, 600)
    run = Simulation(server, seed=5)
    run.run(client, 600)

    for mark in MARKS:
        now, foreseen_s = client.at(mark * run.finished_at)
        really_s = run.finished_at - now
        at_most = max(0.2 * really_s, 0.0 if kind == "sliding" and mark < 0.9 else quota.window_s)
        assert abs(foreseen_s - really_s) <= at_most, (mark, foreseen_s, really_s)


def test_others_who_use_the_quota_are_taken_to_go_on():
    """Whoever shares it with a client that takes a tenth learns of it, and foresees the longer time."""
    server, client = Server("sliding", second_per_min=6), Foreseeing(SIXTY, 600)
    run = Simulation(server, seed=5)
    run.run(client, 600)

    now, foreseen_s = client.at(0.5 * run.finished_at)
    assert 0.8 <= foreseen_s / (run.finished_at - now) <= 1.2


def test_a_pause_that_the_api_asks_for_is_in_the_time():
    """After a throttled call nothing goes before its `Retry-After` is over."""
    pace = rules.answered(rules.sent(rules.first_pace(SIXTY, 0.0), 0.0), 0, 1.0, PAUSE, throttled=True)

    openings_s = rules.openings_s(pace, 1.0)

    assert 60 == len(openings_s)
    assert 40.0 <= min(openings_s) <= 41.0


def test_without_a_quota_nothing_is_foreseen():
    """There is nothing to wait for."""
    pace = rules.first_pace(None, 0.0)

    assert ((), 0) == (rules.openings_s(pace, 0.0), rules.effective_limit(pace))
