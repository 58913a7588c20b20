"""Correct a record that its reviewers sent back: read it, then send the whole of what the row says now.

Rule: an update resubmits, so a second one would set the review back to its beginning. It is sent only while the API
says that the record may be changed, and its intent says when it was submitted before, by which an unknown one is
settled (docs/design/settling.md, Update). End user and documents are complete, which is right under both contracts
(docs/design/wire.md, Update).

Where the record cannot take this content at all, since it is another row's, or is of another country or type of number,
that is a refusal of ours: written down without a call, and repeated only when the row has changed.
"""

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import ServerRecord, Update
from bulk_onboard.model.entry import Op
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import EDITABLE, Record
from bulk_onboard.submission.desk import Desk
from bulk_onboard.submission.reading import read_after, read_again


async def update(desk: Desk, decision: Decision) -> Outcome[str] | None:
    """Update the record of a row; what that led to, None where no call was made."""
    identity, application = decision.identity, decision.judged.application
    if identity is None or application is None:
        raise AssertionError("only a valid row with an identity is due")
    found = await read_again(desk, decision)
    if found is None:
        return None
    record = desk.journal.books.record(identity.token)
    if refusal := _refusal(record, decision, found):
        await desk.journal.append(refusal)
        return None
    if found.review not in EDITABLE:
        return None
    call = Update(
        token=record.token,
        key=record.key or identity.user_key,
        compliance_id=record.compliance_id,
        seen_at=found.submitted_at,
        alias=record.alias or identity.alias,
        application=application,
        fingerprint=decision.judged.fingerprint,
        registration_token=identity.registration_token,
    )
    outcome = await desk.gateway.send(call)
    await read_after(desk, decision, outcome)
    return outcome


def _refusal(record: Record, decision: Decision, found: ServerRecord) -> entries.Refused | None:
    """Why this content cannot be sent to the record as the API shows it; None where nothing is against it."""
    wanted = decision.judged.row.combination
    if token_in(found.alias) not in ("", record.token):
        code, message = "record-misnamed", f"the API calls it {found.alias!r}, which is another row's name"
    elif found.country_iso not in ("", wanted.country_iso) or found.number_type not in ("", wanted.number_type):
        there = f"{found.country_iso} {found.number_type}".strip()
        code, message = "record-of-other-type", f"it is for {there} numbers, which no correction can change"
    else:
        return None
    return entries.Refused(
        token=record.token,
        key=record.key,
        op=Op.UPDATE,
        code=code,
        message=message,
        fingerprint=decision.judged.fingerprint,
    )
