"""A new ledger for a lost one: walk the account, and adopt the records whose alias ends in a row's token.

This is what the first run of a job begins with, and the same code does it. One thing is different: whoever lost a
ledger may have lost it a moment ago, with calls still under way. So the walk begins when the settle window has passed
since the lock was taken; an earlier process can have left nothing by then that does not show (docs/design/settling.md,
Settle window).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

from bulk_onboard import errors
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.job import Job
from bulk_onboard.model.call import ListPage
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.outcome import Done
from bulk_onboard.model.record import State
from bulk_onboard.run.connection import open_ledger, reading
from bulk_onboard.run.judge import identified_rows
from bulk_onboard.run.walk import sweep
from bulk_onboard.units import format_duration


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A new ledger's content: so many rows of the workbook, so many found at the API, so many of these held."""

    rows: int
    adopted: int
    held: int

    @property
    def exit_status(self) -> errors.ExitStatus:
        """`ROWS_NEED_ATTENTION` where a row was found several times."""
        return errors.ExitStatus.ROWS_NEED_ATTENTION if self.held else errors.ExitStatus.DONE


async def rebuild_ledger(
    job: Job, *, credentials: Credentials, clock: Clock, say: Callable[[str], None] = lambda sentence: None
) -> Rebuilt:
    """Make the job's ledger anew from the account; `say` is told why it takes a while.

    Raises:
        UsageError: there is a ledger already.
        WorkbookError: the workbook cannot be read.
        BulkOnboardError: the account cannot be read; a ledger begun then makes the next run walk the account itself.
    """
    _refuse_to_overwrite(job)
    identities = [identity for _, identity in await identified_rows(job, LedgerState(), auth_id=credentials.auth_id)]
    async with reading(job, credentials, clock=clock) as gateway:
        if not isinstance(
            await gateway.send(ListPage(query={"limit": "1"})), Done
        ):  # a ledger is bound to what has answered
            raise errors.StoppedError("The account could not be read. Check the network, then rebuild again.")
        with open_ledger(job, credentials, clock) as journal:
            say(f"Waiting {format_duration(job.settle)}, so that whatever was sent last shows at the API (settle).")
            while (left_s := journal.locked_at + job.settle - clock.monotonic()) > 0:
                await clock.sleep(left_s)
            if not await sweep(gateway, journal, identities):
                raise errors.StoppedError(
                    "The API's list of records could not be read to its end. The next run begins with it: "
                    f"{job.commands.run()}"
                )
            states = [journal.ledger_state.record(identity.token).state for identity in identities]
    return Rebuilt(len(identities), states.count(State.SUBMITTED), states.count(State.HELD))


def _refuse_to_overwrite(job: Job) -> None:
    if os.path.lexists(job.ledger):
        raise errors.UsageError(
            f"There is a ledger {job.ledger}, and what it says was sent must not be lost. Move it away first; if it is "
            f"damaged, try: {job.commands.repair()}"
        )
