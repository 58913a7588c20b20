"""Settle unknown outcomes: look at the API until a write is found, proved absent, or for a person to judge.

Rule: there is no way from *uncertain* to another create but through here. Found once and as it was sent: adopted.
Found more than once, or different: held. Absence is believed only when a look that *began* after the settle window W
found nothing, and the positive control was passed in this run; where the control fails, the record is held.
W is counted on the monotonic clock from the real abort of the call; for what an earlier process left behind, from the
instant its lock was taken (reliability.md 1.4). Looks share the quota, and go before creates.
"""

import asyncio
from collections.abc import Callable
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
from bulk_onboard.submission.control import Control
from bulk_onboard.submission.lookup import Lookup
from bulk_onboard.submission.rest import rest
from bulk_onboard.submission.reviews import gone_entry, is_gone
from bulk_onboard.submission.stop import Stop

EXPAND = ("end_user", "documents")
MISSES_AT_MOST = 5  # looks in a row that could not be made, after which a record waits for the next run
_LOOKS_AT = (2 / 90, 10 / 90, 30 / 90, 1.0)  # of W; the last begins after it


def next_look_s(looks: int, settle_s: float) -> float:
    """Seconds after the bound at which the look after so many begins: 2, 10, 30 s and W for W = 90 s."""
    return _LOOKS_AT[min(looks, len(_LOOKS_AT) - 1)] * settle_s


class Look(Enum):
    """A look that settled nothing."""

    FOUND_NOTHING = auto()
    NOT_MADE = auto()


Looked: TypeAlias = OpEntry | entries.Gone | Look  # what settles the record, or why nothing does yet


@dataclass(slots=True)
class Unknown:
    """A record whose newest write is unknown.

    Attributes:
        since: monotonic instant after which its bytes cannot have left any more; W counts from it.
        due: when to look next.
        looks: how many were made; `misses` in a row could not be made.
        walking: whether it was last looked for in a walk of all records.
    """

    token: str
    since: float
    due: float
    looks: int = 0
    misses: int = 0
    walking: bool = False


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
        self._control = Control(
            self._lookup, journal.books, clock=clock, stop=stop, settle_s=settle_s, new_token=new_token
        )
        self._unknown: dict[str, Unknown] = {}
        self._news = asyncio.Event()
        self._expecting = True
        self._settled: list[str] = []

    def watch(self, token: str, since: float) -> None:
        """Settle this record too; `since` is its bound on the monotonic clock."""
        self._unknown[token] = Unknown(token, since, since + next_look_s(0, self._settle_s))
        self._news.set()

    def expect(self, more: bool) -> None:
        """Say whether more unknown outcomes may come; without them `run` ends with the last that it has."""
        self._expecting = more
        self._news.set()

    def take_settled(self) -> list[str]:
        """The tokens settled since this was last asked: what comes next for them may be due."""
        taken, self._settled = self._settled, []
        return taken

    async def adopt_contested(self, record: Record) -> None:
        """Look once for a record whose create was refused as existing already; adopt the one that is what was sent."""
        matches = await self._lookup.find([record.alias])
        if matches and matches[record.alias]:
            looked = await self._conclude(record, matches[record.alias])
            if isinstance(looked, OpEntry):
                await self._journal.append(looked)

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
        aliases = [record.alias for record in records.values() if record.op is Op.CREATE]
        walking = self._lookup.walks_for(aliases)
        matches = await self._lookup.find(aliases) if aliases else {}
        for unknown in due:
            unknown.walking = walking
            record = records[unknown.token]
            if record.op is not Op.CREATE:
                looked = await self._ask(record)
            elif matches is None:
                looked = Look.NOT_MADE
            else:
                looked = await self._compare(record, matches[record.alias])
            await self._account_for(unknown, record, looked, began)

    async def _account_for(self, unknown: Unknown, record: Record, looked: Looked, began: float) -> None:
        """Write down what settles the record, or say when to look again."""
        waited_s = began - unknown.since
        if looked is Look.FOUND_NOTHING and waited_s >= self._settle_s:
            looked = await self._absence_of(unknown, record, waited_s)
        if isinstance(looked, OpEntry | entries.Gone):
            await self._journal.append(looked)
            log.logger().info("settled", token=record.token, key=record.key, outcome=looked.name())
            del self._unknown[unknown.token]
            self._settled.append(record.token)
        elif looked is Look.FOUND_NOTHING:
            unknown.misses = 0
            unknown.looks += 1
            soonest = began + self._settle_s * _LOOKS_AT[0]
            unknown.due = max(unknown.since + next_look_s(unknown.looks, self._settle_s), soonest)
        else:
            unknown.misses += 1
            unknown.due = self._clock.monotonic() + next_look_s(1, self._settle_s)
            if unknown.misses == MISSES_AT_MOST:
                del self._unknown[unknown.token]

    async def _compare(self, record: Record, matches: tuple[ServerRecord, ...]) -> Looked:
        """What a create's matches mean; several are settled by a person, one is adopted if it is what was sent."""
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

    async def _absence_of(self, unknown: Unknown, record: Record, waited_s: float) -> Looked:
        """Absent, if the API's silence may be believed; held, if it may not."""
        if record.op is not Op.CREATE:
            return conclusion.absent(record, waited_s)
        if (controlled := await self._control.result(walking=unknown.walking)) is None:
            return Look.NOT_MADE
        why_not = controlled.why_not
        if not why_not and not controlled.reaches_back_to(record.sent_at):
            why_not = "the account shows no record that is as old, by which the list could be checked"
        if why_not:
            return conclusion.held(record, f"absence could not be shown: {why_not}")
        return conclusion.absent(record, waited_s, controlled.found)


def _no(record: Record, outcome: Outcome[Any]) -> Looked:
    """What a look without a record says: 404 is an answer, a delete is done then; all else tells nothing."""
    if not is_gone(outcome):
        return Look.NOT_MADE
    return conclusion.adopted(record) if record.op is Op.DELETE else gone_entry(record)
