"""A row whose record is at the API, and a desk from which its writes are made."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from bulk_onboard.model import entry as entries
from bulk_onboard.model.entry import Op
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.plan import Decision, Scope
from bulk_onboard.model.record import Record
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.pipeline.context import RunContext
from bulk_onboard.pipeline.links import Linker
from bulk_onboard.pipeline.numbers import NumberLookup
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.planning.decide import decide
from tests.support.clocks import FakeClock
from tests.support.gateways import FakeAccount
from tests.support.journals import MemoryJournal
from tests.unit.pipeline.samples import LOCAL, application, content, create, identity, intent, token
from tests.unit.pipeline.stacks import stacked

W = 9.0
NUMBERS = ("911140000001", "911140000002", "911140000003")


class WritingDesk:
    """The first row's record is submitted; the API's people may judge it, and the row may be mended.

    Attributes:
        made: the record's id.
        changed: paths of documents that are not any more what was checked.
    """

    def __init__(self, *, relink: bool = False) -> None:
        self.clock, self.stop = FakeClock(), Stop()
        self.account, self.journal = FakeAccount(self.clock), MemoryJournal(clock=self.clock)
        self.changed: set[str] = set()
        gateway = stacked(self.account, self.journal, clock=self.clock, stop=self.stop, settle_s=W, read=self._read)
        self.context = RunContext(
            gateway=gateway, journal=self.journal, clock=self.clock, stop=self.stop, relink=relink
        )
        self.made = ""

    def _read(self, document):
        return None if str(document.path) in self.changed else content(document.type)

    async def submit(self, number: int = 1) -> str:
        """The API has the record of this row, and the ledger knows it."""
        made = (await self.account.send(create(number))).value
        await self.journal.append(intent(number))
        await self.journal.append(entries.Done(token=token(number), op=Op.CREATE, compliance_id=made))
        self.made = self.made or made
        return made

    async def judge(self, review: str, reason: str = "", *, known: bool = True) -> None:
        """What the API's people say of the record; the ledger has taken it in where it is `known`."""
        self.account.judge(self.made, review, reason)
        if known:
            await self.journal.append(entries.Reviewed(token=token(1), review=review, reason=reason))

    async def link(
        self,
        *due: Decision,
        rows: Mapping[str, Decision] = MappingProxyType({}),
        per_call: int = 1,
        by_pages: bool = False,
    ) -> list[tuple[str, Outcome[str]]]:
        """Link what is due for these rows in one batch; return what became of each number that was sent."""
        told: list[tuple[str, Outcome[str]]] = []
        linker = Linker(
            context=self.context,
            lookup=NumberLookup(self.context.gateway, by_pages=by_pages),
            due=due,
            rows=rows,
            per_call=per_call,
            told=lambda target, outcome: told.append((target.number, outcome)),
        )
        await linker.link(due)
        return told

    def decision(self, fingerprint: str = "mended", numbers: str = "", **cells: str) -> Decision:
        """What is due for the first row as it says now, by what the ledger says."""
        row = Row("Businesses", 2, LOCAL, {"key": "K-0001", "numbers": numbers} | cells)
        judged = JudgedRow(row, application(1, email="new@example.com"), fingerprint)
        return decide(judged, identity(1), self.record, Scope())

    def renamed(self, called: str) -> None:
        """Somebody gives the record another alias at the API."""
        self.account.records[self.made] = replace(self.account.records[self.made], alias=called)

    @property
    def record(self) -> Record:
        """The first row's record by the ledger."""
        return self.journal.ledger_state.record(token(1))

    @property
    def story(self) -> list[str]:
        """What happened to it after it was submitted."""
        return self.journal.story(token(1))[2:]
