"""The one door to time: stages are handed a clock, so tests hand them another."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where instants and pauses come from."""

    def now(self) -> datetime:
        """The present instant, aware, UTC; may step. For stamps only, never for differences."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; for every difference and deadline."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let others work for so many seconds."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
