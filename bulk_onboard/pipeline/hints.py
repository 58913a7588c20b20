"""Work off hints: read each record that one is about, and write down what its review is now.

Rule: the ledger has one writer. Records are read from the API without its lock, so that a run may begin at any time;
the lock is taken only to write what has changed, and only for that moment. A record that changed in the ledger between
the two is not written but read again later. While a run or another verb holds the lock, hints wait: that run spends the
quota, and it may be about to write the id that a hint is about.

A record is read at most once in 30 s, however many hints there are (reliability.md 5.7).
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bulk_onboard.api.credentials import Credentials
from bulk_onboard.callbacks.spool import Spool, Waiting
from bulk_onboard.clock import Clock
from bulk_onboard.errors import LockedError, StoppedError
from bulk_onboard.job import Job
from bulk_onboard.ledger.lock import LedgerLock
from bulk_onboard.ledger.place import MODES
from bulk_onboard.model.books import Books
from bulk_onboard.model.call import Get, ServerRecord
from bulk_onboard.model.entry import Gone, Reviewed
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.outcome import Done, Refused
from bulk_onboard.model.record import Record, State
from bulk_onboard.pipeline.account import bound_books
from bulk_onboard.pipeline.ledger import open_ledger
from bulk_onboard.submission.reviews import change_in, gone_entry, is_gone, is_old, write_down

READ_AGAIN_S = 30.0
LOOK_AGAIN_S = 5.0
AT_A_TIME = 20

_GONE = frozenset({State.DELETED, State.ABANDONED})


@dataclass(frozen=True, slots=True)
class Reading:
    """A record that was read: as the ledger had it before, and as the API shows it; None where it shows none.

    `gone` where it says that it has none.
    """

    waiting: Waiting
    before: Record
    found: ServerRecord | None
    gone: bool = False


class HintWorker:
    """Works off the hints of a spool, for a listener.

    Attributes:
        counts: `read` records, `changed` reviews, hints for records `unknown` to the ledger.
    """

    def __init__(self, job: Job, *, credentials: Credentials, clock: Clock, gateway: Gateway, spool: Spool) -> None:
        self.counts: Counter[str] = Counter()
        self._job, self._credentials, self._clock = job, credentials, clock
        self._gateway, self._spool = gateway, spool
        self._read_at: dict[str, float] = {}

    async def work(self) -> float | None:
        """Work off some of what is due; in how many seconds more may be, None when only a new hint brings any.

        Raises:
            UsageError, LedgerError, StoppedError: the ledger cannot be used. Hints wait in the spool.
        """
        waiting = await asyncio.to_thread(self._spool.take)
        now = self._clock.monotonic()
        self._read_at = {one: at for one, at in self._read_at.items() if now - at < READ_AGAIN_S}
        due = [each for each in waiting if each.compliance_id not in self._read_at]
        if not due:
            return min((at + READ_AGAIN_S - now for at in self._read_at.values()), default=None) if waiting else None
        if not await asyncio.to_thread(is_free, self._job, self._clock):
            return LOOK_AGAIN_S
        await self._work_off(due[:AT_A_TIME])
        return 0.0

    async def _work_off(self, due: Sequence[Waiting]) -> None:
        books = await asyncio.to_thread(self._books)
        known = [(each, books.record(books.owner(each.compliance_id) or "")) for each in due]
        over = [each for each, record in known if not record.compliance_id or record.state in _GONE]
        self.counts["unknown"] += len(over)
        followed = [(each, record) for each, record in known if record.state in (State.SUBMITTED, State.GONE)]
        readings = await read_hinted(self._gateway, followed)
        self._read_at |= dict.fromkeys([each.compliance_id for each in due], self._clock.monotonic())
        self.counts["read"] += len(readings)
        changed = [each for each in readings if self._change(each)]
        over += [each.waiting for each in readings if each not in changed]
        # Of all that is done here only this needs the lock; in a thread, since a long ledger takes its time to open.
        written = await asyncio.to_thread(asyncio.run, self._write(changed)) if changed else []
        self.counts["changed"] += len(written)
        over += [each.waiting for each in written]
        await asyncio.to_thread(self._spool.forget, over)

    def _books(self) -> Books:
        if not self._job.ledger.exists():
            return Books()
        return bound_books(self._job.ledger, auth_id=self._credentials.auth_id, base_url=self._job.base_url)

    async def _write(self, readings: Sequence[Reading]) -> list[Reading]:
        """Write the reviews that changed; those of records that meanwhile changed in the ledger wait."""
        try:
            with open_ledger(self._job, self._credentials, self._clock, patience_s=0.0) as journal:
                as_before = [each for each in readings if journal.books.record(each.before.token) == each.before]
                for each in as_before:
                    if entry := self._change(each):
                        await write_down(journal, [entry])
                return as_before
        except LockedError:  # a run began meanwhile
            return []

    def _change(self, reading: Reading) -> Reviewed | Gone | None:
        """The entry for a review that is another than in the ledger, or for a record that the API has no more."""
        before = reading.before
        if reading.found:
            return change_in(before, reading.found)
        is_news = reading.gone and before.state is State.SUBMITTED
        return gone_entry(before) if is_news and is_old(before, self._clock.now(), self._job.settle) else None


async def read_hinted(gateway: Gateway, hinted: Sequence[tuple[Waiting, Record]]) -> list[Reading]:
    """Read these records; those that could not be read now, or since all is to stop, are left out."""

    async def read(waiting: Waiting, record: Record) -> Reading | None:
        try:
            outcome = await gateway.send(Get(compliance_id=record.compliance_id))
        except StoppedError:
            return None
        if isinstance(outcome, Done):
            return Reading(waiting, record, outcome.value)
        return Reading(waiting, record, None, gone=is_gone(outcome)) if isinstance(outcome, Refused) else None

    return [each for each in await asyncio.gather(*(read(*one) for one in hinted)) if each]


def is_free(job: Job, clock: Clock) -> bool:
    """Whether nobody works on the job's ledger now; where there is none, nobody does."""
    if not job.ledger.exists():  # or its lock would be there before it, as if somebody had been at work
        return True
    try:
        with LedgerLock(job.ledger.absolute(), clock, mode=MODES[job.share], patience_s=0.0):
            return True
    except LockedError:
        return False
