"""Settle unknown outcomes: look at the API until a write is found, proved absent, or for a person to judge.

Rule: there is no way from *uncertain* to another create but through here. Found once: adopted. Found more than once, or
as another row's: held. Absence is believed only of a look that *began* after the settle window W and found nothing,
and only if the positive control shows that such a look would have found it: the alias filter is asked for this very
record, or, where the filter cannot be relied on, two walks of the whole account agree. Where that cannot be shown yet
the record stays uncertain and is looked for again, in this run and in every later one.

W is counted on the monotonic clock from the real abort of the call; for what an earlier process left behind, from the
instant its lock was taken. Looks share the quota, and go before creates.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, TypeAlias

from bulk_onboard import errors, log
from bulk_onboard.clock import Clock
from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.application import Application
from bulk_onboard.model.call import Get, GetNumber, Priority, ServerRecord
from bulk_onboard.model.entry import Op, OpEntry
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.journal import Journal
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.record import Record, State
from bulk_onboard.submission import conclusion
from bulk_onboard.submission.control import Control, Controlled
from bulk_onboard.submission.lookup import Lookup, by_token
from bulk_onboard.submission.rest import rest
from bulk_onboard.submission.reviews import gone_entry, is_gone
from bulk_onboard.submission.stop import Stop

EXPAND = ("end_user", "documents")
MISSES_AT_MOST = 5  # looks in a row that could not be made, after which a record waits for the next run
VAIN_AT_MOST = 10  # looks after W that nothing may be concluded from, once no more creates are to come that might help
_LOOKS_AT = (2 / 90, 10 / 90, 30 / 90, 1.0)  # of W; the last begins after it
_AGAIN = 1 / 10  # of W, between looks after it


def next_look_s(looks: int, settle_s: float) -> float:
    """Seconds after the bound at which the look after so many begins: 2, 10, 30 s and W for W = 90 s."""
    return _LOOKS_AT[min(looks, len(_LOOKS_AT) - 1)] * settle_s


class Look(Enum):
    """A look that settled nothing."""

    FOUND_NOTHING = auto()
    NOT_MADE = auto()
    IN_VAIN = auto()  # it found nothing, and nothing may be concluded from that yet


Looked: TypeAlias = OpEntry | entries.Gone | Look  # what settles the record, or why nothing does yet


@dataclass(slots=True)
class Unknown:
    """A record whose newest write is unknown.

    Attributes:
        since: monotonic instant after which its bytes cannot have left any more; W counts from it.
        due: when to look next.
        said: the API's no that holds once the write is known not to have been done; None where it said nothing.
        looks: how many were made; `misses` in a row could not be made, `vain` ones proved nothing.
        why: nothing could be concluded the last time; empty before.
    """

    token: str
    since: float
    due: float
    said: outcomes.Refused | None = None
    looks: int = 0
    misses: int = 0
    vain: int = 0
    why: str = ""


class Settler:
    """Settles one run's unknown outcomes, beside its creates.

    Args:
        new_token: answers a token that no record has.
        sent: the content of a record's newest intent, where the row still says it, else None.
    """

    def __init__(
        self,
        gateway: Gateway,
        journal: Journal,
        *,
        clock: Clock,
        stop: Stop,
        settle_s: float,
        new_token: Callable[[], str],
        sent: Callable[[Record], Application | None],
    ) -> None:
        self._gateway = gateway
        self._journal = journal
        self._clock = clock
        self._stop = stop
        self._settle_s = settle_s
        self._sent = sent
        submitted = sum(r.state is State.SUBMITTED for r in journal.books.records.values())
        self._lookup = Lookup(gateway, account_size=submitted)
        self._control = Control(gateway, self._lookup, journal.books, clock=clock, new_token=new_token)
        self._unknown: dict[str, Unknown] = {}
        self._news = asyncio.Event()
        self._expecting = True
        self._settled: list[str] = []

    def watch(self, token: str, since: float, said: outcomes.Refused | None = None) -> None:
        """Settle this record too.

        Args:
            since: its bound on the monotonic clock.
            said: the API's no, which holds once the write is known not to have been done.
        """
        self._unknown[token] = Unknown(token, since, since + next_look_s(0, self._settle_s), said)
        self._news.set()

    def expect(self, more: bool) -> None:
        """Say whether more unknown outcomes may come; without them `run` ends with the last that it has."""
        self._expecting = more
        for unknown in self._unknown.values():
            unknown.vain = 0  # what was done meanwhile may serve as the control that was missing
        self._news.set()

    def take_settled(self) -> list[str]:
        """The tokens settled since this was last asked: what comes next for them may be due."""
        taken, self._settled = self._settled, []
        return taken

    async def run(self) -> None:
        """Look when a look is due, until nothing is unknown and nothing more expected, or until the wish to stop."""
        try:
            while not self._stop.requested and (self._unknown or self._expecting):
                self._news.clear()
                now = self._clock.monotonic()
                due = [unknown for unknown in self._unknown.values() if unknown.due <= now]
                if due:
                    await self._look(due)
                else:
                    next_due = min((unknown.due for unknown in self._unknown.values()), default=None)
                    pause_s = None if next_due is None else next_due - now
                    await rest(self._clock, pause_s, self._news, self._stop.wished)
        except errors.StoppedError as stopped:
            self._stop.request(stopped)

    async def _look(self, due: list[Unknown]) -> None:
        """One look for each; those of creates together, where that costs fewer requests."""
        began = self._clock.monotonic()
        records = {unknown.token: self._journal.books.record(unknown.token) for unknown in due}
        creates = [record for record in records.values() if record.op is Op.CREATE]
        matches = await self._lookup.find(creates) if creates else {}
        looked: dict[str, Looked] = {}
        for unknown in due:
            record = records[unknown.token]
            if record.op is not Op.CREATE:
                looked[unknown.token] = await self._ask(record)
            elif matches is None:
                looked[unknown.token] = Look.NOT_MADE
            else:
                looked[unknown.token] = await self._compare(record, matches.get(record.token, ()))
        ripe = [each for each in due if looked[each.token] is Look.FOUND_NOTHING and self._is_ripe(each, began)]
        looked |= await self._absences(ripe, records, began)
        for unknown in due:
            await self._account_for(unknown, records[unknown.token], looked[unknown.token], began)

    def _is_ripe(self, unknown: Unknown, began: float) -> bool:
        """Whether a look that began then comes late enough to show whatever there is.

        An answered update, link or delete was carried out before the answer or not at all, and the record itself says
        which; only a list may show late.
        """
        is_answered = unknown.said is not None and self._journal.books.record(unknown.token).op is not Op.CREATE
        return is_answered or began - unknown.since >= self._settle_s

    async def _account_for(self, unknown: Unknown, record: Record, looked: Looked, began: float) -> None:
        """Write down what settles the record, or say when to look again."""
        if isinstance(looked, OpEntry | entries.Gone):
            await self._write_down(unknown, record, looked)
        elif looked is Look.FOUND_NOTHING:
            unknown.misses = 0
            unknown.looks += 1
            soonest = began + self._settle_s * _LOOKS_AT[0]
            unknown.due = max(unknown.since + next_look_s(unknown.looks, self._settle_s), soonest)
        else:
            unknown.misses += looked is Look.NOT_MADE
            unknown.vain += looked is Look.IN_VAIN
            unknown.due = self._clock.monotonic() + self._settle_s * _AGAIN
            if unknown.misses == MISSES_AT_MOST or (unknown.vain >= VAIN_AT_MOST and not self._expecting):
                del self._unknown[unknown.token]

    async def _write_down(self, unknown: Unknown, record: Record, settled: OpEntry | entries.Gone) -> None:
        if isinstance(settled, entries.Absent) and unknown.said and record.op is not None:
            if record.op is Op.CREATE:
                await self._journal.append(settled)
            settled = conclusion.refused_after_all(record, record.op, unknown.said.code, unknown.said.message)
        await self._journal.append(settled)
        log.logger().info("settled", token=record.token, key=record.key, outcome=settled.name())
        del self._unknown[unknown.token]
        self._settled.append(record.token)

    async def _compare(self, record: Record, matches: tuple[ServerRecord, ...]) -> Looked:
        """What a create's matches mean; several are settled by a person, one is adopted."""
        await self._journal.append(
            entries.Probed(token=record.token, key=record.key, op=Op.CREATE, matches=len(matches))
        )
        return await self._conclude(record, matches) if matches else Look.FOUND_NOTHING

    async def _conclude(self, record: Record, matches: tuple[ServerRecord, ...]) -> Looked:
        """What matches mean, compared with what was sent where the row still says it."""
        found, sent = matches[0], self._sent(record)
        if len(matches) == 1 and sent is not None:
            outcome = await self._gateway.send(
                Get(compliance_id=found.compliance_id, expand=EXPAND, priority=Priority.SETTLE)
            )
            if not isinstance(outcome, outcomes.Done):
                return Look.NOT_MADE
            found = outcome.value
        return conclusion.of_create(record, matches, found, sent, self._journal.books)

    async def _ask(self, record: Record) -> Looked:
        """What the API says of a record whose update, link or delete is unknown."""
        if record.op is Op.LINK:
            number = await self._gateway.send(GetNumber(number=record.number, priority=Priority.SETTLE))
            if isinstance(number, outcomes.Done):
                return conclusion.of_link(record, number.value)
            cannot_be_seen = isinstance(number, outcomes.Refused) and number.http_status in (404, 405)
            return conclusion.of_link(record, None) if cannot_be_seen else Look.NOT_MADE
        outcome = await self._gateway.send(Get(compliance_id=record.compliance_id, priority=Priority.SETTLE))
        if not isinstance(outcome, outcomes.Done):
            return _no(record, outcome)
        applied = conclusion.of_update(record, outcome.value) if record.op is Op.UPDATE else None
        return applied or Look.FOUND_NOTHING

    async def _absences(
        self, ripe: Sequence[Unknown], records: Mapping[str, Record], began: float
    ) -> Mapping[str, Looked]:
        """What is absent of those that a look after W did not find; the others stay unknown, and why."""
        concluded: dict[str, Looked] = {}
        by_walk: list[Unknown] = []
        for unknown in ripe:
            record = records[unknown.token]
            if record.op is not Op.CREATE:
                concluded[unknown.token] = conclusion.absent(record, began - unknown.since)
                continue
            looked = await self._absence_by_filter(unknown, record, began)
            if looked is None:
                by_walk.append(unknown)
            else:
                concluded[unknown.token] = looked
        walked = await self._lookup.agreed() if by_walk else None
        matches = by_token(walked.records) if walked else {}
        for unknown in by_walk:
            record = records[unknown.token]
            if walked is None:
                concluded[unknown.token] = Look.NOT_MADE
            elif record.token in matches:
                concluded[unknown.token] = await self._conclude(record, matches[record.token])
            else:
                concluded[unknown.token] = await self._absence(
                    unknown, record, await self._control.of_walk(record, walked), began
                )
        return concluded

    async def _absence_by_filter(self, unknown: Unknown, record: Record, began: float) -> Looked | None:
        """What asking for this record's alias proves; None where the filter cannot be relied on."""
        controlled = await self._control.of_filter(record)
        if controlled is None:
            return Look.NOT_MADE
        if controlled.why_not:
            return None
        if record.token not in self._lookup.asked_for:  # but by a walk
            shown = await self._lookup.filtered(record.alias, record.token)
            if shown is None:
                return Look.NOT_MADE
            if matches := by_token(shown.records).get(record.token):
                return await self._conclude(record, matches)
            if self._lookup.filter_ignored or not shown.whole:
                return None
        return await self._absence(unknown, record, controlled, began)

    async def _absence(self, unknown: Unknown, record: Record, controlled: Controlled, began: float) -> Looked:
        if not controlled.why_not:
            return conclusion.absent(record, began - unknown.since, controlled.found)
        if unknown.why != controlled.why_not:
            unknown.why = controlled.why_not
            why = f"absence could not be shown yet: {controlled.why_not}"
            await self._journal.append(
                entries.Probed(token=record.token, key=record.key, op=Op.CREATE, matches=0, why=why)
            )
        return Look.IN_VAIN


def _no(record: Record, outcome: Outcome[Any]) -> Looked:
    """What a look without a record says: 404 is an answer, a delete is done then; all else tells nothing."""
    if not is_gone(outcome):
        return Look.NOT_MADE
    return conclusion.adopted(record) if record.op is Op.DELETE else gone_entry(record)
