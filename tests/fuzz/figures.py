"""The dice of a session, how often they are thrown, and what came of it."""

import os
import random
import resource
from collections import Counter

from bulk_onboard.confined.call import LIMITS

LONG = "COUNT" in os.environ
COUNT = int(os.environ.get("COUNT") or 5000) if LONG else 500
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
CASE = os.environ.get("CASE", "")

WORST_S = 10.0
MOST_MEMORY = LIMITS.memory

FIGURES: Counter[str] = Counter()
TIMES: dict[int, float] = {}


def cases() -> list[int]:
    """Which cases to try: the one that is asked for, or all."""
    return [int(CASE)] if CASE else list(range(COUNT))


def dice_of(case: int) -> random.Random:
    """The dice of one case, the same whatever other cases there are."""
    return random.Random(f"{SEED} {case}")


def peak_memory() -> int:
    """Bytes of the largest child so far, whoever started it."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def line_of_figures() -> str:
    """All figures in one line."""
    told = ", ".join(f"{number} {name}" for name, number in sorted(FIGURES.items()))
    case = max(TIMES, key=TIMES.__getitem__)
    worst = f"worst {TIMES[case]:.2f} s (case {case}), {sum(TIMES.values()):.0f} s in all"
    largest = f"; largest child {peak_memory() >> 20} MiB" if LONG else ""  # else they are forked, and not ours
    return f"SEED={SEED}: {len(TIMES)} files: {told}; {worst}{largest}"
