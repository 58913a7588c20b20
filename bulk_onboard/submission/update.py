"""Correct a record that its reviewers sent back: read it, then send the whole of what the row says now.

Rule: an update resubmits, so a second one would set the review back to its beginning. It is sent only while the API
says that the record may be changed, and its intent says what the record was seen as, by which an unknown one is settled
(reliability.md 1.9). End user and documents are complete, which is right under both contracts (wire.md 5.3).
"""

from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Get, Priority, ServerRecord, Update
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import EDITABLE
from bulk_onboard.submission.desk import Desk, TurnedUp
from bulk_onboard.submission.reviews import change_in


async def update(desk: Desk, decision: Decision) -> Outcome[str] | None:
    """Update the record of a row; what that led to, None where no call was made."""
    identity, application = decision.identity, decision.judged.application
    if identity is None or application is None:
        raise AssertionError("only a valid row with an identity is due")
    found = await read_again(desk, decision)
    if found is None or found.review not in EDITABLE:
        return None
    record = desk.journal.books.record(identity.token)
    if token_in(found.alias) not in ("", record.token):  # whatever the ledger says, it is another row's
        details = {"id": record.compliance_id, "alias": found.alias}
        desk.turned_up.append(TurnedUp(decision, "record-misnamed", details=details))
        return None
    call = Update(
        token=record.token,
        key=record.key or identity.user_key,
        compliance_id=record.compliance_id,
        seen_at=found.last_sent_at,
        alias=record.alias or identity.alias,
        application=application,
        fingerprint=decision.judged.fingerprint,
    )
    outcome = await desk.gateway.send(call)
    if isinstance(outcome, outcomes.Refused):  # perhaps for what the record has become meanwhile
        await read_again(desk, decision)
    return outcome


async def read_again(desk: Desk, decision: Decision) -> ServerRecord | None:
    """A submitted record as the API shows it now, its review written down where it is another; None for no answer."""
    record = desk.journal.books.record(decision.identity.token if decision.identity else "")
    outcome = await desk.gateway.send(Get(compliance_id=record.compliance_id, priority=Priority.WRITE))
    if isinstance(outcome, outcomes.Done):
        if change := change_in(record, outcome.value):
            await desk.journal.append(change)
        return outcome.value
    if isinstance(outcome, outcomes.Refused) and outcome.http_status == 404:
        desk.turned_up.append(TurnedUp(decision, "record-gone", details={"id": record.compliance_id}))
    return None
