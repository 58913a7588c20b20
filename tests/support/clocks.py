"""Clocks for tests: nobody really sleeps."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

from bulk_onboard.clock import SystemClock

STARTED = datetime(2026, 1, 5, 10, tzinfo=UTC)
_TURNS = 25  # of the event loop, in which whoever is awake gets on with what he has to do


class FakeClock:
    """Time goes on only while somebody sleeps, and then at once to the instant at which the first sleeper wakes.

    Attributes:
        slept: the pauses, in the order they began.
    """

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._elapsed_s = 0.0
        self._sleepers: list[tuple[float, int]] = []
        self._numbers = itertools.count()

    def now(self) -> datetime:
        return STARTED + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        return self._elapsed_s

    def boottime(self) -> float:
        return self._elapsed_s

    def pass_time(self, seconds: float) -> None:
        """Let time go on while nobody sleeps."""
        self._elapsed_s += seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        sleeper = (self._elapsed_s + seconds, next(self._numbers))
        heapq.heappush(self._sleepers, sleeper)
        try:
            await self._give_others_their_turn()
            while self._sleepers[0] != sleeper:
                await self._give_others_their_turn()
            self._elapsed_s = max(self._elapsed_s, sleeper[0])
        finally:
            self._sleepers.remove(sleeper)
            heapq.heapify(self._sleepers)

    async def _give_others_their_turn(self) -> None:
        for _ in range(_TURNS):
            await asyncio.sleep(0)


class FrozenClock(FakeClock):
    """Time stands still: whoever sleeps wakes only when cancelled."""

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.Event().wait()


class Calendar(SystemClock):
    """The machine's own time, of which days can be torn off: for whole flows that last a month and take a minute."""

    _LONGEST_S = 2.0

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._ahead_s)

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead_s

    def boottime(self) -> float:
        return super().boottime() + self._ahead_s

    async def sleep(self, seconds: float) -> None:
        """A long pause is torn off, too."""
        await asyncio.sleep(min(seconds, self._LONGEST_S))
        self._ahead_s += max(0.0, seconds - self._LONGEST_S)

    def tear_off(self, days: float) -> None:
        """Let so many days pass at once."""
        self._ahead_s += days * 86_400
