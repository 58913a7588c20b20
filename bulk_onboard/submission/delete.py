"""Delete records at the API, one after the other; what is unknown is settled before it ends (reliability.md 1.9)."""

from collections.abc import Sequence

from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Delete
from bulk_onboard.model.record import State
from bulk_onboard.submission.control import new_token
from bulk_onboard.submission.desk import Desk
from bulk_onboard.submission.settle import Settler


async def delete(desk: Desk, tokens: Sequence[str], *, settle_s: float) -> None:
    """Delete the submitted ones of these records; the ledger says what became of each.

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
    for token in tokens:
        record = desk.journal.books.record(token)
        if record.state is not State.SUBMITTED or desk.stop.requested:
            continue
        call = Delete(token=token, key=record.key, compliance_id=record.compliance_id)
        if isinstance(await desk.gateway.send(call), outcomes.Unresolved):
            settler.watch(token, desk.clock.monotonic())
    settler.expect(more=False)
    await settler.run()
