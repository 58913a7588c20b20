"""Link a row's numbers to its approved record, one after the other, each looked at before.

See docs/design/settling.md, Link.

Rule: a number is moved from another record only where the job says so, and never from the record of a row that names
it, too: the two rows would take it from each other in turn.

Where the number's own record cannot be looked at (404 or 405 there), the link is tried: the API checks it, too, and the
ledger tells of the records of this job that have it. An unknown link is settled before the next number's turn comes,
in this run or the next.
"""

from collections.abc import Mapping

from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import GetNumber, Link, NumberRecord, Priority
from bulk_onboard.model.number import numbers_in
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import Linkage, Record, Review, State
from bulk_onboard.model.sheet import NUMBERS
from bulk_onboard.submission.conclusion import before_link
from bulk_onboard.submission.desk import Desk
from bulk_onboard.submission.reading import read_after


async def link(desk: Desk, decision: Decision, rows: Mapping[str, Decision]) -> Outcome[str] | None:
    """Link the numbers that are due for a row; what the last call led to, None where none was made.

    `rows` are all rows of the sheet by their tokens.
    """
    outcome = None
    for number in decision.numbers:
        record = desk.journal.books.record(decision.token)
        if desk.stop.requested or record.state is not State.SUBMITTED or record.review != Review.APPROVED:
            break
        if not await _may_be_linked(desk, decision, record, number, rows):
            continue
        call = Link(token=record.token, key=record.key, compliance_id=record.compliance_id, number=number)
        outcome = await desk.gateway.send(call)
        await read_after(desk, decision, outcome)
    return outcome


async def _may_be_linked(
    desk: Desk, decision: Decision, record: Record, number: str, rows: Mapping[str, Decision]
) -> bool:
    """Whether nothing speaks against it; what does is written down, unless the ledger says so already."""
    known, books = record.numbers.get(number), desk.journal.books
    if known is not None and known.linkage is Linkage.HELD and (record.token, number) in desk.looked_at:
        return False
    desk.looked_at.add((record.token, number))
    looked = await desk.gateway.send(GetNumber(number=number, priority=Priority.WRITE))
    if isinstance(looked, outcomes.Refused):  # it cannot be seen, so what this job knows of it is all there is
        holder = books.records.get(books.holder(number) or "")
        shown = NumberRecord(number=number, compliance_id=holder.compliance_id if holder else "")
    elif isinstance(looked, outcomes.Done):
        shown = looked.value
    else:
        return False
    owner = rows.get(books.owner(shown.compliance_id) or "")
    is_its_owners = owner is not None and number in numbers_in(owner.judged.row.cell(NUMBERS))
    relink = desk.relink and not is_its_owners
    found = before_link(record, shown, decision.judged.row.combination, relink=relink)
    if found is not None and (known is None or getattr(found, "why", None) != known.why):
        await desk.journal.append(found)
    return found is None
