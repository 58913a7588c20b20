"""A request as the operations see it: which operation its path means, its query, and its multipart form."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from bulk_onboard.sandbox.answers import RefusedError, invalid

# With or without a slash at the end. `Requirements` is where an id may be, so it comes first.
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
    """Where a request goes; `refused` is set, and the operation is `unknown`, when it goes nowhere."""

    operation: str
    account: str
    target: Mapping[str, str]
    refused: RefusedError | None = None


def route_of(method: str, path: str) -> Route:
    """Return the operation that a method and a path mean, and the ids in the path."""
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


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body; `file_name` is empty where none was sent."""

    name: str
    file_name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """A create or an update: its `data`, and its files by their position in `data.documents`."""

    data: Mapping[str, Any] = field(repr=False)
    files: Mapping[int, Part]


@dataclass
class Call:
    """One call of an operation, once its body is there; `at` is when it takes effect."""

    route: Route
    query: Mapping[str, str]
    content_type: str
    body: bytes = field(repr=False)
    base_url: str
    at: datetime

    @property
    def target(self) -> Mapping[str, str]:
        """The ids in the path."""
        return self.route.target

    @property
    def collection_path(self) -> str:
        """The path of all compliance records of the account."""
        return f"/v1/Account/{self.route.account}/PhoneNumber/Compliance/"

    @cached_property
    def form(self) -> Form:
        """The multipart form of a create or an update; RefusedError when there is none."""
        return read_form(self.content_type, self.body)

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object; RefusedError when it is none."""
        return _json_object(self.body, "the body")


_BOUNDARY = re.compile(r'multipart/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_DISPOSITION = re.compile(r"^content-disposition:\s*form-data(.*)$", re.IGNORECASE | re.MULTILINE)
_PARAMETER = re.compile(r';\s*(name|filename)=(?:"([^"]*)"|([^\s;]+))', re.IGNORECASE)
_FILE_PART = re.compile(r"documents\[(\d{1,4})\]\.file")


def read_form(content_type: str, body: bytes) -> Form:
    """Return the form in a multipart body: one part `data`, a JSON object, and parts `documents[i].file`.

    Parts are known by their names alone: their content types may be absent, generic or exact.

    Raises:
        RefusedError: the body is no complete multipart form, or has other parts.
    """
    boundary = _BOUNDARY.match(content_type)
    if boundary is None:
        raise invalid("send multipart/form-data with a boundary")
    _, *pieces = (b"\r\n" + body).split(b"\r\n--" + (boundary[1] or boundary[2]).encode())
    if not pieces or not pieces[-1].startswith(b"--"):
        raise invalid("the multipart body is not complete")
    data: Mapping[str, Any] | None = None
    files: dict[int, Part] = {}
    for part in map(_read_part, pieces[:-1]):
        position = _FILE_PART.fullmatch(part.name)
        if part.name == "data":
            data = _json_object(part.content, "part 'data'", "data")
        elif position is None:
            raise invalid(f"part {part.name!r} is unknown; send data and documents[i].file", part.name)
        else:
            files[int(position[1])] = part
    if data is None:
        raise invalid("part 'data' is missing", "data")
    return Form(data, files)


def _read_part(piece: bytes) -> Part:
    head, blank_line, content = piece.partition(b"\r\n\r\n")
    disposition = _DISPOSITION.search(head.decode(errors="replace").replace("\r\n", "\n"))
    if not blank_line or disposition is None:
        raise invalid("a part has no Content-Disposition: form-data")
    found = {key.lower(): quoted or bare for key, quoted, bare in _PARAMETER.findall(disposition[1])}
    return Part(found.get("name", ""), found.get("filename", ""), content)


def _json_object(content: bytes, what: str, param: str | None = None) -> dict[str, Any]:
    try:
        members = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise invalid(f"{what} is not JSON", param) from error
    if not isinstance(members, dict):
        raise invalid(f"{what} is not a JSON object", param)
    return members
