"""A run of a job in a process of its own: what it cost, and how late its loop was.

Every 10 ms a task in the loop notes how late it is woken. Memory is what the process grew by, from just before the run
to its greatest; CPU is that of this process, threads included, without the children that read workbooks and PDFs.

python -m bench.accounts JOB     prints a `Taken` as JSON
"""

import asyncio
import gc
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bulk_onboard import __main__ as program
from bulk_onboard import log
from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.clock import SystemClock
from bulk_onboard.job import Job, load_jobs
from bulk_onboard.pipeline.accounts import run_jobs
from bulk_onboard.pipeline.stop import Stop

PAUSE_S = 0.01


class Taken(NamedTuple):
    """What a run took.

    Attributes:
        exit_status: of the whole run.
        submitted: rows that were submitted, of all accounts.
        wall_s, cpu_s: of the run, from reading the workbook to the reports.
        before_mib, grown_mib: memory before the run, and what the process grew by at most.
        lag_p50_ms, lag_p99_ms, lag_max_ms: how late the loop was.
    """

    exit_status: int
    submitted: int
    wall_s: float
    cpu_s: float
    before_mib: float
    grown_mib: float
    lag_p50_ms: float
    lag_p99_ms: float
    lag_max_ms: float


def credentials_of(jobs: Sequence[Job]) -> dict[str, Credentials]:
    """Return invented credentials for each account."""
    return {job.account: Credentials(auth_id(number), Secret("invented")) for number, job in enumerate(jobs)}


def auth_id(number: int) -> str:
    """Return the invented auth id of an account."""
    return f"MAINVENTED{number:010d}"


async def taken(file: Path) -> Taken:
    """Run a job and measure it."""
    jobs = load_jobs(file, {})
    lags: list[float] = []
    before_mib, at, cpu_s = _memory_mib(), time.perf_counter(), time.process_time()
    watching = asyncio.create_task(_note_lags(lags))
    result = await run_jobs(
        jobs,
        credentials=credentials_of(jobs),
        clock=SystemClock(),
        stop=Stop(),
        say=lambda sentence: print(sentence, file=sys.stderr),
        confirm=None,
    )
    watching.cancel()
    for each in result.results:
        if each.error:
            print(f"{each.account}: {each.error}", file=sys.stderr)
    hundredths = statistics.quantiles(lags, n=100)
    return Taken(
        int(result.exit_status),
        sum(each.counts["submitted"] for each in result.results),
        time.perf_counter() - at,
        time.process_time() - cpu_s,
        before_mib,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before_mib,
        1000 * hundredths[49],
        1000 * hundredths[98],
        1000 * max(lags),
    )


async def _note_lags(lags: list[float]) -> None:
    while True:
        due_at = time.perf_counter() + PAUSE_S
        await asyncio.sleep(PAUSE_S)
        lags.append(time.perf_counter() - due_at)


def _memory_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


if __name__ == "__main__":
    gc.set_threshold(program.NEW_OBJECTS)
    log.configure(quiet=True)
    print(json.dumps(asyncio.run(taken(Path(sys.argv[1])))))
