"""Sleep on the clock that was handed in, or until something happens."""

import asyncio
from typing import Any

from bulk_onboard.clock import Clock


async def rest(clock: Clock, seconds: float | None, *events: asyncio.Event) -> None:
    """Return after so many seconds (None: no bound), or as soon as one of the events is set."""
    waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(event.wait()) for event in events]
    if seconds is not None:
        waits.append(asyncio.ensure_future(clock.sleep(max(0.0, seconds))))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
