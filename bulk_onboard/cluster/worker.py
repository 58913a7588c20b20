"""A worker: one process that works tasks off, each a run of one account, as many at a time as it has places.

Its accounts share what the accounts of a job share in one process (`pipeline.accounts`): the gate, few threads,
workbooks that several of them read, and what other ledgers know. Each meets alone, since handing over was the yes.

It gives a sign of life every few seconds, and looks for tasks of workers that gave none. One that has given none itself
for too long, because it slept or the database said nothing, was taken for dead: its leases are over or soon will be, so
it lets its runs end and ends itself. A supervisor starts it again.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bulk_onboard import log
from bulk_onboard.api.credentials import credentials_from
from bulk_onboard.api.gate import Gate
from bulk_onboard.clock import Clock
from bulk_onboard.cluster.engine import Crew, Engine, Given
from bulk_onboard.cluster.rules import IN_VAIN_AT_MOST, THEN, Then, Times, Try, what_follows, what_is_done
from bulk_onboard.cluster.tasks import Task, Tasks
from bulk_onboard.errors import (
    BulkOnboardError,
    DatabaseError,
    ExitStatus,
    LedgerError,
    StoppedError,
    UsageError,
    describe_bug,
)
from bulk_onboard.job import Job, load_jobs
from bulk_onboard.ledger.database.address import shown
from bulk_onboard.pipeline.accounts import run_account, why_not_begun
from bulk_onboard.pipeline.meeting import Meeting
from bulk_onboard.pipeline.others import OtherLedgers
from bulk_onboard.pipeline.places import check_places
from bulk_onboard.pipeline.preflight import let_files_be_open, stat_of, wait_until_written
from bulk_onboard.pipeline.progress import Progress
from bulk_onboard.pipeline.run import Shared
from bulk_onboard.pipeline.sheets import Sheets, read_sheets
from bulk_onboard.pipeline.stop import Stop, stopping_after
from bulk_onboard.threads import few_at_a_time, in_thread

TICK_S = 1.0
PARTING_S = 10.0  # how long the database is given to take the last words
KEPT_S = 30.0  # how long a workbook that was read is kept for other accounts that read it


@dataclass(frozen=True, slots=True)
class Ended:
    """How a try ended: what its run came to, and what ended it before its end, as a sentence and as it was raised."""

    exit_status: ExitStatus
    sentence: str = ""
    error: Exception | None = None


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
        warn: called with a sentence about credentials, or about a task that failed.

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
        heard_at=clock.boottime(),
    )
    with few_at_a_time():
        await worker.work(places)


@dataclass(slots=True)
class _Running:
    """An account that runs.

    Attributes:
        task: whose try it is.
        began_at: monotonic instant.
        stop: its own.
        job: once it is loaded.
        is_to_stop: whether somebody asked for the task's end.
    """

    task: Task
    began_at: float
    stop: Stop = field(default_factory=Stop)
    job: Job | None = None
    is_to_stop: bool = False

    def is_up(self, now: float) -> bool:
        """Return whether the task's `stop_after` is up at this monotonic instant; it counts over all tries."""
        limit = self.job.stop_after if self.job else None
        return limit is not None and self.task.begun_s + now - self.began_at >= limit


