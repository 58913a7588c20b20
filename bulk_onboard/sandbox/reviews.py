"""The review robot: after a while a pending record is judged by magic words in its business name.

    the name contains   the review becomes
    STAY PENDING        nothing: it stays pending
    REJECT              rejected, with a reason
    MORE INFO           more_info_required, with a reason
    anything else       approved

The words are written in capitals; the first row that fits holds. An update submits the record again, so the
robot judges it again, by the name it has then. The document shows a reason for rejected records only; the
reason of the others is seen under `/_sandbox/state`.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bulk_onboard.sandbox.record import APPROVED, MORE_INFO, PENDING, REJECTED, Record

MAGIC_WORDS: tuple[tuple[str, str, str | None], ...] = (
    ("STAY PENDING", PENDING, None),
    ("REJECT", REJECTED, "Address proof document is expired. Please upload a document dated within the last 3 months."),
    ("MORE INFO", MORE_INFO, "The business registration is not legible. Please upload a better copy."),
    ("", APPROVED, None),
)


def judgement(business_name: str) -> tuple[str, str | None]:
    """The review a business of that name gets, and its reason."""
    return next((review, reason) for word, review, reason in MAGIC_WORDS if word in business_name)


def reviewed_in_time(record: Record, review_after_s: float, now: datetime) -> Record:
    """The record as it stands at an instant: judged, if it has been pending long enough."""
    due_at = record.submitted_at + timedelta(seconds=review_after_s)
    if record.review != PENDING or now < due_at:
        return record
    return reviewed(record, *judgement(str(record.end_user["name"])), due_at)


def reviewed(record: Record, review: str, reason: str | None, at: datetime) -> Record:
    """The record with another review; untouched when the review stays what it was."""
    if (review, reason) == (record.review, record.reason):
        return record
    return replace(record, review=review, reason=reason, updated_at=at)
