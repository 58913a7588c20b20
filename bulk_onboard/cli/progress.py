"""The progress line on a terminal. It looks at the run a few times a second; the run does not know of it."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from bulk_onboard.pipeline.progress import Progress

_BETWEEN_LOOKS_S = 0.25
_RESTS = 50  # rest this many times as long as a look takes: counting a large ledger must not delay sending


@asynccontextmanager
async def shown(stream: TextIO, *, quiet: bool) -> "AsyncIterator[Callable[[Progress], None]]":
    """Yield a function that takes a run and shows its progress until the context ends.

    Nothing is shown with `quiet`, nor where the stream is no terminal: log lines are written there.
    """
    from bulk_onboard.reporting.printer import is_terminal

    if quiet or not is_terminal(stream):
        yield lambda progress: None
        return
    looking: list[asyncio.Task[None]] = []
    with Bar(stream) as bar:
        try:
            yield lambda progress: looking.append(asyncio.ensure_future(_look(progress, bar)))
        finally:
            for task in looking:
                task.cancel()


async def _look(progress: "Progress", bar: "Bar") -> None:
    while True:
        began = time.monotonic()
        states = Counter(record.state.value for record in progress.ledger_state.records.values())
        note = progress.activity.what if progress.activity else progress.flow().trouble
        bar.update(progress.done, progress.due, states, note)
        await asyncio.sleep(max(_BETWEEN_LOOKS_S, _RESTS * (time.monotonic() - began)))


class Bar:
    """A bar on a terminal, gone when the run is over."""

    def __init__(self, stream: TextIO) -> None:
        from rich import progress  # takes 40 ms to import, and is needed on a terminal only
        from rich.console import Console

        self._stream = stream
        self._bar = progress.Progress(
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(compact=True),
            progress.TextColumn("{task.description}", markup=False),
            console=Console(file=stream),
            transient=True,
            speed_estimate_period=120,
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def update(self, done: int, due: int, states: Mapping[str, int], note: str) -> None:
        """Show how many rows are done of those that are due, the rows by state, and why the run waits, if it does."""
        from bulk_onboard.reporting.printer import shown as printable

        words = described(states, note, self._bar.tasks[0].speed)
        self._bar.update(self._task, completed=done, total=due, description=printable(words, self._stream))


def described(states: Mapping[str, int], note: str, per_s: float | None) -> str:
    """Return the words behind the bar: `58/min · 81 submitted, 5 refused · the quota is spent`."""
    rate = f"{per_s * 60:.0f}/min" if per_s else ""
    counted = ", ".join(f"{number:,} {name}" for name, number in states.items() if number and name != "rows")
    return " · ".join(part for part in (rate, counted, note) if part)
