"""Carry out a plan: settle what is unknown, make the calls that are due.

Several rows are under way at a time, until all are done or the run is to stop.

What people wait for longest goes first: corrected records, then numbers of approved ones, then new records. Numbers go
in batches of rows that fill a call. Records that were settled are planned again, since only then is it known what comes
next for them: another attempt after a proved absence.

A write that met the same failure in each attempt, and is known not to have been done, is set aside for a person to look
at: sending it again every night would only add lines to the ledger. It must have failed alone: either the API accepted
other writes of that kind meanwhile, or its HTTP status is about the request (4xx), not the server. Where the first
creates of a run are all refused with the same words, the cause is not the rows, and the run stops.
"""

import asyncio
import re
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

from bulk_onboard import errors, log
from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.application import Application
from bulk_onboard.model.call import LinkTarget
from bulk_onboard.model.entry import STATE_ERRORS, Op
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.plan import Action, Decision, Plan
from bulk_onboard.model.record import SET_ASIDE, UNKNOWN, Linkage, Record, State, unknown_numbers
from bulk_onboard.pipeline.conclusion import refused_after_all
from bulk_onboard.pipeline.context import RowEvent, RunContext
from bulk_onboard.pipeline.gateways import ATTEMPTS
from bulk_onboard.pipeline.links import ONE_BY_ONE, Linker, LinkStyle, in_batches
from bulk_onboard.pipeline.numbers import NumberLookup
from bulk_onboard.pipeline.progress import Progress
from bulk_onboard.pipeline.reviews import read_again
from bulk_onboard.pipeline.settle import Settler, Subject, new_token
from bulk_onboard.pipeline.walk import Lookup
from bulk_onboard.pipeline.writes import Creator, length_of, update

TOKENS_A_LINE = 2000
FIRST_CREATES = 20

_ORDER = (Action.UPDATE, Action.LINK, Action.CREATE)
_REQUESTS = {Action.UPDATE: 2, Action.CREATE: 1}  # an update reads the record before
_OPS = {Action.UPDATE: Op.UPDATE, Action.LINK: Op.LINK, Action.CREATE: Op.CREATE}


