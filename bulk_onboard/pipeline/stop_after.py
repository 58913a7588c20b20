"""`stop_after`: so long after its start a run begins nothing new."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bulk_onboard.clock import Clock
from bulk_onboard.errors import StoppedError
from bulk_onboard.submission.stop import Stop
from bulk_onboard.units import write_duration


@contextmanager
def stopping_after(seconds: float | None, *, clock: Clock, stop: Stop) -> Iterator[Callable[[], None]]:
    """Wish to stop so many seconds from now, None for never.

    Whoever is done calls what he is given, and the time no longer counts; it does not after the context either.

    Raises:
        StoppedError: the time was up before anything was begun: its own sentence in place of any other.
    """
    if seconds is None:
        yield lambda: None
        return
    told = StoppedError(f"Stopped after {write_duration(seconds)}, as stop_after says; run again to continue.")
    timer = asyncio.ensure_future(_wish(told, seconds, clock, stop))

    def enough() -> None:
        timer.cancel()

    try:
        yield enough
    except StoppedError:
        if stop.cause is told:
            raise told from None
        raise
    finally:
        enough()


async def _wish(cause: StoppedError, seconds: float, clock: Clock, stop: Stop) -> None:
    await clock.sleep(seconds)
    stop.request(cause)
