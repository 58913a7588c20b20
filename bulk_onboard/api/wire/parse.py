"""Bytes to JSON, and members out of it, leniently.

The answer comes from a network: what a careless parser lets through (two members of one name, half a surrogate pair,
NaN, a thousand brackets) is refused here once, so that nobody behind it needs to think of it. A page of the list is
read leniently: it holds records that others filed, and one broken text among them must not hide all the rest.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

DEEPEST = 32  # the API's own answers are 6 deep

Members = Mapping[str, Any]


class MalformedError(Exception):
    """An answer that cannot be what it should be; it is caught where answers are judged.

    The message tells what was expected, never what was there.
    """


def parse_json(raw: bytes) -> object:
    """The JSON in a body; MalformedError unless it is UTF-8, without doubled members, and at most 32 deep."""
    try:
        msgspec.json.decode(raw)  # strict about text and numbers, silent about doubled members
        value = json.loads(raw, object_pairs_hook=_members)
    except (ValueError, RecursionError):
        raise MalformedError("the body is not strict JSON") from None
    if _depth(value) > DEEPEST:
        raise MalformedError(f"the body is more than {DEEPEST} deep")
    return value


def parse_broken_json(raw: bytes) -> object:
    """The JSON in a body whose texts may be broken; MalformedError where it is no JSON even so.

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
    """How many containers stand inside each other at most."""
    level, depth = [value], 0
    while level := [outer for outer in level if isinstance(outer, dict | list)]:
        level = [inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer)]
        depth += 1
    return depth


def members(value: object) -> Members:
    """The value where it is an object, else none."""
    return value if isinstance(value, dict) else {}


def text(of: Members, *names: str) -> str:
    """The first of these members that is a filled text or a whole number; empty where none is."""
    return next((word for name in names if (word := _word(of.get(name)))), "")


def _word(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def whole(value: object) -> int | None:
    """The value where it is a whole number, not below 0; else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
