"""What a contract is: how calls are written, and how answers are read."""

from typing import Any, Protocol, TypeVar

from bulk_onboard.api.exchange import Request
from bulk_onboard.model.call import Call

T = TypeVar("T")


class Contract(Protocol):
    """One vocabulary of the API (docs/design/wire.md, Decisions)."""

    def encode(self, call: Call[Any]) -> Request:
        """The request that makes the call; a create or update must carry the bytes of all its documents."""
        ...

    def decode(self, call: Call[T], body: object) -> T:
        """What the body of a 2xx answer says; `body` is its JSON, or None where there was no body (a delete may).

        Raises:
            MalformedError: the answer does not hold what the call needs, or speaks of an error.
        """
        ...
