"""Link a row's numbers to its approved record, one after the other, each looked at before (wire.md 11, 20).

Rule: a number is moved from another record only where the job says so, and never from the record of a row that names
it, too: the two rows would take it from each other in turn.

Where the number's own record cannot be looked at (404 or 405 there), the link is tried: the API checks it, too. An
unknown link is settled before the next number's turn comes, in this run or the next.
"""

from collections.abc import Mapping

from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import GetNumber, Link, Priority
from bulk_onboard.model.entry import STATE_ERRORS
from bulk_onboard.model.number import numbers_in
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import Record, Review, State
from bulk_onboard.model.sheet import NUMBERS
from bulk_onboard.submission.conclusion import before_link
from bulk_onboard.submission.desk import Desk
from bulk_onboard.submission.update import read_again


async def link(desk: Desk, decision: Decision, rows: Mapping[str, Decision]) -> Outcome[str] | None:
    """Link the numbers that are due for a row; what the last call led to, None where none was made.

    `rows` are all rows of the sheet by their tokens.
    """
    outcome = None
    for number in decision.numbers:
        record = desk.journal.books.record(decision.identity.token if decision.identity else "")
        if desk.stop.requested or record.state is not State.SUBMITTED or record.review != Review.APPROVED:
            break
        if not await _may_be_linked(desk, decision, record, number, rows):
            continue
        call = Link(token=record.token, key=record.key, compliance_id=record.compliance_id, number=number)
        outcome = await desk.gateway.send(call)
        if isinstance(outcome, outcomes.Refused) and outcome.code in STATE_ERRORS:
            await read_again(desk, decision)
    return outcome


async def _may_be_linked(
    desk: Desk, decision: Decision, record: Record, number: str, rows: Mapping[str, Decision]
) -> bool:
    """Whether nothing speaks against it; what does is written down, unless the ledger says so already."""
    looked = await desk.gateway.send(GetNumber(number=number, priority=Priority.WRITE))
    if isinstance(looked, outcomes.Refused):
        return True
    if not isinstance(looked, outcomes.Done):
        return False
    owner = rows.get(desk.journal.books.owner(looked.value.compliance_id) or "")
    is_its_owners = owner is not None and number in numbers_in(owner.judged.row.cell(NUMBERS))
    relink = desk.relink and not is_its_owners
    found = before_link(record, looked.value, decision.judged.row.combination, relink=relink)
    known = record.numbers.get(number)
    if found is not None and (known is None or getattr(found, "why", None) != known.why):
        await desk.journal.append(found)
    return found is None
