"""A sheet whose rows are at the API: people judge and link there, rows are mended here, processes come and go."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from bulk_onboard.errors import StoppedError
from bulk_onboard.model import entry as entries
from bulk_onboard.model.application import Application
from bulk_onboard.model.call import Call, Create, Link, Operation, Update
from bulk_onboard.model.entry import Op
from bulk_onboard.model.plan import Plan
from bulk_onboard.model.record import EDITABLE, Record
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.pipeline.context import RunContext
from bulk_onboard.pipeline.reviews import fetch_followed, record_reviews
from bulk_onboard.pipeline.runner import Runner
from bulk_onboard.planning import make_plan
from tests.support.clocks import FakeClock
from tests.support.gateways import FakeAccount, KilledError
from tests.support.journals import MemoryJournal
from tests.unit.pipeline.processes import Process
from tests.unit.pipeline.samples import LOCAL, run_started
from tests.unit.pipeline.stacks import AtOnce, stacked

LATE_S, SLOW_S = 4.0, 5.0
W = 8.0
ROWS = 3
NUMBERS = tuple(f"91114000000{digit}" for digit in range(3))
WRITES = (Operation.CREATE, Operation.UPDATE, Operation.LINK, Operation.DELETE)


@dataclass(frozen=True)
class MendedLine:
    """A row of the sheet: its edition tells what it says."""

    number: int
    edition: int = 0
    numbers: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Of what it says; numbers are no part of it."""
        return f"{self.number}/{self.edition}"

    @property
    def application(self) -> Application:
        """What the API is told."""
        fields = {"business_name": f"Traders {self.fingerprint}", "registration_number": f"REG-{self.number}"}
        return Application(LOCAL, fields, documents=())

    def judged(self, row: int) -> JudgedRow:
        """What validation makes of it."""
        cells = {"key": f"K-{self.number}", "numbers": ", ".join(self.numbers)}
        return JudgedRow(Row("Businesses", row, LOCAL, cells), self.application, self.fingerprint)


class WritingProcess(Process):
    """A process whose updates and links are looked at on their way: whether the API waits for them now.

    A link for a record that is approved no more may be sent, since it is not read before; the API refuses that.
    """

    async def send(self, call: Call) -> object:
        account = self._account
        account.catch_up()
        if isinstance(call, Update):
            assert account.reviews[call.compliance_id] in EDITABLE, "an update of what waits for no correction"
            assert account.records[call.compliance_id].fingerprint != call.fingerprint, "an update that changes nothing"
        for number, made, *_ in call.targets if isinstance(call, Link) else ():
            assert account.numbers.get(number) in (None, made), "a number of another record is moved"
        assert not isinstance(call, Create), "a create of what was submitted"
        return await super().send(call)


class MendingStory:
    """The sheet, the ledger of its job, and the account.

    Attributes:
        made: the ids of the rows' records, in their order; `by_hand`: that of somebody else's.
    """

    def __init__(self, settle_s: float = W) -> None:
        self.settle_s = settle_s
        self.clock = FakeClock()
        self.account = FakeAccount(self.clock)
        self.account.late_s, self.account.slow_s = LATE_S, SLOW_S
        self.journal = MemoryJournal(clock=self.clock)
        self.sheet = [MendedLine(number) for number in range(ROWS)]
        self._loop = asyncio.Runner()
        self._loop.get_loop().set_default_executor(AtOnce())
        self.made: list[str] = []
        self._loop.run(self._submit_all())

    async def _submit_all(self) -> None:
        await self.journal.append(run_started())
        for line, decision in zip(self.sheet, self.plan().decisions, strict=True):
            token, alias = decision.identity.token, decision.identity.alias
            call = Create(token=token, alias=alias, application=line.application, fingerprint=line.fingerprint)
            self.made.append((await self.account.send(call)).value)
            about = {"token": token, "key": f"K-{line.number}", "op": Op.CREATE}
            intent = entries.Intent(**about, attempt=1, alias=alias, fingerprint=line.fingerprint)
            await self.journal.append(intent)
            await self.journal.append(entries.Done(**about, compliance_id=self.made[-1]))
        by_hand = Create(token="", alias="by hand", application=self.sheet[0].application, fingerprint="by hand")
        self.by_hand: str = (await self.account.send(by_hand)).value
        await self.journal.append(entries.Swept(records=len(self.made) + 1))

    def plan(self) -> Plan:
        """What is due by the sheet and the ledger."""
        judged = [line.judged(row) for row, line in enumerate(self.sheet, 2)]
        return make_plan(judged, ledger_state=self.journal.ledger_state, auth_id="MA", quota=None)

    def run(
        self,
        *,
        concurrency: int = 2,
        room: int | None = None,
        meanwhile: Mapping[int, str] = MappingProxyType({}),
        **ends: int,
    ) -> None:
        """One process on the ledger, from taking the lock to its end.

        `meanwhile` are reviews by row, which people give once it has looked at the account.
        """
        self.journal.room = room
        process = WritingProcess(self.account, self.journal, **ends)
        self._loop.run(self._run_through(process, concurrency, meanwhile))
        self.journal.room = None

    async def _run_through(self, process: WritingProcess, concurrency: int, meanwhile: Mapping[int, str]) -> None:
        try:
            await self._run(process, concurrency, meanwhile)
        except* (KilledError, StoppedError):
            pass

    async def _run(self, process: WritingProcess, concurrency: int, meanwhile: Mapping[int, str]) -> None:
        locked_at = self.clock.monotonic()
        await process.append(run_started())
        gateway = stacked(process, process, clock=self.clock, stop=process.stop, settle_s=self.settle_s)
        shown = await fetch_followed(gateway, process.ledger_state)
        if shown is None:
            return
        await record_reviews(gateway, process, shown.records)
        for row, review in meanwhile.items():
            self.account.judge(self.made[row], review)
        runner = Runner(
            context=RunContext(gateway=gateway, journal=process, clock=self.clock, stop=process.stop),
            plan_again=self._plan_again,
            concurrency=concurrency,
            settle_s=self.settle_s,
            orphans_since=locked_at,
        )
        await runner.run(self.plan())

    async def _plan_again(self) -> Plan:
        return self.plan()

    def mend(self, row: int) -> None:
        """A row, or one of its documents, is changed."""
        self.sheet[row] = replace(self.sheet[row], edition=self.sheet[row].edition + 1)

    def write_numbers(self, row: int, *numbers: str) -> None:
        """A row names these numbers from now on."""
        self.sheet[row] = replace(self.sheet[row], numbers=numbers)

    def record(self, row: int) -> Record:
        """A row's record by the ledger."""
        return self.journal.ledger_state.record(self.plan().decisions[row].identity.token)

    def be_fair(self) -> None:
        """From now on all goes well."""
        self.account.weather.clear()

    @property
    def writes(self) -> int:
        """How many calls that write have arrived."""
        return sum(len(self.account.made(operation)) for operation in WRITES)

    def close(self) -> None:
        """Leave nothing behind."""
        self._loop.close()
