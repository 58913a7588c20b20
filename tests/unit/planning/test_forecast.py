"""What a run costs in requests, bytes and time."""

import pytest

from bulk_onboard.model.plan import Forecast
from bulk_onboard.planning.forecast import forecast
from bulk_onboard.units import Quota

MINUTE = Quota(60, 60.0)


def test_nothing_due_costs_nothing():
    """A run with nothing to do sends nothing and ends at once."""
    assert Forecast(0, 0, 0.0) == forecast(0, 0, 0, MINUTE)


@pytest.mark.parametrize(("creates", "settles", "requests"), [(1, 0, 3), (10, 0, 12), (0, 1, 3), (10, 5, 22)])
def test_requests_are_creates_look_ups_and_what_every_run_makes(creates, settles, requests):
    """One each create, two each settling, one preflight, and one to read the first created record back."""
    assert requests == forecast(creates, settles, 0, None).requests


@pytest.mark.parametrize(
    ("requests", "duration_s"), [(3, 0), (60, 0), (61, 60), (120, 60), (121, 120), (1000, 960), (10_000, 9960)]
)
def test_time_is_the_least_that_a_sliding_window_allows(requests, duration_s):
    """The first window is free, each further one begun costs a window (pacing.md)."""
    assert duration_s == forecast(requests - 2, 0, 0, MINUTE).duration_s


def test_without_a_quota_no_time_is_told():
    """Nothing paces the run, so nobody knows."""
    assert Forecast(102, 5000, None) == forecast(100, 0, 5000, None)
