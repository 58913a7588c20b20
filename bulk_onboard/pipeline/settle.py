"""Settle unknown outcomes, and show by a control whether silence may be believed.

There is no way from *uncertain* to another create, or to another link of the same number, but through here. A record
that is found once is adopted; found more than once, or as another row's, it is held. Absence is believed only of a look
that *began* after the settle window W and found nothing, and of a create only if the positive control shows that such a
look would have found it. Where that cannot be shown yet, the record stays uncertain and is looked for again, in this
run and in every later one.

W is counted on the monotonic clock from the real abort of the call; for what an earlier process left behind, from the
instant its lock was taken. Looks share the quota, and go before creates. See docs/design/settling.md.
"""

import asyncio
import base64
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

from bulk_onboard import errors, log
from bulk_onboard.clock import Clock
from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.application import Application
from bulk_onboard.model.call import Gateway, Get, Priority, ServerRecord
from bulk_onboard.model.entry import CLOCKS_APART_S, Op, OpEntry, age_s
from bulk_onboard.model.identity import alias_length, may_be_cut_from, token_in
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.record import Record, State
from bulk_onboard.model.store import OpenJournal
from bulk_onboard.pipeline import conclusion
from bulk_onboard.pipeline.numbers import NumberLookup
from bulk_onboard.pipeline.reviews import gone_entry, is_gone
from bulk_onboard.pipeline.stop import Stop, rest
from bulk_onboard.pipeline.walk import Lookup, Walk, by_token

EXPAND = ("end_user", "documents")
MISSES_AT_MOST = 5  # looks in a row that could not be made, after which a record waits for the next run
INCONCLUSIVE_AT_MOST = 10  # looks after W, once no more creates are to come whose records might serve as the control
_LOOKS_AT = (2 / 90, 10 / 90, 30 / 90, 1.0)  # of W; the last begins after it
_AGAIN = 1 / 10  # of W, between looks after it


def next_look_s(looks: int, settle_s: float) -> float:
    """Return when the next look is due, in seconds after `since`.

    For W = 90 s they are at 2, 10, 30 s and W.
    """
    return _LOOKS_AT[min(looks, len(_LOOKS_AT) - 1)] * settle_s


class ProbeResult(Enum):
    """Why a look settled nothing."""

    FOUND_NOTHING = auto()
    NOT_MADE = auto()
    INCONCLUSIVE = auto()  # it found nothing, and nothing may be concluded from that yet


Looked: TypeAlias = OpEntry | entries.Gone | ProbeResult  # what settles the record, or why nothing does yet


class Subject(NamedTuple):
    """What a write was about: a record, or a number to be linked to it."""

    token: str
    number: str = ""


@dataclass(slots=True)
class Unknown:
    """A record whose newest write is unknown, or a number whose link is.

    Attributes:
        since: monotonic instant after which its bytes cannot have left any more; W counts from it.
        due: monotonic instant of the next look.
        said: the API's refusal, which holds once the write is known not to have been done; None where it said nothing.
        looks: how many found nothing before W; `misses` could not be made, in a row; `inconclusive` proved nothing.
        why: why nothing could be concluded the last time; empty before.
    """

    subject: Subject
    since: float
    due: float
    said: outcomes.Refused | None = None
    looks: int = 0
    misses: int = 0
    inconclusive: int = 0
    why: str = ""


