"""The gate in a flow: how many bytes of documents are on their way at a time, as the API sees it.

Memory is bounded by what is read and has no answer yet. A call is seen by the API for a part of that time only, so what
it sees at a time is at most what the gate has let in; it is counted by the announced lengths of bodies without answer.
"""

import asyncio
from pathlib import Path
from typing import Any

from aiohttp import web

from bulk_onboard.api.gate import Gate
from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus
from bulk_onboard.job import load_jobs
from bulk_onboard.pipeline.meeting import Meeting
from bulk_onboard.pipeline.run import Shared, run_job
from bulk_onboard.pipeline.sheets import read_sheets
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import DOCUMENTS, document
from tests.support.office import Office, credentials_of

MIB = 1024**2
BOUND = 8 * MIB
ACCOUNTS = tuple(f"account-{number}" for number in range(6))
FORM = 8 * 1024  # what a body has beside its documents, at most


class Watched(Sandbox):
    """A sandbox that knows how many bytes of bodies have no answer yet, and how many that were at most.

    Attributes:
        most, most_calls: bytes, and calls with documents.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.most = self.most_calls = 0
        self._open: list[int] = []

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        size = request.content_length or 0
        if not size:
            return await super()._handle(request)
        self._open.append(size)
        self.most, self.most_calls = max(self.most, sum(self._open)), max(self.most_calls, len(self._open))
        try:
            return await super()._handle(request)
        finally:
            self._open.remove(size)


async def run_all(office: Office, gate: Gate) -> list[ExitStatus]:
    """Run all accounts of the office by way of this gate."""
    jobs, stop = load_jobs(office.job_file, {}), Stop()
    sheets, clock = await read_sheets(jobs), SystemClock()
    meeting = Meeting([job.account for job in jobs], confirm=None, clock=clock, stop=stop)
    runs = (
        run_job(
            job,
            credentials=credentials_of(job.account),
            clock=clock,
            stop=stop.part(),
            shared=Shared(sheet=sheets.of(job), gate=gate, meeting=meeting),
        )
        for job in jobs
    )
    return [result.exit_status for result in await asyncio.gather(*runs)]


def fill(office: Office, rows: int, size: int) -> None:
    """Give each account so many rows, whose three documents have so many bytes each."""
    office.open_accounts(*ACCOUNTS)
    office.fill(rows * len(ACCOUNTS))
    for cells in office.rows:
        for title in DOCUMENTS:
            (office.documents / cells[title]).write_bytes(document(cells[title], size=size))


async def test_documents_on_their_way_keep_within_the_bound(tmp_path: Path) -> None:
    """Of calls with 3 MiB two fit into 8 MiB: never more are on their way, whatever six accounts have due."""
    async with Watched(latency_s=0.2) as sandbox:
        office = Office(tmp_path, sandbox)
        fill(office, rows=2, size=MIB)

        statuses = await run_all(office, Gate(places=128, size=BOUND))

        assert {ExitStatus.DONE} == set(statuses)
        assert 2 * len(ACCOUNTS) == sum(len(office.at(account).state.records) for account in ACCOUNTS)
        assert 2 == sandbox.most_calls
        assert 6 * MIB <= sandbox.most <= BOUND + 2 * FORM


async def test_a_call_above_the_bound_goes_alone(tmp_path: Path) -> None:
    """Documents of 9 MiB do not fit into 8: each such call waits until nothing else is on its way, and all are sent."""
    async with Watched(latency_s=0.2) as sandbox:
        office = Office(tmp_path, sandbox)
        fill(office, rows=1, size=3 * MIB)

        statuses = await run_all(office, Gate(places=128, size=BOUND))

        assert {ExitStatus.DONE} == set(statuses)
        assert 1 == sandbox.most_calls
        assert 9 * MIB <= sandbox.most <= 9 * MIB + FORM


async def test_without_a_small_bound_more_are_on_their_way(tmp_path: Path) -> None:
    """So that the two tests above show something: with room for all, more than two calls are."""
    async with Watched(latency_s=0.2) as sandbox:
        office = Office(tmp_path, sandbox)
        fill(office, rows=2, size=MIB)

        await run_all(office, Gate(places=128, size=256 * MIB))

        assert sandbox.most_calls > 2
