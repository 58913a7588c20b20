"""The numbers the account rents, and what may be linked to them (wire.md 5.5).

Besides the numbers set through `POST /_sandbox/numbers`, every number of 10 to 15 digits that begins like this
is rented:

    begins   country   number type
    9111     IN        local
    9122     IN        local
    9198     IN        mobile
    9199     IN        mobile
    91800    IN        tollfree
    4930     DE        local
"""

import re
from dataclasses import dataclass

from bulk_onboard.sandbox.answers import RefusedError
from bulk_onboard.sandbox.record import APPROVED, Record

_RENTED: tuple[tuple[str, str, str], ...] = (
    ("9111", "IN", "local"),
    ("9122", "IN", "local"),
    ("9198", "IN", "mobile"),
    ("9199", "IN", "mobile"),
    ("91800", "IN", "tollfree"),
    ("4930", "DE", "local"),
)

_DIGITS = re.compile(r"[0-9]{10,15}")


@dataclass(frozen=True, slots=True)
class Number:
    """A rented number; `compliance_id` is None until a record is linked."""

    number: str
    country_iso: str
    number_type: str
    compliance_id: str | None = None


def digits(text: str) -> str:
    """A number without the `+` it may be written with."""
    return text.strip().removeprefix("+")


def rented_by_prefix(number: str) -> Number | None:
    """The number that a prefix of the table makes the account's own."""
    if not _DIGITS.fullmatch(number):
        return None
    fitting = (Number(number, country, kind) for prefix, country, kind in _RENTED if number.startswith(prefix))
    return next(fitting, None)


def check_link(record: Record, number: Number) -> None:
    """RefusedError unless the record is approved and fits the number's country and type."""
    if record.review != APPROVED:
        message = f"Only approved compliance records can be linked to numbers. Current status: '{record.review}'"
        raise RefusedError("compliance_not_approved", message, "compliance_id")
    if record.country_iso != number.country_iso:
        message = f"Number country {number.country_iso} does not match compliance country {record.country_iso}"
        raise RefusedError("country_mismatch", message, "compliance_id")
    if record.number_type != number.number_type:
        message = f"Number type {number.number_type} does not match compliance type {record.number_type}"
        raise RefusedError("number_type_mismatch", message, "compliance_id")
