"""The dice: how the API, other people and the user behave towards one batch of the crash harness.

Losses of answers are thrown for every batch. Beside them each die of `DICE` falls by its chance, unless it is about
what the batch's contract does not have; `DICE=backup,aliases` in the environment throws these and no other,
`DICE=none` throws none.
"""

import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from bulk_onboard.sandbox.behaviours import BEHAVIOURS as SWITCHES
from bulk_onboard.sandbox.others import ODDITIES
from tests.support.contracts import LAYOUTS

HANGS = ("hang-before", "hang-after")
LOST = (
    *("drop-before", "drop-mid-body", "drop-after", "error-500-before", "error-500-after"),
    *("html-502-before", "html-502-after", "truncated-json", "cut-answer", "late-apply"),
)
BEHAVIOURS = ((), ("ignore-alias",), ("substring-alias", "newest-first"), ("random-order",), ("cap-20",))

REPORTS = (
    *("report-empty", "report-too-long", "report-reordered", "report-omits-one", "report-doubles", "refuse-whole"),
    *("message-for-remarks", "numbers-spaced", "counts-contradict", "counts-only", "multi-status"),
)
TOLD = ("reordered", "null-members", "enums-as-list")

# What happens between two runs, to the job and at the API.
ELSEWHERE, BACKUP, KEYS = "elsewhere", "backup", "keys"
EXPIRY, NEW_IDS = "expiry", "new-ids"


@dataclass(frozen=True, slots=True)
class Weather:
    """How one batch fares.

    Attributes:
        rates: of the API's faults, as shares of the creates.
        behaviours, others, clock: as the flags of the sandbox say them.
        lag_s, get_lag_s, late_s: how late a record is listed, got, or made at most.
        deeds: what happens to ledger, sheet and account between runs.
        fallen: names of the dice that fell.
    """

    rates: Mapping[str, float]
    behaviours: tuple[str, ...] = ()
    lag_s: float = 0.2
    late_s: float = 0.2
    settle_s: float = 1.0
    get_lag_s: float = 0.0
    others: Mapping[str, float] = field(default_factory=dict)
    clock: tuple[str, ...] = ()
    deeds: tuple[str, ...] = ()
    fallen: tuple[str, ...] = ()

    @property
    def without_hangs(self) -> dict[str, float]:
        """The rates of the faults that a client outlives within a test."""
        return {name: share for name, share in self.rates.items() if name not in HANGS}

    @property
    def proves_nothing(self) -> bool:
        """Whether a walk cannot show that a record is absent, and the alias filter may not either.

        Nothing is asked of the filter where no alias that it finds has the signs of the rows' own. And where pages are
        small, an account that others add to with each of them may grow as fast as it is walked.
        """
        behaviours = set(self.behaviours)
        outgrows = bool({"cap-20", "refuse-over-20"} & behaviours and self.others.get("create"))
        return outgrows or bool({"ignore-offset", "random-order"} & behaviours) or "huge" in self.others

    def behaving(self, *names: str) -> "Weather":
        """With more switches on, but for those that contradict one that is on already."""
        behaviours = {step_of(name): name for name in reversed((*self.behaviours, *names))}
        return replace(self, behaviours=tuple(reversed(behaviours.values())))

    def with_others(self, **asked: float) -> "Weather":
        """With more done by others; underscores for dashes."""
        return replace(self, others={**self.others, **{name.replace("_", "-"): n for name, n in asked.items()}})


def step_of(name: str) -> tuple[str, str]:
    """Return what a switch replaces; two that replace one thing contradict each other."""
    switch = SWITCHES[name.partition("=")[0]]
    return switch.about, switch.step


class Die(NamedTuple):
    """One thing that may happen to a batch: how likely, what becomes of the weather, and under which contracts."""

    chance: float
    falls: Callable[[Weather, random.Random], Weather]
    contracts: tuple[str, ...] = tuple(LAYOUTS)


def _aliases(weather: Weather, dice: random.Random) -> Weather:
    folds = ("lower-alias", "upper-alias", "ascii-alias", "squeezed-alias", "any-case-alias")
    cut = dice.choice(("cut-alias=40", "cut-alias=50"))
    for name in (cut, *dice.sample(folds, dice.randint(1, 3))):
        weather = weather.behaving(name)
    return weather


def _content(weather: Weather, dice: random.Random) -> Weather:
    names = ("capital-names", "squeezed-content", "upper-numbers", "null-state")
    return weather.behaving(*dice.sample(names, dice.randint(1, 4)))


def _strangers(weather: Weather, dice: random.Random) -> Weather:
    delete = dice.choice(("delete_oldest", "delete_newest"))
    return weather.with_others(present=dice.randint(20, 130), create=dice.choice((0, 0.5, 2)), **{delete: 0.7})


