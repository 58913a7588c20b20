"""Clocks for tests: nobody really sleeps."""

import asyncio
from datetime import UTC, datetime, timedelta

STARTED = datetime(2026, 1, 5, 10, tzinfo=UTC)


class FakeClock:
    """Time goes on only while somebody sleeps; `slept` lists the pauses, in the order they began."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._elapsed_s = 0.0

    def now(self) -> datetime:
        return STARTED + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        return self._elapsed_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)
        self._elapsed_s += seconds


class FrozenClock(FakeClock):
    """Time stands still: whoever sleeps wakes only when cancelled."""

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.Event().wait()
