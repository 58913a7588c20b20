"""How a list may behave other than hoped (reliability.md 3, F16): named switches, any of them at once.

Each replaces one step of the making of a list; two that replace the same step contradict each other. That new
records stay out of the list for a while is the list lag, see `state`. Pages shift under a walk by themselves while
records are created and the newest come first.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.paging import Listing


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One switch: its name, what a client meets, the step of `Listing` it replaces, and by what."""

    name: str
    sentence: str
    step: str
    value: Any


BEHAVIOURS: Mapping[str, Behaviour] = {
    behaviour.name: behaviour
    for behaviour in (
        Behaviour("ignore-alias", "The filter `alias` is ignored.", "alias_fits", lambda alias, asked: True),
        Behaviour(
            "substring-alias",
            "The filter `alias` finds every alias that contains it.",
            "alias_fits",
            lambda alias, asked: asked in alias,
        ),
        Behaviour("newest-first", "The newest record comes first.", "order", lambda records, dice: records[::-1]),
        Behaviour(
            "random-order",
            "Each page is cut from an order of its own.",
            "order",
            lambda records, dice: tuple(dice.sample(records, len(records))),
        ),
        Behaviour("cap-20", "A page holds 20 records at most, whatever `limit` asks for.", "cap", 20),
        Behaviour("no-total", "`meta` has no `total_count`.", "tells_total", False),
    )
}


class Behaviours:
    """The switches that are on; `listing` is what they make of a list."""

    def __init__(self, names: Iterable[str], seed: int) -> None:
        self._first_names, self._seed = tuple(names), seed
        self.clear()

    def clear(self) -> None:
        """As at the start: the first switches, fresh dice."""
        self._dice = random.Random(f"{self._seed} list")  # noqa: S311 an order must repeat
        self.set(self._first_names)

    def set(self, names: Iterable[str]) -> None:
        """Replace all switches; UsageError for an unknown name, or for two that contradict each other."""
        switched = {name: _known(name) for name in names}
        steps = {behaviour.step: behaviour.value for behaviour in switched.values()}
        if len(steps) < len(switched):
            raise UsageError(f"these behaviours of a list contradict each other: {', '.join(switched)}")
        self.names = tuple(switched)
        self.listing = Listing(dice=self._dice, **steps)


def _known(name: str) -> Behaviour:
    if name not in BEHAVIOURS:
        raise UsageError(f"a list knows no behaviour {name!r}; choose one of {', '.join(BEHAVIOURS)}")
    return BEHAVIOURS[name]
