"""Delete records at the API, one after the other; what is unknown is settled first, and what becomes unknown after it.

A create that a run was killed in, or whose answer was lost, is looked for and deleted if it is there. So is a deletion
that did not happen deleted again. Doing the same once more therefore always gets further, whatever stopped it.
"""

from collections.abc import Callable, Sequence

from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Delete
from bulk_onboard.model.record import Record, State
from bulk_onboard.submission.control import new_token
from bulk_onboard.submission.desk import Desk
from bulk_onboard.submission.retrying import ATTEMPTS
from bulk_onboard.submission.settle import Settler

INTERRUPTED = "the process ended in the middle of the call"


async def delete(
    desk: Desk, tokens: Sequence[str], *, settle_s: float, orphans_since: float, may_go: Callable[[Record], bool]
) -> None:
    """Delete those of these records that are, or turn out to be, submitted; the ledger says what became of each.

    Args:
        orphans_since: monotonic instant after which no earlier process can have sent anything: the lock was taken.
        may_go: whether a submitted record, as the ledger has it then, may be deleted.

    Raises:
        StoppedError: the disk failed, or it was asked to stop; what was under way is written down.
    """
    settler = Settler(
        desk.gateway,
        desk.journal,
        clock=desk.clock,
        stop=desk.stop,
        settle_s=settle_s,
        new_token=new_token,
        sent=lambda record: None,
    )
    settler.expect(more=False)
    for record in map(desk.journal.books.record, tokens):
        await _watch_orphan(desk, settler, record, orphans_since)
    await settler.run()
    settler.take_settled()
    due = tokens
    for _ in range(ATTEMPTS):
        for token in due:
            await _delete(desk, settler, token, may_go)
        await settler.run()
        if not (due := settler.take_settled()):
            return


def interrupted(record: Record) -> entries.Unresolved:
    """The entry for a write that an earlier process left behind without a word."""
    if record.op is None:
        raise AssertionError("no write is under way")
    return entries.Unresolved(token=record.token, key=record.key, op=record.op, seen=INTERRUPTED)


async def _watch_orphan(desk: Desk, settler: Settler, record: Record, since: float) -> None:
    """Settle what an earlier process left behind, whether it came to say so or not."""
    if record.state is State.SENDING:
        await desk.journal.append(interrupted(record))
    if record.state in (State.SENDING, State.UNCERTAIN):
        settler.watch(record.token, since)


async def _delete(desk: Desk, settler: Settler, token: str, may_go: Callable[[Record], bool]) -> None:
    record = desk.journal.books.record(token)
    if record.state is not State.SUBMITTED or desk.stop.requested or not may_go(record):
        return
    call = Delete(token=token, key=record.key, compliance_id=record.compliance_id)
    outcome = await desk.gateway.send(call)
    if isinstance(outcome, outcomes.Unresolved):
        settler.watch(token, desk.clock.monotonic(), outcome.said)
