"""What one call led to (docs/design/glossary.md, Calls).

It is done, refused, throttled, unavailable, unresolved or denied; `withheld` is the seventh, for a call that was never
begun because a document had changed after it was checked.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")


class Halt(StrEnum):
    """Why one call stops the whole run: what waiting cannot cure.

    See docs/design/settling.md, Stops at once.
    """

    CREDENTIALS = "credentials"
    ADDRESS = "address"
    REDIRECT = "redirect"
    TLS = "tls"
    KNOWN_ID = "known id"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaHeaders:
    """The quota headers of an answer, seconds counted from the answer.

    None for what is missing or absurd.
    """

    limit: int | None = None
    remaining: int | None = None
    reset_in_s: float | None = None
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    quota: QuotaHeaders | None = None
    halt: Halt | None = None

    @property
    def name(self) -> str:
        """The outcome as one word: `done`, `refused` …"""
        return type(self).__name__.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(_Outcome, Generic[T]):
    """The API did it; `value` is its answer, `api_id` its id of the request."""

    value: T
    api_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(_Outcome):
    """A final refusal of this content.

    Attributes:
        code: the API's code, else `http-<status>`; `TOO_LARGE` for an answer that is longer than any may be.
        message: the API's words, not masked yet, so never written as they are.
        http_status: of the answer; 0 where none was read.
    """

    code: str
    message: str = ""
    http_status: int = 0


TOO_LARGE = "answer-too-large"
"""Our own code for an answer to a read that was too long; asked for less, the API may answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttled(_Outcome):
    """429: not applied; all calls wait.

    It does not count as an attempt of the row.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable(_Outcome):
    """Proved unsent.

    `why` is a class name or a few words, never an address or a header.
    """

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved(_Outcome):
    """Sent, outcome unknown.

    Attributes:
        seen: what was seen, in a few words, never a body.
        said: the API's refusal of a write that may have been done all the same (409, "exists already"); it stands once
            settling has shown that nothing was done.
    """

    seen: str
    said: Refused | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied(_Outcome):
    """401 or 403, or 404 or 405 on create or list: no call is applied."""

    http_status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld(_Outcome):
    """Not begun: a document is not what was checked; `code` is the finding's."""

    code: str
    document_type: str


Outcome: TypeAlias = Done[T] | Refused | Throttled | Unavailable | Unresolved | Denied | Withheld
