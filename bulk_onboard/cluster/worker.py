"""A worker: one process that works tasks off, each a run of one account, as many at a time as it has places.

Its accounts share what the accounts of a job share in one process (`pipeline.accounts`): the gate, few threads, and
workbooks that several of them read. Each meets alone, since handing over was the yes.

It gives a sign of life every few seconds, and looks for tasks of workers that gave none. One that has given none itself
for too long, because it slept or the database said nothing, was taken for dead: its leases are over or soon will be, so
it lets its runs end and ends itself. A supervisor starts it again.
"""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bulk_onboard import log
from bulk_onboard.api.credentials import credentials_from
from bulk_onboard.api.gate import Gate
from bulk_onboard.clock import Clock
from bulk_onboard.cluster.engine import Crew, Engine, Given
from bulk_onboard.cluster.rules import Then, Times, Try, what_follows, what_is_done
from bulk_onboard.cluster.tasks import Task, Tasks
from bulk_onboard.errors import BulkOnboardError, ExitStatus, StoppedError, UsageError, describe_bug
from bulk_onboard.job import Job, load_jobs
from bulk_onboard.pipeline.accounts import run_account
from bulk_onboard.pipeline.meeting import Meeting
from bulk_onboard.pipeline.others import OtherLedgers
from bulk_onboard.pipeline.places import check_places
from bulk_onboard.pipeline.preflight import FileStat, let_files_be_open, stat_of, wait_until_written
from bulk_onboard.pipeline.progress import Progress
from bulk_onboard.pipeline.run import Shared
from bulk_onboard.pipeline.sheets import Sheets, read_sheets
from bulk_onboard.pipeline.stop import Stop, status_of, stopping_after
from bulk_onboard.threads import few_at_a_time, in_thread, spared_by_collections

