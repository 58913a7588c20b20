"""Do what the plan says: settle what is unknown, create what is due, several at a time, until done or stopped."""

import asyncio
import base64
import secrets
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass, field

from bulk_onboard import errors, log
from bulk_onboard.clock import Clock
from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.application import Application
from bulk_onboard.model.call import Create, Get
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.journal import Journal
from bulk_onboard.model.outcome import Halt
from bulk_onboard.model.plan import Action, Decision, Plan
from bulk_onboard.model.record import Record, State
from bulk_onboard.submission.retrying import ATTEMPTS
from bulk_onboard.submission.settle import Settler
from bulk_onboard.submission.stop import Stop

TOKENS_A_LINE = 2000


@dataclass(slots=True)
class Headway:
    """How far a run is; read by whoever shows it, at any time. `due` and `done` are rows."""

    due: int = 0
    done: int = 0


@dataclass(slots=True, kw_only=True)
class Runner:
    """One run of a plan.

    Attributes:
        gateway: the whole stack of wrappers.
        concurrency: how many rows are under way at the same time.
        settle_s: the settle window W.
        orphans_since: monotonic instant after which no earlier process can have sent anything: the lock was taken.
        withheld: rows that were not sent after all, since a document changed after it was checked.
    """

    gateway: Gateway
    journal: Journal
    clock: Clock
    stop: Stop
    concurrency: int
    settle_s: float
    orphans_since: float
    headway: Headway = field(default_factory=Headway)
    withheld: list[tuple[Decision, outcomes.Withheld]] = field(default_factory=list)
    _decisions: dict[str, Decision] = field(default_factory=dict)
    _canary_sent: bool = False

    async def run(self, plan: Plan) -> None:
        """Make every call that is due; returns when all are done, or when nothing new may begin.

        Unknown outcomes are settled beside fresh rows; what is proved absent is sent again in a further round.
        """
        self._decisions = {d.identity.token: d for d in plan.decisions if d.identity and not d.judged.aside}
        settler = self._settler(plan)
        due = plan.due(Action.CREATE)
        await self._until_stopped(self._admit(due))
        for _ in range(ATTEMPTS):
            self.headway.due += len(due)
            await self._send_and_settle(due, settler)
            due = tuple(d for token in settler.take_absent() if (d := self._decisions.get(token)) and is_sendable(d))
            if not due or self.stop.requested:
                return

    def _settler(self, plan: Plan) -> Settler:
        """A settler that knows of all that is to be settled, whether or not its row is still there."""
        settler = Settler(
            self.gateway,
            self.journal,
            clock=self.clock,
            stop=self.stop,
            settle_s=self.settle_s,
            new_token=new_token,
            sent=lambda record: _content_sent(record, self._decisions.get(record.token)),
        )
        unknown = [r.token for r in self.journal.books.records.values() if r.state is State.UNCERTAIN]
        changed = [d.identity.token for d in plan.due(Action.SETTLE) if d.identity]
        for token in dict.fromkeys((*unknown, *changed)):
            settler.watch(token, self.orphans_since)
        return settler

    async def _send_and_settle(self, due: Sequence[Decision], settler: Settler) -> None:
        settler.expect(more=True)
        async with asyncio.TaskGroup() as group:
            group.create_task(settler.run())
            rows = iter(due)
            async with asyncio.TaskGroup() as workers:
                for _ in range(min(self.concurrency, len(due))):
                    workers.create_task(self._until_stopped(self._create_from(rows, settler)))
            settler.expect(more=False)

    async def _until_stopped(self, work: Awaitable[None]) -> None:
        """Do the work; where it may not go on the whole run is to stop, and what others have in flight finishes."""
        try:
            await work
        except errors.StoppedError as stopped:
            self.stop.request(stopped)

    async def _admit(self, creates: Sequence[Decision]) -> None:
        """Write down which rows were taken in, before the first is sent."""
        tokens = [d.identity.token for d in creates if d.identity]
        for start in range(0, len(tokens), TOKENS_A_LINE):
            await self.journal.append(entries.Admitted(tokens=tuple(tokens[start : start + TOKENS_A_LINE])))

    async def _create_from(self, due: Iterator[Decision], settler: Settler) -> None:
        for decision in due:
            if self.stop.requested:
                return
            await self._create(decision, settler)
            self.headway.done += 1

    async def _create(self, decision: Decision, settler: Settler) -> None:
        identity, application = decision.identity, decision.judged.application
        if identity is None or application is None:
            raise AssertionError("only a valid row with an identity is due")
        call = Create(
            token=identity.token,
            key=identity.user_key,
            alias=identity.alias,
            attempt=self.journal.books.record(identity.token).attempts + 1,
            application=application,
            fingerprint=decision.judged.fingerprint,
        )
        outcome = await self.gateway.send(call)
        log.logger().info(
            "create", row=decision.judged.row.number, token=call.token, key=call.key, outcome=outcome.name
        )
        match outcome:
            case outcomes.Done():
                await self._check_alias(outcome.value, call.alias)
            case outcomes.Refused(contested=True):
                await settler.adopt_contested(self.journal.books.record(call.token))
            case outcomes.Unresolved():
                settler.watch(call.token, self.clock.monotonic())
            case outcomes.Withheld():
                self.withheld.append((decision, outcome))

    async def _check_alias(self, compliance_id: str, alias: str) -> None:
        """The canary: read the run's first record back, since settling relies on aliases being kept as they are."""
        if self._canary_sent:
            return
        self._canary_sent = True
        outcome = await self.gateway.send(Get(compliance_id=compliance_id))
        self._canary_sent = isinstance(outcome, outcomes.Done)
        if isinstance(outcome, outcomes.Done) and outcome.value.alias != alias:
            self.stop.request(Halt.ALIAS)


def is_sendable(decision: Decision) -> bool:
    """Whether the row, as it is now, may be sent once nothing of it is at the API."""
    return decision.judged.application is not None


def new_token() -> str:
    """A token that no record has, for the positive control."""
    return base64.b32encode(secrets.token_bytes(10)).decode("ascii").lower()


def _content_sent(record: Record, decision: Decision | None) -> Application | None:
    """What the record's intent was about, where the row still says the same."""
    if decision is None or decision.judged.fingerprint != record.fingerprint:
        return None
    return decision.judged.application
