"""Which rows need a person, and whether that is news (design.md 7, exit status 3).

Rule: a person is wanted for errors that keep a row out, for what the API refused, for what is held, for a review that
sends a record back or takes an approval away, and for a number that was not linked. It is news where the ledger said
so after the line with which people were last told. Errors in the row of a submitted record keep nothing out, so they
are no news; those of a row without identity are always, since nothing of it can be remembered.
"""

from bulk_onboard.model.books import Books
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import Linkage, Record, Review, State
from bulk_onboard.report.standing import Decisions

WANTS_A_PERSON = frozenset({Review.REJECTED, Review.MORE_INFO, Review.SUSPENDED, Review.EXPIRED})


def record_needs_a_person(record: Record) -> bool:
    """Whether somebody must look at what the API, or settling, said of the record."""
    if record.state in (State.REFUSED, State.HELD):
        return True
    if record.state is not State.SUBMITTED:
        return False
    return record.review in WANTS_A_PERSON or any(
        linking.linkage is not Linkage.LINKED for linking in record.numbers.values()
    )


def record_is_news(record: Record, since: int) -> bool:
    """Whether that was said after the ledger's line `since`."""
    return record.news > since and record_needs_a_person(record)


def row_needs_a_person(decision: Decision, books: Books) -> bool:
    """Whether somebody must look at the row, or at its record."""
    record = _record(decision, books)
    return decision.judged.has_errors or (record is not None and record_needs_a_person(record))


def row_is_news(decision: Decision, books: Books, since: int) -> bool:
    """Whether the row needs a person for something that was said after the ledger's line `since`."""
    record = _record(decision, books)
    if record is None:
        return decision.judged.has_errors
    return record_is_news(record, since) or (record.state is State.INVALID and record.news > since)


def needing(decisions: Decisions, books: Books) -> int:
    """How many rows need a person; without the workbook how many records do."""
    if decisions is None:
        return sum(map(record_needs_a_person, books.records.values()))
    return sum(row_needs_a_person(decision, books) for decision in decisions)


def news(decisions: Decisions, books: Books, since: int) -> int:
    """How many of them for something that was said after the ledger's line `since`."""
    if decisions is None:
        return sum(record_is_news(record, since) for record in books.records.values())
    return sum(row_is_news(decision, books, since) for decision in decisions)


def _record(decision: Decision, books: Books) -> Record | None:
    return books.records.get(decision.identity.token) if decision.identity else None
