"""A compliance record and its documents, and how the API shows them (wire.md 6.3)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

PENDING, APPROVED, REJECTED, MORE_INFO = "pending_review", "approved", "rejected", "more_info_required"
SUSPENDED, EXPIRED = "suspended", "expired"  # what an approval may become; not in the document (wire.md 7)
REVIEWS = (PENDING, APPROVED, REJECTED, MORE_INFO, SUSPENDED, EXPIRED)

EDITABLE = (REJECTED, MORE_INFO)
DELETABLE = (PENDING, REJECTED, MORE_INFO)

# The document names one status of a file, `verified`; the others are this sandbox's.
_DOCUMENT_STATUS = {APPROVED: "verified", REJECTED: "rejected"}


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it arrived, byte for byte."""

    document_id: str
    type: str
    file_name: str
    media_type: str
    content: bytes = field(repr=False)
    sha256: str


@dataclass(frozen=True, slots=True)
class Record:
    """What the API keeps of one create and the updates after it; `end_user` is as it is kept, with an `id`.

    `is_strangers`: made by somebody else, and perhaps shown in an odd way (see `others`).
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

    @property
    def user_type(self) -> str:
        """`business`, the only one on offer."""
        return str(self.end_user["type"])

    def document(self, document_id: str) -> Document | None:
        """The document of that id."""
        return next((d for d in self.documents if d.document_id == document_id), None)


def summary(record: Record, stamp: Callable[[datetime], str]) -> dict[str, Any]:
    """The record without its expandable parts; a reason is shown for rejected records only, as documented."""
    return {
        "compliance_id": record.compliance_id,
        "alias": record.alias,
        "status": record.review,
        "country_iso": record.country_iso,
        "number_type": record.number_type,
        "rejection_reason": record.reason if record.review == REJECTED else None,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "submitted_at": stamp(record.submitted_at),
    }


def shown_documents(record: Record, collection_url: str) -> list[dict[str, str]]:
    """The expanded `documents`; `collection_url` is that of `…/PhoneNumber/Compliance/`."""
    where = f"{collection_url}{record.compliance_id}/Document"
    return [
        {
            "id": document.document_id,
            "type": document.type,
            "file_name": document.file_name,
            "file_url": f"{where}/{document.document_id}/download",
            "status": _DOCUMENT_STATUS.get(record.review, "pending"),
        }
        for document in record.documents
    ]
