"""What the API demands of a create or an update (compliance-api.txt; wire.md 5 and 7).

The order is the order of complaints: place, alias, end user, callback, then documents; of the documents first
their types, then a missing one, then a bad file. So a bad field is complained of before a missing file.
The first trouble found is the one answered. Unknown members of `data` are ignored.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from bulk_onboard.sandbox.answers import RefusedError
from bulk_onboard.sandbox.form import Form, Part
from bulk_onboard.sandbox.record import Document
from bulk_onboard.sandbox.requirements import OFFERS, Offer

NUMBER_TYPES = ("local", "mobile", "tollfree")
USER_TYPES = ("individual", "business")
CALLBACK_METHODS = ("GET", "POST")

FILE_LIMIT = 5 * 1024 * 1024

_MEDIA_TYPE_BY_MAGIC = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png"}

# Requirements name the business by another word than end_user does (wire.md 6.1); these are its optional fields.
_MEMBER = {"business_name": "name"}
_OPTIONAL_TEXTS = ("email", "address.line2", "address.state")


def check_place(data: Mapping[str, Any]) -> tuple[str, str]:
    """Country and number type of a create, both on offer."""
    country_iso = required_text(data, "country_iso")
    if country_iso not in OFFERS:
        raise RefusedError("invalid_parameter", f"country_iso {country_iso!r} is not supported", "country_iso")
    number_type = one_of(required_text(data, "number_type"), NUMBER_TYPES, "number_type")
    if number_type not in OFFERS[country_iso]:
        message = f"number_type {number_type!r} is not available in {country_iso}"
        raise RefusedError("invalid_parameter", message, "number_type")
    return country_iso, number_type


def check_end_user(end_user: object, country_iso: str, number_type: str) -> Offer:
    """What is asked of this end user, all of whose fields are good."""
    if end_user is None:
        raise RefusedError("missing_required_field", "end_user is required", "end_user")
    if not isinstance(end_user, dict):
        raise RefusedError("invalid_parameter", "end_user must be an object", "end_user")
    offer = _offer(end_user, OFFERS[country_iso][number_type])
    for field in offer.fields:
        _check_field(end_user, field)
    for path in _OPTIONAL_TEXTS:
        if not isinstance(_at(end_user, path), str | None):
            raise RefusedError("invalid_parameter", f"{path} must be a string", f"end_user.{path}")
    return offer


def check_callback(data: Mapping[str, Any]) -> tuple[str | None, str]:
    """Where status updates are to go, and by which method."""
    url, method = data.get("callback_url"), data.get("callback_method", "POST")
    if url is not None and not (isinstance(url, str) and url.startswith(("https://", "http://"))):
        raise RefusedError("invalid_parameter", "callback_url must be a URL", "callback_url")
    return url, one_of(method, CALLBACK_METHODS, "callback_method")


def read_documents(form: Form, offer: Offer) -> tuple[Document, ...]:
    """The documents a form brings, each of a known type and with a good file."""
    types = _document_types(form, offer)
    for position in range(len(types)):
        if position not in form.files:
            raise _missing(offer, types[position], f"documents[{position}].file")
    return tuple(_document(types[i], form.files[i], i) for i in range(len(types)))


def check_complete(documents: Iterable[Document], offer: Offer) -> None:
    """RefusedError for the first required type that no document has."""
    present = {document.type for document in documents}
    for required in offer.document_types:
        if required not in present:
            raise _missing(offer, required, "documents")


def required_text(members: Mapping[str, Any], name: str) -> str:
    """A member that must be there, be a string and not be blank."""
    return _text(members.get(name), name)


def one_of(value: object, words: tuple[str, ...], param: str) -> str:
    """A value that must be one of the words."""
    if value not in words:
        raise RefusedError("invalid_parameter", f"{param} must be one of {', '.join(words)}", param)
    return str(value)


def _offer(end_user: Mapping[str, Any], offers: Mapping[str, Offer]) -> Offer:
    if "user_type" in end_user:
        message = "user_type is not a field of end_user; use end_user.type"
        raise RefusedError("invalid_parameter", message, "end_user.user_type")
    user_type = one_of(_text(end_user.get("type"), "end_user.type"), USER_TYPES, "end_user.type")
    if user_type not in offers:
        raise RefusedError("invalid_parameter", f"user type {user_type!r} is not supported", "end_user.type")
    return offers[user_type]


def _check_field(end_user: Mapping[str, Any], field: Mapping[str, Any]) -> None:
    path = _MEMBER.get(field["field_name"], field["field_name"])
    text = _text(_at(end_user, path), f"end_user.{path}")
    if not field["min_length"] <= len(text) <= field["max_length"]:
        message = f"{field['field_label']} must have {field['min_length']} to {field['max_length']} characters"
        raise RefusedError("invalid_parameter", message, f"end_user.{path}")


def _at(members: Mapping[str, Any], path: str) -> object:
    found: object = members
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _text(value: object, param: str) -> str:
    if value is None or value == "":
        raise RefusedError("missing_required_field", f"{param} is required", param)
    if not isinstance(value, str):
        raise RefusedError("invalid_parameter", f"{param} must be a string", param)
    if not value.strip():
        raise RefusedError("missing_required_field", f"{param} is required", param)
    return value


def _document_types(form: Form, offer: Offer) -> list[str]:
    entries = form.data.get("documents", [])
    if not isinstance(entries, list):
        raise RefusedError("invalid_parameter", "documents must be an array", "documents")
    types: list[str] = []
    for position, entry in enumerate(entries):
        param = f"documents[{position}].type"
        kind = one_of(entry.get("type") if isinstance(entry, dict) else None, offer.document_types, param)
        if kind in types:
            raise RefusedError("invalid_parameter", f"document type {kind} is given twice", param)
        types.append(kind)
    stray = sorted(set(form.files) - set(range(len(types))))
    if stray:
        param = f"documents[{stray[0]}].file"
        raise RefusedError("invalid_parameter", f"{param} belongs to no entry of documents", param)
    return types


def _missing(offer: Offer, document_type: str, param: str) -> RefusedError:
    return RefusedError("missing_required_document", f"{offer.title(document_type)} is required", param)


def _document(document_type: str, part: Part, position: int) -> Document:
    param = f"documents[{position}].file"
    if not part.content:
        raise RefusedError("invalid_file", "The file is empty", param)
    if len(part.content) > FILE_LIMIT:
        raise RefusedError("invalid_file", "The file exceeds the 5 MB size limit", param)
    kinds = (kind for magic, kind in _MEDIA_TYPE_BY_MAGIC.items() if part.content.startswith(magic))
    media_type = next(kinds, None)
    if media_type is None:
        raise RefusedError("invalid_file", "File format not supported; send PNG or PDF", param)
    sha256 = hashlib.sha256(part.content).hexdigest()
    return Document(str(uuid4()), document_type, part.file_name, media_type, part.content, sha256)
