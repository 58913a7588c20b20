"""Which rows need a person, and whether that is news (README.md, Exit statuses).

Rule: a person is wanted for errors that keep a row out, for what the API refused, for what is held, for a record that
is gone, for a review that sends one back or takes an approval away, and for a number of the row that was not linked. It
is news where the ledger said so after the line with which people were last told. Errors in the row of a submitted
record keep nothing out, so they are no news; those of a row without identity are always, since nothing of it can be
remembered, and so is a registration number that keeps numbers from being linked.
"""

from collections.abc import Iterable

from bulk_onboard.model.books import Books
from bulk_onboard.model.catalogue import OLDER_CONTENT, RENUMBERED
from bulk_onboard.model.number import numbers_in
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import Linkage, Record, Review, State
from bulk_onboard.model.sheet import NUMBERS
from bulk_onboard.report.standing import Decisions, unclaimed

WANTS_A_PERSON = frozenset({Review.REJECTED, Review.MORE_INFO, Review.SUSPENDED, Review.EXPIRED})


def record_needs_a_person(record: Record, named: Iterable[str] | None = None) -> bool:
    """Whether somebody must look at what the API, or settling, said of the record.

    `named` are the numbers of its row: one that the row does not name any more was mended by that. None where the row
    is not at hand.
    """
    if record.state in (State.REFUSED, State.HELD, State.GONE):
        return True
    if record.state is not State.SUBMITTED:
        return False
    if record.review in WANTS_A_PERSON or not record.numbers:
        return record.review in WANTS_A_PERSON
    known = map(record.numbers.get, record.numbers if named is None else named)
    return any(linking.linkage is not Linkage.LINKED for linking in known if linking is not None)


def row_needs_a_person(decision: Decision, books: Books) -> bool:
    """Whether somebody must look at the row, or at its record."""
    record = _record(decision, books)
    return decision.judged.has_errors or (record is not None and record_needs_a_person(record, _named(decision)))


def row_is_news(decision: Decision, books: Books, since: int) -> bool:
    """Whether the row needs a person for something that was said after the ledger's line `since`."""
    record = _record(decision, books)
    if record is None or any(finding.code in RENUMBERED for finding in decision.judged.findings):
        return decision.judged.has_errors
    if record.news <= since:
        return False
    return record_needs_a_person(record, _named(decision)) or record.state is State.INVALID


def needing(decisions: Decisions, books: Books) -> int:
    """How many rows need a person, and records whose row has gone; without the workbook how many records do."""
    if decisions is None:
        return sum(map(record_needs_a_person, books.records.values()))
    gone = sum(map(_needs_a_person_without_row, unclaimed(decisions, books)))
    return gone + sum(row_needs_a_person(decision, books) for decision in decisions)


def news(decisions: Decisions, books: Books, since: int) -> int:
    """How many of them for something that was said after the ledger's line `since`."""
    if decisions is None:
        return sum(record.news > since and record_needs_a_person(record) for record in books.records.values())
    gone = sum(r.news > since and _needs_a_person_without_row(r) for r in unclaimed(decisions, books))
    return gone + sum(row_is_news(decision, books, since) for decision in decisions)


def older(decisions: Decisions) -> int:
    """How many rows are older than what was sent since, so that nothing of them was sent."""
    return sum(any(f.code == OLDER_CONTENT for f in decision.judged.findings) for decision in decisions or ())


def _needs_a_person_without_row(record: Record) -> bool:
    """Whether a record does whose row has gone: what was refused was mended by that."""
    return record.state is not State.REFUSED and record_needs_a_person(record, ())


def _named(decision: Decision) -> tuple[str, ...]:
    return numbers_in(decision.judged.row.cell(NUMBERS))


def _record(decision: Decision, books: Books) -> Record | None:
    return books.records.get(decision.identity.token) if decision.identity else None
