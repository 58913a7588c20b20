"""A desk at which unknown outcomes are settled: a ledger, an account, and a settler over both."""

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Gateway, Operation
from bulk_onboard.model.entry import Op
from bulk_onboard.model.outcome import Refused
from bulk_onboard.model.record import Record, State, unknown_numbers
from bulk_onboard.pipeline.settle import Settler, Subject
from bulk_onboard.pipeline.stop import Stop
from tests.support.clocks import FakeClock
from tests.support.gateways import FakeAccount
from tests.support.journals import MemoryJournal
from tests.unit.pipeline.samples import (
    alias,
    application,
    create,
    intent,
    token,
)

W = 90.0
SCHEDULE = [2.0, 10.0, 30.0, 90.0]
STRANGER = "zzzzzzzzzzzzzzzz"
KNOWN = 7  # a row that is submitted, by which the list can be checked


class Rig:
    """A ledger, an account, and a settler over both; the rows say what was sent."""

    def __init__(
        self,
        *story: entries.Entry,
        api: Gateway | None = None,
        clock: FakeClock | None = None,
        settle_s: float = W,
        by_pages: bool = False,
    ) -> None:
        self.clock = clock or FakeClock()
        self.account = FakeAccount(self.clock)
        self.journal, self.stop = MemoryJournal(*story, clock=self.clock), Stop()
        self.rows = {token(number): application(number) for number in range(300)}
        self.settle_s = settle_s
        self._api = api or self.account
        self._by_pages = by_pages

    async def know(self, number: int = KNOWN) -> None:
        """The API has the record of this row, and the ledger knows it."""
        made = await self.account.send(create(number))
        await self.journal.append(intent(number))
        await self.journal.append(entries.Done(token=token(number), op=Op.CREATE, compliance_id=made.value))

    def settler(self) -> Settler:
        """A settler of this run that has nothing to settle yet."""
        settler = Settler(
            self._api,
            self.journal,
            clock=self.clock,
            stop=self.stop,
            settle_s=self.settle_s,
            new_token=lambda: STRANGER,
            sent=lambda record: self.rows.get(record.token),
            by_pages=self._by_pages,
        )
        settler.expect(more=False)
        return settler

    async def settle(self, *numbers: int, since: float = 0.0, said: Refused | None = None, of: str = "") -> Settler:
        """Settle what these rows, or their links `of` a phone number, left behind, to the end."""
        settler = self.settler()
        for number in numbers or (1,):
            settler.watch(Subject(token(number), of), since, said)
        await settler.run()
        return settler

    def record(self, number: int = 1) -> Record:
        """A row's record."""
        return self.journal.ledger_state.record(token(number))

    def is_uncertain(self, op: Op) -> bool:
        """Whether such a write of the first row's record, or number, is unknown."""
        return bool(unknown_numbers(self.record())) if op is Op.LINK else self.state() is State.UNCERTAIN

    def state(self, number: int = 1) -> State:
        """Where a row's record is."""
        return self.journal.ledger_state.record(token(number)).state

    def newest(self, number: int = 1) -> entries.Entry:
        """The last entry about a row."""
        return self.journal.about(token(number))[-1]

    def looks(self, number: int = 1) -> list[float]:
        """When the list was asked for a row's alias."""
        asked = zip(self.account.made(Operation.LIST), self.account.times_of(Operation.LIST), strict=True)
        return [at for call, at in asked if call.query.get("alias") == alias(number)]
