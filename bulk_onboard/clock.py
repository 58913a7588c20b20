"""The one door to time: code is handed a clock, so that tests can hand it another."""

import asyncio
import time
from datetime import UTC, datetime
from functools import partial
from typing import Protocol


class Clock(Protocol):
    """Where instants and pauses come from."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC. It may step: for stamps only, never for differences."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back; for every difference and deadline."""
        ...

    def boottime(self) -> float:
        """Return seconds that never go back and go on while the machine sleeps; for how long a lease holds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let other tasks run for so many seconds."""
        ...


class SystemClock:
    """The machine's own clock."""

    now = staticmethod(partial(datetime.now, UTC))
    monotonic = staticmethod(time.monotonic)
    # On macOS, which has no CLOCK_BOOTTIME, this one goes on in sleep; `time.monotonic` stands still there.
    boottime = staticmethod(partial(time.clock_gettime, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)))
    sleep = staticmethod(asyncio.sleep)
