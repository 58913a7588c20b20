"""The sandbox's own time: the wall clock read once, carried on by the monotonic clock, so that it never steps."""

from datetime import datetime, timedelta

from bulk_onboard.clock import Clock


class Instants:
    """Aware UTC instants whose differences are true durations."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started_at = clock.now()
        self._started = clock.monotonic()

    def now(self) -> datetime:
        """The present instant."""
        return self._started_at + timedelta(seconds=self._clock.monotonic() - self._started)


def stamp(instant: datetime) -> str:
    """An instant as the API writes it: `2024-01-15T10:30:00Z`."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