def _broken_text(weather: Weather, dice: random.Random) -> Weather:
    kinds = dice.sample([name for name in ODDITIES if name != "huge"], 3)
    return weather.with_others(**{name: dice.randint(1, 2) for name in kinds})


def _crowded(*behaviours: str) -> Callable[[Weather, random.Random], Weather]:
    """An account of more than one page, and these switches."""
    return lambda weather, dice: weather.with_others(present=dice.randint(101, 130)).behaving(*behaviours)


def _faults(*names: str) -> Callable[[Weather, random.Random], Weather]:
    return lambda weather, _: replace(weather, rates={**weather.rates, **dict.fromkeys(names, 0.05)})


def _several_of(names: tuple[str, ...]) -> Callable[[Weather, random.Random], Weather]:
    return lambda weather, dice: weather.behaving(*dice.sample(names, dice.randint(1, 3)))


def _clock(weather: Weather, dice: random.Random) -> Weather:
    first = dice.choice(((), ("-2h",), ("+3h",)))
    return replace(weather, clock=(*first, f"-{dice.choice(('90s', '1h', '2d'))}@{dice.randint(1, 15)}s"))


def _deed(deed: str) -> Callable[[Weather, random.Random], Weather]:
    return lambda weather, _: replace(weather, deeds=(*weather.deeds, deed))


DICE: Mapping[str, Die] = {
    "aliases": Die(0.15, _aliases),
    "content": Die(0.15, _content),
    "strangers": Die(0.2, _strangers),
    "newest-first": Die(0.1, lambda weather, _: weather.with_others(present=110, create=0.7).behaving("newest-first")),
    "no-meta": Die(0.1, _crowded("no-meta")),
    "offset-ignored": Die(0.07, _crowded("ignore-offset")),
    "endless": Die(0.05, _crowded("ignore-offset", "no-meta")),
    "large-pages": Die(0.1, _crowded("padded")),
    "small-limit": Die(0.05, lambda weather, _: weather.behaving("refuse-over-20")),
    "broken-text": Die(0.15, _broken_text),
    "huge-record": Die(0.04, lambda weather, _: weather.with_others(huge=1)),
    "conflict": Die(0.15, _faults("conflict-409-after")),
    "get-lag": Die(0.1, lambda weather, dice: replace(weather, get_lag_s=dice.choice((0.1, 0.5)))),
    "vanish": Die(0.1, lambda weather, _: weather.with_others(vanish=0.1)),
    "clock": Die(0.15, _clock),
    ELSEWHERE: Die(0.15, _deed(ELSEWHERE)),
    BACKUP: Die(0.15, _deed(BACKUP)),
    KEYS: Die(0.1, _deed(KEYS)),
    "links": Die(0.3, _faults(*(f"link:{name}" for name in ("drop-before", "drop-after", "cut-answer", "late-apply")))),
    "reports": Die(0.4, _several_of(REPORTS), ("released",)),
    "told": Die(0.2, _several_of(TOLD), ("released",)),
    EXPIRY: Die(0.3, _deed(EXPIRY), ("released",)),
    NEW_IDS: Die(0.3, _deed(NEW_IDS), ("released",)),
}


def forced() -> tuple[str, ...] | None:
    """The dice that the environment names; None where it leaves it to chance."""
    text = os.environ.get("DICE", "")
    names = tuple(filter(None, text.replace("none", "").split(",")))
    unknown = set(names) - set(DICE)
    assert not unknown, f"there are no dice {sorted(unknown)}; choose of {', '.join(DICE)}"
    return names if text else None


def drawn(dice: random.Random, contract: str) -> Weather:
    """The weather of one batch under a contract.

    Three or four kinds of loss on a third of the creates, sometimes a hang, a stray 429, a list that fails; and which
    of `DICE` fell.
    """
    rates = dict.fromkeys(dice.sample(LOST, dice.randint(3, 4)), 0.09)
    rates |= {dice.choice(HANGS): 0.03} if dice.random() < 0.3 else {}
    rates |= {"stray-429": 0.03} if dice.random() < 0.3 else {}
    rates |= {"list:error-500-before": 0.05, "list:drop-after": 0.05} if dice.random() < 0.3 else {}
    weather = Weather(rates, dice.choice(BEHAVIOURS), lag_s=dice.choice((0.0, 0.2)))
    names = forced()
    by_chance = tuple(name for name, die in DICE.items() if dice.random() < die.chance and contract in die.contracts)
    fallen = by_chance if names is None else names
    for name in fallen:
        weather = DICE[name].falls(weather, dice)
    return replace(weather, fallen=fallen)
