"""The final audit: does the account hold more than one record of any token? (reliability.md 1.4)

No client can exclude that another machine with a copy of the ledger raced it; but a duplicate is never left untold.
"""

from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass

from bulk_onboard.model.call import ServerRecord
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.record import Review


@dataclass(frozen=True, slots=True)
class Twice:
    """A token with several records at the API.

    Attributes:
        compliance_ids: the oldest first; the oldest is the one to keep.
        deletable: the younger ones whose review is still pending, which may be deleted.
    """

    token: str
    compliance_ids: tuple[str, ...]
    deletable: tuple[str, ...]


def found_twice(records: Iterable[ServerRecord], tokens: Container[str]) -> list[Twice]:
    """Which of these tokens have more than one record in a complete walk of the account."""
    by_token: dict[str, list[ServerRecord]] = defaultdict(list)
    for record in records:
        if (token := token_in(record.alias)) in tokens:
            by_token[token].append(record)
    return [_twice(token, found) for token, found in sorted(by_token.items()) if len(found) > 1]


def _twice(token: str, found: list[ServerRecord]) -> Twice:
    oldest, *younger = sorted(found, key=lambda record: (record.created_at, record.compliance_id))
    return Twice(
        token,
        (oldest.compliance_id, *(record.compliance_id for record in younger)),
        tuple(record.compliance_id for record in younger if record.review == Review.PENDING),
    )
