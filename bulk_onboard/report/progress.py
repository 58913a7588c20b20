"""How far a run is, for whoever watches it; the bar on a terminal is the console's."""

from collections.abc import Mapping
from typing import Self


class Progress:
    """Shows nothing: for `--quiet`, and where no terminal is (log lines tell it there). A context manager."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the terminal as it was."""

    def update(self, done: int, due: int, counts: Mapping[str, int], note: str) -> None:
        """Show that `done` of `due` rows are done, the rows by state, and why the run waits, where it does."""


def told(counts: Mapping[str, int], note: str, per_s: float | None) -> str:
    """The words behind the bar: `58/min · 81 submitted, 5 refused · the quota is spent`."""
    rate = f"{per_s * 60:.0f}/min" if per_s else ""
    states = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number and name != "rows")
    return " · ".join(part for part in (rate, states, note) if part)
