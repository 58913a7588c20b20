"""What the crash tests of one session did, for the line of figures at its end; and the dice they threw."""

import os
import random
from collections import Counter

LONG = "KILLS" in os.environ
KILLS = int(os.environ.get("KILLS") or 1000) if LONG else 36
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))

FIGURES: Counter[str] = Counter()
POINTS: Counter[str] = Counter()


def bound(trials: int) -> str:
    """What no failure in so many trials proves, by the rule of three at 95 %."""
    return f"{3 / trials:.2%}"


def line_of_figures() -> str:
    """All figures in one line."""
    told = ", ".join(f"{number} {name}" for name, number in FIGURES.items())
    points = f"{POINTS.total()} crash points of {len(POINTS)} kinds" if POINTS else ""
    trials = FIGURES["kills"] + POINTS.total()
    proved = f"; no failure in {trials} bounds their share at {bound(trials)} (rule of three, 95 %)" if trials else ""
    return f"SEED={SEED}: {told}{', ' if told and points else ''}{points}{proved}"