class Settler:
    """Settles one run's unknown outcomes while its other calls are made.

    Args:
        settle_s: the settle window W.
        new_token: return a token that no record has.
        sent: return the content of a record's newest intent, where the row still has it, else None.
        by_pages: whether numbers are looked up by pages where that is cheaper.
    """

    def __init__(
        self,
        gateway: Gateway,
        journal: OpenJournal,
        *,
        clock: Clock,
        stop: Stop,
        settle_s: float,
        new_token: Callable[[], str],
        sent: Callable[[Record], Application | None],
        by_pages: bool = False,
    ) -> None:
        self._gateway = gateway
        self._journal = journal
        self._clock = clock
        self._stop = stop
        self._settle_s = settle_s
        self._sent = sent
        submitted = sum(r.state is State.SUBMITTED for r in journal.ledger_state.records.values())
        self._lookup = Lookup(gateway, account_size=submitted)
        self._control = Control(gateway, self._lookup, journal, new_token=new_token)
        self._numbers = NumberLookup(gateway, by_pages=by_pages, priority=Priority.SETTLE)
        self._unknown: dict[Subject, Unknown] = {}
        self._news = asyncio.Event()
        self._expecting = True
        self._settled: list[str] = []

    def watch(self, subject: Subject, since: float, said: outcomes.Refused | None = None) -> None:
        """Settle this record, or number, too; the arguments are as for `Unknown`."""
        self._unknown[subject] = Unknown(subject, since, since + next_look_s(0, self._settle_s), said)
        self._news.set()

    def expect(self, more: bool) -> None:
        """Say whether more unknown outcomes may come.

        Once none may, `run` returns when it has settled its last.
        """
        self._expecting = more
        for unknown in self._unknown.values():
            unknown.inconclusive = 0  # what was done meanwhile may serve as the control that was missing
        self._news.set()

    def take_settled(self) -> list[str]:
        """Return the tokens settled since this was last called.

        What comes next for them may be due.
        """
        taken, self._settled = self._settled, []
        return taken

    def outstanding(self) -> tuple[int, float]:
        """Return how many outcomes are unknown, and the monotonic instant of the next look; 0 where none is."""
        return len(self._unknown), min((unknown.due for unknown in list(self._unknown.values())), default=0.0)

    def unknown(self) -> set[Subject]:
        """Return what has an unknown outcome."""
        return set(self._unknown)

    async def run(self) -> None:
        """Look when a look is due, until nothing is unknown and no more is expected.

        It also returns when the run is to stop.
        """
        try:
            while not self._stop.requested and (self._is_anything_unknown() or self._expecting):
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

    def _is_anything_unknown(self) -> bool:
        """Return whether there is anything to settle; a number whose record was filed anew since is forgotten."""
        record_of = self._journal.ledger_state.record
        for subject in [subject for subject in self._unknown if subject.number]:
            if subject.number not in record_of(subject.token).numbers:
                del self._unknown[subject]
        return bool(self._unknown)

    async def _look(self, due: list[Unknown]) -> None:
        """Look once for each; for creates, and for numbers, together, where that takes fewer requests."""
        began = self._clock.monotonic()
        records = {unknown.subject: self._journal.ledger_state.record(unknown.subject.token) for unknown in due}
        creates = [record for subject, record in records.items() if not subject.number and record.op is Op.CREATE]
        matches = await self._lookup.find(creates) if creates else {}
        looked: dict[Subject, Looked] = await self._look_at_numbers(records)
        for unknown in due:
            record = records[unknown.subject]
            if unknown.subject.number:
                continue
            if record.op is not Op.CREATE:
                looked[unknown.subject] = await self._ask(record)
            elif matches is None:
                looked[unknown.subject] = ProbeResult.NOT_MADE
            else:
                found = matches.get(record.token) or await told_late(self._gateway, self._journal, record.token)
                looked[unknown.subject] = ProbeResult.NOT_MADE if found is None else await self._compare(record, found)
        missing = [each for each in due if looked[each.subject] is ProbeResult.FOUND_NOTHING]
        looked |= await self._absences([each for each in missing if self._is_ripe(each, began)], records, began)
        for unknown in due:
            await self._account_for(unknown, records[unknown.subject], looked[unknown.subject], began)

    async def _look_at_numbers(self, records: Mapping[Subject, Record]) -> dict[Subject, Looked]:
        """Look at the numbers among these, and conclude which of them are linked to their records."""
        numbers = [subject.number for subject in records if subject.number]
        shown = await self._numbers.look(numbers, await self._numbers.walk(numbers)) if numbers else {}
        looked: dict[Subject, Looked] = {}
        for subject, record in records.items():
            if subject.number in shown:
                linked = conclusion.of_link(record, subject.number, shown[subject.number])
                looked[subject] = linked or ProbeResult.FOUND_NOTHING
            elif subject.number:
                looked[subject] = ProbeResult.NOT_MADE
        return looked

    def _is_ripe(self, unknown: Unknown, began: float) -> bool:
        """Return whether a look that began then came late enough to show what is there.

        An update, link or delete that was answered with a no was done before the answer or never, and the record
        itself shows which; only a list may be late. A report that speaks of a number, and contradicts itself, is no
        such answer.
        """
        record = self._journal.ledger_state.record(unknown.subject.token)
        is_of_a_create = not unknown.subject.number and record.op is Op.CREATE
        is_answered = unknown.said is not None and unknown.said.http_status > 0 and not is_of_a_create
        return is_answered or began - unknown.since >= self._settle_s

    async def _account_for(self, unknown: Unknown, record: Record, looked: Looked, began: float) -> None:
        """Write down what settles the record, or say when to look again."""
        if isinstance(looked, OpEntry | entries.Gone):
            await self._write_down(unknown, record, looked)
        elif looked is ProbeResult.FOUND_NOTHING:
            unknown.misses = 0
            unknown.looks += 1
            soonest = began + self._settle_s * _LOOKS_AT[0]
            unknown.due = max(unknown.since + next_look_s(unknown.looks, self._settle_s), soonest)
        else:
            unknown.misses += looked is ProbeResult.NOT_MADE
            unknown.inconclusive += looked is ProbeResult.INCONCLUSIVE
            unknown.due = self._clock.monotonic() + self._settle_s * _AGAIN
            if unknown.misses == MISSES_AT_MOST or (
                unknown.inconclusive >= INCONCLUSIVE_AT_MOST and not self._expecting
            ):
                del self._unknown[unknown.subject]

    async def _write_down(self, unknown: Unknown, record: Record, settled: OpEntry | entries.Gone) -> None:
        if isinstance(settled, entries.Absent) and unknown.said:
            if settled.op is Op.CREATE:
                await self._journal.append(settled)
            settled = conclusion.refused_after_all(
                record, settled.op, unknown.said.code, unknown.said.message, number=settled.number
            )
        await self._journal.append(settled)
        log.logger().info("settled", token=record.token, key=record.key, outcome=settled.name())
        del self._unknown[unknown.subject]
        self._settled.append(record.token)

    async def _compare(self, record: Record, matches: tuple[ServerRecord, ...]) -> Looked:
        """Write down how many records have a create's token.

        Conclude from them, where there are any.
        """
        await self._journal.append(
            entries.Probed(token=record.token, key=record.key, op=Op.CREATE, matches=len(matches))
        )
        return await self._conclude(record, matches) if matches else ProbeResult.FOUND_NOTHING

    async def _conclude(self, record: Record, matches: tuple[ServerRecord, ...]) -> Looked:
        """Return the entry for a create that was found.

        It is compared with what was sent, where the row still has that.
        """
        found, sent = matches[0], self._sent(record)
        if len(matches) == 1 and sent is not None:
            outcome = await self._gateway.send(
                Get(compliance_id=found.compliance_id, expand=EXPAND, priority=Priority.SETTLE)
            )
            if not isinstance(outcome, outcomes.Done):
                return ProbeResult.NOT_MADE
            found = outcome.value
        return conclusion.of_create(
            record.token, record.key, matches, self._journal.ledger_state, found=found, sent=sent
        )

    async def _ask(self, record: Record) -> Looked:
        """Look up the record of an unknown update or delete and conclude from it."""
        outcome = await self._gateway.send(Get(compliance_id=record.compliance_id, priority=Priority.SETTLE))
        if not isinstance(outcome, outcomes.Done):
            return _without_record(record, outcome)
        applied = conclusion.of_update(record, outcome.value) if record.op is Op.UPDATE else None
        return applied or ProbeResult.FOUND_NOTHING

    async def _absences(
        self, ripe: Sequence[Unknown], records: Mapping[Subject, Record], began: float
    ) -> Mapping[Subject, Looked]:
        """Conclude, for those that a look after W did not find, which are absent.

        The others stay unknown.
        """
        concluded: dict[Subject, Looked] = {}
        by_walk: list[Unknown] = []
        for unknown in ripe:
            subject, record = unknown.subject, records[unknown.subject]
            if subject.number or record.op is not Op.CREATE:
                concluded[subject] = conclusion.absent(record, began - unknown.since, number=subject.number)
                continue
            looked = await self._absence_by_filter(unknown, record, began)
            if looked is None:
                by_walk.append(unknown)
            else:
                concluded[subject] = looked
        walked = await self._lookup.agreed() if by_walk else None
        matches = by_token(walked.records) if walked else {}
        for unknown in by_walk:
            record = records[unknown.subject]
            if walked is None:
                concluded[unknown.subject] = ProbeResult.NOT_MADE
            elif record.token in matches:
                concluded[unknown.subject] = await self._conclude(record, matches[record.token])
            else:
                concluded[unknown.subject] = await self._absence(
                    unknown, record, await self._control.of_walk(record, walked), began
                )
        return concluded

    async def _absence_by_filter(self, unknown: Unknown, record: Record, began: float) -> Looked | None:
        """Conclude from what the alias filter shows; None where it cannot be relied on."""
        controlled = await self._control.of_filter(record)
        if controlled is None:
            return ProbeResult.NOT_MADE
        if controlled.why_not:
            return None
        if record.token not in self._lookup.asked_for:  # but by a walk
            shown = await self._lookup.filtered(record.alias, record.token)
            if shown is None:
                return ProbeResult.NOT_MADE
            if matches := by_token(shown.records).get(record.token):
                return await self._conclude(record, matches)
            if self._lookup.filter_ignored or not shown.whole:
                return None
        return await self._absence(unknown, record, controlled, began)

    async def _absence(self, unknown: Unknown, record: Record, controlled: "Controlled", began: float) -> Looked:
        if not controlled.why_not:
            told = self._journal.late.get(record.token, ())
            return conclusion.absent_or_vanished(record, began - unknown.since, controlled.found, told=told)
        if unknown.why != controlled.why_not:
            unknown.why = controlled.why_not
            why = f"absence could not be shown yet: {controlled.why_not}"
            await self._journal.append(
                entries.Probed(token=record.token, key=record.key, op=Op.CREATE, matches=0, why=why)
            )
        return ProbeResult.INCONCLUSIVE


