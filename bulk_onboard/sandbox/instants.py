"""The sandbox's time: durations are true, and the clock that its answers show may be wrong or be set.

Everything that takes its time (lags, reviews, the quota) goes by `now`, which is the wall clock read once, carried on
by the monotonic clock. What clients are told goes by `told`: that clock may be hours off, or be set while it runs.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bulk_onboard.clock import Clock


class ClockStep(NamedTuple):
    """The clock that answers show is set forward, or back, by `by_s` seconds, `after_s` seconds after the start.

    With `after_s` None it was wrong before the start.
    """

    by_s: float
    after_s: float | None = None


class Instants:
    """Aware UTC instants whose differences are true durations, and how the shown clock tells them."""

    def __init__(self, clock: Clock, steps: Iterable[ClockStep] = ()) -> None:
        self._clock, self._first_steps = clock, tuple(steps)
        self._started_at = clock.now()
        self._started = clock.monotonic()
        self.clear()

    def clear(self) -> None:
        """As at the start: the first steps, counted from now."""
        began_at = self.now()
        self._steps = [
            (datetime.min.replace(tzinfo=UTC) if s.after_s is None else began_at + timedelta(seconds=s.after_s), s.by_s)
            for s in self._first_steps
        ]

    def now(self) -> datetime:
        """The present instant."""
        return self._started_at + timedelta(seconds=self._clock.monotonic() - self._started)

    def step(self, by_s: float) -> None:
        """Set the shown clock forward, or back, from now on."""
        self._steps.append((self.now(), by_s))

    def wrong_by_s(self, instant: datetime) -> float:
        """How far ahead the shown clock was at an instant."""
        return sum(by_s for since, by_s in self._steps if since <= instant)

    def told(self, instant: datetime) -> datetime:
        """What the shown clock said at an instant."""
        return instant + timedelta(seconds=self.wrong_by_s(instant))

    def stamp(self, instant: datetime) -> str:
        """What the shown clock said, as the API writes it: `2024-01-15T10:30:00Z`."""
        return self.told(instant).strftime("%Y-%m-%dT%H:%M:%SZ")
