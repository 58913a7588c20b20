"""How far a run is, as a bar on a terminal."""

from collections.abc import Mapping
from typing import Self, TextIO

from bulk_onboard.report.page import is_terminal, shown
from bulk_onboard.report.progress import Progress, told


class _Bar(Progress):
    """A bar on a terminal, gone when the run is over."""

    def __init__(self, stream: TextIO) -> None:
        from rich import progress  # noqa: PLC0415 - see above
        from rich.console import Console  # noqa: PLC0415

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

    def update(self, done: int, due: int, counts: Mapping[str, int], note: str) -> None:
        words = told(counts, note, self._bar.tasks[0].speed)
        self._bar.update(self._task, completed=done, total=due, description=shown(words, self._stream))


def open_progress(stream: TextIO, *, quiet: bool = False) -> Progress:
    """A bar where the stream is a terminal and nobody wants quiet; else something that shows nothing."""
    return _Bar(stream) if is_terminal(stream) and not quiet else Progress()