@dataclass(slots=True, kw_only=True)
class Runner:
    """Makes one run's calls; `run` may be called again with a later plan of that run.

    Attributes:
        plan_again: return what is due now, by what the ledger says now.
        concurrency: how many rows are under way at the same time.
        settle_s: the settle window W.
        orphans_since: monotonic instant after which no earlier process can have sent anything: the lock was taken.
        asks_first: whether to ask for each row's alias before it is sent (see `Creator`).
        link_style: how numbers are linked in the API's contract.
        refused_at_most: stop the run when more rows than this are refused; None for any number.
        newest_create_at: monotonic instant of the newest create's end; 0 before.
    """

    context: RunContext
    plan_again: Callable[[], Awaitable[Plan]]
    concurrency: int
    settle_s: float
    orphans_since: float
    asks_first: bool = False
    link_style: LinkStyle = ONE_BY_ONE
    refused_at_most: int | None = None
    progress: Progress = field(default_factory=Progress)
    newest_create_at: float = 0.0
    _refused: int = 0
    _aborted_at: dict[Subject, float] = field(default_factory=dict)
    _unanswered: set[str] = field(default_factory=set)
    _said: dict[Subject, outcomes.Refused | None] = field(default_factory=dict)
    _decisions: dict[str, Decision] = field(default_factory=dict)
    _tries: "Tries" = field(init=False)
    _creator: Creator = field(init=False)
    _numbers: NumberLookup = field(init=False)

    def __post_init__(self) -> None:
        self._tries = Tries()
        self._numbers = NumberLookup(self.context.gateway, by_pages=self.link_style.by_pages)
        lookup = Lookup(self.context.gateway) if self.asks_first else None
        self._creator = Creator(self.context, settle_s=self.settle_s, asking=lookup)

    async def run(self, plan: Plan) -> None:
        """Make every call that is due.

        Return when all are done, or when nothing new may begin.

        Unknown outcomes are settled while other rows are sent; what then becomes due is done in a further round.
        """
        self._decisions = {d.identity.token: d for d in plan.decisions if d.identity and not d.judged.aside}
        settler = self._settler(plan)
        self.progress.settling = settler.outstanding
        self.progress.unsure = lambda: self._count_unsure(settler)
        sent: set[tuple[str, Action]] = set()
        due = _in_order(plan)
        await self._until_stopped(self._admit([d for d in due if d.action is Action.CREATE]))
        waiting: set[str] = set()
        linked = self._linked()
        for attempt in range(ATTEMPTS):
            again = sum((decision.token, decision.action) in sent for decision in due)
            self.progress.expect(len(due), self._requests_of(due), again=again)
            sent |= {(decision.token, decision.action) for decision in due}
            self._unanswered.clear()
            await self._send_and_settle(due, settler, self.link_style.at_attempt(attempt))
            settled = set(settler.take_settled())
            await self._until_stopped(self._read_states(settled))
            settled |= self.context.take_changed()
            if not settled | waiting or self.context.stop.requested:
                return
            due = [d for d in _in_order(await self.plan_again()) if d.token in settled | waiting]
            if self._linked() == linked:
                due, waiting = _with_one_call_of_links(due, self.link_style.per_call)
        await self._until_stopped(self._set_aside(due))

    def _count_unsure(self, settler: Settler) -> int:
        """Count the records of this round that had no answer, and are unknown still or were proved absent."""
        unknown = {subject.token for subject in settler.unknown()}
        record = self.context.journal.ledger_state.record
        return sum(token in unknown or record(token).state is State.DEFERRED for token in tuple(self._unanswered))

    def _linked(self) -> int:
        records = self.context.journal.ledger_state.records.values()
        return sum(linking.linkage is Linkage.LINKED for record in records for linking in record.numbers.values())

    def _settler(self, plan: Plan) -> Settler:
        """Return a settler that watches all records to be settled, with or without rows."""
        context = self.context
        settler = Settler(
            context.gateway,
            context.journal,
            clock=context.clock,
            stop=context.stop,
            settle_s=self.settle_s,
            new_token=new_token,
            sent=lambda record: _content_sent(record, self._decisions.get(record.token)),
            by_pages=self.link_style.by_pages,
        )
        changed = (Subject(decision.token) for decision in plan.due(Action.SETTLE))
        for subject in dict.fromkeys((*self._unknown(), *changed)):
            settler.watch(subject, self._aborted_at.get(subject, self.orphans_since), self._said.get(subject))
        return settler

    def _unknown(self) -> Iterator[Subject]:
        """Yield the records, and numbers, of which it is not known what became of their newest write."""
        for record in self.context.journal.ledger_state.records.values():
            if record.state is State.UNCERTAIN:
                yield Subject(record.token)
            yield from (Subject(record.token, number) for number in unknown_numbers(record))

    async def _send_and_settle(self, due: Sequence[Decision], settler: Settler, links_per_call: int) -> None:
        settler.expect(more=True)
        linker = Linker(
            context=self.context,
            lookup=self._numbers,
            due=[decision for decision in due if decision.action is Action.LINK],
            rows=self._decisions,
            per_call=links_per_call,
            told=partial(self._account_for_number, settler),
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(settler.run())
            left = _in_batches(due, links_per_call)
            async with asyncio.TaskGroup() as workers:
                for _ in range(min(self.concurrency, len(due))):
                    workers.create_task(self._until_stopped(self._work_through(left, linker, settler)))
            settler.expect(more=False)

    async def _until_stopped(self, work: Awaitable[None]) -> None:
        """Do the work; a StoppedError stops the whole run, and calls in flight finish."""
        try:
            await work
        except errors.StoppedError as stopped:
            self.context.stop.request(stopped)

    async def _admit(self, creates: Sequence[Decision]) -> None:
        """Write down which rows the run takes on, before the first is sent."""
        tokens = [d.token for d in creates]
        for start in range(0, len(tokens), TOKENS_A_LINE):
            await self.context.journal.append(entries.Admitted(tokens=tuple(tokens[start : start + TOKENS_A_LINE])))

    async def _work_through(self, left: Iterator[Sequence[Decision]], linker: Linker, settler: Settler) -> None:
        for batch in left:
            if self.context.stop.requested:
                return
            if batch[0].action is Action.LINK:
                await linker.link(batch)
            else:
                (decision,) = batch
                await self._account_for(decision, await self._do(decision), settler)
            self.progress.did(len(batch), self._requests_of(batch))

    def _requests_of(self, due: Iterable[Decision]) -> float:
        """Return how many requests these take, as far as can be foreseen."""
        each = self.link_style.requests_each
        return sum(each * len(d.numbers) if d.action is Action.LINK else _REQUESTS[d.action] for d in due)

    async def _do(self, decision: Decision) -> Outcome[str] | None:
        match decision.action:
            case Action.CREATE:
                return await self._creator.create(decision)
            case Action.UPDATE:
                return await update(self.context, decision)
        raise AssertionError("nothing else begins with a call about one record")

    async def _account_for(self, decision: Decision, outcome: Outcome[str] | None, settler: Settler) -> None:
        """Log what a row's calls led to, and draw the conclusions."""
        token = decision.token
        name = outcome.name if outcome else "no call"
        record = self.context.journal.ledger_state.record(token)
        log.logger().info(
            str(decision.action), row=decision.judged.row.number, token=token, key=record.key, outcome=name
        )
        if decision.action is Action.CREATE:
            self.newest_create_at = self.context.clock.monotonic()
        match outcome:
            case outcomes.Unresolved():
                self._watch(Subject(token), outcome, settler)
            case outcomes.Withheld():
                self.context.row_events.append(RowEvent(decision, outcome.code, outcome.document_type))
        if outcome is not None:
            self._tries.note(record, _OPS[decision.action], outcome)
            self._stop_if_all_are_refused()
        if isinstance(outcome, outcomes.Refused):
            self._count_refused(token)

    def _account_for_number(self, settler: Settler, target: LinkTarget, outcome: Outcome[str]) -> None:
        """Log what a link led to for one number, and draw the conclusions."""
        row = self._decisions[target.token].judged.row.number
        log.logger().info(str(Action.LINK), row=row, token=target.token, key=target.key, outcome=outcome.name)
        if isinstance(outcome, outcomes.Unresolved):
            self._watch(Subject(target.token, target.number), outcome, settler)
        record = self.context.journal.ledger_state.record(target.token)
        self._tries.note(record, Op.LINK, outcome, number=target.number)

    def _watch(self, subject: Subject, outcome: outcomes.Unresolved, settler: Settler) -> None:
        since = self._aborted_at[subject] = self.context.clock.monotonic()
        self._unanswered.add(subject.token)
        self._said[subject] = outcome.said
        settler.watch(subject, since, outcome.said)

    async def _read_states(self, settled: Iterable[str]) -> None:
        """Read the records whose writes were refused for a state that must be new."""
        for token in settled:
            record, decision = self.context.journal.ledger_state.record(token), self._decisions.get(token)
            codes = {record.code, *(linking.code for linking in record.numbers.values())}
            if decision is not None and record.state is State.SUBMITTED and codes & STATE_ERRORS:
                await read_again(self.context, decision)

    async def _set_aside(self, due: Iterable[Decision]) -> None:
        """Set aside the rows still due that failed alone in every attempt."""
        for decision in due:
            op, record = _OPS[decision.action], self.context.journal.ledger_state.record(decision.token)
            for number in decision.numbers or ("",):
                seen = self._tries.failed_alone(record, op, ATTEMPTS, number=number)
                if seen and record.state in (State.DEFERRED, State.SUBMITTED) and number not in record.numbers:
                    why = f"{seen} in each of {ATTEMPTS} attempts, and nothing was done; other calls were answered"
                    await self.context.journal.append(refused_after_all(record, op, SET_ASIDE, why, number=number))

    def _stop_if_all_are_refused(self) -> None:
        self._tries.note_settled(self.context.journal.ledger_state.record)
        if words := self._tries.refused_alike:
            self.context.stop.request(
                errors.StoppedError(
                    f"The API refused the first {FIRST_CREATES} creates of this run, all with the same words: {words}. "
                    "So it is the account or the API's contract, not the rows, and nothing more was sent. Settle it "
                    "with the API's vendor, then run again with --retry-refused."
                )
            )

    def _count_refused(self, token: str) -> None:
        """Stop the run when too many rows are refused.

        Then something is wrong with the sheet, not the rows.
        """
        self._refused += self.context.journal.ledger_state.record(token).code != ""  # it may have been adopted since
        if self.refused_at_most is not None and self._refused > self.refused_at_most:
            self.context.stop.request(
                errors.StoppedError(
                    f"The API refused {self._refused:,} rows, more than max_refused = {self.refused_at_most:,} allows: "
                    "probably something is wrong with the sheet as a whole. Look at the reasons in the report, fix "
                    "what they have in common, then run again."
                )
            )


def _in_order(plan: Plan) -> list[Decision]:
    """Return what is due and begins with a call, in the order in which it is done.

    A create with the longest alias comes first: if the API shows that one with its token, it does so for the others.
    """
    updates, links, creates = (list(plan.due(action)) for action in _ORDER)
    if creates:
        creates.insert(0, creates.pop(max(range(len(creates)), key=lambda place: length_of(creates[place]))))
    return [*updates, *links, *creates]


def _in_batches(due: Sequence[Decision], links_per_call: int) -> Iterator[Sequence[Decision]]:
    """Yield what is due in the order of `_in_order`: rows whose numbers fill a call together, others one by one."""
    for action, some in groupby(due, lambda decision: decision.action):
        together = list(some)
        yield from in_batches(together, links_per_call) if action is Action.LINK else zip(together)


def _with_one_call_of_links(due: Sequence[Decision], links_per_call: int) -> tuple[list[Decision], set[str]]:
    """Return what is due with no more links than fill a call, and the tokens of the rows that wait.

    For where no link of the run was done yet. If it is one number that the API cannot answer, those of one call show
    it; if the API answers none, sending the others in ever smaller calls would take thousands of requests in vain.
    """
    links = [decision for decision in due if decision.action is Action.LINK]
    first = next(in_batches(links, links_per_call), ())
    waiting = {decision.token for decision in links[len(first) :]}
    return [decision for decision in due if decision.token not in waiting], waiting


def _content_sent(record: Record, decision: Decision | None) -> Application | None:
    """Return the content that was sent last, where the row still has it."""
    if decision is None or decision.judged.fingerprint != record.fingerprint:
        return None
    return decision.judged.application


@dataclass(slots=True)
class Tries:
    """What the writes of one run led to so far.

    It shows whether the row, the API or the account is at fault.
    """

    _seen: defaultdict[tuple[str, Op, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    _accepted: Counter[Op] = field(default_factory=Counter)
    _refusals: Counter[str] = field(default_factory=Counter)
    _contested: deque[tuple[str, str]] = field(default_factory=deque)

    def note(self, record: Record, op: Op, outcome: Outcome[str], *, number: str = "") -> None:
        """Count what a write of this record, or a link of its number, led to; the record is as it is afterwards."""
        if isinstance(outcome, outcomes.Done):
            self._accepted[op] += 1
        elif isinstance(outcome, outcomes.Unresolved) and outcome.said is None:
            self._seen[record.token, op, number].append(outcome.seen)
        elif op is Op.CREATE and isinstance(outcome, outcomes.Refused):
            self._refusals[words_of(record.code, record.reason)] += 1
        elif op is Op.CREATE and isinstance(outcome, outcomes.Unresolved) and outcome.said is not None:
            self._contested.append((record.token, words_of(outcome.said.code, outcome.said.message)))

    def note_settled(self, record_of: Callable[[str], Record]) -> None:
        """Count what became of creates that were refused but may have been made."""
        while self._contested:
            token, words = self._contested[0]
            state = record_of(token).state
            if state in UNKNOWN:
                return
            self._accepted[Op.CREATE] += state is State.SUBMITTED
            self._refusals.update([words] if state is State.REFUSED else [])
            self._contested.popleft()

    def failed_alone(self, record: Record, op: Op, attempts: int, *, number: str = "") -> str:
        """Return the failure that this record, or number, alone met in each of so many attempts.

        Empty where there is none.
        """
        seen = self._seen.get((record.token, op, number), [])
        if len(seen) < attempts or len(set(seen)) > 1:
            return ""
        return seen[0] if self._accepted[op] or seen[0].startswith("HTTP 4") else ""

    @property
    def refused_alike(self) -> str:
        """The words with which the first creates were all refused, without the full stop.

        Empty where they were not, or are too few yet.
        """
        if self._accepted[Op.CREATE] or len(self._refusals) != 1:
            return ""
        words, number = next(iter(self._refusals.items()))
        return words.rstrip(".") if number >= FIRST_CREATES else ""


_VARIES = re.compile(r"'[^']*'|\"[^\"]*\"|\b[a-z2-7]{16}\b|[^\s.,:;()'\"]*[0-9…][^\s.,:;()'\"]*", re.IGNORECASE)
"""What is quoted, a token, and every word with a digit in it, or with a part that was masked before."""


def words_of(code: str, message: str) -> str:
    """Return a refusal without what differs from row to row.

    That is ids, tokens, numbers, and whatever it quotes.
    """
    return f"{code}: {_VARIES.sub('…', message)}" if message else code
