"""Work off the hints that a listener has kept: read the record of each, and write its review into the ledger.

The ledger has one writer. Records are read from the API without its lock, so that a run may begin at any time; the lock
is taken only for the moment in which something is written. A record that changed in the ledger between reading and
writing is not written but read again later. While a run or another verb holds the lock, hints wait: that run uses the
quota, and may be about to write the very id that a hint is about.

A record is read at most once in 30 s, however many hints there are.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError, LockedError, StoppedError
from bulk_onboard.job import Job
from bulk_onboard.model.call import FetchRequirements, Gateway, Get
from bulk_onboard.model.entry import Gone, Reviewed
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.outcome import Done, Refused
from bulk_onboard.model.record import ENDED, Record, State
from bulk_onboard.model.requirements import Contract
from bulk_onboard.model.store import Claim, Hints
from bulk_onboard.pipeline.connection import bound_ledger_state
from bulk_onboard.pipeline.reviews import change_in, gone_entry, is_gone, is_old, write_down
from bulk_onboard.pipeline.stop import Stop, rest

BETWEEN_S = 1.0  # so that many hints at once are worked off together
READ_AGAIN_S = 30.0
LOOK_AGAIN_S = 5.0
AT_A_TIME = 20


class Reading(NamedTuple):
    """A record that was read: as the ledger had it, and the entry to write; None where nothing changed."""

    claim: Claim
    before: Record
    entry: Reviewed | Gone | None


class HintWorker:
    """Works off the hints of a job, for a listener.

    Attributes:
        counts: `read` records, `changed` reviews, hints for records `unknown` to the ledger.
    """

    def __init__(self, job: Job, *, credentials: Credentials, clock: Clock, gateway: Gateway, hints: Hints) -> None:
        self.counts: Counter[str] = Counter()
        self._job, self._credentials, self._clock = job, credentials, clock
        self._gateway, self._hints = gateway, hints
        self._read_at: dict[str, float] = {}
        self._knows_names = False

    async def work(self) -> float | None:
        """Work off some hints; return in how many seconds more are due, None if only after a new hint.

        Raises:
            UsageError, LedgerError, StoppedError: the ledger cannot be used. Hints wait in their folder.
        """
        waiting = await asyncio.to_thread(self._hints.waiting)
        now = self._clock.monotonic()
        self._read_at = {one: at for one, at in self._read_at.items() if now - at < READ_AGAIN_S}
        due = [compliance_id for compliance_id in waiting if compliance_id not in self._read_at]
        if not due:
            return min((at + READ_AGAIN_S - now for at in self._read_at.values()), default=None) if waiting else None
        if not await asyncio.to_thread(self._job.store.is_free):
            return LOOK_AGAIN_S
        await self._work_off(await asyncio.to_thread(self._hints.claim, due[:AT_A_TIME]))
        return 0.0

    async def _work_off(self, due: Sequence[Claim]) -> None:
        ledger_state = await asyncio.to_thread(self._ledger_state)
        known = [(each, ledger_state.record(ledger_state.owner(each.compliance_id) or "")) for each in due]
        over = [each for each, record in known if not record.compliance_id or record.state in ENDED]
        self.counts["unknown"] += len(over)
        followed = [(each, record) for each, record in known if record.state in (State.SUBMITTED, State.GONE)]
        if followed and not self._knows_names:
            await self._learn_names(ledger_state)
        readings = [each for each in await asyncio.gather(*(self._read(*one) for one in followed)) if each]
        self._read_at |= dict.fromkeys([each.compliance_id for each in due], self._clock.monotonic())
        self.counts["read"] += len(readings)
        news = [each for each in readings if each.entry]
        over += [each.claim for each in readings if not each.entry]
        written = await self._write(news) if news else []  # of all that is done here only this needs the ledger
        self.counts["changed"] += len(written)
        over += [each.claim for each in written]
        await asyncio.to_thread(self._hints.forget, over)

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

    def _ledger_state(self) -> LedgerState:
        return bound_ledger_state(self._job, self._credentials.auth_id, is_needed=False)

    async def _read(self, claim: Claim, record: Record) -> Reading | None:
        """Read a record; None where that could not be done, or was stopped."""
        try:
            outcome = await self._gateway.send(Get(compliance_id=record.compliance_id))
        except StoppedError:
            return None
        if isinstance(outcome, Done):
            return Reading(claim, record, change_in(record, outcome.value))
        if not isinstance(outcome, Refused):
            return None
        is_news = is_gone(outcome) and record.state is State.SUBMITTED
        is_sure = is_news and is_old(record, self._clock.now(), self._job.settle)
        return Reading(claim, record, gone_entry(record) if is_sure else None)

    async def _write(self, readings: Sequence[Reading]) -> list[Reading]:
        """Write what changed; return what was written. Records that changed in the ledger meanwhile wait."""
        try:
            async with self._job.store.opened(
                auth_id=self._credentials.auth_id, clock=self._clock, patience_s=0.0
            ) as journal:
                as_before = [each for each in readings if journal.ledger_state.record(each.before.token) == each.before]
                await write_down(journal, [each.entry for each in as_before if each.entry])
                return as_before
        except LockedError:  # a run has begun meanwhile
            return []


async def work_until_stopped(worker: HintWorker, clock: Clock, stop: Stop, wake: asyncio.Event) -> None:
    """Work off hints whenever some are kept, until asked to stop, or until the ledger cannot be used.

    Args:
        stop: is told of what keeps the hints from being worked off.
        wake: set after a hint was kept.
    """
    while not stop.requested:
        wake.clear()
        try:
            pause_s = await worker.work()
        except BulkOnboardError as error:
            stop.request(error)
            break
        except OSError as error:
            stop.request(
                StoppedError(f"The folder of hints cannot be used: {error.strerror}. Fix that and listen again.")
            )
            break
        await stop.pause(clock, BETWEEN_S)
        if pause_s != 0:
            await rest(clock, pause_s, wake, stop.wished)
