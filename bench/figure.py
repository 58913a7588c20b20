"""One figure: what was measured, beside what, and what was aimed at."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the table.

    Attributes:
        what: the thing measured, with its size.
        ours: our number; `unit` is of both.
        beside: what it was measured against.
        theirs: its number.
        target: what the ratio ours ÷ theirs, or ours where there is nothing beside it, should be: `<= 6` or `>= 0.85`;
            empty where nothing is aimed at.
        note: how often, on what, and what the reader should know.
    """

    what: str
    ours: float
    unit: str
    beside: str = ""
    theirs: float | None = None
    target: str = ""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours ÷ theirs; None where there is nothing beside it."""
        return self.ours / self.theirs if self.theirs else None

    @property
    def holds(self) -> bool | None:
        """Whether the target is met; None without one."""
        if not self.target:
            return None
        sign, bound = self.target.split()
        number = self.ours if self.ratio is None else self.ratio
        return number <= float(bound) if sign == "<=" else number >= float(bound)


Measure = Callable[[], Iterable[Figure]]
"""A module of this package has one, called `figures`; it measures when it is called."""
