"""Many accounts in one process: their share of the quota, what each costs, and the memory that documents may take.

Accounts of 60 requests a minute, each with enough rows of 3 × 2 KB for `WINDOWS` full minutes between its first and its
last, against a sandbox in a process of its own that keeps records and quota of each account. The minutes are real ones:
the API's headers are whole seconds, and shorter windows would mislead. Then, against a counter that does next to
nothing: what a record costs where 20 accounts send 3 × 200 KB each, beside one account that sends as many; and the
memory that 40 accounts take while each sends 3 × 5 MiB as fast as it can.

The workbook, the job file and the documents are written anew each time, into a temporary folder. Rows share documents
by way of hard links.

`make bench-many` takes up to 30 minutes. `ACCOUNTS=100` is one number of accounts with a quota, `WINDOWS=1` takes fewer
minutes; `ONLY="cpu memory"` leaves the quota out.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.accounts import Taken
from bench.check import with_cin
from bench.figure import Figure
from bench.submission import answer_of, counter
from bench.turns import ROOT
from tests.support.businesses import DOCUMENTS, HEADERS, business, document, write_workbook
from tests.support.served import Arrived, command

ACCOUNTS, WINDOWS = (100, 200, 300), 3
LIMIT, WINDOW_S, SPENT_OTHERWISE = 60, 60.0, 5  # requests a window; the last few of an account are for walks
SETTLE = "3s"
SMALL, SETS = 2_000, 20  # bytes of a document; how many different sets of three the rows share
CPU_ACCOUNTS, CPU_RECORDS, CPU_SIZE, CPU_TURNS = 20, 6_000, 200_000, 3
LARGE_ACCOUNTS, LARGE_ROWS, LARGE = 40, 4, 5 * 1024**2
GATE_MIB = 256

AT_MOST_BESIDE_THE_GATE_MIB = 300
TARGETS: Mapping[int, Mapping[str, str]] = {
    100: {"share": ">= 98", "throttled": "<= 1"},
    200: {"share": ">= 98", "throttled": "<= 1", "lag": "<= 250", "memory": "<= 1.5"},
}


class Shares(NamedTuple):
    """What accounts used of their quota, in shares of it, in the full windows between their first and last create.

    Attributes:
        worst, median: of all windows of all accounts.
        windows: how many there were of one account, at least.
    """

    worst: float
    median: float
    windows: int


def figures() -> Iterator[Figure]:
    """All of it, or what the environment names."""
    parts = {"quota": _with_quota, "cpu": _cpu, "memory": _memory}
    named = os.environ.get("ONLY", "").split() or (["quota"] if os.environ.get("ACCOUNTS") else parts)
    for name in named:
        if name not in parts:
            raise SystemExit(f"There is no {name}. There are: {', '.join(parts)}.")
        yield from parts[name]()


# The quota.


def _with_quota() -> Iterator[Figure]:
    for accounts in [int(number) for number in os.environ.get("ACCOUNTS", "").split()] or ACCOUNTS:
        yield from _at_full_quota(accounts, int(os.environ.get("WINDOWS") or WINDOWS))


def _at_full_quota(accounts: int, windows: int) -> Iterator[Figure]:
    rows = LIMIT * (windows + 2) - SPENT_OTHERWISE
    with new_folder() as folder, far_sandbox() as sandbox:
        job = make_job(folder, accounts, rows, url=sandbox.url, quota=f"{LIMIT}/min")
        run = run_of(job)
        log = sandbox.log()
    shares = shares_of([*log.values()], rows)
    answers = Counter(status for requests in log.values() for _, _, status in requests)
    targets = TARGETS.get(accounts, {})
    what = f"{accounts} accounts, {rows} rows of 3 × {SMALL // 1000} KB, {LIMIT}/min"
    yield Figure(
        what=f"{what}: share of the quota",
        ours=100 * shares.worst,
        unit="%",
        target=targets.get("share", ""),
        note=f"of the worst account's worst of {shares.windows} full windows; median {100 * shares.median:.1f} %",
    )
    yield Figure(
        what=f"{what}: throttled",
        ours=1000 * answers[429] / answers.total(),
        unit="in 1,000",
        target=targets.get("throttled", ""),
        note=f"{answers[429]} of {answers.total():,} requests",
    )
    yield Figure(
        what=f"{what}: lag of the loop, p99",
        ours=run.lag_p99_ms,
        unit="ms",
        target=targets.get("lag", ""),
        note=f"p50 {run.lag_p50_ms:.1f}, max {run.lag_max_ms:,.0f} ms",
    )
    yield Figure(
        what=f"{what}: memory per account",
        ours=run.grown_mib / accounts,
        unit="MiB",
        target=targets.get("memory", ""),
        note=f"{run.before_mib:.0f} MiB before the run, {run.before_mib + run.grown_mib:.0f} at most",
    )
    yield Figure(
        what=f"{what}: exit status",
        ours=run.exit_status,
        unit="",
        target="<= 0",
        note=f"{run.submitted:,} of {accounts * rows:,} submitted in {run.wall_s:.0f} s, {run.cpu_s:.0f} s of CPU",
    )


def shares_of(accounts: Sequence[Sequence[Arrived]], rows: int) -> Shares:
    """Return what each account used of its quota, in the full windows between its first create and its last row's.

    Windows lie on the clock, as the sandbox counts them. A create that comes again when all other rows are sent leaves
    most of its window unused, and rightly; so the last is the one by which as many have come as there are rows.
    """
    shares, windows = [], []
    for requests in accounts:
        granted = sorted((at, what) for at, what, status in requests if what != "requirements" and status != 429)
        used = Counter(math.floor(at / WINDOW_S) for at, _ in granted)
        creates = [math.floor(at / WINDOW_S) for at, what in granted if what == "create"]
        between = range(creates[0] + 1, creates[:rows][-1])
        shares += [used[window] / LIMIT for window in between]
        windows.append(len(between))
    if not shares:
        raise SystemExit("No full window lies between the first and the last create of an account.")
    return Shares(min(shares), statistics.median(shares), min(windows))


# CPU and memory.


def _cpu() -> Iterator[Figure]:
    costs: dict[int, list[float]] = defaultdict(list)
    for _ in range(CPU_TURNS):
        for accounts in (1, CPU_ACCOUNTS):
            with new_folder() as folder, counter() as url:
                job = make_job(folder, accounts, CPU_RECORDS // accounts, url=url, size=CPU_SIZE, sets=CPU_RECORDS)
                costs[accounts].append(1000 * finished(run_of(job)).cpu_s / CPU_RECORDS)
    yield Figure(
        what=f"CPU of a record of 3 × {CPU_SIZE // 1000} KB, {CPU_ACCOUNTS} accounts",
        ours=statistics.median(costs[CPU_ACCOUNTS]),
        unit="ms",
        beside="one account, as many records",
        theirs=statistics.median(costs[1]),
        target="<= 1.15",
        note=f"{CPU_RECORDS:,} records without a quota, of the whole run; medians of {CPU_TURNS} in turns",
    )


def _memory() -> Iterator[Figure]:
    with new_folder() as folder, counter() as url:
        run = finished(run_of(make_job(folder, LARGE_ACCOUNTS, LARGE_ROWS, url=url, size=LARGE, sets=LARGE_ROWS)))
    yield Figure(
        what=f"memory of {LARGE_ACCOUNTS} accounts that send 3 × {LARGE // 1024**2} MiB",
        ours=run.before_mib + run.grown_mib,
        unit="MiB",
        target=f"<= {GATE_MIB + AT_MOST_BESIDE_THE_GATE_MIB}",
        note=f"{run.before_mib:.0f} MiB before the run, {GATE_MIB} for documents; {run.submitted} records",
    )


def finished(run: Taken) -> Taken:
    """Return a run that ended well; what another cost says nothing."""
    if run.exit_status:
        raise SystemExit(f"The run ended with {run.exit_status}; what it cost says nothing.")
    return run


# What is run, and against what.


def run_of(job: Path) -> Taken:
    """Run a job in a process of its own."""
    words = [sys.executable, "-m", "bench.accounts", str(job)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        return Taken(*json.loads(answer_of(process)))


@contextmanager
def new_folder() -> Iterator[Path]:
    """Make a folder that goes with the context."""
    with tempfile.TemporaryDirectory(prefix="bench-many-") as folder:
        yield Path(folder)


def make_job(
    folder: Path,
    accounts: int,
    rows: int,
    *,
    url: str,
    quota: str = "none",
    size: int = SMALL,
    sets: int = SETS,
    store: str = "file",
) -> Path:
    """Write a job of so many accounts with so many rows each in one sheet, and return its file."""
    named = [f"a{number:03d}" for number in range(accounts)] if accounts > 1 else [""]
    _write_documents(folder / "documents", size, sets)
    sheet = [
        business(number)
        | with_cin(number)
        | {title: _place(number % sets, title) for title in DOCUMENTS}
        | {"Key": f"K-{number}", "Account": named[number % accounts]}
        for number in range(accounts * rows)
    ]
    headers = (*HEADERS, "Account") if accounts > 1 else HEADERS
    workbook = write_workbook(folder / "businesses.csv", sheet, headers)
    settings = {
        "workbook": workbook.name,
        "base_url": url,
        "quota": quota,
        "settle": SETTLE,
        "notify": "never",
        "store": store,
    }
    lines = [f'{key} = "{value}"' for key, value in settings.items()]
    lines += ["", "[findings]", 'document-shared = "off"']
    lines += [line for name in named if name for line in ("", "[[accounts]]", f'name = "{name}"')]
    file = folder / "job.toml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _write_documents(folder: Path, size: int, sets: int) -> None:
    """Write sets of three documents; each kind is one file with as many names, so that they need no room."""
    for title in DOCUMENTS:
        first = folder / _place(0, title)
        first.parent.mkdir(parents=True, exist_ok=True)
        first.write_bytes(document(first.name, size=size))
        for number in range(1, sets):
            path = folder / _place(number, title)
            path.parent.mkdir(exist_ok=True)
            path.hardlink_to(first)


def _place(number: int, title: str) -> str:
    return f"{number:04d}/{title.lower().replace(' ', '_')}.{'png' if title == 'Address Proof' else 'pdf'}"


class FarSandbox(NamedTuple):
    """The sandbox in a process of its own."""

    url: str
    process: "subprocess.Popen[str]"

    def log(self) -> dict[str, list[Arrived]]:
        """End it, and return what each account has asked."""
        told, _ = self.process.communicate()
        log: dict[str, list[Arrived]] = json.loads(told)
        return log


@contextmanager
def far_sandbox() -> Iterator[FarSandbox]:
    """Serve the API in a process of its own, which is ended with the context."""
    words = command(quota=f"{LIMIT}/{WINDOW_S:g}s")
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield FarSandbox(process.stdout.readline().strip(), process)
        finally:
            process.terminate()
