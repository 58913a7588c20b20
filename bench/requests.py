"""Requests beyond one for each row: a clean run of 470 rows against the sandbox, which counts what came.

They are the requirements, a look at the account before and after (docs/design/settling.md, Cost), and the canary.
"""

import asyncio
from collections.abc import Iterator

from bench.context import CREDENTIALS, built, job
from bench.figure import Figure
from bulk_onboard import log
from bulk_onboard.clock import SystemClock
from bulk_onboard.run.run import run_job
from bulk_onboard.run.stop import Stop
from bulk_onboard.sandbox.server import Sandbox
from bulk_onboard.sandbox.service import requests_by_answer

ROWS = 470


def figures() -> Iterator[Figure]:
    """How many there were, and of which kinds."""
    log.configure(quiet=True)
    sandbox = asyncio.run(_run())
    kinds = {kind: sum(answers.values()) for kind, answers in requests_by_answer(sandbox.log).items()}
    if len(sandbox.state.records) != ROWS:
        raise SystemExit(f"{len(sandbox.state.records)} of {ROWS} rows arrived; this is no clean run")
    told = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    yield Figure(
        what=f"requests beyond one a row, clean run of {ROWS} rows",
        ours=len(sandbox.log) - ROWS,
        unit="requests",
        target="<= 15",
        note=told,
    )


async def _run() -> Sandbox:
    async with Sandbox() as sandbox:
        await run_job(job(built(ROWS), sandbox.url), credentials=CREDENTIALS, clock=SystemClock(), stop=Stop())
    return sandbox
