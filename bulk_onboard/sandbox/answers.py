"""What the API answers: successes, and errors as in its document, "Error Handling".

The document binds no code to an HTTP status and has no code for several statuses. The table is this sandbox's reading:
invalid parameters are 400, failed validation is 422, a conflict of state is 409.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import uuid4

TYPE_AND_HTTP_STATUS: Mapping[str, tuple[str, int]] = {
    # codes of the document
    "missing_required_document": ("validation_error", 422),
    "missing_required_field": ("validation_error", 422),
    "invalid_file": ("validation_error", 422),
    "country_mismatch": ("validation_error", 422),
    "number_type_mismatch": ("validation_error", 422),
    "compliance_not_editable": ("state_error", 409),
    "compliance_not_approved": ("state_error", 409),
    # codes of this sandbox, where the document has none
    "invalid_parameter": ("validation_error", 400),
    "compliance_not_deletable": ("state_error", 409),
    "compliance_exists": ("state_error", 409),
    "account_not_enabled": ("validation_error", 422),
    "invalid_credentials": ("authentication_error", 401),
    "permission_denied": ("permission_error", 403),
    "not_found": ("not_found_error", 404),
    "method_not_allowed": ("method_error", 405),
    "request_too_large": ("validation_error", 413),
    "rate_limit_exceeded": ("rate_limit_error", 429),
    "internal_error": ("api_error", 500),
}

# Half a surrogate pair is written as an escape; the halves that stand for bytes (PEP 383) become these bytes.
_HALF_PAIR = re.compile("[\ud800-\udc7f\udd00-\udfff]")


class Delivery(Enum):
    """How an answer leaves: whole, or broken by a fault of the connection."""

    WHOLE = "whole"
    CUT = "cut"  # half of the body, then the connection closes
    DROPPED = "dropped"  # the connection is reset, no answer
    HUNG = "hung"  # silence


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, before it is put on a socket."""

    http_status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = Delivery.WHOLE

    @property
    def seen_status(self) -> int | None:
        """The HTTP status that the client sees; None when no answer reaches it."""
        return None if self.delivery in (Delivery.DROPPED, Delivery.HUNG) else self.http_status


class RefusedError(Exception):
    """The API says no; it is caught where answers are made and never leaves the sandbox."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.param = code, message, param


def invalid(message: str, param: str | None = None) -> RefusedError:
    """Return the error of a parameter that is not as it should be (400)."""
    return RefusedError("invalid_parameter", message, param)


def json_answer(http_status: int, body: Mapping[str, Any]) -> Answer:
    """Return an answer with a JSON body, broken texts included (see `behaviours.ODDITIES`)."""
    text = _HALF_PAIR.sub(lambda half: f"\\u{ord(half[0]):04x}", json.dumps(body, ensure_ascii=False))
    return Answer(http_status, text.encode(errors="surrogateescape"))


def success(http_status: int, **members: Any) -> Answer:
    """Return a success, which carries an `api_id`."""
    return json_answer(http_status, {"api_id": str(uuid4()), **members})


def refusal(error: RefusedError) -> Answer:
    """Return the error object of the document."""
    error_type, http_status = TYPE_AND_HTTP_STATUS[error.code]
    envelope = {"type": error_type, "code": error.code, "message": error.message, "param": error.param}
    envelope["doc_url"] = "https://www.plivo.com/docs/numbers/compliance#requirements"
    return json_answer(http_status, {"error": envelope})
