"""How time and memory grow with the rows: check, plan, report and reading the ledger, at 1k, 10k and 100k rows.

Each size stands beside ten times the next smaller one: a ratio of 1 is growth in step with the rows, less is a start
that weighs less and less. Every command has a process of its own, in turns; medians, of one turn only at 100k.
"""

from collections.abc import Iterator
from itertools import pairwise

from bench.figure import Figure
from bench.grown import grown
from bench.turns import MODULE, Taken, in_turns

SIZES = {1_000: 3, 10_000: 3, 100_000: 1}  # rows, and how many turns
GROWTH = 10


def figures() -> Iterator[Figure]:
    """CPU time and memory of each verb at each size but the smallest."""
    took = {rows: in_turns(_commands(rows), times) for rows, times in SIZES.items()}
    for what in took[min(SIZES)]:
        for smaller, rows in pairwise(SIZES):
            yield from _grown(what, rows, took[rows][what], smaller, took[smaller][what])


def _commands(rows: int) -> dict[str, list[str]]:
    job = str(grown(rows))
    return {
        "check": [*MODULE, "check", job, "--offline", "--json"],
        "plan": [*MODULE, "plan", job, "--offline", "--json"],
        "report": [*MODULE, "report", job],
        "status": [*MODULE, "status", job],
    }


def _grown(what: str, rows: int, ours: Taken, smaller: int, theirs: Taken) -> Iterator[Figure]:
    beside = f"{GROWTH} × {smaller:,} rows"
    yield Figure(
        what=f"growth: {what}, {rows:,} rows: CPU",
        ours=ours.cpu_s,
        unit="s",
        beside=beside,
        theirs=GROWTH * theirs.cpu_s,
        note=f"wall {ours.wall_s:.1f} s; medians of {SIZES[rows]} and {SIZES[smaller]}",
    )
    yield Figure(
        what=f"growth: {what}, {rows:,} rows: memory",
        ours=ours.peak_mb,
        unit="MB",
        beside=beside,
        theirs=GROWTH * theirs.peak_mb,
        note="of the largest process",
    )