@dataclass(slots=True, kw_only=True)
class _Worker:
    """The accounts that run in this process, and what they share.

    Attributes:
        stop: that of all of them.
        heard_at: instant of `boottime` since when the database is known to take this worker for alive.
        running: by the ledger's name.
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
    heard_at: float
    running: dict[str, _Running] = field(default_factory=dict)
    sheets: "_SharedSheets" = field(init=False)
    ledgers: "SharedLedgers" = field(init=False)

    def __post_init__(self) -> None:
        self.sheets, self.ledgers = _SharedSheets(), SharedLedgers(self.clock)

    async def work(self, places: int) -> None:
        """Work tasks off until asked to stop; give back what runs then."""
        crew = self.engine.crew(self.try_, places=places, times=self.times)
        self.stop.call_when_requested(lambda: self._stop_all(crew))
        working = asyncio.ensure_future(crew.work())
        watching = [
            asyncio.ensure_future(each)
            for each in (self._look_for_the_dead(crew), self._look_for_stops(), self._mind_the_time())
        ]
        try:
            await asyncio.wait([working, *watching], return_when=asyncio.FIRST_COMPLETED)
            self._ask_why(working, *watching)
            await self._part(working)
        finally:
            for each in (*watching, working):
                each.cancel()
            await asyncio.gather(*watching, working, return_exceptions=True)
        if isinstance(self.stop.cause, Exception):
            raise self.stop.cause

    def _stop_all(self, crew: Crew) -> None:
        crew.stop()
        for each in self.running.values():
            each.stop.request(self.stop.cause)

    def _ask_why(self, *ended: asyncio.Future[None]) -> None:
        """Stop all where something ended that should go on."""
        error = next((each.exception() for each in ended if each.done() and each.exception()), None)
        self.stop.request(error or DatabaseError(f"The database {self._where} cannot be reached."))

    async def _part(self, working: asyncio.Future[None]) -> None:
        """Wait until all runs have ended, and were given back where that can be done."""
        while self.running and not working.done():
            await asyncio.wait([working], timeout=TICK_S)
        await asyncio.wait([working], timeout=TICK_S if self._is_lost else PARTING_S)

    @property
    def _is_lost(self) -> bool:
        """Whether the others have these accounts, or will."""
        return isinstance(self.stop.cause, Exception)

    # Beside the runs.

    async def _look_for_the_dead(self, crew: Crew) -> None:
        """Make sure that this worker is taken for alive, and give away what workers had that are not."""
        while True:
            await self.clock.sleep(self.times.look_s)
            asked_at, worker_id = self.clock.boottime(), crew.worker_id
            silent_s = await self.engine.silent_s(worker_id) if worker_id is not None else 0.0
            if silent_s is None or silent_s > self.times.dead_after_s:
                raise self._taken_for_dead()
            self.heard_at = asked_at
            for stalled in await self.engine.stalled(self.times.dead_after_s):
                if await self.tasks.give_anew(stalled, retry_s=self.times.retry_s):
                    log.logger().warning("account given away", account=stalled.account)
            for orphan in await self.tasks.orphans():
                await self.tasks.give_anew(orphan)

    async def _look_for_stops(self) -> None:
        """Stop the accounts whose end somebody asked for."""
        while True:
            await self.clock.sleep(self.times.stop_s)
            for account in await self.tasks.to_be_stopped(self.running) if self.running else ():
                if one := self.running.get(account):
                    one.is_to_stop = True
                    one.stop.request(signal.SIGINT)

    async def _mind_the_time(self) -> None:
        """Notice that this worker slept, or that the database says nothing."""
        while self.clock.boottime() - self.heard_at <= self.times.dead_after_s:
            await self.clock.sleep(min(TICK_S, self.times.heartbeat_s / 2))
        raise self._taken_for_dead()

    @property
    def _where(self) -> str:
        return shown(self.address)

    def _taken_for_dead(self) -> StoppedError:
        return DatabaseError(
            f"This worker gave no sign of life for {self.times.dead_after_s:g} s, since it slept or the database "
            f"{self._where} did not answer. So its accounts are given to others; start it again."
        )

    # A try.

    async def try_(self, given: Given) -> None:
        """Run the account of a job, and write down what follows from how that ended.

        Raises:
            BulkOnboardError: that could not be done, so this worker ends, and others find the task without a job.
        """
        if given.account in self.running:  # of a try that counts no more; whoever looks finds the task without a job
            return
        try:
            task = await self.tasks.begin(given.account, given.job_id, _machine())
            if task is not None and not task.is_over:
                await self._try(given, task)
        except BulkOnboardError as error:
            self.stop.request(error)
            raise

    async def _try(self, given: Given, task: Task) -> None:
        one = self.running[given.account] = _Running(task, self.clock.monotonic())
        if self.stop.requested:
            one.stop.request(self.stop.cause)
        try:
            ended = await self._run(one)
            if not self._is_lost:
                await self._write_down(one, ended)
        finally:
            del self.running[given.account]

    async def _run(self, one: _Running) -> Ended:
        """Run the account; a bug ends it alone."""
        try:
            job = one.job = await in_thread(self._loaded, one.task)
            if one.task.has_died:
                await self._look_what_the_dead_did(one, job)
            credentials = credentials_from(self.environ, warn=self.warn, account=job.account)
            let_files_be_open([each.job for each in self.running.values() if each.job])
            with stopping_after(job.stop_after, spent_s=one.task.begun_s, clock=self.clock, stop=one.stop):
                await wait_until_written(job.workbook, clock=self.clock, stop=one.stop, say=lambda sentence: None)
                sheets = await self.sheets.of(job)
                lent = self.ledgers.lend(job)
                shared = Shared(
                    sheet=sheets.of(job),
                    gate=self.gate,
                    meeting=Meeting([job.account], confirm=None, clock=self.clock, stop=one.stop, then=lent.give_back),
                    others=lent.ledgers,
                    twice=sheets.twice_of(job),
                )
                result = await run_account(
                    job, credentials=credentials, clock=self.clock, stop=one.stop, progress=Progress(), shared=shared
                )
            return _ended(result.exit_status, result.error)
        except BulkOnboardError as error:
            why = why_not_begun(error, one.stop)
            return _ended(why.exit_status, why)
        except Exception as bug:
            return _ended(ExitStatus.BUG, bug)

    async def _look_what_the_dead_did(self, one: _Running, job: Job) -> None:
        """Write down whether a try got something done whose worker died; raise StoppedError where too many did not."""
        task = one.task
        progress = what_is_done(await in_thread(job.ledger_state, is_needed=False))
        if progress != task.progress:
            await self.tasks.note_progress(task, progress)
            one.task = replace(task, progress=progress, in_vain=0)
        elif task.in_vain >= IN_VAIN_AT_MOST:
            raise StoppedError(task.sentence)

    def _loaded(self, task: Task) -> Job:
        """Return the job, with its ledger in the database that the task came from, whatever that is called there."""
        order = task.order
        if not Path(order.job_file).exists():
            raise UsageError(
                f"There is no {order.job_file}. Job file, workbook and documents need the same paths on all machines."
            )
        flags = {**order.flags, **({"account": [order.name]} if order.name else {})}
        (job,) = load_jobs(Path(order.job_file), flags)
        if job.database != self.address:
            (job,) = load_jobs(Path(order.job_file), {**flags, "store": self.address})
        check_places(job)
        return job.in_cluster()

    async def _write_down(self, one: _Running, ended: Ended) -> None:
        """Write down how a try ended, and what follows."""
        task, progress = one.task, one.task.progress
        is_blameless = isinstance(ended.error, DatabaseError)
        if one.job and not is_blameless and THEN[ended.exit_status] is Then.AGAIN:
            try:
                progress = what_is_done(await in_thread(one.job.ledger_state, is_needed=False))
            except StoppedError:
                is_blameless = True
            except (LedgerError, UsageError):  # then nobody can tell
                pass
        next_ = what_follows(
            Try(
                exit_status=ended.exit_status,
                got_on=progress != task.progress,
                in_vain=task.in_vain,
                is_blameless=is_blameless,
                is_to_stop=one.is_to_stop or one.is_up(self.clock.monotonic()),
            )
        )
        log.logger().info(f"task {next_.then}", account=task.order.name, exit_status=int(ended.exit_status))
        if next_.then is Then.FAILED:
            self.warn(
                f"The task {task.order.account} failed with exit status {int(ended.exit_status)}. {ended.sentence}"
            )
        await self.tasks.end(
            task,
            next_,
            exit_status=ended.exit_status,
            sentence=ended.sentence,
            progress=progress,
            pause_s=next_.pause * self.times.retry_s,
        )


def _machine() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


_OF_MACHINE = frozenset({ExitStatus.USAGE, ExitStatus.BUG, ExitStatus.CREDENTIALS, ExitStatus.REPORT})
"""What may be so on one machine alone: its files, its credentials, what is installed there."""


def _ended(exit_status: ExitStatus, error: Exception | None) -> Ended:
    """Return how a try ended; what may be so on this machine alone is told with its name."""
    if error is None:
        return Ended(exit_status)
    sentence = str(error) if isinstance(error, BulkOnboardError) else describe_bug(error)
    is_of_machine = exit_status in _OF_MACHINE
    return Ended(exit_status, f"On {socket.gethostname()}: {sentence}" if is_of_machine else sentence, error)


class _SharedSheets:
    """Workbooks that several accounts read: each is read once for those whose runs begin at about the same time."""

    def __init__(self) -> None:
        self._read: dict[object, asyncio.Future[Sheets]] = {}

    async def of(self, job: Job) -> Sheets:
        """Return the sheet of this account, perhaps among others."""
        if not job.shares_sheet:
            return await read_sheets([job])
        typed = repr({name: words for name, words in job.commands.flags.items() if name != "account"})
        key = (job.file, job.sha256, typed, *_place_of(job), stat_of(job.workbook))
        if key not in self._read:
            self._read[key] = asyncio.ensure_future(_read_for_all(job))
            asyncio.get_running_loop().call_later(KEPT_S, self._read.pop, key, None)
        sheets = await asyncio.shield(self._read[key])
        sheet = sheets.own.get(job.account)
        return sheets if sheet and sheet.height else await read_sheets([job])  # which says what is missing


async def _read_for_all(job: Job) -> Sheets:
    """Read the sheet that accounts share for all of them."""
    sharers = [job, *(each for each in job.siblings if each.shares_sheet and _place_of(each) == _place_of(job))]
    return await read_sheets(sharers, rows_needed=False)


def _place_of(job: Job) -> tuple[object, ...]:
    """Return where the rows of a job are read."""
    return job.workbook, job.sheet, job.header_row, job.encoding


class SharedLedgers:
    """Ledgers that rows are held against: read once for accounts of a job whose runs begin at about the same time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._newest: dict[Path, _Lent] = {}

    def lend(self, job: Job) -> "_Lent":
        """Return the ledgers, to be given back once the account's rows are judged."""
        now, lent = self._clock.monotonic(), self._newest.get(job.file)
        if lent is None or now - lent.since >= KEPT_S:  # what others have filed since would not be recognised
            lent = self._newest[job.file] = _Lent(now)
        lent.borrowers += 1
        return lent


@dataclass(slots=True)
class _Lent:
    """Ledgers that accounts are judged by.

    Attributes:
        since: monotonic instant before which nothing of them was read.
    """

    since: float
    ledgers: OtherLedgers = field(default_factory=OtherLedgers)
    borrowers: int = 0

    def give_back(self) -> None:
        """Let go of what was read, where nobody else needs it now."""
        self.borrowers -= 1
        if not self.borrowers:
            self.ledgers.forget()
