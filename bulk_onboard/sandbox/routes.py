"""Which path and method mean which operation (wire.md 3), with or without a slash at the end.

`Requirements` stands where an id stands, so it comes first.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bulk_onboard.sandbox.answers import RefusedError

_PATHS: tuple[tuple[re.Pattern[str], Mapping[str, str]], ...] = tuple(
    (re.compile(f"/v1/Account/(?P<account>[^/]+)/{path}/?"), operations)
    for path, operations in (
        ("PhoneNumber/Compliance/Requirements", {"GET": "requirements"}),
        ("PhoneNumber/Compliance", {"GET": "list", "POST": "create"}),
        ("PhoneNumber/Compliance/(?P<id>[^/]+)", {"GET": "get", "PATCH": "update", "DELETE": "delete"}),
        ("PhoneNumber/Compliance/(?P<id>[^/]+)/Document/(?P<document>[^/]+)/download", {"GET": "download"}),
        ("Number/(?P<number>[^/]+)", {"GET": "number", "POST": "link"}),
    )
)

OPERATIONS: tuple[str, ...] = tuple(word for _, operations in _PATHS for word in operations.values())

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes; `refused` is set, and the operation unknown, when it goes nowhere."""

    operation: str
    account: str
    target: Mapping[str, str]
    refused: RefusedError | None = None


def route_of(method: str, path: str) -> Route:
    """The operation a method and a path mean."""
    for pattern, operations in _PATHS:
        match = pattern.fullmatch(path)
        if match is None:
            continue
        target = match.groupdict()
        account = target.pop("account")
        if method in operations:
            return Route(operations[method], account, target)
        message = f"{method} is not allowed here, only {', '.join(operations)}"
        return Route(UNKNOWN, account, target, RefusedError("method_not_allowed", message))
    return Route(UNKNOWN, "", {}, RefusedError("not_found", "There is nothing at this address"))


def masked(path: str, account: str) -> str:
    """The path without the account's id, for the log."""
    return path.replace(f"/{account}/", "/{auth_id}/", 1) if account else path
