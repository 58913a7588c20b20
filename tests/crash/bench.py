"""A bench: the parts of a run, composed as the pipeline composes them, with a crash in every joint.

Same stack, same journal on a real disk or in a real database, same sandbox on a real socket, in either contract; only
`connect` is spelled out here, since the crashes stand between its parts:
retrying(breaker(paced(halting(journaled(crashing(http)))))), by way of a relay. A database has a relay, too.
"""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from bulk_onboard.api.client import Client, Deadlines
from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.api.gateway import HttpGateway
from bulk_onboard.api.pacer import Paced, Pacer
from bulk_onboard.api.wire import Wire
from bulk_onboard.clock import Clock, SystemClock
from bulk_onboard.intake.documents.folder import DocumentFolder
from bulk_onboard.job import Job, load_job
from bulk_onboard.ledger.database.store import PostgresStore
from bulk_onboard.ledger.disk import Disk
from bulk_onboard.ledger.journal import LedgerJournal
from bulk_onboard.ledger.verify import verify
from bulk_onboard.model.call import FetchRequirements, Gateway
from bulk_onboard.model.identity import numbers_in
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.outcome import Done
from bulk_onboard.model.plan import Action
from bulk_onboard.model.record import State, linked_numbers
from bulk_onboard.model.requirements import Combination, RequirementsBook
from bulk_onboard.model.sheet import NUMBERS
from bulk_onboard.model.store import OpenJournal, Store
from bulk_onboard.pipeline.connection import Connection
from bulk_onboard.pipeline.execution import Run
from bulk_onboard.pipeline.gateways import Breaker, Journaled, Retrying, StopGate
from bulk_onboard.pipeline.judge import Judgement, judge
from bulk_onboard.pipeline.progress import Progress, UsageLog
from bulk_onboard.pipeline.requirements import requirements_for
from bulk_onboard.pipeline.run import begin, carry_out
from bulk_onboard.pipeline.sheets import read_job_sheet
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.planning import make_plan
from bulk_onboard.sandbox.records import APPROVED
from bulk_onboard.sandbox.server import Sandbox
from tests.crash.figures import LONG, POINTS, SEED
from tests.support.businesses import write_documents, write_workbook
from tests.support.contracts import BETA, Layout, word
from tests.support.crashes import (
    Crash,
    CrashingDisk,
    CrashingGateway,
    CrashingJournal,
    DatabaseRelay,
    Relay,
    struck_down,
)
from tests.support.office import AUTH_ID, AUTH_TOKEN
from tests.support.postgres import Database

CREDENTIALS = Credentials(AUTH_ID, Secret(AUTH_TOKEN))
LAG_S = LATE_S = 0.1
SETTLE_S = 0.5
DEADLINES = Deadlines(connect_s=0.7, answer_s=0.8)
RUNS_AT_MOST = 4
PER_CALL = 5  # numbers: two rows' do not all fit
AT_A_TIME = 10
_RUNS = itertools.count(30)
NOT_YET = "absence could not be shown yet"


@dataclass(frozen=True, slots=True)
class Rig:
    """A judged sheet of a few rows that many benches work from."""

    contract: str
    job: Job
    judgement: Judgement

    @classmethod
    async def laid(cls, folder: Path, rows: int, *, numbers: int = 0, layout: Layout = BETA) -> "Rig":
        """So many good rows with so many numbers each, and with their documents, judged once."""
        businesses = [
            layout.row(row, Numbers=", ".join(layout.number(row * numbers + place) for place in range(numbers)))
            for row in range(rows)
        ]
        write_documents(folder / "documents", businesses)
        workbook = write_workbook(folder / "businesses.xlsx", businesses, layout.headers)
        async with Sandbox(contract=layout.contract) as sandbox:
            flags = {"base_url": sandbox.url, "quota": "none", "settle": f"{SETTLE_S}s", "concurrency": "1"}
            job, clock, stop = load_job(workbook, flags), SystemClock(), Stop()
            sheet = await read_job_sheet(job)

            async def ask(combinations: Iterable[Combination]) -> RequirementsBook:
                return await requirements_for(job, combinations, credentials=CREDENTIALS, clock=clock, stop=stop)

            return cls(layout.contract, job, await judge(job, sheet, ask))


