"""A request as the operations see it: which operation its path means, its query, and its form.

A form is read in every way in which real clients send one: multipart, with parts of any content type, `data` before or
after the files, names and boundary quoted or not; and where there is no file also urlencoded, as the text `data` of a
JSON object, or not at all.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from bulk_onboard.sandbox.answers import RefusedError, invalid

_LINKS_IN_BULK = "PhoneNumber/Compliance/Link"


_ACCOUNT = re.compile("/v1/Account/([^/]+)/")


class Path(NamedTuple):
    """One path that is known: below the account, as a whole, and its operations by method."""

    below_account: str
    pattern: re.Pattern[str]
    operations: Mapping[str, str]


# With or without a slash at the end. `Requirements` and `Link` are where an id may be, so they come first.
_PATHS: tuple[Path, ...] = tuple(
    Path(path, re.compile(f"/v1/Account/(?P<account>[^/]+)/{path}/?"), operations)
    for path, operations in (
        ("PhoneNumber/Compliance/Requirements", {"GET": "requirements"}),
        (_LINKS_IN_BULK, {"POST": "link"}),
        ("PhoneNumber/Compliance", {"GET": "list", "POST": "create"}),
        ("PhoneNumber/Compliance/(?P<id>[^/]+)", {"GET": "get", "PATCH": "update", "DELETE": "delete"}),
        ("PhoneNumber/Compliance/(?P<id>[^/]+)/Document/(?P<document>[^/]+)/download", {"GET": "download"}),
        ("Number", {"GET": "numbers"}),
        ("Number/(?P<number>[^/]+)", {"GET": "number", "POST": "link"}),
    )
)

OPERATIONS: tuple[str, ...] = tuple(dict.fromkeys(word for *_, operations in _PATHS for word in operations.values()))
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes; `refused` is set, and the operation is `unknown`, when it goes nowhere."""

    operation: str
    account: str
    target: Mapping[str, str]
    refused: RefusedError | None = None


def paths(*, links_in_bulk: bool) -> Iterator[Path]:
    """Yield what there is below an account; where there are no links in bulk, `Link` is an id like any other."""
    return (path for path in _PATHS if links_in_bulk or path.below_account != _LINKS_IN_BULK)


def route_of(method: str, path: str, *, links_in_bulk: bool = False) -> Route:
    """Return the operation that a method and a path mean, and the ids in the path."""
    for _, pattern, operations in paths(links_in_bulk=links_in_bulk):
        match = pattern.fullmatch(path)
        if match is None:
            continue
        target = match.groupdict()
        account = target.pop("account")
        if method in operations:
            return Route(operations[method], account, target)
        allowed = ", ".join(operations)
        refused = RefusedError(
            "method_not_allowed", f"{method} is not allowed here, only {allowed}", headers={"Allow": allowed}
        )
        return Route(UNKNOWN, account, target, refused)
    return Route(UNKNOWN, account_of(path), {}, RefusedError("not_found", "There is nothing at this address"))


def account_of(path: str) -> str:
    """Return the auth id of the account that a path is of; empty where it is of none."""
    match = _ACCOUNT.match(path)
    return match[1] if match else ""


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
        """The form of a create or an update; RefusedError when there is none."""
        return read_form(self.content_type, self.body)

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object; RefusedError when it is none."""
        return _json_object(self.body, "the body")


_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_DISPOSITION = re.compile(r"^content-disposition:\s*form-data(.*)$", re.IGNORECASE | re.MULTILINE)
_PARAMETER = re.compile(r';\s*(name|filename\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))', re.IGNORECASE)
_ESCAPED = re.compile(r'\\(["\\])')
_FILE_PART = re.compile(r"documents\[(\d{1,4})\]\.file")


def read_form(content_type: str, body: bytes) -> Form:
    """Return the form in a body: `data`, a JSON object, and in a multipart body files named `documents[i].file`.

    Raises:
        RefusedError: the body is no complete form, or has other parts.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        return _multipart_form(content_type, body)
    if not body.strip():
        return Form({}, {})
    if media_type == "application/x-www-form-urlencoded":
        texts = parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=None)
        return _form_without_files(texts.get("data", [None])[-1])
    if media_type == "application/json":
        members = _json_object(body, "the body")
        return _form_without_files(members.get("data")) if members else Form({}, {})
    raise invalid("send multipart/form-data with a boundary")


def _form_without_files(data: object) -> Form:
    if not isinstance(data, str):
        raise invalid("data is missing; send it as a text", "data")
    return Form(_json_object(data.encode(errors="surrogatepass"), "data", "data"), {})


def _multipart_form(content_type: str, body: bytes) -> Form:
    """Return the form in a multipart body; parts are known by their names alone."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise invalid("send multipart/form-data with a boundary")
    delimiter = re.escape(b"\r\n--" + (boundary[1] or boundary[2]).encode())
    _, *pieces = re.split(delimiter + rb"(?=--|[ \t]*\r\n)", b"\r\n" + body)
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
    found = {
        key.lower(): _ESCAPED.sub(r"\1", quoted) or bare for key, quoted, bare in _PARAMETER.findall(disposition[1])
    }
    encoded = unquote(found["filename*"].rpartition("'")[2]) if "filename*" in found else ""
    return Part(found.get("name", ""), encoded or found.get("filename", ""), content)


def _no_json(word: str) -> None:
    """Refuse `NaN` and `Infinity`, which Python alone takes for JSON."""
    raise ValueError(word)


def _json_object(content: bytes, what: str, param: str | None = None) -> dict[str, Any]:
    try:
        members = json.loads(content, parse_constant=_no_json)
    except (ValueError, RecursionError) as error:
        raise invalid(f"{what} is not JSON", param) from error
    if not isinstance(members, dict):
        raise invalid(f"{what} is not a JSON object", param)
    return members
