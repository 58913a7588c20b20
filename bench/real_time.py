"""One paced run in real time: 470 rows at 60 requests per 6 s against the sandbox, in this process.

It begins with a window of the sandbox's clock: the least time of a run that begins at the end of one depends on how
many uploads fit into that end, which is luck.

python -m bench.real_time fixed|sliding|bucket     prints as JSON how long it took from the first request to the last,
the least time for as many, from the same phase of the sandbox's clock, and how many were throttled
"""

import asyncio
import json
import sys
import time
from typing import NamedTuple

from bench.desk import CREDENTIALS, built, job
from bulk_onboard import log
from bulk_onboard.clock import SystemClock
from bulk_onboard.pipeline.run import run_job
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.sandbox.account import throttled
from bulk_onboard.sandbox.server import Sandbox
from bulk_onboard.units import Quota
from tests.support.pacing import Server, least_s

ROWS, QUOTA = 470, Quota(60, 6.0)


class Paced(NamedTuple):
    """What a run took, the least it could have, and its requests."""

    took_s: float
    least_s: float
    requests: int
    throttled: int


async def paced(kind: str) -> Paced:
    """A run against a sandbox with this kind of window."""
    folder = built(ROWS, tag=f"-{kind}")
    await asyncio.sleep(QUOTA.window_s - time.time() % QUOTA.window_s)
    async with Sandbox(quota=QUOTA, window=kind) as sandbox:
        todo = job(folder, sandbox.url, quota=str(QUOTA))
        result = await run_job(todo, credentials=CREDENTIALS, clock=SystemClock(), stop=Stop())
    if result.exit_status:
        sys.exit(f"The run ended with {result.exit_status}: {result.error}")
    instants = sorted(request.instant for request in sandbox.log if request.operation != "requirements")
    phase_s = instants[0].timestamp() % QUOTA.window_s
    turned_away = throttled(sandbox.log)
    granted = len(instants) - turned_away
    least = least_s(Server(kind, QUOTA, phase_s=phase_s), granted)
    return Paced((instants[-1] - instants[0]).total_seconds(), least, granted, turned_away)


if __name__ == "__main__":
    log.configure(quiet=True)
    print(json.dumps(asyncio.run(paced(sys.argv[1]))))
