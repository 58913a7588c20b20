"""Work off the hints that a listener has kept: read the record of each, and write its review into the ledger.

The ledger has one owner. Records are read from the API while nobody owns it, so that a run may begin at any time; it is
opened only for the moment in which something is written. A record that changed in the ledger between reading and
writing is not written but read again later. While a run or another verb owns the ledger, hints wait: that run uses the
quota, and may be about to write the very id that a hint is about. A run that waits for reviews works them off itself.
"""

import asyncio
from collections.abc import Sequence

from bulk_onboard import log
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError, DatabaseError, LockedError, StoppedError
from bulk_onboard.job import Job
from bulk_onboard.model.call import Gateway
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.pipeline.connection import bound_ledger_state
from bulk_onboard.pipeline.hints import LOOK_EACH_S, HintReader, Reading, write_unless_changed
from bulk_onboard.pipeline.reviews import is_old
from bulk_onboard.pipeline.stop import Stop, rest

BETWEEN_S = 1.0  # so that many hints at once are worked off together
OF_OTHERS_S = 30.0  # between two looks for what other listeners have kept in a database


class HintWorker:
    """Works off the hints of a job while nobody else owns its ledger, for a listener.

    Attributes:
        counts: as of `HintReader`.
    """

    def __init__(self, job: Job, *, credentials: Credentials, clock: Clock, gateway: Gateway) -> None:
        self._job, self._credentials, self._clock = job, credentials, clock
        self._reader = HintReader(job.store.hints, gateway=gateway, clock=clock)
        self.counts = self._reader.counts

    async def work(self) -> float | None:
        """Work off some hints; return in how many seconds to look again, None if only after a new hint.

        Raises:
            UsageError, LedgerError, StoppedError: the ledger cannot be used. Hints wait where they are kept.
            OSError: the disk with the hints failed.
        """
        due, later_s = await self._reader.due()
        if not due:
            return OF_OTHERS_S if later_s is None and self._job.database else later_s
        if not await asyncio.to_thread(self._job.store.is_free):
            return LOOK_EACH_S
        await self._reader.work_off(due, await asyncio.to_thread(self._ledger_state), self._write)
        return 0.0

    def _ledger_state(self) -> LedgerState:
        return bound_ledger_state(self._job, self._credentials.auth_id, is_needed=False)

    async def _write(self, readings: Sequence[Reading]) -> list[Reading]:
        """Write what changed; return what was written.

        Records that changed in the ledger meanwhile wait, and those that may only be too young to be found.
        """
        opening = self._job.store.opened(auth_id=self._credentials.auth_id, clock=self._clock, patience_s=0.0)
        try:
            async with opening as journal:
                now, settle_s = journal.now(), self._job.settle  # of the clock that stamped the records
                return await write_unless_changed(
                    journal, readings, may_be_gone=lambda record: is_old(record, now, settle_s)
                )
        except LockedError:  # a run has begun meanwhile
            return []


async def work_until_stopped(worker: HintWorker, clock: Clock, stop: Stop, wake: asyncio.Event) -> None:
    """Work off hints whenever some are kept, until asked to stop, or until the ledger cannot be used.

    A database that fails is tried again: it may have been restarted, and what is heard meanwhile is refused, so that
    the API says it again.

    Args:
        stop: is told of what keeps the hints from being worked off.
        wake: set after a hint was kept.
    """
    while not stop.requested:
        wake.clear()
        try:
            pause_s = await worker.work()
        except DatabaseError as error:
            log.logger().warning("hints not read", error=type(error).__name__)
            pause_s = OF_OTHERS_S
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
