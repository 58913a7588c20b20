"""Records per CPU second of a run without a quota, beside what a user would write instead; then paced, in real time.

And what a record of the released contract costs beside one of the beta, of one and the same sheet.

Ours is a whole run from the first create to the end of its report: every document is hashed again, each create has an
intent and an outcome on disk, the account is audited. The peers read and post, no more (`bench.senders`). All send to
a counter that does next to nothing (`bench.counter`), in turns, each to a fresh one, in processes of their own; the
medians count. It is CPU time that counts: at the end ours waits until its records are old enough for the audit.
"""

import json
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.desk import built
from bench.figure import Figure
from bench.real_time import QUOTA, ROWS, Paced
from bench.senders import SENDERS, Times

ROOT = Path(__file__).parents[1]
RECORDS, SIZE, TURNS = 1_200, 200_000, 3
CONTRACTS, CONTRACT_TURNS, SMALL = ("released", "beta"), 7, 0
IN_FLIGHT = (32, 8, 1)
NAMES = {"bare": "aiohttp loop", "threads": "requests, threads"}
TARGETS = {("bare", 32): ">= 0.55", ("threads", 32): ">= 1.4"}
KINDS = ("fixed", "sliding", "bucket")


def figures() -> Iterator[Figure]:
    """Records per CPU second, ours beside each peer's; then seconds of the paced runs."""
    folder = built(RECORDS, size=SIZE)
    for concurrency in IN_FLIGHT:
        taken: dict[str, list[Times]] = defaultdict(list)
        for _ in range(TURNS):
            for who in SENDERS:
                taken[who].append(sent(who, folder, concurrency))
        yield from beside(taken, concurrency)
    for size in (SIZE, SMALL):
        yield in_both_contracts(size)
    yield from in_real_time()


def beside(taken: dict[str, list[Times]], concurrency: int) -> Iterator[Figure]:
    """One number in flight: ours against each peer."""
    about = f"{RECORDS} records of 3 × {SIZE // 1000} KB, {concurrency} in flight"
    whole_cpu_s = statistics.median(times.before_cpu_s + times.cpu_s for times in taken["ours"])
    for peer, name in NAMES.items():
        yield Figure(
            what=f"submission, {about}",
            ours=RECORDS / median(taken["ours"], "cpu_s"),
            unit="records/CPU s",
            beside=name,
            theirs=RECORDS / median(taken[peer], "cpu_s"),
            target=TARGETS.get((peer, concurrency), ""),
            note=f"medians of {TURNS} in turns; ours with start-up and check {RECORDS / whole_cpu_s:.0f}",
        )


def in_both_contracts(size: int) -> Figure:
    """CPU time of a record, from the first create to the end of the report."""
    folder, taken = built(RECORDS, size=size), defaultdict(list)
    for _ in range(CONTRACT_TURNS):
        for contract in CONTRACTS:
            taken[contract].append(sent("ours", folder, IN_FLIGHT[0], contract))
    released, beta = (1000 * median(taken[contract], "cpu_s") / RECORDS for contract in CONTRACTS)
    whole = {name: statistics.median(t.before_cpu_s + t.cpu_s for t in times) for name, times in taken.items()}
    return Figure(
        what=f"a released record of 3 × {size // 1000} KB, {IN_FLIGHT[0]} in flight",
        ours=released,
        unit="ms of CPU",
        beside="beta",
        theirs=beta,
        target="<= 1.1",
        note=f"medians of {CONTRACT_TURNS} in turns; with start-up and check {whole['released'] / whole['beta']:.2f} ×",
    )


def in_real_time() -> Iterator[Figure]:
    """The three kinds of window at the same time, since each run waits nearly always."""
    commands = {kind: [sys.executable, "-m", "bench.real_time", kind] for kind in KINDS}
    running = {
        kind: subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for kind, command in commands.items()
    }
    for kind, process in running.items():
        paced = Paced(*json.loads(answer_of(process)))
        yield Figure(
            what=f"{ROWS} rows at {QUOTA} in real time, {kind} window",
            ours=paced.took_s,
            unit="s",
            beside="least time",
            theirs=paced.least_s,
            target="<= 1.15",
            note=f"{paced.requests} requests, {paced.throttled} throttled",
        )


def sent(who: str, folder: Path, concurrency: int, contract: str = "beta") -> Times:
    """One sender, to a counter of its own."""
    with counter(contract) as url:
        command = [sys.executable, "-m", "bench.senders", who, url, str(folder), str(concurrency)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            return Times(*json.loads(answer_of(process)))


@contextmanager
def counter(contract: str = "beta") -> Iterator[str]:
    """The address of a fresh counter."""
    command = [sys.executable, "-m", "bench.counter", contract]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.terminate()


def answer_of(process: "subprocess.Popen[str]") -> str:
    """What a process printed; the end of everything where it failed."""
    told, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{process.args!r} ended with {process.returncode}")
    return told


def median(taken: Sequence[Times], name: str) -> float:
    """The median of one of the times."""
    numbers: Iterable[float] = (getattr(times, name) for times in taken)
    return statistics.median(numbers)
