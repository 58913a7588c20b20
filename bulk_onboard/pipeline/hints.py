"""Read the records that hints are about, so that the ledger has their reviews.

Whoever owns the ledger does this: a run while it waits for reviews (`reconcile`), or a listener while nobody else owns
it (`maintenance/hints.py`). The hint may have been kept on another machine. A record is read at most once in 30 s,
however many hints there are, and several who work off the same hints do no harm: each reads the record by itself, and
writes what differs from the ledger.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple

from bulk_onboard.clock import Clock
from bulk_onboard.errors import StoppedError
from bulk_onboard.model.call import FetchRequirements, Gateway, Get
from bulk_onboard.model.entry import Gone, Reviewed
from bulk_onboard.model.ledger_state import Journal, LedgerState
from bulk_onboard.model.outcome import Done, Outcome, Refused
from bulk_onboard.model.record import ENDED, Record, State
from bulk_onboard.model.requirements import Contract
from bulk_onboard.model.row import Row
from bulk_onboard.model.store import Claim, Hints
from bulk_onboard.pipeline.reviews import change_in, gone_entry, is_gone, write_down
from bulk_onboard.threads import in_thread

LOOK_EACH_S = 5.0
READ_AGAIN_S = 30.0
AT_A_TIME = 20  # so that reviews are written as they come, and a run looks at its list in time


class Reading(NamedTuple):
    """A record that was read: as the ledger had it, and the entry to write; None where nothing changed."""

    claim: Claim
    before: Record
    entry: Reviewed | Gone | None


Write = Callable[[Sequence[Reading]], Awaitable[Sequence[Reading]]]
"""Write down what was read, and return what was written; the rest is read again later."""


async def _no_rows() -> Mapping[str, Row]:
    return {}


class HintReader:
    """Works off the hints of one ledger.

    Args:
        rows: return the rows by token; what a reason quotes of them is masked.

    Attributes:
        counts: `read` records, `changed` reviews, hints for records `unknown` to the ledger.
    """

    def __init__(
        self,
        hints: Hints,
        *,
        gateway: Gateway,
        clock: Clock,
        rows: Callable[[], Awaitable[Mapping[str, Row]]] = _no_rows,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._hints, self._gateway, self._clock = hints, gateway, clock
        self._rows = rows
        self._read_at: dict[str, float] = {}
        self._knows_names = False

    async def due(self) -> tuple[tuple[str, ...], float | None]:
        """Return the records to read now, and in how many seconds others of those that wait may be read.

        Raises:
            OSError, StoppedError: the hints cannot be looked at.
        """
        waiting = await in_thread(self._hints.waiting)
        now = self._clock.monotonic()
        self._read_at = {one: at for one, at in self._read_at.items() if now - at < READ_AGAIN_S}
        due = (compliance_id for compliance_id in waiting if compliance_id not in self._read_at)
        later = (self._read_at[each] + READ_AGAIN_S - now for each in waiting if each in self._read_at)
        return tuple(islice(due, AT_A_TIME)), min(later, default=None)

    async def next_due(self) -> tuple[str, ...]:
        """Look every few seconds; return the first records that are to be read.

        A disk that cannot be read now is looked at again: whoever waits here sees all reviews in the end anyway.

        Raises:
            StoppedError: the database failed.
        """
        due: tuple[str, ...] = ()
        while not due:
            with suppress(OSError):
                due, _ = await self.due()
            if not due:
                await self._clock.sleep(LOOK_EACH_S)
        return due

    async def work_off(self, due: Collection[str], ledger_state: LedgerState, write: Write) -> int:
        """Read these records and have what changed written; return how many changes were.

        Hints of records that could not be read, or were not written, go on waiting.

        Raises:
            OSError, StoppedError: the hints, or the ledger, cannot be used.
        """
        self._note_reading(due)  # also of what cannot even be claimed
        claims = await in_thread(self._hints.claim, due)
        known = [(each, ledger_state.record(ledger_state.owner(each.compliance_id) or "")) for each in claims]
        over = [each for each, record in known if not record.compliance_id or record.state in ENDED]
        self.counts["unknown"] += len(over)
        followed = [(each, record) for each, record in known if record.state in (State.SUBMITTED, State.GONE)]
        if followed and not self._knows_names:
            await self._learn_names(ledger_state)
        readings = await self._read(followed)
        self._note_reading(due)
        self.counts["read"] += len(readings)
        news = [each for each in readings if each.entry]
        written = await write(news) if news else ()
        self.counts["changed"] += len(written)
        over += [each.claim for each in readings if each in written or not each.entry]
        await in_thread(self._hints.forget, over)
        return len(written)

    def _note_reading(self, due: Collection[str]) -> None:
        self._read_at |= dict.fromkeys(due, self._clock.monotonic())

    async def _learn_names(self, ledger_state: LedgerState) -> None:
        """Ask once what the API requires, so that the ids of document types in reasons are told by name."""
        book = ledger_state.book
        if book is None or book.contract is not Contract.RELEASED:
            return
        for combination in book.offered:
            try:
                await self._gateway.send(FetchRequirements(combination=combination))
            except StoppedError:
                return
        self._knows_names = True

    async def _read(self, followed: Sequence[tuple[Claim, Record]]) -> list[Reading]:
        """Read the records; leave out those of which that could not be done, or was stopped."""
        outcomes = await asyncio.gather(*(self._ask(record) for _, record in followed))
        quotes = any(isinstance(each, Done) and each.value.reason for each in outcomes)
        rows = await self._rows() if quotes else {}
        return [
            Reading(claim, record, self._entry(record, outcome, rows.get(record.token)))
            for (claim, record), outcome in zip(followed, outcomes, strict=True)
            if isinstance(outcome, Done | Refused)
        ]

    async def _ask(self, record: Record) -> Outcome[Any] | None:
        try:
            return await self._gateway.send(Get(compliance_id=record.compliance_id))
        except StoppedError:
            return None

    def _entry(self, record: Record, outcome: Done[Any] | Refused, row: Row | None) -> Reviewed | Gone | None:
        if isinstance(outcome, Done):
            return change_in(record, outcome.value, row)
        return gone_entry(record) if is_gone(outcome) and record.state is State.SUBMITTED else None


async def write_unless_changed(
    journal: Journal, readings: Sequence[Reading], *, may_be_gone: Callable[[Record], bool]
) -> list[Reading]:
    """Write what was read of records that are still as they were; return what was written.

    Of the others the ledger has learned something since, so that what was read may be older.

    Args:
        may_be_gone: return whether a record that the API does not know by its id has been deleted there; False where
            it may be too young to be found.
    """
    sure = [
        each
        for each in readings
        if journal.ledger_state.record(each.before.token) == each.before
        and (not isinstance(each.entry, Gone) or may_be_gone(each.before))
    ]
    await write_down(journal, [each.entry for each in sure if each.entry])
    return sure
