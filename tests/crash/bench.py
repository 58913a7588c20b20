"""A bench: the parts of a run, composed as the pipeline composes them, with a crash in every joint.

Same stack, same journal on a real disk, same sandbox on a real socket; only `connect` is spelled out here, since the
crashes stand between its parts: retrying(breaker(paced(halting(journaled(crashing(http)))))), by way of a relay.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from bulk_onboard.api.client import Client, Deadlines
from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.api.gateway import HttpGateway
from bulk_onboard.api.pacer import Paced, Pacer
from bulk_onboard.api.wire import Wire
from bulk_onboard.clock import Clock, SystemClock
from bulk_onboard.intake.documents.folder import DocumentFolder
from bulk_onboard.job import Job, load_job
from bulk_onboard.ledger.journal import LedgerJournal, read_ledger_state
from bulk_onboard.ledger.verify import verify
from bulk_onboard.model.call import Gateway
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import State
from bulk_onboard.model.requirements import Combination, Contract, RequirementsBook
from bulk_onboard.run.connection import Connection
from bulk_onboard.run.execution import Run
from bulk_onboard.run.gateways import Breaker, Journaled, Retrying, StopGate
from bulk_onboard.run.judge import Judgement, judge, read_job_sheet
from bulk_onboard.run.requirements import requirements_for
from bulk_onboard.run.run import begin, carry_out
from bulk_onboard.run.stop import Stop
from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import business, write_documents, write_workbook
from tests.support.crashes import Crash, CrashingDisk, CrashingGateway, CrashingJournal, Relay, struck_down
from tests.support.office import AUTH_ID, AUTH_TOKEN

CREDENTIALS = Credentials(AUTH_ID, Secret(AUTH_TOKEN))
LAG_S = LATE_S = 0.1
SETTLE_S = 0.5
DEADLINES = Deadlines(connect_s=0.7, answer_s=0.8)
UNFINISHED = {State.NOT_SENT, State.SENDING, State.DEFERRED, State.UNCERTAIN}
RUNS_AT_MOST = 4
NOT_YET = "absence could not be shown yet"


@dataclass(frozen=True, slots=True)
class Rig:
    """A judged sheet of a few rows that many benches work from."""

    job: Job
    judgement: Judgement

    @classmethod
    async def laid(cls, folder: Path, rows: int) -> "Rig":
        """So many good rows, with their documents, judged once."""
        businesses = [business(number) for number in range(rows)]
        write_documents(folder / "documents", businesses)
        workbook = write_workbook(folder / "businesses.xlsx", businesses)
        async with Sandbox() as sandbox:
            flags = {"base_url": sandbox.url, "quota": "none", "settle": f"{SETTLE_S}s", "concurrency": "1"}
            job, clock, stop = load_job(workbook, flags), SystemClock(), Stop()
            sheet = await read_job_sheet(job)

            async def ask(combinations: Iterable[Combination]) -> RequirementsBook:
                return await requirements_for(job, combinations, credentials=CREDENTIALS, clock=clock, stop=stop)

            return cls(job, await judge(job, sheet, ask))


@dataclass(slots=True)
class Bench:
    """One ledger, one sandbox, and runs that may crash.

    Attributes:
        contract: in which the API speaks.
        power_fails: whether a crash also takes from the ledger what no fsync has put on disk.
        slow_disk_s: how late each write to the ledger begins.
        clock: the time that runs and sandbox share.
    """

    judgement: Judgement
    job: Job
    sandbox: Sandbox
    relay: Relay
    contract: Contract = Contract.BETA
    power_fails: bool = False
    slow_disk_s: float = 0.0
    clock: Clock = field(default_factory=SystemClock)
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
    ) -> AsyncIterator["Bench"]:
        """A bench with an API of its own."""
        clock = clock or SystemClock()
        sandbox = Sandbox(ledger=ledger, list_lag_s=lag_s, late_apply_s=late_s, behaviours=behaviours, clock=clock)
        async with sandbox:
            address = urlsplit(sandbox.url)
            async with Relay(str(address.hostname), int(address.port or 0)).serving() as relay:
                job = replace(context.job, ledger=ledger, base_url=relay.url, settle=settle_s)
                yield cls(
                    context.judgement,
                    job,
                    sandbox,
                    relay,
                    power_fails=power_fails,
                    slow_disk_s=slow_disk_s,
                    clock=clock,
                )

    @property
    def ledger_state(self) -> LedgerState:
        """What the ledger says."""
        return read_ledger_state(self.job.ledger).ledger_state

    async def run(self, crash: Crash | None = None) -> None:
        """One run, to its end or to its crash."""
        crash = self.relay.crash = crash or Crash()
        disk = CrashingDisk(crash, slow_s=self.slow_disk_s)
        with struck_down(crash):
            await self._run(crash, disk)
        if crash.happened and self.power_fails:
            disk.lose_power(self.job.ledger)

    async def run_to_the_end(self) -> None:
        """Runs until nothing is left to do."""
        for _ in range(RUNS_AT_MOST):
            await self.run()
            if not any(record.state in UNFINISHED for record in self.ledger_state.records.values()):
                return

    def check(self) -> None:
        """Nothing twice, nothing lost, nothing in the wrong place, and a sound ledger."""
        records = list(self.ledger_state.records.values())
        open_ones = [record for record in records if record.state is State.UNCERTAIN]
        submitted = {record.compliance_id: record.alias for record in records if record.state is State.SUBMITTED}
        assert not self.sandbox.state.duplicates
        assert not self.sandbox.witness.without_intent
        assert len(self.judgement.rows) == len(submitted) + len(open_ones) == len(records)
        assert submitted == {record.compliance_id: record.alias for record in self.sandbox.state.records}
        assert self._digests_checked() >= self._digests_kept()
        assert all(NOT_YET in record.reason for record in open_ones), open_ones
        assert 0 == verify(self.job.ledger).exit_status, verify(self.job.ledger).sentences

    def _digests_checked(self) -> set[tuple[str, str, str]]:
        applications = [row.application for row in self.judgement.rows if row.application]
        return {(a.fields["business_name"], d.type, d.sha256) for a in applications for d in a.documents}

    def _digests_kept(self) -> set[tuple[str, str, str]]:
        records = self.sandbox.state.records
        return {(r.end_user["name"], d.type, d.sha256) for r in records for d in r.documents}

    async def _run(self, crash: Crash, disk: CrashingDisk) -> None:
        clock, stop = self.clock, Stop()
        opened = LedgerJournal.open(
            self.job.ledger, job=self.job.name, auth_id=AUTH_ID, base_url=self.job.base_url, clock=clock, disk=disk
        )
        with opened as ledger:
            journal = CrashingJournal(ledger, crash)
            client = Client(self.job.base_url, CREDENTIALS, concurrency=self.job.concurrency, deadlines=DEADLINES)
            async with client:
                http = CrashingGateway(
                    HttpGateway(client, Wire(self.contract), owner=journal.ledger_state.owner, clock=clock), crash
                )
                run = Run(
                    job=self.job,
                    auth_id=AUTH_ID,
                    journal=journal,  # type: ignore[arg-type]  # stands for the one it wraps
                    connection=Connection(self._stack(http, journal, clock, stop), str),
                    judgement=self.judgement,
                    clock=clock,
                    stop=stop,
                    requests=self.requests,
                    scope=self.job.scope,
                    began_at=ledger.locked_at,
                )
                await begin(run)
                await carry_out(run, lambda running: None)

    def _stack(self, http: Gateway, journal: CrashingJournal, clock: Clock, stop: Stop) -> Gateway:
        journaled = Journaled(http, journal, DocumentFolder(self.job.documents).read, clock=clock)
        stop_gate = StopGate(journaled, stop, self.requests)
        paced = Paced(stop_gate, compliance=Pacer(None, clock=clock), requirements=Pacer(None, clock=clock))
        breaker = Breaker(paced, clock=clock, stop=stop, settle_s=self.job.settle)
        return Retrying(breaker, clock=clock, stop=stop)
