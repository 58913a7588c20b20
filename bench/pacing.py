"""How much of the quota a run uses and how often it is throttled, against each kind of window, beside plain limiters.

1,000 requests at 60 a minute, 16 at a time, which arrive within 0.01-0.2 s and are answered after 0.2-2 s more, on a
simulated clock: three seeds × three phases of the API's clock, clean, or dirty where others spent 30 just before.
`AsyncLimiter` is an exact model of aiolimiter's leaky bucket, and so is the one beneath our own pacer; a throttled
request waits out its Retry-After and stands in line again. The least time is an all-knowing client's.
"""

import itertools
import statistics
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from bench.figure import Figure
from tests.support.pacing import SIXTY, Client, LeakyBucket, Led, Server, Simulation, least_s

COUNT, DIRTY = 1000, 30
SEEDS, PHASES_S = range(3), (0.0, 17.3, 41.7)
KINDS = ("fixed", "sliding", "bucket")
PEERS: Mapping[str, Callable[[], Client]] = {
    "AsyncLimiter(60, 60)": lambda: LeakyBucket(60, 60.0),
    "AsyncLimiter(1, 1)": lambda: LeakyBucket(1, 1.0),
}


class Paced(NamedTuple):
    """One client against one kind of window: the share of the least time, and the most throttled calls of a run."""

    share: float
    throttled: int


def figures() -> Iterator[Figure]:
    """The share of the least time and the throttled calls, ours beside each peer's."""
    for dirty, kind in itertools.product((0, DIRTY), KINDS):
        ours = paced(Led, kind, dirty)
        start = "dirty" if dirty else "clean"
        for peer, client in PEERS.items():
            theirs = paced(client, kind, dirty)
            note = f"{COUNT:,} requests, 3 seeds × 3 phases, simulated; {peer} draws up to {theirs.throttled}"
            yield Figure(
                what=f"pacing, {kind} window, {start}: share of the least time",
                ours=100 * ours.share,
                unit="%",
                beside=peer,
                theirs=100 * theirs.share,
                note=note,
            )
        yield Figure(
            what=f"pacing, {kind} window, {start}: share of the least time",
            ours=100 * ours.share,
            unit="%",
            target=">= 99" if not dirty else "",
        )
        yield Figure(
            what=f"pacing, {kind} window, {start}: throttled calls at most",
            ours=ours.throttled,
            unit="calls",
            target="<= 1" if dirty else "<= 0",
        )


def paced(client: Callable[[], Client], kind: str, dirty: int) -> Paced:
    """A client against a kind of window, with each of the seeds and phases: mean share, most throttled calls."""
    shares, throttled = [], []
    for seed, phase_s in itertools.product(SEEDS, PHASES_S):
        server = Server(kind, SIXTY, phase_s=phase_s, dirty=dirty)
        run = Simulation(server, seed=seed)
        run.run(client(), COUNT)
        shares.append(least_s(Server(kind, SIXTY, phase_s=phase_s, dirty=dirty), COUNT) / run.finished_at)
        throttled.append(server.throttled)
    return Paced(statistics.mean(shares), max(throttled))
