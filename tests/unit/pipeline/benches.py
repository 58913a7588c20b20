"""A runner on the whole stack but the pacer."""

from collections import Counter

from bulk_onboard.model import entry as entries
from bulk_onboard.model.plan import Plan, Scope
from bulk_onboard.pipeline.context import RunContext
from bulk_onboard.pipeline.links import ONE_BY_ONE, LinkStyle
from bulk_onboard.pipeline.runner import Runner
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.planning.decide import decide
from tests.support.clocks import FakeClock
from tests.support.gateways import FakeAccount
from tests.support.journals import MemoryJournal
from tests.unit.pipeline.samples import (
    content,
    plan,
    token,
)
from tests.unit.pipeline.stacks import stacked

W = 9.0


class Bench:
    """A runner on the whole stack but the pacer, with an account in memory for an API."""

    def __init__(
        self,
        *story: entries.Entry,
        concurrency: int = 3,
        settle_s: float = W,
        link_style: LinkStyle = ONE_BY_ONE,
    ) -> None:
        self.clock = FakeClock()
        self.account, self.journal, self.stop = FakeAccount(self.clock), MemoryJournal(*story), Stop()
        self.changed: set[str] = set()
        gateway = stacked(
            self.account, self.journal, clock=self.clock, stop=self.stop, settle_s=settle_s, read=self._read
        )
        self.context = RunContext(gateway=gateway, journal=self.journal, clock=self.clock, stop=self.stop)
        self._plan = plan(journal=self.journal)
        self.runner = Runner(
            context=self.context,
            plan_again=self._plan_again,
            concurrency=concurrency,
            settle_s=settle_s,
            orphans_since=self.clock.monotonic(),
            link_style=link_style,
        )

    def _read(self, document):
        return None if str(document.path) in self.changed else content(document.type)

    def state(self, number):
        """Where a row's record is."""
        return self.journal.ledger_state.record(token(number)).state

    def states(self, numbers):
        """How many of these rows are where."""
        return Counter(self.state(number) for number in numbers)

    async def run(self, *numbers):
        """Carry out what is due for these rows."""
        await self.carry_out(plan(*numbers, journal=self.journal))

    async def carry_out(self, planned):
        """Carry out a plan."""
        self._plan = planned
        await self.runner.run(planned)

    async def _plan_again(self):
        """What is due for the same rows by what the ledger says now."""
        records = self.journal.ledger_state.records
        return Plan(
            tuple(decide(d.judged, d.identity, records.get(d.identity.token), Scope()) for d in self._plan.decisions),
            self._plan.forecast,
        )
