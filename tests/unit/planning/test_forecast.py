"""What a run costs in requests, bytes and time."""

import pytest

from bulk_onboard.model.plan import Action, Decision, Forecast
from bulk_onboard.planning.plan import forecast
from bulk_onboard.units import Quota

MINUTE = Quota(60, 60.0)


@pytest.fixture
def due(make_judged):
    """A factory: decisions of these actions, the last one's numbers being due."""

    def make(numbers=(), **actions):
        return [
            Decision(make_judged(), None, Action(name), "", numbers if name == "link" else ())
            for name, times in actions.items()
            for _ in range(times)
        ]

    return make


def test_nothing_due_costs_nothing(due):
    """A run with nothing to do and nothing to follow sends nothing and ends at once."""
    assert Forecast(0, 0, 0.0) == forecast(due(nothing=3), followed=0, quota=MINUTE)


@pytest.mark.parametrize(
    ("actions", "followed", "requests"),
    [
        ({"create": 1}, 0, 3),  # the list, the create, and the first record read back
        ({"create": 10}, 0, 12),
        ({"settle": 1}, 0, 3),
        ({"create": 10, "settle": 5}, 0, 22),
        ({"update": 3}, 30, 7),  # each is read before it is corrected
        ({"link": 1, "numbers": ("911140000000", "911140000001")}, 30, 5),  # and each number before it is linked
        ({"nothing": 1}, 1, 1),
        ({}, 10_000, 100),
        ({}, 10_001, 101),
    ],
)
def test_requests_are_what_is_due_with_its_look_ups_and_the_pages_of_the_list(due, actions, followed, requests):
    """Following records costs a hundredth of a request each."""
    assert requests == forecast(due(**actions), followed=followed, quota=None).requests


@pytest.mark.parametrize(
    ("requests", "duration_s"), [(3, 0), (60, 0), (61, 60), (120, 60), (121, 120), (1000, 960), (10_000, 9960)]
)
def test_time_is_the_least_that_a_sliding_window_allows(due, requests, duration_s):
    """The first window is free, each further one begun costs a window.

    See docs/design/pacing.md, Window shapes.
    """
    assert duration_s == forecast(due(create=requests - 2), followed=0, quota=MINUTE).duration_s


def test_only_what_is_sent_counts_as_bytes(due):
    """Creates and updates carry documents, links and settling do not; without a quota no time is told."""
    assert Forecast(10, 300, None) == forecast(due(create=2, update=1, link=1, settle=2), followed=0, quota=None)