@dataclass(frozen=True, slots=True)
class InDatabase:
    """A ledger in a database; the sandbox looks into it as into a file, with nothing of the tool's own."""

    database: Database
    ledger: Path
    relay: DatabaseRelay

    def store(self, job: Job, *, port: int = 0) -> PostgresStore:
        """The tool's way to it, by the relay at this port, or past it.

        A run by the relay has a connection of its own, as a process would that begins after the one that died.
        """
        address = self.database.server.address(self.database.name, port=port)
        address += f"?sslmode=disable&keepalives_idle={next(_RUNS) if port else 20}"
        return PostgresStore(address, self.ledger, job=job.name, base_url=job.base_url)

    def is_file(self) -> bool:
        """Whether it is there."""
        return True

    def read_bytes(self) -> bytes:
        """All of its lines."""
        query = "select line from bulk_onboard.entry where account = %s order by seq"
        lines = self.database.execute(query, self.ledger.name.removesuffix(".ledger.jsonl"))
        return b"".join(f"{line}\n".encode() for (line,) in lines)


@dataclass(slots=True)
class Bench:
    """One ledger, one sandbox, and runs that may crash.

    Attributes:
        power_fails: whether a crash also takes from the ledger what no fsync has put on disk.
        slow_disk_s: how late each write to the ledger begins.
        database: where the ledger is kept; None for a file.
        clock: the time that runs and sandbox share.
    """

    judgement: Judgement
    job: Job
    sandbox: Sandbox
    relay: Relay
    power_fails: bool = False
    slow_disk_s: float = 0.0
    clock: Clock = field(default_factory=SystemClock)
    database: InDatabase | None = None
    requests: Counter[str] = field(default_factory=Counter)

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        context: Rig,
        ledger: Path,
        *,
        behaviours: tuple[str, ...] = (),
        lag_s: float = LAG_S,
        late_s: float = LATE_S,
        settle_s: float = SETTLE_S,
        power_fails: bool = False,
        slow_disk_s: float = 0.0,
        clock: Clock | None = None,
        database: Database | None = None,
    ) -> AsyncIterator["Bench"]:
        """A bench with an API of its own."""
        clock = clock or SystemClock()
        kept = None if database is None else InDatabase(database, ledger, DatabaseRelay(database.server.port))
        sandbox = Sandbox(
            contract=context.contract,
            ledger=cast("Path", kept) if kept else ledger,
            list_lag_s=lag_s,
            late_apply_s=late_s,
            behaviours=behaviours,
            clock=clock,
        )
        async with sandbox:
            address = urlsplit(sandbox.url)
            async with AsyncExitStack() as stack:
                to_api = Relay(str(address.hostname), int(address.port or 0))
                relay = await stack.enter_async_context(to_api.serving())
                if kept:
                    await stack.enter_async_context(kept.relay.serving())
                job = replace(context.job, ledger=ledger, base_url=relay.url, settle=settle_s, links_per_call=PER_CALL)
                yield cls(context.judgement, job, sandbox, relay, power_fails, slow_disk_s, clock, kept)

    @property
    def ledger_state(self) -> LedgerState:
        """What the ledger says."""
        return self.kept.read() or LedgerState()

    @property
    def kept(self) -> Store:
        """Where the ledger is, whatever has crashed."""
        return self.job.store if self.database is None else self.database.store(self.job)

    async def run(self, crash: Crash | None = None) -> None:
        """One run, to its end or to its crash."""
        crash = self.relay.crash = crash or Crash()
        if self.database is not None:
            self.database.relay.crash = crash
        disk = CrashingDisk(crash, slow_s=self.slow_disk_s)
        with struck_down(crash):
            await self._run(crash, disk)
        if crash.happened and self.power_fails and self.database is None:
            disk.lose_power(self.job.ledger)

    async def run_to_the_end(self) -> None:
        """Runs until nothing is left to do."""
        for _ in range(RUNS_AT_MOST):
            await self.run()
            if not self._is_anything_due:
                return

    async def file_and_approve(self) -> None:
        """Every row has its record, which was approved, so that its numbers are due; pages show half of these."""
        await self.run()
        for record in self.sandbox.state.records:
            self.sandbox.state.review(record, APPROVED, None)
        numbers = [number for row in self.judgement.rows for number in numbers_in(row.row.cell(NUMBERS))]
        for number in map(self.sandbox.state.number, numbers[::2]):
            assert number is not None
            self.sandbox.state.rent(number)

    def check_links(self) -> None:
        """Each number is under its own row's record, was put there once, and with an intent; both sides say so."""
        self.check()
        names = {row.application.fields["business_name"]: row for row in self.judgement.rows if row.application}
        ours = {record.compliance_id: record for record in self.ledger_state.records.values()}
        for theirs in self.sandbox.state.records:
            wanted = set(numbers_in(names[theirs.end_user["name"]].row.cell(NUMBERS)))
            linked = self.sandbox.state.linked_numbers(theirs)
            assert wanted == {number.number for number in linked} == linked_numbers(ours[theirs.compliance_id])
            assert {1} == {number.times_linked for number in linked}

    def check(self) -> None:
        """Nothing twice, nothing lost, nothing in the wrong place, and a sound ledger."""
        records = list(self.ledger_state.records.values())
        open_ones = [record for record in records if record.state is State.UNCERTAIN]
        submitted = {record.compliance_id: record.alias for record in records if record.state is State.SUBMITTED}
        assert not self.sandbox.state.duplicates
        assert not self.sandbox.witness.without_intent
        assert len(self.judgement.rows) == len(submitted) + len(open_ones) == len(records)
        assert submitted == {record.compliance_id: record.alias for record in self.sandbox.state.records}
        assert self._documents_checked() >= self._documents_kept()
        assert all(NOT_YET in record.reason for record in open_ones), open_ones
        verified = verify([(self.database or self.job.ledger).read_bytes()], "the ledger")
        assert 0 == verified.exit_status, verified.sentences

    @property
    def _is_anything_due(self) -> bool:
        plan = make_plan(self.judgement.rows, ledger_state=self.ledger_state, auth_id=AUTH_ID, quota=None)
        return any(decision.action is not Action.NOTHING for decision in plan.decisions)

    def _documents_checked(self) -> set[tuple[object, ...]]:
        applications = [row.application for row in self.judgement.rows if row.application]
        return {
            (a.fields["business_name"], d.type, d.sha256, *filled(d.fields)) for a in applications for d in a.documents
        }

    def _documents_kept(self) -> set[tuple[object, ...]]:
        records = self.sandbox.state.records
        return {
            (r.end_user["name"], word(d.type), d.sha256, *filled(d.data_fields)) for r in records for d in r.documents
        }

    async def _run(self, crash: Crash, disk: CrashingDisk) -> None:
        clock, stop = self.clock, Stop()
        async with self._opened(disk) as ledger:
            journal = CrashingJournal(ledger, crash)
            client = Client(self.job.base_url, CREDENTIALS, concurrency=self.job.concurrency, deadlines=DEADLINES)
            async with client:
                owner = journal.ledger_state.owner
                http = CrashingGateway(HttpGateway(client, Wire(), owner=owner, clock=clock), crash)
                for combination in self.judgement.book.offered:  # by which the wire learns the contract
                    while not isinstance(await http.send(FetchRequirements(combination=combination)), Done):
                        pass  # a busy machine may take longer to answer than the deadline allows
                usage = UsageLog(self.requests, clock)
                run = Run(
                    job=self.job,
                    auth_id=AUTH_ID,
                    journal=cast("OpenJournal", journal),  # stands for the one it wraps
                    connection=Connection(self._stack(http, journal, clock, stop, usage)),
                    judgement=self.judgement,
                    clock=clock,
                    stop=stop,
                    requests=self.requests,
                    progress=Progress(),
                    usage=usage,
                    scope=self.job.scope,
                    began_at=ledger.locked_at,
                )
                await begin(run)
                await carry_out(run)

    @asynccontextmanager
    async def _opened(self, disk: Disk) -> AsyncIterator[OpenJournal]:
        job = self.job
        if self.database is not None:
            store = self.database.store(job, port=self.database.relay.port)
            async with store.opened(auth_id=AUTH_ID, clock=self.clock) as journal:
                yield journal
        else:
            whose = {"job": job.name, "auth_id": AUTH_ID, "base_url": job.base_url}
            with LedgerJournal.open(job.ledger, **whose, clock=self.clock, disk=disk) as ledger:
                yield ledger

    def _stack(self, http: Gateway, journal: CrashingJournal, clock: Clock, stop: Stop, usage: UsageLog) -> Gateway:
        journaled = Journaled(http, journal, DocumentFolder(self.job.documents).read, clock=clock)
        stop_gate = StopGate(journaled, stop, self.requests, usage.note_request)
        paced = Paced(stop_gate, compliance=Pacer(None, clock=clock), requirements=Pacer(None, clock=clock))
        breaker = Breaker(paced, clock=clock, stop=stop, settle_s=self.job.settle)
        return Retrying(breaker, clock=clock, stop=stop)


def filled(fields: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the fields of a document that have a value."""
    return ((name, value) for name, value in sorted(fields.items()) if value)


# Which steps to die at.


def chosen(steps: int, what: str, most: int) -> Iterable[int]:
    """Which steps to die at: all, or so many of them, spread by the dice."""
    dice = random.Random(f"{SEED} {what}")
    return sorted(dice.sample(range(1, steps + 1), min(steps, 10**6 if LONG else most)))


async def at_each(points: Iterable[int], dying: Callable[[int], Awaitable[Crash]]) -> None:
    """Die at each of these steps, some at a time."""
    left = iter(points)

    async def work() -> None:
        for at in left:
            try:
                crash = await dying(at)
            except BaseException:
                print(f"SEED={SEED}, step {at}")
                raise
            if crash.happened:
                POINTS[crash.passed[-1]] += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_A_TIME):
            group.create_task(work())
