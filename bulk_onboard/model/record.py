"""A record: one token followed through all runs of a job.

See docs/design/ledger.md, A record's life.

The table in `life` says what moves it from which state to which.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, cast

import msgspec

from bulk_onboard.model.entry import Op


class State(StrEnum):
    """Where a record is."""

    INVALID = "invalid"
    NOT_SENT = "not sent"
    SENDING = "sending"
    DEFERRED = "deferred"
    UNCERTAIN = "uncertain"
    REFUSED = "refused"
    HELD = "held"
    SUBMITTED = "submitted"
    GONE = "gone"
    DELETED = "deleted"
    ABANDONED = "abandoned"

    __hash__ = str.__hash__  # faster than an Enum's own, which is Python; each step looks its state up


NOT_FILED = frozenset({State.INVALID, State.NOT_SENT, State.DEFERRED, State.REFUSED})
"""The states in which nothing of the row is at the API."""

MAY_BE_FILED = frozenset({State.SENDING, State.UNCERTAIN, State.HELD, State.SUBMITTED})
"""The states in which a record is at the API, or may be."""

UNKNOWN = frozenset({State.SENDING, State.UNCERTAIN})
"""The states in which a write's outcome is not known."""

ENDED = frozenset({State.DELETED, State.ABANDONED})
"""The states of what was deleted or given up on purpose."""


class Review(StrEnum):
    """How the API's reviewers judged a submitted record."""

    DRAFT = "draft"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    MORE_INFO = "more info"
    SUSPENDED = "suspended"
    EXPIRED = "expired"


SET_ASIDE = "set-aside"
"""This tool's own refusal code: no attempt brought an answer that can be used."""

UNDER_REVIEW = frozenset({Review.DRAFT.value, Review.PENDING.value})
"""The reviews that are still to come; a draft waits to be submitted, which nothing but the API does."""

EDITABLE = frozenset({Review.REJECTED.value, Review.MORE_INFO.value})
"""The reviews in which the API accepts a corrected record (the API's document, Status Flow)."""


class Linkage(StrEnum):
    """Where a number that is to be linked to a record is; one of which nothing is known has none."""

    SENDING = "sending"
    UNCERTAIN = "outcome unknown"
    LINKED = "linked"
    REFUSED = "refused"
    HELD = "held"


UNDER_WAY = frozenset({Linkage.SENDING, Linkage.UNCERTAIN})
"""The linkages in which the outcome of a number's link is not known."""


class Linking(NamedTuple):
    """A number's linkage, why (for people), and the API's code of a refusal."""

    linkage: Linkage
    why: str = ""
    code: str = ""