async def told_late(gateway: Gateway, journal: OpenJournal, token: str) -> tuple[ServerRecord, ...] | None:
    """Return what the API shows under the ids that an earlier owner was given for this token after its lease.

    None where it could not be asked; nothing where it was given none, or shows no such record, or as another row's.
    """
    found: list[ServerRecord] = []
    for compliance_id in journal.late.get(token, ()):
        outcome = await gateway.send(Get(compliance_id=compliance_id, priority=Priority.SETTLE))
        if isinstance(outcome, outcomes.Done):
            found += [outcome.value] if token_in(outcome.value.alias) in ("", token) else []
        elif not is_gone(outcome):
            return None
    return tuple(found)


def _without_record(record: Record, outcome: Outcome[Any]) -> Looked:
    """Conclude from an answer without a record.

    404 means that it is gone, or that a delete was done. Anything else means nothing.
    """
    if not is_gone(outcome):
        return ProbeResult.NOT_MADE
    return conclusion.adopted(record) if record.op is Op.DELETE else gone_entry(record)


# Positive control. Nothing is taken for absent because it is not shown, unless a record that is known to exist *is*
# shown, by the very way in which the missing one was looked for. To speak for the missing record, the known one must
#
# - where the alias filter is asked, have an alias at least as long, with capitals, signs and letters beyond ASCII where
#   the other has them: an API that cuts, escapes or changes aliases finds plain ones all the same;
# - be at least as old, unless the other is at most a day old: a list may reach back only some days.
#
# Any record that this ledger knows may serve, and several are tried; one that was deleted at the API is no obstacle. A
# control that cannot be made now is made again later: the next row's record may be the first that can serve.

