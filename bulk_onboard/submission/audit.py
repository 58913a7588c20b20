"""The final audit: does the account hold more than one record of any token?

No client can exclude that another machine with a copy of the ledger raced it; but a duplicate is never left untold.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bulk_onboard.model.books import Books
from bulk_onboard.model.call import ServerRecord
from bulk_onboard.model.record import Review
from bulk_onboard.submission.lookup import by_token


@dataclass(frozen=True, slots=True)
class Twice:
    """A token with several records at the API.

    Attributes:
        compliance_ids: the one to keep first: the one that the ledger has, else the oldest.
        deletable: those of the others whose review is still pending, which may be deleted.
    """

    token: str
    compliance_ids: tuple[str, ...]
    deletable: tuple[str, ...]


def found_twice(records: Iterable[ServerRecord], books: Books, *, others: bool = False) -> list[Twice]:
    """Which of the ledger's tokens, with `others` which of all, have more than one record in a walk of the account."""
    return [
        _twice(token, books, found)
        for token, found in sorted(by_token(records).items())
        if len(found) > 1 and (others or token in books.records)
    ]


def _twice(token: str, books: Books, found: Iterable[ServerRecord]) -> Twice:
    ours = books.record(token).compliance_id
    keep, *rest = sorted(
        found, key=lambda record: (record.compliance_id != ours, record.created_at, record.compliance_id)
    )
    return Twice(
        token,
        (keep.compliance_id, *(record.compliance_id for record in rest)),
        tuple(record.compliance_id for record in rest if record.review == Review.PENDING),
    )
