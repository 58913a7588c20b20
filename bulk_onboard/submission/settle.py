"""Settle an unknown create: look for its stored alias at the API, adopt the one match, or leave it uncertain.

Rule: an uncertain record is never sent again from here. One look-up with exactly one match, whose content is what was
sent, settles it; several matches, or a different content, are for a person; no match proves nothing yet
(reliability.md 1.4: absence needs the settle window and a positive control).
"""

from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.application import Application
from bulk_onboard.model.books import Books
from bulk_onboard.model.call import Get, Priority, ServerRecord
from bulk_onboard.model.entry import Op, OpEntry
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.journal import Journal
from bulk_onboard.model.record import Record, State
from bulk_onboard.model.sheet import BUSINESS_NAME, REGISTRATION_NUMBER
from bulk_onboard.submission.walk import walk

EXPAND = ("end_user", "documents")


async def settle(gateway: Gateway, journal: Journal, record: Record, sent: Application | None) -> None:
    """Look once for what the record's create left behind, and write down what was found.

    The create is unknown, or it was refused with words that speak of such a record.
    `sent` is the content that was sent, where the row still says it; None where the row has changed or gone.
    """
    matches = await walk(gateway, alias=record.alias, priority=Priority.SETTLE)
    if matches is None:
        return
    if record.state is State.UNCERTAIN:  # of a contested no the outcome is known: there the look-up is no probe
        await journal.append(entries.Probed(token=record.token, key=record.key, op=Op.CREATE, matches=len(matches)))
    if not matches:
        return
    found = matches[0]
    if len(matches) == 1 and sent is not None:
        outcome = await gateway.send(Get(compliance_id=found.compliance_id, expand=EXPAND, priority=Priority.SETTLE))
        if not isinstance(outcome, outcomes.Done):
            return
        found = outcome.value
    await journal.append(conclusion(record, matches, found, sent, journal.books))


def conclusion(
    record: Record, matches: list[ServerRecord], found: ServerRecord, sent: Application | None, books: Books
) -> OpEntry:
    """What matches of a record's alias mean: adopted, or held for a person."""
    why = ""
    if len(matches) > 1:
        why = f"{len(matches)} records with this alias at the API"
    elif books.owner(found.compliance_id) not in (None, record.token):
        why = "the record found at the API belongs to another row"
    elif sent is not None and (difference := first_difference(found, sent)):
        why = f"the record found at the API has another {difference}"
    if why:
        ids = tuple(match.compliance_id for match in matches)
        return entries.Held(token=record.token, key=record.key, op=Op.CREATE, why=why, compliance_ids=ids)
    return entries.Adopted(
        token=record.token,
        key=record.key,
        op=Op.CREATE,
        compliance_id=found.compliance_id,
        review=found.review,
    )


def first_difference(found: ServerRecord, sent: Application) -> str:
    """In what a record at the API differs from what was sent; empty where all that it shows agrees."""
    if found.name is not None and found.name.strip() != sent.fields.get(BUSINESS_NAME, ""):
        return "name"
    number = found.registration_number
    if number is not None and number.strip() != sent.fields.get(REGISTRATION_NUMBER, ""):
        return "registration number"
    if found.documents is not None and found.documents != len(sent.documents):
        return "number of documents"
    return ""