TRIED_AT_MOST = 5
YOUNG_S = 86_400.0  # lists that reach back only so far count in days

_MARK = re.compile(r"[^A-Za-z0-9]")

NO_RECORD = "the list shows no known record yet, so it cannot prove that this one is missing"
NOT_SHOWN = "the list does not show a record that is known to exist"


@dataclass(frozen=True, slots=True)
class Controlled:
    """The token of the record that the control found, or why there is none yet."""

    found: str = ""
    why_not: str = ""


class Control:
    """Makes one run's positive control, and remembers what it showed.

    Args:
        new_token: return a token that no record has.
    """

    def __init__(self, gateway: Gateway, lookup: Lookup, journal: OpenJournal, *, new_token: Callable[[], str]) -> None:
        self._gateway = gateway
        self._lookup = lookup
        self._journal = journal
        self._ledger_state = journal.ledger_state
        self._new_token = new_token
        self._filter_works = False
        self._found_by_filter: set[str] = set()
        self._gone: set[str] = set()

    async def of_filter(self, unknown: Record) -> Controlled | None:
        """Show whether the alias filter would find this record.

        Return None while the list cannot be read.
        """
        if not await self._filter_selects():
            return None if not self._lookup.filter_ignored else Controlled(why_not="the list ignores the alias")
        tried = False
        for known in islice(self._speaking_for(unknown, literally=True), TRIED_AT_MOST):
            tried = True
            shown = await self._shown_by_filter(known)
            if shown is None:
                return None
            if shown:
                return Controlled(found=known.token)
            if not await self._is_gone(known):
                return Controlled(why_not=NOT_SHOWN)
        return Controlled(why_not=NOT_SHOWN if tried else NO_RECORD)

    async def of_walk(self, unknown: Record, walked: Walk) -> Controlled:
        """Show whether these walks would have found this record."""
        if not walked.whole:
            return Controlled(why_not="the list of records cannot be walked to its end")
        if not self._ledger_state.alias_kept:
            return Controlled(why_not=NO_RECORD)
        if self._ledger_state.alias_kept < alias_length(unknown.alias):
            cut = next((each for each in walked.records if may_be_cut_from(each.alias, unknown.alias)), None)
            if cut is not None:
                return Controlled(why_not=f"record {cut.compliance_id} may be it, under a shortened alias")
        ids = {record.compliance_id for record in walked.records}
        for known in islice(self._speaking_for(unknown), TRIED_AT_MOST):
            if known.compliance_id in ids:
                return Controlled(found=known.token)
            if not await self._is_gone(known):
                return Controlled(why_not=NOT_SHOWN)
        return Controlled(why_not=NO_RECORD)

    def _speaking_for(self, unknown: Record, *, literally: bool = False) -> Iterator[Record]:
        """Yield the records that can speak for this one, the best first.

        The API has them for certain.
        """
        fits = [
            record
            for record in self._ledger_state.records.values()
            if record.state is State.SUBMITTED and record.token not in self._gone
            if self._is_old_enough(record, unknown) and (not literally or is_as_hard_to_find(record, unknown))
        ]
        yield from sorted(fits, key=lambda record: (record.token not in self._found_by_filter, record.known))

    def _is_old_enough(self, known: Record, unknown: Record) -> bool:
        """Compare by the ledger's order, which no clock can confuse.

        For a young unknown record any other will do.
        """
        return known.known < unknown.tried or self._is_young(unknown)

    def _is_young(self, unknown: Record) -> bool:
        """Return whether this run sent it, or some run at most a day ago.

        A clock that was set back since makes it old; some seconds may lie between the clocks of two machines.
        """
        run = self._ledger_state.runs[-1].started if self._ledger_state.runs else None
        if run and unknown.tried > run.seq:
            return True
        return -CLOCKS_APART_S <= age_s(unknown.sent_at, self._journal.now()) <= YOUNG_S

    async def _filter_selects(self) -> bool:
        """Return whether the filter shows nothing for an alias that no record has."""
        if not self._filter_works and not self._lookup.filter_ignored:
            token = self._new_token()
            shown = await self._lookup.filtered(f"~{token}", token)
            self._filter_works = shown is not None and not shown.records and shown.whole
        return self._filter_works and not self._lookup.filter_ignored

    async def _shown_by_filter(self, known: Record) -> bool | None:
        if known.token in self._found_by_filter:
            return True
        shown = await self._lookup.filtered(known.alias, known.token)
        if shown is None:
            return None
        is_shown = known.compliance_id in {record.compliance_id for record in shown.records}
        if is_shown:
            self._found_by_filter.add(known.token)
        return is_shown

    async def _is_gone(self, known: Record) -> bool:
        """Return whether the record was deleted, so that the list cannot show it."""
        if not is_gone(await self._gateway.send(Get(compliance_id=known.compliance_id, priority=Priority.SETTLE))):
            return False
        self._gone.add(known.token)
        return True


def is_as_hard_to_find(known: Record, unknown: Record) -> bool:
    """Return whether the known alias would suffer whatever the unknown one may."""
    if not known.alias.endswith(f"~{known.token}") or alias_length(known.alias) < alias_length(unknown.alias):
        return False
    return marks(unknown.alias) <= marks(known.alias)


def marks(alias: str) -> set[str]:
    """Return what an API may fold, escape, replace or drop in an alias.

    Each counts for itself: `&` is no proof for `+`.
    """
    return {*_MARK.findall(alias), *(("capitals",) if alias != alias.lower() else ())}


def new_token() -> str:
    """Return a token that no record has, for the positive control."""
    return base64.b32encode(secrets.token_bytes(10)).decode("ascii").lower()
