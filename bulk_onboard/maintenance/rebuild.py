"""Make a new ledger for a lost one: walk the account, and adopt the records whose alias ends in a row's token.

The first run of a job does this too, with the same code. Here the walk waits until the settle window has passed since
the lock was taken: the ledger may have been lost a moment ago, with calls still under way (docs/design/settling.md,
Settle window).
"""

from collections.abc import Callable
from dataclasses import dataclass

from bulk_onboard import errors
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.job import Job
from bulk_onboard.maintenance.resolve import wait_for_settle_window
from bulk_onboard.model.call import ListPage
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.outcome import Done
from bulk_onboard.model.record import State
from bulk_onboard.pipeline.connection import owned, reading
from bulk_onboard.pipeline.judge import identified_rows
from bulk_onboard.pipeline.progress import Progress
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.pipeline.walk import sweep


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many rows the workbook has, how many of them were found at the API, and how many are held."""

    rows: int
    adopted: int
    held: int

    @property
    def exit_status(self) -> errors.ExitStatus:
        """`ROWS_NEED_ATTENTION` where a row was found several times."""
        return errors.ExitStatus.ROWS_NEED_ATTENTION if self.held else errors.ExitStatus.DONE


async def rebuild_ledger(
    job: Job,
    *,
    credentials: Credentials,
    clock: Clock,
    stop: Stop | None = None,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> Rebuilt:
    """Make the job's ledger from the account; call `say` with the reason for the wait.

    Args:
        progress: where it says what it waits for.

    Raises:
        UsageError: there is a ledger already.
        WorkbookError: the workbook cannot be read.
        SignalledError: a signal asked to `stop`.
        BulkOnboardError: the account cannot be read; a ledger begun then makes the next run walk the account itself.
    """
    _refuse_to_overwrite(job)
    stop = stop or Stop()
    identities = [identity for _, identity in await identified_rows(job, LedgerState(), auth_id=credentials.auth_id)]
    async with reading(job, credentials, clock=clock, stop=stop, progress=progress) as gateway:
        first = await gateway.send(ListPage(query={"limit": "1"}))  # the ledger is bound to an address that answered
        if not isinstance(first, Done):
            raise errors.StoppedError("The account could not be read. Check the network, then rebuild again.")
        async with owned(job, credentials, clock=clock, stop=stop, progress=progress) as journal:
            await wait_for_settle_window(job, journal.locked_at, clock=clock, stop=stop, progress=progress, say=say)
            if not await sweep(gateway, journal, identities):
                raise errors.StoppedError(
                    "The API's list of records could not be read to its end. The next run begins with it: "
                    f"{job.commands.run()}"
                )
            states = [journal.ledger_state.record(identity.token).state for identity in identities]
    return Rebuilt(len(identities), states.count(State.SUBMITTED), states.count(State.HELD))


def _refuse_to_overwrite(job: Job) -> None:
    if left := job.left_in_file():
        raise left
    if job.store.exists():
        if job.database is None:
            first = f"Move it away first; if it is damaged, type: {job.commands.repair()}"
        else:
            first = f"Give this job another one (--ledger); if it is damaged, type: {job.commands.export_ledger()}"
        raise errors.UsageError(
            f"There is a ledger {job.store.name}, and what it says was sent must not be lost. {first}"
        )
