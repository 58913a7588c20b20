"""Do what the plan says: settle what is unknown, make the calls that are due, several at a time, until done or stopped.

Rule: what people wait for longest goes first: corrected records, then numbers of approved ones, then new records. What
was settled is planned again, since only then is it known what comes next for it: another attempt after a proved
absence, the next number after a link.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bulk_onboard import errors, log
from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.application import Application
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.plan import Action, Decision, Plan
from bulk_onboard.model.record import Record, State
from bulk_onboard.submission.control import new_token
from bulk_onboard.submission.create import Creating
from bulk_onboard.submission.desk import Desk, TurnedUp
from bulk_onboard.submission.headway import Headway
from bulk_onboard.submission.link import link
from bulk_onboard.submission.retrying import ATTEMPTS
from bulk_onboard.submission.settle import Settler
from bulk_onboard.submission.update import update

TOKENS_A_LINE = 2000

_ORDER = (Action.UPDATE, Action.LINK, Action.CREATE)


@dataclass(slots=True, kw_only=True)
class Runner:
    """One run's calls; `run` may be called again for a later plan of the same run.

    Attributes:
        plan_again: what is due now, by what the ledger says now.
        concurrency: how many rows are under way at the same time.
        settle_s: the settle window W.
        orphans_since: monotonic instant after which no earlier process can have sent anything: the lock was taken.
        refused_at_most: so many rows may be refused before the run is stopped; None for any number.
    """

    desk: Desk
    plan_again: Callable[[], Plan]
    concurrency: int
    settle_s: float
    orphans_since: float
    refused_at_most: int | None = None
    headway: Headway = field(default_factory=Headway)
    _refused: int = 0
    _aborted_at: dict[str, float] = field(default_factory=dict)
    _decisions: dict[str, Decision] = field(default_factory=dict)
    _creating: Creating = field(init=False)

    def __post_init__(self) -> None:
        self._creating = Creating(self.desk)

    async def run(self, plan: Plan) -> None:
        """Make every call that is due; returns when all are done, or when nothing new may begin.

        Unknown outcomes are settled beside fresh rows; what comes after them is done in a further round.
        """
        self._decisions = {d.identity.token: d for d in plan.decisions if d.identity and not d.judged.aside}
        settler = self._settler(plan)
        due = _in_order(plan)
        await self._until_stopped(self._admit([d for d in due if d.action is Action.CREATE]))
        for _ in range(ATTEMPTS):
            self.headway.due += len(due)
            await self._send_and_settle(due, settler)
            settled = {*settler.take_settled(), *self.desk.take_changed()}
            if not settled or self.desk.stop.requested:
                return
            due = [d for d in _in_order(self.plan_again()) if d.token in settled]

    def _settler(self, plan: Plan) -> Settler:
        """A settler that knows of all that is to be settled, whether or not its row is still there."""
        desk = self.desk
        settler = Settler(
            desk.gateway,
            desk.journal,
            clock=desk.clock,
            stop=desk.stop,
            settle_s=self.settle_s,
            new_token=new_token,
            sent=lambda record: _content_sent(record, self._decisions.get(record.token)),
        )
        unknown = [r.token for r in desk.journal.books.records.values() if r.state is State.UNCERTAIN]
        changed = [d.token for d in plan.due(Action.SETTLE)]
        for token in dict.fromkeys((*unknown, *changed)):
            settler.watch(token, self._aborted_at.get(token, self.orphans_since))
        return settler

    async def _send_and_settle(self, due: Sequence[Decision], settler: Settler) -> None:
        settler.expect(more=True)
        async with asyncio.TaskGroup() as group:
            group.create_task(settler.run())
            rows = iter(due)
            async with asyncio.TaskGroup() as workers:
                for _ in range(min(self.concurrency, len(due))):
                    workers.create_task(self._until_stopped(self._work_off(rows, settler)))
            settler.expect(more=False)

    async def _until_stopped(self, work: Awaitable[None]) -> None:
        """Do the work; where it may not go on the whole run is to stop, and what others have in flight finishes."""
        try:
            await work
        except errors.StoppedError as stopped:
            self.desk.stop.request(stopped)

    async def _admit(self, creates: Sequence[Decision]) -> None:
        """Write down which rows were taken in, before the first is sent."""
        tokens = [d.token for d in creates]
        for start in range(0, len(tokens), TOKENS_A_LINE):
            await self.desk.journal.append(entries.Admitted(tokens=tuple(tokens[start : start + TOKENS_A_LINE])))

    async def _work_off(self, due: Iterator[Decision], settler: Settler) -> None:
        for decision in due:
            if self.desk.stop.requested:
                return
            await self._account_for(decision, await self._do(decision), settler)
            self.headway.done += 1

    async def _do(self, decision: Decision) -> Outcome[str] | None:
        match decision.action:
            case Action.CREATE:
                return await self._creating.create(decision)
            case Action.UPDATE:
                return await update(self.desk, decision)
            case Action.LINK:
                return await link(self.desk, decision, self._decisions)
        raise AssertionError("nothing else begins with a call")

    async def _account_for(self, decision: Decision, outcome: Outcome[str] | None, settler: Settler) -> None:
        """What follows from what a row's calls led to."""
        token = decision.token
        told = outcome.name if outcome else "no call"
        record = self.desk.journal.books.record(token)
        log.logger().info(
            str(decision.action), row=decision.judged.row.number, token=token, key=record.key, outcome=told
        )
        match outcome:
            case outcomes.Refused(contested=True) if decision.action is Action.CREATE:
                await settler.adopt_contested(record)
            case outcomes.Unresolved():
                since = self._aborted_at[token] = self.desk.clock.monotonic()
                settler.watch(token, since)
            case outcomes.Withheld():
                self.desk.turned_up.append(TurnedUp(decision, outcome.code, outcome.document_type))
        if isinstance(outcome, outcomes.Refused) and decision.action is not Action.LINK:
            self._count_refused(token)

    def _count_refused(self, token: str) -> None:
        """Stop the run when too many rows are refused: then it is the sheet that is wrong, not the rows."""
        self._refused += self.desk.journal.books.record(token).code != ""  # it may have been adopted since
        if self.refused_at_most is not None and self._refused > self.refused_at_most:
            self.desk.stop.request(
                errors.StoppedError(
                    f"The API refused {self._refused:,} rows, more than max_refused = {self.refused_at_most:,} allows: "
                    "probably something is wrong with the sheet as a whole. Look at the reasons in the report, mend "
                    "what they share, then run again."
                )
            )


def _in_order(plan: Plan) -> list[Decision]:
    """What is due and begins with a call, in the order in which it is done."""
    return [decision for action in _ORDER for decision in plan.due(action)]


def _content_sent(record: Record, decision: Decision | None) -> Application | None:
    """What the record's intent was about, where the row still says the same."""
    if decision is None or decision.judged.fingerprint != record.fingerprint:
        return None
    return decision.judged.application
