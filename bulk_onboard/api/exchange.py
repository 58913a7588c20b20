"""Requests and answers as values, without a library's types."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a multipart form; `file_name` empty for a plain field."""

    name: str
    body: bytes = field(repr=False)
    file_name: str = ""
    media_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request.

    Attributes:
        path: below `/v1/Account/{auth_id}/`, always with its trailing slash (docs/design/wire.md, Decisions).
        query: parameters, not yet escaped.
        json: a JSON body, or None.
        parts: a multipart form (docs/design/wire.md, Decisions), or None; never both.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    json: bytes | None = None
    parts: tuple[Part, ...] | None = None

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing at the API."""
        return self.method == "GET"

    @property
    def has_body(self) -> bool:
        """Whether anything follows its headers."""
        return self.json is not None or self.parts is not None

    @property
    def head(self) -> "Request":
        """The request without what follows its headers, for whoever outlives it."""
        return replace(self, json=None if self.json is None else b"", parts=None if self.parts is None else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, read to its end; header names in lower case."""

    http_status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


# Kinds of failure that are our own words:
BODY_TOO_LARGE = "body-too-large"
CUT_OFF = "cut-off"
REPEATED = "repeated-answer"  # it is the answer to an earlier request
LEASE_OVER = "lease-over"  # nothing may be sent any more, and what was under way was aborted
UNASKED = "unasked-answer"  # something arrived before the first byte of the request, which was held back


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """No whole answer.

    Attributes:
        kind: class name of the exception, or one of our own words.
        bases: class names of its ancestors, nearest first, so that a subclass is found in the table.
        started: the request's start was announced by the client library.
        headers_sent: the first byte may have left: never proved unsent (docs/design/wire.md, Failures).
        errno: of an operating system error, for the log.
        kept: it was on a connection that had carried earlier calls.
    """

    kind: str
    bases: tuple[str, ...] = ()
    started: bool = True
    headers_sent: bool = False
    errno: int | None = None
    kept: bool = False
