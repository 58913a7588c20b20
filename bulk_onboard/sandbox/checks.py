"""Checks that both contracts make of what is sent; each raises a RefusedError that says what is wrong."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from bulk_onboard.sandbox.answers import RefusedError, invalid
from bulk_onboard.sandbox.call import Form, Part
from bulk_onboard.sandbox.records import Document

NUMBER_TYPES = ("local", "mobile", "tollfree")
USER_TYPES = ("individual", "business")
CALLBACK_METHODS = ("GET", "POST")
GREATEST_WHOLE = 10**9 - 1

# The hosts of callbacks that never leave this machine.
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")

FILE_LIMIT = 5 * 1024 * 1024
LONGEST_FILE_NAME = 99

PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
_MEDIA_TYPE_BY_MAGIC = {b"%PDF-": PDF, b"\x89PNG\r\n\x1a\n": PNG, b"\xff\xd8\xff": JPEG}
_FORMAT = {PDF: "PDF", PNG: "PNG", JPEG: "JPEG"}


def required_text(members: Mapping[str, Any], name: str) -> str:
    """Return a member that must be there, be a string and not be blank."""
    return text(members.get(name), name)


def text(value: object, param: str, hint: str = "") -> str:
    """Return a value that must be a string and not be blank; `hint` follows the words that it is required."""
    if not isinstance(value, str | None):
        raise invalid(f"{param} must be a string", param)
    if not value or not value.strip():
        raise RefusedError("missing_required_field", f"{param} is required{hint}", param)
    return value


def optional_text(value: object, param: str) -> None:
    """Refuse what is neither a string nor null."""
    if not isinstance(value, str | None):
        raise invalid(f"{param} must be a string", param)


def one_of(value: object, words: Iterable[str], param: str) -> str:
    """Return a value that must be one of these words."""
    if value not in (known := tuple(words)):
        raise invalid(f"{param} must be one of {', '.join(known)}", param)
    return str(value)


def whole(query: Mapping[str, str], name: str, default: int, *, least: int, most: int = GREATEST_WHOLE) -> int:
    """Return a whole number of a query."""
    given = query.get(name, str(default))
    if not (given.isascii() and given.isdigit() and len(given) < 10 and least <= int(given) <= most):
        raise invalid(f"{name} must be a whole number from {least} to {most}", name)
    return int(given)


def at(members: Mapping[str, Any], path: str) -> object:
    """Return what is at a dotted path; None where the path leads nowhere."""
    found: object = members
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def document_entries(form: Form) -> list[dict[str, Any]]:
    """Return `documents` of a form; each entry must be an object."""
    entries = form.data.get("documents", [])
    if not isinstance(entries, list):
        raise invalid("documents must be an array", "documents")
    for position, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise invalid(f"documents[{position}] must be an object", f"documents[{position}].type")
    return entries


def check_places(form: Form, count: int) -> None:
    """Refuse a file that belongs to none of so many documents."""
    stray = sorted(set(form.files) - set(range(count)))
    if stray:
        param = f"documents[{stray[0]}].file"
        raise invalid(f"{param} belongs to no entry of documents", param)


def read_file(kind: str, part: Part, param: str, formats: tuple[str, ...], **more: Any) -> Document:
    """Return the document that a file is; it must have one of these media types, by its content."""
    if not part.content:
        raise RefusedError("invalid_file", "The file is empty", param)
    if len(part.content) > FILE_LIMIT:
        raise RefusedError("invalid_file", "The file exceeds the 5 MB size limit", param)
    if len(part.file_name) > LONGEST_FILE_NAME:
        raise RefusedError("invalid_file", f"The file name exceeds {LONGEST_FILE_NAME} characters", param)
    media_type = next((kind for magic, kind in _MEDIA_TYPE_BY_MAGIC.items() if part.content.startswith(magic)), "")
    if media_type not in formats:
        known = ", ".join(_FORMAT[known] for known in formats)
        raise RefusedError("invalid_file", f"File format not supported; send {known}", param)
    sha256 = hashlib.sha256(part.content).hexdigest()
    return Document(str(uuid4()), kind, part.file_name, media_type, part.content, sha256, **more)


def callback_method(data: Mapping[str, Any], default: str = "POST") -> str:
    """Return the method of callbacks."""
    return one_of(data.get("callback_method", default), CALLBACK_METHODS, "callback_method")
