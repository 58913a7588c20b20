"""What the API answers: successes, and refusals, which the contract puts into words before they leave."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import uuid4

# Half a surrogate pair is written as an escape; the halves that stand for bytes (PEP 383) become these bytes.
_HALF_PAIR = re.compile("[\ud800-\udc7f\udd00-\udfff]")


class Delivery(Enum):
    """How an answer leaves: whole, or broken by a fault of the connection."""

    WHOLE = "whole"
    CUT = "cut"  # half of the body, then the connection closes
    DROPPED = "dropped"  # the connection is reset, no answer
    HUNG = "hung"  # silence


class RefusedError(Exception):
    """The API says no; it is caught where answers are made and never leaves the sandbox.

    Attributes:
        code: one of the codes in `beta.TYPE_AND_HTTP_STATUS`; each contract knows their HTTP statuses.
        headers: of the answer.
    """

    def __init__(
        self, code: str, message: str, param: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.param, self.headers = code, message, param, headers or {}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, before it is put on a socket; `refused` is what the contract has yet to put into words."""

    http_status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = Delivery.WHOLE
    refused: RefusedError | None = None

    @property
    def seen_status(self) -> int | None:
        """The HTTP status that the client sees; None when no answer reaches it."""
        return None if self.delivery in (Delivery.DROPPED, Delivery.HUNG) else self.http_status


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
    """Return a refusal, in no words yet."""
    return Answer(0, headers=error.headers, refused=error)
