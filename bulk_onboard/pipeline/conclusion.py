"""Conclude from what the API shows what became of an unknown write; pure.

A create is settled by the records with its token, an update by whether the record was submitted again since it was
seen, a link by the number's own record, a delete by whether the record is gone.
"""

from collections.abc import Iterator, Sequence

from bulk_onboard.model import entry as entries
from bulk_onboard.model.application import Application
from bulk_onboard.model.call import NumberRecord, ServerRecord
from bulk_onboard.model.entry import Op, OpEntry
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import EDITABLE, UNDER_REVIEW, Record
from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.sheet import BUSINESS_NAME, LAST_NAME, REGISTRATION_NUMBER


def of_create(
    token: str,
    key: str,
    matches: Sequence[ServerRecord],
    ledger_state: LedgerState,
    *,
    found: ServerRecord | None = None,
    sent: Application | None = None,
    registration_token: str = "",
    follows: str = "",
    generation: int = 1,
) -> OpEntry:
    """Return the entry for a row whose token the API shows.

    Its record is adopted, or held for a person to look at.

    A token proves which row was meant, so other content is reported and holds nothing: the API may have normalised it.

    Args:
        token, key: the row's.
        matches: the records with this token, at least one.
        found: the only match, expanded, where `sent` is given.
        sent: the content that was sent, where the row still has it.
        registration_token: what the record was filed with, where the ledger does not know it.
        follows, generation: as for `plan.Identity`, where the ledger does not know them.
    """
    found = found or matches[0]
    why = ""
    if len(matches) > 1:
        why = f"{len(matches)} records of this row at the API"
    elif ledger_state.owner(found.compliance_id) not in (None, token):
        why = "the record found at the API belongs to another row"
    if why:
        ids = tuple(match.compliance_id for match in matches)
        return entries.Held(token=token, key=key, op=Op.CREATE, why=why, compliance_ids=ids)
    return entries.Adopted(
        token=token,
        key=key,
        op=Op.CREATE,
        compliance_id=found.compliance_id,
        review=found.review,
        alias=found.alias,
        differs=", ".join(differences(found, sent)) if sent else "",
        registration_token=registration_token,
        follows=follows,
        generation=generation,
    )


def of_update(record: Record, now: ServerRecord) -> OpEntry | None:
    """Return that an update was applied; None where that does not show.

    It was where the record was submitted again since it was seen.

    Only a resubmission leads back to a pending review. Where people judged the old content again meanwhile, the new
    content has still to be sent. Where the API does not say when a record was submitted, its review decides, and when
    it changed last: a rejected record that has changed was submitted and rejected again.
    """
    if record.seen_at and now.submitted_at:
        again = now.submitted_at != record.seen_at
    else:
        again = now.review not in EDITABLE or bool(record.seen_at and now.updated_at not in ("", record.seen_at))
    return adopted(record, now.review) if again or now.review in UNDER_REVIEW else None


def of_link(record: Record, number: str, shown: NumberRecord | None) -> OpEntry | None:
    """Return that the number is linked to the record; None where that does not show.

    `shown` is None where the API does not show the number.
    """
    if shown is None or shown.compliance_id != record.compliance_id:
        return None
    return entries.Adopted(
        token=record.token, key=record.key, op=Op.LINK, compliance_id=record.compliance_id, number=number
    )


def before_link(record: Record, number: NumberRecord, wanted: Combination, *, relink: bool) -> OpEntry | None:
    """Return the entry for a number that is not to be linked; None where it may be.

    One that is linked as it should be is adopted. One that is linked to another record, and not to be moved, or is of
    another country or type, is held: only a person can say which of the two is wrong. What the API leaves out is no
    objection.
    """
    if linked := of_link(record, number.number, number):
        return linked
    why, ids = "", tuple[str, ...]()
    if number.country_iso not in ("", wanted.country_iso):
        why = f"the number is of {number.country_iso}, the record of {wanted.country_iso}"
    elif number.number_type not in ("", wanted.number_type):
        why = f"the number is {number.number_type}, the record {wanted.number_type}"
    elif number.compliance_id and not relink:
        why, ids = f"linked to another record, {number.compliance_id}", (number.compliance_id,)
    if not why:
        return None
    return entries.Held(
        token=record.token, key=record.key, op=Op.LINK, why=why, compliance_ids=ids, number=number.number
    )


def adopted(record: Record, review: str = "") -> entries.Adopted:
    """Return the entry for a write under way that was found to have happened."""
    if record.op is None:
        raise AssertionError("no write is under way")
    return entries.Adopted(
        token=record.token, key=record.key, op=record.op, compliance_id=record.compliance_id, review=review
    )


def absent(record: Record, waited_s: float, control: str = "", *, number: str = "") -> entries.Absent:
    """Return the entry for a write under way, or the link of a number, that was proved not to have happened."""
    op = Op.LINK if number else record.op
    if op is None:
        raise AssertionError("no write is under way")
    return entries.Absent(
        token=record.token, key=record.key, op=op, number=number, waited_s=round(waited_s, 3), control=control
    )


def absent_or_vanished(record: Record, waited_s: float, control: str, *, told: Sequence[str]) -> OpEntry:
    """Return the entry for a create that neither the list shows nor the API under the ids that it was `told` to have.

    Where the API gave it an id, and does not show it now, only a person can say whether it is to be sent again.
    """
    if not told:
        return absent(record, waited_s, control)
    why = "the API answered that this record was created, and does not show it"
    return entries.Held(token=record.token, key=record.key, op=Op.CREATE, why=why, compliance_ids=tuple(told))


def differences(found: ServerRecord, sent: Application) -> Iterator[str]:
    """Yield in what the API's record differs from what was sent, as far as it shows."""
    name = " ".join(filter(None, (sent.fields.get(BUSINESS_NAME, ""), sent.fields.get(LAST_NAME, ""))))
    if found.name is not None and found.name.strip() != name:
        yield "business name"
    number = found.registration_number
    if number is not None and number.strip() != sent.fields.get(REGISTRATION_NUMBER, ""):
        yield "registration number"
    files = sum(document.path is not None for document in sent.documents)  # whether the API shows others is not known
    if found.documents is not None and not files <= found.documents <= len(sent.documents):
        yield "number of documents"


def refused_after_all(record: Record, op: Op, code: str, message: str, *, number: str = "") -> entries.Refused:
    """Return the entry for a refusal that stands, since the write was not done.

    Args:
        record: as it was while the write was unknown or, of a create, proved absent.
        message: masked.
        number: of a link.
    """
    return entries.Refused(
        token=record.token,
        key=record.key,
        op=op,
        code=code,
        message=message,
        fingerprint=record.intended if op is Op.UPDATE else "",
        number=number,
    )
