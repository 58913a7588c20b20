"""Parse answers: bytes to JSON, its members, and the errors of the API.

What a lenient parser would let through (two members of one name, half a surrogate pair, NaN, a thousand brackets) is
refused here, so that no other module has to expect it. The answer to a read is parsed leniently: a page of the list
holds records that others filed, and one broken text among them must not hide all the rest.

An error has one of these shapes (docs/design/wire.md, Errors):

    {"error": {"type", "code", "message", "param", "doc_url"}}     the API's document
    {"api_id", "error": "plain sentence"}                          the released API
    {"errors": …}, {"global_error": …}, {"data": {"error": …}}     seen by others
    {"api_id", "message": …}                                       the rest of the API

A body of another shape was written by a firewall or proxy, not by the API.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

DEEPEST = 32  # the API's own answers are 6 deep

Members = Mapping[str, Any]


class MalformedError(Exception):
    """An answer that is not what it should be; caught where answers are judged."""


def parse_json(raw: bytes) -> object:
    """Return the JSON in a body.

    Raise MalformedError unless it is UTF-8, without doubled members, and at most 32 deep.
    """
    try:
        msgspec.json.decode(raw)  # strict about text and numbers, silent about doubled members
        value = json.loads(raw, object_pairs_hook=_members)
    except (ValueError, RecursionError):
        raise MalformedError("the body is not strict JSON") from None
    if _depth(value) > DEEPEST:
        raise MalformedError(f"the body is more than {DEEPEST} deep")
    return value


def parse_broken_json(raw: bytes) -> object:
    """Return the JSON in a body whose texts may be broken.

    Raise MalformedError where it is no JSON even so.

    Bytes that are not UTF-8 and halves of surrogate pairs become U+FFFD; control characters in texts stay; of doubled
    members the last one counts.
    """
    try:
        value = json.loads(raw.decode("utf-8-sig", "replace"), strict=False)
        return _with_whole_characters(value)
    except (ValueError, RecursionError):
        raise MalformedError("the body is not JSON") from None


def _with_whole_characters(value: object) -> object:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_with_whole_characters(inner) for inner in value]
    if isinstance(value, dict):
        return {str(_with_whole_characters(name)): _with_whole_characters(inner) for name, inner in value.items()}
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is there twice")
    return members


def _depth(value: object) -> int:
    """Return how deep lists and objects are nested."""
    level, depth = [value], 0
    while level := [outer for outer in level if isinstance(outer, dict | list)]:
        level = [inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer)]
        depth += 1
    return depth


def members(value: object) -> Members:
    """Return the value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text(of: Members, *names: str) -> str:
    """Return the first of these members that is a filled text or a whole number.

    Empty where none is.
    """
    return next((word for name in names if (word := _word(of.get(name)))), "")


def _word(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def whole(value: object) -> int | None:
    """Return the value where it is a whole number, not below 0; else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def words(shown: object) -> tuple[str, ...]:
    """Return the words of a list, or of a text with commas, each once.

    See docs/design/wire.md, Requirements.
    """
    each = shown.split(",") if isinstance(shown, str) else shown if isinstance(shown, list) else []
    return tuple(dict.fromkeys(word.strip() for word in each if isinstance(word, str) and word.strip()))


def objects(of: Members, name: str) -> list[Members]:
    """Return the objects of the list under this name; empty where it is missing.

    Raise MalformedError where something else stands there.
    """
    shown: Any = [] if of.get(name) is None else of[name]
    if not isinstance(shown, list) or not all(isinstance(value, dict) for value in shown):
        raise MalformedError(f"{name} is not a list of objects")
    return shown


def digits(number: str) -> str:
    """Return the digits of a phone number alone."""
    return re.sub(r"[^0-9]", "", number)


LONGEST_MESSAGE = 500  # characters
_CODE = re.compile(r"[A-Za-z0-9._-]{0,64}")  # anything else is a sentence, and may repeat personal data

_ERROR_MEMBERS = ("error", "errors", "global_error")


@dataclass(frozen=True, slots=True)
class ApiError:
    """The API's words for a no; empty where it gave none.

    Attributes:
        message: at most 500 characters; may repeat personal data.
        param: the parameter it is about.
    """

    code: str = ""
    message: str = field(default="", repr=False)
    param: str = ""


def api_error(body: object) -> ApiError | None:
    """Return the error in the body of a 4xx or 5xx answer.

    None where the body has none of the API's shapes.
    """
    envelope = members(body)
    inner = members(envelope.get("data"))
    for holder in (envelope, inner):
        for name in _ERROR_MEMBERS:
            if holder.get(name) is not None:
                return _error(holder[name], envelope)
    message = text(envelope, "message") or text(inner, "message")
    return _error(message, envelope) if message and api_id(body) else None


def api_id(body: object) -> str:
    """Return the API's name for the request; empty where it gave none."""
    return text(members(body), "api_id")


def says_error(body: Members) -> bool:
    """Return whether a body holds an error, whatever its HTTP status."""
    return any(body.get(name) for name in _ERROR_MEMBERS)


def _error(error: object, envelope: Members) -> ApiError:
    details = next((value for value in _objects(error) if text(value, "code", "param")), {})
    message = "; ".join(_sentences(error)) or text(envelope, "message")
    code = text(details, "code")
    if not _CODE.fullmatch(code):
        code, message = "", "; ".join(filter(None, (code, message)))
    return ApiError(code, message[:LONGEST_MESSAGE], text(details, "param"))


def _objects(error: object) -> Iterator[Members]:
    return (members(value) for value in (error if isinstance(error, list) else [error]))


def _sentences(error: object) -> Iterator[str]:
    """Yield the sentences of a text, an object with texts, or a list of these."""
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
