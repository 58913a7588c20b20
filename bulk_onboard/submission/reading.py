"""Read one submitted record again, just before or after a write, and write down what it is by now."""

from typing import Any

from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Get, Priority, ServerRecord
from bulk_onboard.model.entry import STATE_ERRORS
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.plan import Decision
from bulk_onboard.submission.desk import Desk
from bulk_onboard.submission.reviews import change_in, gone_entry, is_gone


async def read_again(desk: Desk, decision: Decision) -> ServerRecord | None:
    """The record of a row as the API shows it now; None where it does not.

    It has been seen there before, by its review, so that one which the API does not know any more is gone.
    """
    record = desk.journal.books.record(decision.token)
    outcome = await desk.gateway.send(Get(compliance_id=record.compliance_id, priority=Priority.WRITE))
    if is_gone(outcome):
        await desk.journal.append(gone_entry(record))
    if not isinstance(outcome, outcomes.Done):
        return None
    if change := change_in(record, outcome.value, decision.judged.row):
        await desk.journal.append(change)
        desk.changed.add(record.token)
    return outcome.value


async def read_after(desk: Desk, decision: Decision, outcome: Outcome[Any]) -> None:
    """Read the record of a row again where the API's no to a write was to what the record is now, or not any more."""
    if isinstance(outcome, outcomes.Refused) and (outcome.code in STATE_ERRORS or outcome.http_status == 404):
        await read_again(desk, decision)
