"""Do what the plan says: settle what is unknown, create what is due, several at a time, until done or stopped."""

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field

from bulk_onboard import errors, log
from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.application import Application
from bulk_onboard.model.call import Create, Get
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.journal import Journal
from bulk_onboard.model.outcome import Halt
from bulk_onboard.model.plan import Action, Decision, Plan
from bulk_onboard.model.record import Record, State
from bulk_onboard.submission.settle import settle
from bulk_onboard.submission.stop import Stop

TOKENS_A_LINE = 2000


@dataclass(slots=True)
class Progress:
    """How far a run is; read by whoever shows it, at any time. `due` and `done` are rows."""

    due: int = 0
    done: int = 0


@dataclass(slots=True)
class Runner:
    """One run of a plan.

    Attributes:
        gateway: the whole stack of wrappers.
        concurrency: how many rows are under way at the same time.
        withheld: rows that were not sent after all, since a document changed after it was checked.
    """

    gateway: Gateway
    journal: Journal
    stop: Stop
    concurrency: int
    progress: Progress = field(default_factory=Progress)
    withheld: list[tuple[Decision, outcomes.Withheld]] = field(default_factory=list)
    _canary_sent: bool = False

    async def run(self, plan: Plan) -> None:
        """Make every call that is due; returns when all are done, or when nothing new may begin."""
        creates = plan.due(Action.CREATE)
        self.progress.due = len(creates)
        sent = {d.identity.token: d for d in plan.decisions if d.identity and not d.judged.duplicate_of}
        await self._until_stopped(self._admit(creates))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._until_stopped(self._settle_unknown(sent)))
            due = iter(creates)
            for _ in range(min(self.concurrency, len(creates))):
                group.create_task(self._until_stopped(self._create_from(due)))
        await self._until_stopped(self._settle_unknown(sent))

    async def _until_stopped(self, work: Awaitable[None]) -> None:
        """Do the work; where it may not go on the whole run is to stop, and what others have in flight finishes."""
        try:
            await work
        except errors.StoppedError as stopped:
            self.stop.request(stopped)

    async def _admit(self, creates: tuple[Decision, ...]) -> None:
        """Write down which rows were taken in, before the first is sent."""
        tokens = [d.identity.token for d in creates if d.identity]
        for start in range(0, len(tokens), TOKENS_A_LINE):
            await self.journal.append(entries.Admitted(tokens=tuple(tokens[start : start + TOKENS_A_LINE])))

    async def _create_from(self, due: Iterator[Decision]) -> None:
        for decision in due:
            if self.stop.requested:
                return
            await self._create(decision)
            self.progress.done += 1

    async def _create(self, decision: Decision) -> None:
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
                await settle(self.gateway, self.journal, self.journal.books.record(call.token), application)
            case outcomes.Withheld():
                self.withheld.append((decision, outcome))

    async def _check_alias(self, compliance_id: str, alias: str) -> None:
        """The canary: read the run's first record back, since settling relies on aliases being kept as they are."""
        if self._canary_sent:
            return
        self._canary_sent = True
        outcome = await self.gateway.send(Get(compliance_id=compliance_id))
        if isinstance(outcome, outcomes.Done) and outcome.value.alias != alias:
            self.stop.request(Halt.ALIAS)

    async def _settle_unknown(self, decisions: dict[str, Decision]) -> None:
        """Look once for each record whose create is unknown, whether or not its row is still there."""
        unknown = [r for r in self.journal.books.records.values() if r.state is State.UNCERTAIN]
        for record in unknown:
            if self.stop.requested:
                return
            log.logger().info("settling", token=record.token, key=record.key)
            await settle(self.gateway, self.journal, record, _content_sent(record, decisions.get(record.token)))


def _content_sent(record: Record, decision: Decision | None) -> Application | None:
    """What the record's intent was about, where the row still says the same."""
    if decision is None or decision.judged.fingerprint != record.fingerprint:
        return None
    return decision.judged.application
