"""What the API keeps under either contract: records with their documents, numbers, and how a record is reviewed.

See the API's document, "The Compliance Object" and "Status Flow".
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

# The reviews as people and tests name them under `/_sandbox/`, whichever the contract; these are the words of the API's
# document, and three that only the released API has.
PENDING, APPROVED, REJECTED, MORE_INFO = "pending_review", "approved", "rejected", "more_info_required"
DRAFT, SUSPENDED, EXPIRED = "draft", "suspended", "expired"
REVIEWS = (PENDING, APPROVED, REJECTED, MORE_INFO, DRAFT, SUSPENDED, EXPIRED)


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it arrived, its file byte for byte.

    Attributes:
        type: what kind of document it is: its type under the beta, its name under the released contract.
        type_id: by which id it was sent, where the contract has ids.
        data_fields: what was told of it beside its file.
        content: empty where the document has no file.
    """

    document_id: str
    type: str
    file_name: str
    media_type: str
    content: bytes = field(repr=False)
    sha256: str
    type_id: str = ""
    data_fields: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """What the API keeps of one create and the updates after it.

    Attributes:
        alias: empty where none was given.
        end_user: as it is kept, with the API's own `id` and a nested `address`.
        data: the part `data` of the last create or update, as it came.
        is_strangers: made by another user of the account.
        oddity: the name in `behaviours.ODDITIES` of how lists show it; empty for an ordinary record.
    """

    compliance_id: str
    alias: str
    review: str
    country_iso: str
    number_type: str
    end_user: dict[str, Any] = field(repr=False)
    documents: tuple[Document, ...]
    callback_url: str | None
    callback_method: str
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime
    reason: str | None = None
    is_strangers: bool = False
    oddity: str = ""
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def user_type(self) -> str:
        """Which kind of end user it is of."""
        return str(self.end_user["type"])

    def document(self, document_id: str) -> Document | None:
        """Return the document of that id."""
        return next((d for d in self.documents if d.document_id == document_id), None)

    def reviewed(self, review: str, reason: str | None, at: datetime) -> "Record":
        """Return the record with another review; unchanged where review and reason stay what they were."""
        if (review, reason) == (self.review, self.reason):
            return self
        return replace(self, review=review, reason=reason, updated_at=at)


# The robot reviews by the first of these words that the business name contains. The API's document shows a reason for
# rejected records only; that of the others is in `GET /_sandbox/state`.
MAGIC_WORDS: tuple[tuple[str, str, str | None], ...] = (
    ("STAY PENDING", PENDING, None),
    ("REJECT", REJECTED, "Address proof document is expired. Please upload a document dated within the last 3 months."),
    ("MORE INFO", MORE_INFO, "The business registration is not legible. Please upload a better copy."),
    ("", APPROVED, None),
)


def robot_review(business_name: str) -> tuple[str, str | None]:
    """Return the review that the robot gives a business of that name, and its reason."""
    return next((review, reason) for word, review, reason in MAGIC_WORDS if word in business_name)


def reviewed_in_time(record: Record, review_after_s: float, now: datetime) -> Record:
    """Return the record as the robot has it at an instant: reviewed once it was pending for long enough.

    An update submits a record again, so it is reviewed again, by the name it has then.
    """
    due_at = record.submitted_at + timedelta(seconds=review_after_s)
    if record.review != PENDING or now < due_at:
        return record
    return record.reviewed(*robot_review(str(record.end_user["name"])), due_at)


@dataclass(frozen=True, slots=True)
class Number:
    """A rented number; `compliance_id` is None until a record is linked, `times_linked` is how often one was."""

    number: str
    country_iso: str
    number_type: str
    compliance_id: str | None = None
    times_linked: int = 0


# Every number of 10 to 15 digits that begins so is rented, without being set by `POST /_sandbox/numbers`.
RENTED: Mapping[str, tuple[str, str]] = {
    "9111": ("IN", "local"),
    "9122": ("IN", "local"),
    "9198": ("IN", "mobile"),
    "9199": ("IN", "mobile"),
    "91800": ("IN", "tollfree"),
    "4930": ("DE", "local"),
}
_DIGITS = re.compile(r"[0-9]{10,15}")


def digits(text: str) -> str:
    """Return a number without the `+` it may be written with."""
    return text.strip().removeprefix("+")


def rented_by_prefix(number: str) -> Number | None:
    """Return the number that its first digits make the account's own; None if they do not."""
    if not _DIGITS.fullmatch(number):
        return None
    return next((Number(number, *kind) for prefix, kind in RENTED.items() if number.startswith(prefix)), None)


# The end of an alias, whatever the API made of its case and of the blank before it.
_TOKEN = re.compile(r"~([a-z2-7]{16})$", re.IGNORECASE)


def duplicates(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Return the sets of records that should have been one.

    They share a token, an alias, or a business: country, number type, user type and registration number. An expired
    record does not count as its business: another one is filed in its place.

    Returns:
        `{"token" | "alias" | "business": what they share, "compliance_ids": [...]}`, each set once.
    """
    kept = tuple(records)
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for word, shared in _SHARED.items():
        groups: dict[str, list[str]] = defaultdict(list)
        for record in kept:
            if (value := shared(record)) is not None:
                groups[value].append(record.compliance_id)
        for value, ids in groups.items():
            if len(ids) > 1:
                found.setdefault(tuple(ids), {word: value, "compliance_ids": ids})
    return list(found.values())


def _token(record: Record) -> str | None:
    match = _TOKEN.search(record.alias)
    return match[1].lower() if match else None


def _business(record: Record) -> str | None:
    registration_number = str(record.end_user.get("registration_number") or "").strip().upper()
    if record.review == EXPIRED or not registration_number:
        return None
    return f"{record.country_iso} {record.number_type} {record.user_type} {registration_number}"


_SHARED: Mapping[str, Callable[[Record], str | None]] = {
    "token": _token,
    "alias": lambda record: record.alias or None,
    "business": _business,
}
