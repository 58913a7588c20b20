"""The wish to stop: from then on nothing new begins, and what is in flight finishes.

See docs/design/promise.md, Order of work.
"""

import asyncio
from collections.abc import Callable

from bulk_onboard.clock import Clock
from bulk_onboard.submission.rest import rest


class Stop:
    """One run's wish to stop; the first cause counts.

    Attributes:
        wished: set once somebody wished it.
        cause: why: a signal's number, an `outcome.Halt`, an exception; None while nobody wished it.
    """

    def __init__(self) -> None:
        self.cause: object = None
        self.wished = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    @property
    def requested(self) -> bool:
        """Whether nothing new may begin."""
        return self.wished.is_set()

    def request(self, cause: object) -> None:
        """Let nothing new begin."""
        if self.requested:
            return
        self.cause = cause
        self.wished.set()
        for listener in self._listeners:
            listener()

    def call_when_requested(self, listener: Callable[[], None]) -> None:
        """Have somebody told, such as a pacer with calls waiting in it; at once where it is wished already."""
        if self.requested:
            listener()
        else:
            self._listeners.append(listener)

    async def pause(self, clock: Clock, seconds: float) -> None:
        """Sleep so long, or until the wish to stop."""
        await rest(clock, seconds, self.wished)
