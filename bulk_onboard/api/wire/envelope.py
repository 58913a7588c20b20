"""What the API says when it says no, in either vocabulary.

See docs/design/wire.md, Errors.

    {"error": {"type", "code", "message", "param", "doc_url"}}     the API's document
    {"api_id", "error": "plain sentence"}                          the released API
    {"errors": …}, {"global_error": …}, {"data": {"error": …}}     seen by others
    {"api_id", "message": …}                                       the rest of the API

A body of another shape was not written by the API, but by a firewall or proxy before it (docs/design/wire.md,
Verdicts).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bulk_onboard.api.wire.parse import Members, members, text

LONGEST_MESSAGE = 500  # characters
_CODE = re.compile(r"[A-Za-z0-9._-]{0,64}")  # anything else is a sentence, and may repeat personal data

_ERROR_MEMBERS = ("error", "errors", "global_error")


@dataclass(frozen=True, slots=True)
class ApiError:
    """The API's own words for a no; empty where it said nothing.

    Attributes:
        message: at most 500 characters; may repeat personal data.
        param: the parameter it is about.
    """

    code: str = ""
    message: str = field(default="", repr=False)
    param: str = ""


def api_error(body: object) -> ApiError | None:
    """What the body of a 4xx or 5xx answer says; None when it is not API-shaped."""
    envelope = members(body)
    inner = members(envelope.get("data"))
    for holder in (envelope, inner):
        for name in _ERROR_MEMBERS:
            if holder.get(name) is not None:
                return _told(holder[name], envelope)
    message = text(envelope, "message") or text(inner, "message")
    return _told(message, envelope) if message and api_id(body) else None


def api_id(body: object) -> str:
    """The API's name for the request; empty where it gave none."""
    return text(members(body), "api_id")


def says_error(body: Members) -> bool:
    """Whether a body speaks of an error, whatever its HTTP status.

    See docs/design/wire.md, Errors.
    """
    return any(body.get(name) for name in _ERROR_MEMBERS)


def _told(error: object, envelope: Members) -> ApiError:
    told = next((value for value in _objects(error) if text(value, "code", "param")), {})
    message = "; ".join(_sentences(error)) or text(envelope, "message")
    code = text(told, "code")
    if not _CODE.fullmatch(code):
        code, message = "", "; ".join(filter(None, (code, message)))
    return ApiError(code, message[:LONGEST_MESSAGE], text(told, "param"))


def _objects(error: object) -> Iterator[Members]:
    return (members(value) for value in (error if isinstance(error, list) else [error]))


def _sentences(error: object) -> Iterator[str]:
    """The sentences of a text, an object with a message, an object of texts by parameter, or a list of all that."""
    if isinstance(error, str):
        yield from [error] if error else []
    elif isinstance(error, list):
        for value in error:
            yield from _sentences(value)
    elif isinstance(error, dict):
        yield from [said] if (said := text(error, "message", *_ERROR_MEMBERS)) else _by_parameter(error)


def _by_parameter(error: Members) -> Iterator[str]:
    for name, value in error.items():
        yield from (f"{name}: {sentence}" for sentence in _sentences(value))