class Draft(msgspec.Struct, kw_only=True, gc=False):
    """A record that may still change.

    Only `life` and the fold of a ledger have drafts; all other code has records.

    Attributes:
        token: its name in the ledger, which never changes.
        key: the user's Key, where given.
        state: where it is.
        op: the write that is under way, unknown or held; of a link its numbers say that.
        alias: what the API calls it, from the newest create's intent.
        attempts: how many intents to create it has; a throttled one is none.
        fingerprint: of the content last sent, for a submitted record of what the API has. Where that is not known, of
            the row as it was first seen; empty before.
        intended: of the content in the newest update's intent; it becomes the fingerprint once the API has it.
        registration_token: what was registered, as for `identity.registration_token_of`, for a submitted record what
            the API has; empty where that is not known, and while nothing was sent.
        intended_registration: what the newest update registers, until the API has it.
        refused: fingerprint of a refused correction, until the record's review changes.
        replaced: fingerprints of content that newer content replaced, oldest first, each once; empty for most records,
            which are sent once.
        compliance_id: at the API; empty before.
        review: of a submitted record, or the API's own word where we have none for it; empty where not known.
        review_reason: the reviewers' own, masked.
        reason: why it is where it is, for people: a refusal's message, what was seen of a call, why it is held.
        code: the API's code of a refusal, or the finding codes of an invalid row.
        numbers: where each number that is to be linked is, by its digits.
        submitted_at: instant of the create's success; empty before.
        sent_at: instant of the newest intent to create, update or delete it.
        seen_at: from the newest intent of an update, by which an unknown one is settled.
        known: number of the ledger's line that first said that the API has it; 0 before.
        differs: what of the API's content is not what was sent, where an adopted record was compared.
        follows: the token of the row's expired record, whose place this one takes; empty for a row's first.
        generation: 1 for a row's first record, 2 for the one that follows it, and so on.
        tried: number of the line with the newest create's intent; 0 before.
        created: `tried`, as long as that create made the record, or may have; 0 where somebody else did.
        news: number of the newest line with something that a person may have to act on.
    """

    token: str
    key: str = ""
    state: State = State.NOT_SENT
    op: Op | None = None
    alias: str = ""
    attempts: int = 0
    fingerprint: str = ""
    intended: str = ""
    registration_token: str = ""
    intended_registration: str = ""
    refused: str = ""
    replaced: tuple[str, ...] = ()
    compliance_id: str = ""
    review: str = ""
    review_reason: str = ""
    reason: str = ""
    code: str = ""
    numbers: Mapping[str, Linking] = {}
    submitted_at: str = ""
    sent_at: str = ""
    seen_at: str = ""
    follows: str = ""
    generation: int = 1
    tried: int = 0
    created: int = 0
    known: int = 0
    differs: str = ""
    news: int = 0


class Record(Draft, frozen=True, kw_only=True, gc=False):  # type: ignore[misc]
    """One token followed through all runs of a job.

    It never changes, `life.step` makes another one.
    """


def draft_of(record: Record) -> Draft:
    """Return a draft with the record's content."""
    return Draft(**msgspec.structs.asdict(record))


def finish(draft: Draft) -> Record:
    """Turn the draft itself into a record, which cannot be changed, and return it."""
    draft.__class__ = Record
    return cast("Record", draft)


def replaced_by(record: Draft, fingerprint: str) -> tuple[str, ...]:
    """Return the record's replaced contents once this one is sent."""
    newest = record.intended or record.fingerprint
    if newest in ("", fingerprint):
        return record.replaced
    return (*(each for each in record.replaced if each not in (newest, fingerprint)), newest)


def api_has_newer(record: Record, fingerprint: str) -> bool:
    """Return whether this content was sent before what the API has of the record.

    False where not known.
    """
    if fingerprint == record.fingerprint or fingerprint not in record.replaced:
        return False
    sent = (*record.replaced, record.intended or record.fingerprint)
    return record.fingerprint in sent and sent.index(fingerprint) < sent.index(record.fingerprint)


def linked_numbers(record: Record) -> set[str]:
    """Return the numbers that are linked to it, as far as the ledger knows."""
    return linked_in(record.numbers)


def linked_in(numbers: Mapping[str, Linking]) -> set[str]:
    """Return the numbers that are linked."""
    return {number for number, linking in numbers.items() if linking.linkage is Linkage.LINKED}


def unknown_numbers(record: Draft) -> list[str]:
    """Return the numbers of which it is not known whether they are linked to it."""
    if not record.numbers or record.state in ENDED:
        return []
    return [number for number, linking in record.numbers.items() if linking.linkage in UNDER_WAY]


def without_words(record: Record, *, alias: str, review_reason: str) -> Record:
    """Return the record with another alias and these words of the reviewers, and without those of the API."""
    numbers = {number: linking._replace(why="") for number, linking in record.numbers.items()}
    return msgspec.structs.replace(record, alias=alias, reason="", review_reason=review_reason, numbers=numbers)


def without_number(record: Record, number: str) -> Record:
    """Return the record after the number was linked to another one."""
    return msgspec.structs.replace(record, numbers={n: each for n, each in record.numbers.items() if n != number})
