"""Link the numbers of approved records: one a call in the beta, many of several records in the released contract.

What each number has now is looked up before (`numbers`), and what speaks against linking it is written down. A call
that the API refuses as a whole judges none of its numbers, so it is sent again in halves, down to single numbers: one
that cannot be linked does not keep the others back. Where the first that are sent alone in this way are all refused,
too, and none was linked, the cause is not the numbers, and no others are sent. See docs/design/settling.md, Link.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bulk_onboard import log
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Link, LinkAnswer, LinkTarget, NumberRecord
from bulk_onboard.model.entry import STATE_ERRORS, OpEntry
from bulk_onboard.model.identity import numbers_in
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import UNDER_WAY, Linkage, Record, Review, State
from bulk_onboard.model.requirements import Contract
from bulk_onboard.model.sheet import NUMBERS
from bulk_onboard.pipeline.conclusion import before_link
from bulk_onboard.pipeline.context import RunContext
from bulk_onboard.pipeline.gateways import outcome_for
from bulk_onboard.pipeline.numbers import NumberLookup, NumberWalk
from bulk_onboard.pipeline.reviews import read_again

SHRINKS_BY = 8  # so that of 50 numbers whose outcomes stay unknown each is alone at the third attempt
FIRST_ALONE = 20  # numbers
NUMBERS_ON_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class LinkStyle:
    """How the API's contract links numbers.

    Attributes:
        per_call: how many numbers a call may have.
        by_pages: whether numbers are looked up by pages where that is cheaper.
    """

    per_call: int = 1
    by_pages: bool = False

    @property
    def requests_each(self) -> float:
        """How many requests a number takes, as far as can be foreseen: its link, and the look before it."""
        return 1 / self.per_call + (1 / NUMBERS_ON_A_PAGE if self.by_pages else 1)

    def at_attempt(self, attempt: int) -> int:
        """Return how many numbers a call has at an attempt, 0 for the first.

        Numbers whose calls had no usable answer are sent with fewer others, so that one of them that the API cannot
        answer is found.
        """
        return max(1, self.per_call // int(SHRINKS_BY**attempt))


ONE_BY_ONE = LinkStyle()


def link_style(contract: Contract, links_per_call: int) -> LinkStyle:
    """Return how numbers are linked in a contract; the job says how many a call may have where it may have several."""
    return LinkStyle(links_per_call, by_pages=True) if contract is Contract.RELEASED else ONE_BY_ONE


Told = Callable[[LinkTarget, Outcome[str]], None]


def in_batches(due: Sequence[Decision], per_call: int) -> Iterator[tuple[Decision, ...]]:
    """Yield the rows in groups that fill a call; a row with more numbers than fit is alone, and takes several."""
    batch: list[Decision] = []
    size = 0
    for decision in due:
        if batch and size + len(decision.numbers) > per_call:
            yield tuple(batch)
            batch, size = [], 0
        batch.append(decision)
        size += len(decision.numbers)
    if batch:
        yield tuple(batch)


@dataclass(slots=True, kw_only=True)
class Linker:
    """Links the numbers that are due at one attempt of a run.

    Attributes:
        due: the rows with such numbers.
        rows: all rows of the sheet by their tokens.
        per_call: how many numbers a call has at most.
        told: called with what became of each number that was sent.
    """

    context: RunContext
    lookup: NumberLookup
    due: Sequence[Decision]
    rows: Mapping[str, Decision]
    per_call: int
    told: Told
    _walked: NumberWalk | None = None
    _walking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _refused_alone: int = 0  # numbers of calls that were refused as a whole
    _has_linked: bool = False

    async def link(self, batch: Sequence[Decision]) -> None:
        """Link the numbers of these rows."""
        numbers = [(decision, number) for decision in batch for number in decision.numbers]
        for start in range(0, len(numbers), self.per_call):
            if self._is_in_vain:
                return
            if targets := await self._targets(numbers[start : start + self.per_call]):
                await self._send(targets)

    async def _targets(self, numbers: Sequence[tuple[Decision, str]]) -> tuple[LinkTarget, ...]:
        """Return what may be linked; what speaks against the others is written down, unless the ledger says so."""
        asked = [(decision, number) for decision, number in numbers if self._is_to_be_looked_at(decision.token, number)]
        self.context.looked_at.update((decision.token, number) for decision, number in asked)
        shown = await self._look([number for _, number in asked])
        targets, objections = [], []
        for decision, number in asked:
            record = self.context.journal.ledger_state.record(decision.token)
            if number not in shown or not self._is_due(record, number):
                continue
            known, found = record.numbers.get(number), self._found(record, decision, number, shown[number])
            if found is None:
                targets.append(LinkTarget(number, record.compliance_id, record.token, record.key))
            elif known is None or getattr(found, "why", None) != known.why:
                objections.append(found)
        await self.context.journal.append_all(objections)
        return tuple(targets)

    def _is_to_be_looked_at(self, token: str, number: str) -> bool:
        """Return whether the number may be due; a held one is looked at once a run."""
        record = self.context.journal.ledger_state.record(token)
        known = record.numbers.get(number)
        is_held = known is not None and known.linkage is Linkage.HELD
        return self._is_due(record, number) and not (is_held and (token, number) in self.context.looked_at)

    def _is_due(self, record: Record, number: str) -> bool:
        known = record.numbers.get(number)
        is_open = known is None or known.linkage not in (Linkage.LINKED, *UNDER_WAY)
        may_begin = record.state is State.SUBMITTED and record.review == Review.APPROVED
        return is_open and may_begin and not self.context.stop.requested

    async def _look(self, numbers: Sequence[str]) -> Mapping[str, NumberRecord | None]:
        async with self._walking:  # once, for all numbers of the attempt
            if self._walked is None:
                self._walked = await self.lookup.walk(number for row in self.due for number in row.numbers)
        return await self.lookup.look(numbers, self._walked)

    def _found(self, record: Record, decision: Decision, number: str, shown: NumberRecord | None) -> OpEntry | None:
        """Return the entry for a number that is not to be linked; None where it may be.

        A number is moved from another record only where the job says so, or where that one is the row's own and
        expired; never from the record of a row that names it, too: the two rows would take it from each other in turn.
        Where the API does not show the number's own record, what this job knows of it is all there is; the link is
        tried, since the API checks it, too.
        """
        ledger_state = self.context.journal.ledger_state
        if shown is None:
            holder = ledger_state.records.get(ledger_state.holder(number) or "")
            shown = NumberRecord(number=number, compliance_id=holder.compliance_id if holder else "")
        holder_token = ledger_state.owner(shown.compliance_id) or ""
        owner = self.rows.get(holder_token)
        is_its_owners = owner is not None and number in numbers_in(owner.judged.row.cell(NUMBERS))
        is_its_former = holder_token in set(ledger_state.predecessors(record.token))
        relink = is_its_former or (self.context.relink and not is_its_owners)
        return before_link(record, shown, decision.judged.row.combination, relink=relink)

    @property
    def _is_in_vain(self) -> bool:
        """Whether nothing but refusals is to be expected: the API has no such call, or refuses its form."""
        return self._refused_alone >= FIRST_ALONE and not self._has_linked

    async def _send(self, targets: Sequence[LinkTarget], *, is_half: bool = False) -> None:
        """Link these numbers; where the API refuses them all together, in halves."""
        record_of = self.context.journal.ledger_state.record
        targets = tuple(target for target in targets if self._is_due(record_of(target.token), target.number))
        if not targets or self._is_in_vain:
            return
        call = Link(targets=targets)
        outcome = await self.context.gateway.send(call)
        if isinstance(outcome, outcomes.Refused) and len(targets) > 1:
            middle = len(targets) // 2
            await self._send(targets[:middle], is_half=True)
            await self._send(targets[middle:], is_half=True)
            return
        for target in targets:
            self.told(target, outcome_for(target, outcome))
        self._note(outcome, is_half=is_half)
        await self._read_again(targets, outcome)

    def _note(self, outcome: Outcome[Mapping[str, LinkAnswer]], *, is_half: bool) -> None:
        if isinstance(outcome, outcomes.Done):
            self._has_linked |= any(answer.is_linked for answer in outcome.value.values())
        elif is_half and isinstance(outcome, outcomes.Refused) and outcome.code not in STATE_ERRORS:
            self._refused_alone += 1
            if self._refused_alone == FIRST_ALONE and not self._has_linked:
                log.logger().warning("links are refused whatever the number; no more are sent", code=outcome.code)
                self.context.gave_up.append(
                    f"The API refused to link any of the first {FIRST_ALONE} numbers that were sent alone "
                    f"({outcome.code}), so no others were sent: the cause is not the numbers. Ask the API's vendor."
                )

    async def _read_again(self, targets: Sequence[LinkTarget], outcome: Outcome[Mapping[str, LinkAnswer]]) -> None:
        """Read the records whose state a number was refused for, or which are gone, once each."""
        tokens = {target.token for target in targets if _speaks_of_the_record(outcome_for(target, outcome))}
        for decision in self.due:
            if decision.token in tokens:
                await read_again(self.context, decision)


def _speaks_of_the_record(outcome: Outcome[str]) -> bool:
    return isinstance(outcome, outcomes.Refused) and (outcome.code in STATE_ERRORS or outcome.http_status == 404)
