"""Hints reach their file in groups: one write and one fsync for all that came meanwhile, in a thread.

Many hints for one record at a time are one: none of them is on disk yet, so its record will be read after all of them.
Room is bounded. What finds none is dropped and answered 200 all the same: a run reads every review anyway, and a sender
that is told no would send the same again, into the same flood.
"""

import asyncio
from collections.abc import Callable, Iterable
from enum import Enum, auto

from bulk_onboard import log

MOST_PENDING = 10_000


class Kept(Enum):
    """What became of a hint."""

    ON_DISK = auto()
    DROPPED = auto()
    FAILED = auto()


class Keeping:
    """Keeps hints; `keep` is the spool's, and `wake` is called after each group."""

    def __init__(
        self, keep: Callable[[Iterable[str]], bool], wake: Callable[[], None], *, most: int = MOST_PENDING
    ) -> None:
        self._keep, self._wake, self._most = keep, wake, most
        self._pending: dict[str, asyncio.Future[Kept]] = {}
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, compliance_id: str) -> Kept:
        """Return when the hint is on disk, or is not going to be."""
        if compliance_id not in self._pending:
            if len(self._pending) >= self._most:
                return Kept.DROPPED
            self._pending[compliance_id] = asyncio.get_running_loop().create_future()
            if self._writing is None:
                self._writing = asyncio.create_task(self._write())
        return await asyncio.shield(self._pending[compliance_id])

    async def _write(self) -> None:
        while group := self._pending:
            self._pending = {}
            kept = await asyncio.to_thread(self._kept, tuple(group))
            for durable in group.values():
                durable.set_result(kept)
            self._wake()
        self._writing = None

    def _kept(self, compliance_ids: tuple[str, ...]) -> Kept:
        try:
            return Kept.ON_DISK if self._keep(compliance_ids) else Kept.DROPPED
        except Exception as trouble:  # a bug, too: whoever waits must be answered
            log.logger().error("hints not kept", error=type(trouble).__name__)
            return Kept.FAILED