TICK_S = 1.0
PARTING_S = 10.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How the run of a try ended: its exit status, and what ended it, a sentence."""

    exit_status: ExitStatus
    error: BulkOnboardError | None = None

    @property
    def sentence(self) -> str:
        """What ended it; empty where nothing did."""
        return str(self.error) if self.error else ""


async def work(
    engine: Engine,
    *,
    address: str,
    places: int,
    uploads: int,
    environ: Mapping[str, str],
    clock: Clock,
    stop: Stop,
    times: Times,
    warn: Callable[[str], None],
) -> None:
    """Work tasks off until asked to stop.

    Args:
        address: of the database, which has the ledgers, too.
        places: how many accounts to run at a time.
        uploads: how many calls may be in flight over all of them.
        environ: has the credentials of the accounts.
        stop: asked to stop by a signal, it lets calls in flight finish and gives all accounts back.
        warn: called with a sentence about credentials.

    Raises:
        StoppedError: the database cannot be reached, or this worker was taken for dead.
    """
    worker = _Worker(
        engine=engine,
        tasks=Tasks(engine),
        address=address,
        environ=environ,
        clock=clock,
        stop=stop,
        times=times,
        warn=warn,
        gate=Gate(uploads),
    )
    with few_at_a_time(), spared_by_collections():
        await worker.work(places)


@dataclass(slots=True, kw_only=True)
class _Worker:
    """The accounts that run in this process, and what they share.

    Attributes:
        stop: that of all of them.
        running: by the ledger's name, the job and the stop of each account that runs.
        heard_at: instant of `boottime` at which the database last said that this worker counts as alive.
    """

    engine: Engine
    tasks: Tasks
    address: str
    environ: Mapping[str, str]
    clock: Clock
    stop: Stop
    times: Times
    warn: Callable[[str], None]
    gate: Gate
    machine: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")
    running: dict[str, Stop] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    heard_at: float = 0.0
    shared: "_SharedSheets" = field(init=False)

    async def work(self, places: int) -> None:
        """Work tasks off until asked to stop; give back what runs then."""
        self.shared = _SharedSheets(self.clock)
        crew = self.engine.crew(self.try_, places=places, times=self.times)
        self.heard_at = self.clock.boottime()
        working = asyncio.ensure_future(crew.work())
        self.stop.call_when_requested(crew.stop)
        watching = [
            asyncio.ensure_future(each)
            for each in (self._look_for_the_dead(crew), self._look_for_stops(), self._mind_the_time())
        ]
        try:
            await asyncio.wait([working, *watching], return_when=asyncio.FIRST_COMPLETED)
            self.stop.request(_trouble(working, *watching))
            await self._part(working)
        finally:
            for each in (*watching, working):
                each.cancel()
            await asyncio.gather(*watching, working, return_exceptions=True)
        if isinstance(self.stop.cause, BulkOnboardError):
            raise self.stop.cause

    async def _part(self, working: asyncio.Future[None]) -> None:
        """Wait until all runs have ended and were given back; a database that says nothing is waited for briefly."""
        while not working.done() and (self.running or not self._is_lost):
            await asyncio.wait([working], timeout=TICK_S)
        await asyncio.wait([working], timeout=PARTING_S)

    @property
    def _is_lost(self) -> bool:
        """Whether nothing can be told to the others any more."""
        return self.stop.requested and isinstance(self.stop.cause, BulkOnboardError)

    # Beside the runs.

    async def _look_for_the_dead(self, crew: Crew) -> None:
        """Make sure that this worker counts as alive, and give away what workers had that do not."""
        while True:
            await self.clock.sleep(self.times.look_s)
            asked_at, worker_id = self.clock.boottime(), crew.worker_id
            if worker_id is None:
                continue
            silent_s = await self.engine.silent_s(worker_id)
            if silent_s is None or silent_s > self.times.dead_after_s:
                raise _taken_for_dead(self.times)
            self.heard_at = asked_at
            for stalled in await self.engine.stalled(self.times.dead_after_s):
                if await self.tasks.give_anew(stalled):
                    log.logger().warning("worker dead", account=stalled.account)

    async def _look_for_stops(self) -> None:
        """Stop the accounts whose end somebody asked for."""
        while True:
            await self.clock.sleep(self.times.stop_s)
            for account in await self.tasks.to_be_stopped(self.running) if self.running else ():
                if own := self.running.get(account):
                    own.request(signal.SIGINT)

    async def _mind_the_time(self) -> None:
        """Notice that this worker slept, or that the database says nothing."""
        while self.clock.boottime() - self.heard_at <= self.times.dead_after_s + self.times.look_s:
            await self.clock.sleep(min(TICK_S, self.times.heartbeat_s / 2))
        raise _taken_for_dead(self.times)

    # A try.

    async def try_(self, given: Given) -> None:
        """Run the account of a job, and write down what follows from how that ended."""
        task = await self.tasks.begin(given.account, given.job_id, self.machine)
        if task is None or task.is_over:
            return
        own = self.running[given.account] = self.stop.part()
        try:
            ended = await self._run(task, own)
            if self._is_lost:  # it is given to others
                return
            await self._end(task, own, ended)
        finally:
            del self.running[given.account]
            self.jobs.pop(given.account, None)

    async def _run(self, task: Task, own: Stop) -> Ended:
        """Run the account; a bug is told and ends no other account."""
        progress = Progress()
        try:
            job = self.jobs[task.order.account] = await in_thread(self._loaded, task)
            credentials = credentials_from(self.environ, warn=self.warn, account=job.account)
            let_files_be_open(list(self.jobs.values()))
            with self._stopping_after(job, task, own):
                async with self.shared.of(job, stop=own) as common:
                    meeting = Meeting([job.account], confirm=None, clock=self.clock, stop=own)
                    result = await run_account(
                        job,
                        credentials=credentials,
                        clock=self.clock,
                        stop=own,
                        progress=progress,
                        shared=replace(common, gate=self.gate, meeting=meeting),
                    )
            return Ended(result.exit_status, result.error)
        except UsageError as error:
            return Ended(error.exit_status, UsageError(f"On {socket.gethostname()}: {error}"))
        except BulkOnboardError as error:
            return Ended(error.exit_status, error)
        except Exception as bug:
            return Ended(ExitStatus.BUG, BulkOnboardError(f"On {socket.gethostname()}: {describe_bug(bug)}"))

    def _loaded(self, task: Task) -> Job:
        order = task.order
        flags = {**order.flags, **({"account": [order.name]} if order.name else {})}
        file = Path(order.job_file)
        if not file.exists():
            raise UsageError(
                f"There is no {file} here. Job file, workbook and documents must have the same paths on all machines."
            )
        (job,) = load_jobs(file, flags)
        if job.database != self.address:  # the same one may be called otherwise here
            (job,) = load_jobs(file, {**flags, "store": self.address})
        check_places(job)
        return job

    @contextmanager
    def _stopping_after(self, job: Job, task: Task, own: Stop):
        ...
