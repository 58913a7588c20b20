"""Processes that run a job one after the other on the same ledger, and may die at any moment."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bulk_onboard.clock import Clock
from bulk_onboard.errors import StoppedError
from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Call, Create, ListPage
from bulk_onboard.model.entry import Entry
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.outcome import Done
from bulk_onboard.model.plan import Action, Plan
from bulk_onboard.model.record import NOT_FILED, State
from bulk_onboard.pipeline.context import RunContext
from bulk_onboard.pipeline.runner import Runner
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.pipeline.walk import sweep
from tests.support.gateways import FakeAccount, KilledError
from tests.support.journals import MemoryJournal
from tests.unit.pipeline.samples import run_started
from tests.unit.pipeline.stacks import stacked

ENDS_AN_ATTEMPT = {"refused create", "unavailable create", "throttled create", "denied create", "absent create"}
ENDS_AN_ATTEMPT |= {"resolved absent create"}
BEFORE_AN_ATTEMPT = {"admitted", "row_invalid", "probed create"}


class Process:
    """A process between its ledger and the API: it is both to the runner, and dies when it is told to.

    From its death on nothing of it gets anywhere, though what it had sent may still arrive. Whenever a create passes,
    the ledger is looked into: the newest entry must be its intent, and all attempts before must be proved not done.

    Args:
        stop_at: the call, counted from one, at which somebody wishes it to stop; 0 for none.
        die_at: the entry, counted from one, at which it dies, `before` or after the disk has it; 0 for none.
    """

    def __init__(
        self,
        account: FakeAccount,
        journal: MemoryJournal,
        *,
        stop_at: int = 0,
        die_at: int = 0,
        before: bool = False,
    ) -> None:
        self.stop = Stop()
        self._account = account
        self._journal = journal
        self._calls_left = stop_at
        self._entries_left = die_at
        self._before = before
        self._dead = False

    @property
    def ledger_state(self) -> LedgerState:
        return self._journal.ledger_state

    @property
    def late(self) -> Mapping[str, tuple[str, ...]]:
        return self._journal.late

    def now(self) -> datetime:
        return self._journal.now()

    async def append(self, entry: Entry) -> None:
        await self.append_all((entry,))

    async def append_all(self, entries: Sequence[Entry]) -> None:
        """Write them; the one at which it dies is the last, and those of one call are on disk all or none."""
        self._live()
        dies = 0 < self._entries_left <= len(entries)
        self._entries_left -= len(entries)
        if not (dies and self._before):
            await self._journal.append_all(entries)
        if dies:
            self._die()

    async def send(self, call: Call) -> object:
        self._live()
        if isinstance(call, Create):
            self._look_into_the_ledger(call)
        self._calls_left -= 1
        if self._calls_left == 0:
            self.stop.request("signal")
        try:
            return await self._account.send(call)
        except KilledError:
            self._die()

    def _live(self) -> None:
        if self._dead:
            raise KilledError

    def _die(self) -> None:
        self._dead = True
        raise KilledError

    def _look_into_the_ledger(self, call: Create) -> None:
        *before, newest = [word for word in self._journal.story(call.token) if word not in BEFORE_AN_ATTEMPT]
        assert newest == "intent create", "a create without its intent"
        assert not before or before[-1] in ENDS_AN_ATTEMPT, f"a create while the one before it is {before[-1]}"


async def run_through(
    process: Process, make_plan: Callable[[], Plan], *, clock: Clock, settle_s: float, concurrency: int = 2
) -> None:
    """A whole run as the pipeline makes it, until it is done, stopped or dead."""
    try:
        await _run(process, make_plan, clock=clock, settle_s=settle_s, concurrency=concurrency)
    except* (KilledError, StoppedError):
        pass


async def _run(
    process: Process, make_plan: Callable[[], Plan], *, clock: Clock, settle_s: float, concurrency: int
) -> None:
    locked_at = clock.monotonic()
    await process.append(run_started())
    for entry in _kept_out(make_plan(), process.ledger_state):
        await process.append(entry)
    gateway = stacked(process, process, clock=clock, stop=process.stop, settle_s=settle_s)
    if not process.ledger_state.swept:
        known = await sweep(gateway, process, [d.identity for d in make_plan().decisions if d.identity])
    else:
        known = isinstance(await gateway.send(ListPage(query={"limit": "1"})), Done)
    if known:

        async def plan_again() -> Plan:
            return make_plan()

        runner = Runner(
            context=RunContext(gateway=gateway, journal=process, clock=clock, stop=process.stop),
            plan_again=plan_again,
            concurrency=concurrency,
            settle_s=settle_s,
            orphans_since=locked_at,
        )
        await runner.run(make_plan())


def _kept_out(plan: Plan, ledger_state: LedgerState) -> list[entries.RowInvalid]:
    """The rows that errors keep out, where nothing of them is at the API."""
    return [
        entries.RowInvalid(token=d.identity.token, key=d.identity.user_key, codes=("field-missing",))
        for d in plan.decisions
        if d.identity and d.action is Action.NOTHING and d.judged.application is None
        if ledger_state.record(d.identity.token).state in NOT_FILED - {State.INVALID}
    ]
