"""Show how far a run is, a few times a second, without the run knowing."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bulk_onboard.pipeline.execution import Running
    from bulk_onboard.report.progress import Progress

_BETWEEN_LOOKS_S = 0.25
_RESTS = 50  # times as long as a look takes, where there is much to count: sending comes first


@asynccontextmanager
async def shown(*, quiet: bool) -> "AsyncIterator[Callable[[Running], None]]":
    """A function to be handed what is under way; it is shown until the context ends."""
    from bulk_onboard.report.bar import open_progress

    looking: list[asyncio.Task[None]] = []
    with open_progress(sys.stderr, quiet=quiet) as progress:
        try:
            yield lambda running: looking.append(asyncio.ensure_future(_look(running, progress)))
        finally:
            for task in looking:
                task.cancel()


async def _look(running: "Running", progress: "Progress") -> None:
    while True:
        began = time.monotonic()
        counts = Counter(record.state.value for record in running.books.records.values())
        progress.update(running.headway.done, running.headway.due, counts, running.note())
        await asyncio.sleep(max(_BETWEEN_LOOKS_S, _RESTS * (time.monotonic() - began)))
