"""Read one submitted record again, just before or after a write, and write down its review where it is another."""

from typing import Any

from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Get, Priority, ServerRecord
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.plan import Decision
from bulk_onboard.submission.desk import Desk
from bulk_onboard.submission.reviews import change_in


async def read_again(desk: Desk, decision: Decision) -> Outcome[ServerRecord]:
    """The record of a row as the API shows it now."""
    record = desk.journal.books.record(decision.token)
    outcome = await desk.gateway.send(Get(compliance_id=record.compliance_id, priority=Priority.WRITE))
    if isinstance(outcome, outcomes.Done) and (change := change_in(record, outcome.value, decision.judged.row)):
        await desk.journal.append(change)
        desk.changed.add(record.token)
    return outcome


def is_gone(outcome: Outcome[Any]) -> bool:
    """Whether the API says that it has no such record."""
    return isinstance(outcome, outcomes.Refused) and outcome.http_status == 404
