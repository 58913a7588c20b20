"""Requests that the sandbox counts: beyond one for each row of a clean run, in either contract; and for bulk links.

Those beyond are the requirements, a look at the account before and after (docs/design/settling.md, Cost), and the
canary. A thousand numbers of two hundred accepted records are looked at by pages of twenty, and linked fifty a call.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

from bench.desk import CREDENTIALS, built, job
from bench.figure import Figure
from bulk_onboard import log
from bulk_onboard.clock import SystemClock
from bulk_onboard.job import Job
from bulk_onboard.pipeline.run import run_job
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.sandbox.account import requests_by_answer
from bulk_onboard.sandbox.records import APPROVED
from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import write_workbook
from tests.support.contracts import LAYOUTS, RELEASED, Layout

ROWS = 470
SETTLE = "2s"  # the audit waits so long, and no request more is made for it
RECORDS, NUMBERS_EACH = 200, 5


def figures() -> Iterator[Figure]:
    """How many there were, and of which kinds."""
    log.configure(quiet=True)
    for layout in LAYOUTS.values():
        sandbox = asyncio.run(_filed(layout))
        if len(sandbox.state.records) != ROWS:
            raise SystemExit(f"{len(sandbox.state.records)} of {ROWS} rows arrived; this is no clean run")
        pages = sum(request.operation == "list" for request in sandbox.log)
        yield Figure(
            what=f"requests beyond one a row, {ROWS} rows, {layout.contract}",
            ours=len(sandbox.log) - ROWS - pages,
            unit="requests",
            target="<= 8",
            note=f"and {pages} pages of walks; {_kinds(sandbox)}",
        )
    sandbox = asyncio.run(_linked())
    linked = sum(number.times_linked for number in sandbox.state.numbers)
    if linked != RECORDS * NUMBERS_EACH:
        raise SystemExit(f"{linked} numbers were linked; this is no clean run")
    yield Figure(
        what=f"requests of a run that links {linked:,} numbers of {RECORDS} records",
        ours=len(sandbox.log),
        unit="requests",
        target="<= 80",
        note=_kinds(sandbox),
    )


async def _filed(layout: Layout) -> Sandbox:
    async with Sandbox(contract=layout.contract) as sandbox:
        await _run(job(built(ROWS, layout=layout), sandbox.url, settle=SETTLE))
    return sandbox


async def _linked() -> Sandbox:
    """The account has only these numbers; what it was asked before the rows named them does not count."""
    folder = built(RECORDS, tag="-links", layout=RELEASED)
    numbers = [RELEASED.number(place) for place in range(RECORDS * NUMBERS_EACH)]
    rows = [RELEASED.row(row, Numbers=", ".join(numbers[row::RECORDS])) for row in range(RECORDS)]
    async with Sandbox(contract=RELEASED.contract) as sandbox:
        todo = job(folder, sandbox.url, settle=SETTLE)
        await _run(todo)
        for record in sandbox.state.records:
            sandbox.state.review(record, APPROVED, None)
        for number in filter(None, map(sandbox.state.number, numbers)):
            sandbox.state.rent(number)
        sandbox.log.clear()
        await _run(replace(todo, workbook=write_workbook(folder / "with numbers.xlsx", rows, RELEASED.headers)))
    return sandbox


async def _run(todo: Job) -> None:
    await run_job(todo, credentials=CREDENTIALS, clock=SystemClock(), stop=Stop())


def _kinds(sandbox: Sandbox) -> str:
    kinds = {kind: sum(answers.values()) for kind, answers in requests_by_answer(sandbox.log).items()}
    return ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
