"""What the API asks for, and whether a create or an update has it.

What is offered is the example of the API's document, "The Requirements Object": India, local and mobile numbers,
businesses only.

A form is checked in this order: place, alias, end user, callback, then documents; of the documents first their types,
then a missing one, then a bad file. The first error found is the answer, so a bad field comes before a missing file.
Unknown members of `data` are ignored.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from bulk_onboard.sandbox.answers import RefusedError, invalid
from bulk_onboard.sandbox.call import Form, Part
from bulk_onboard.sandbox.records import Document

NUMBER_TYPES = ("local", "mobile", "tollfree")
USER_TYPES = ("individual", "business")
CALLBACK_METHODS = ("GET", "POST")

FILE_LIMIT = 5 * 1024 * 1024

_MEDIA_TYPE_BY_MAGIC = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png"}

_OFFERED: Mapping[str, tuple[str, ...]] = {"IN": ("local", "mobile")}  # for businesses
_BUSINESS = "business"


def _document(title: str, accepted_formats: list[str], description: str) -> dict[str, Any]:
    kind = title.lower().replace(" ", "_")
    return {"title": title, "type": kind, "accepted_formats": accepted_formats, "description": description}


def _field(name: str, label: str, max_length: int, min_length: int = 1) -> dict[str, Any]:
    lengths = {"max_length": max_length, "min_length": min_length}
    return {"field_name": name, "field_label": label, "required": True, "field_type": "string", **lengths}


_DOCUMENTS: Mapping[str, dict[str, Any]] = {
    document["type"]: document
    for document in (
        _document(
            "Identity Proof",
            ["passport", "national_id", "aadhaar"],
            "Government-issued photo ID of authorized representative",
        ),
        _document(
            "Address Proof",
            ["utility_bill", "bank_statement"],
            "Document dated within 3 months showing business address",
        ),
        _document(
            "Business Registration",
            ["certificate_of_incorporation", "gst_certificate"],
            "Official company registration document",
        ),
    )
}
_FIELDS: tuple[dict[str, Any], ...] = (
    _field("business_name", "Business Name", 255),
    _field("registration_number", "Registration Number", 50),
    _field("address.line1", "Address Line 1", 255),
    _field("address.city", "City", 100),
    _field("address.postal_code", "Postal Code", 10),
    _field("address.country", "Country", 2, 2),
)

# Requirements name the business by another word than `end_user` does; these are the optional fields of `end_user`.
_MEMBER = {"business_name": "name"}
_OPTIONAL_TEXTS = ("email", "address.line2", "address.state")


def requirements_of(country_iso: str, number_type: str | None, user_type: str | None, form: str = "") -> dict[str, Any]:
    """Return what is asked for, filtered, in one of `FORMS` or, by default, in that of the API's document.

    Raises:
        RefusedError: nothing is left (404).
    """
    business = {
        "user_type": _BUSINESS,
        "required_documents": list(_DOCUMENTS.values()),
        "required_fields": list(_FIELDS),
        "estimated_review_days": 3,
    }
    number_types = [
        {"number_type": offered, "user_types": [business]}
        for offered in _OFFERED.get(country_iso, ())
        if number_type in (None, offered) and user_type in (None, _BUSINESS)
    ]
    if not number_types:
        wanted = ", ".join(word for word in (country_iso, number_type, user_type) if word)
        raise RefusedError("not_found", f"No requirements found for {wanted}", "country_iso")
    tree = {"country_iso": country_iso, "number_types": number_types}
    return FORMS[form](tree) if form else tree


def _released(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return the released API's answer: the first combination only, flat, with ids for the types of document."""
    number_type = tree["number_types"][0]["number_type"]
    fields = [
        {"friendly_name" if name == "field_label" else name: value for name, value in field.items()}
        for field in _FIELDS
    ]
    return {
        "requirement_id": str(uuid5(NAMESPACE_URL, f"{tree['country_iso']}-{number_type}")),
        "country_iso": tree["country_iso"],
        "number_type": number_type,
        "user_type": _BUSINESS,
        "document_types": [
            {
                "document_type_id": str(uuid5(NAMESPACE_URL, document["type"])),
                "name": document["title"],
                "description": document["description"],
                "proof_required": True,
                "required_fields": fields if document["type"] == "business_registration" else [],
            }
            for document in _DOCUMENTS.values()
        ],
    }


FORMS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "released": _released,
    "both-forms": lambda tree: {**_released(tree), **tree},
    "neither-form": lambda tree: {"country_iso": tree["country_iso"], "rules": [{"rule": "ask the help desk"}]},
    "empty": lambda tree: {},
}


def check_place(data: Mapping[str, Any]) -> tuple[str, str]:
    """Return country and number type of a create; RefusedError unless both are on offer."""
    country_iso = required_text(data, "country_iso")
    if country_iso not in _OFFERED:
        raise invalid(f"country_iso {country_iso!r} is not supported", "country_iso")
    number_type = one_of(required_text(data, "number_type"), NUMBER_TYPES, "number_type")
    if number_type not in _OFFERED[country_iso]:
        raise invalid(f"number_type {number_type!r} is not available in {country_iso}", "number_type")
    return country_iso, number_type


def check_end_user(end_user: object) -> None:
    """Raise RefusedError for the first field of an end user that is not good."""
    if end_user is None:
        raise RefusedError("missing_required_field", "end_user is required", "end_user")
    if not isinstance(end_user, dict):
        raise invalid("end_user must be an object", "end_user")
    if "user_type" in end_user:
        raise invalid("user_type is not a field of end_user; use end_user.type", "end_user.user_type")
    user_type = one_of(_text(end_user.get("type"), "end_user.type"), USER_TYPES, "end_user.type")
    if user_type != _BUSINESS:
        raise invalid(f"user type {user_type!r} is not supported", "end_user.type")
    for field in _FIELDS:
        path = _MEMBER.get(field["field_name"], field["field_name"])
        text = _text(_at(end_user, path), f"end_user.{path}")
        if not field["min_length"] <= len(text) <= field["max_length"]:
            message = f"{field['field_label']} must have {field['min_length']} to {field['max_length']} characters"
            raise invalid(message, f"end_user.{path}")
    for path in _OPTIONAL_TEXTS:
        if not isinstance(_at(end_user, path), str | None):
            raise invalid(f"{path} must be a string", f"end_user.{path}")


def check_callback(data: Mapping[str, Any]) -> tuple[str | None, str]:
    """Return where callbacks go, and by which method; RefusedError unless both are good."""
    url, method = data.get("callback_url"), data.get("callback_method", "POST")
    if url is not None and not (isinstance(url, str) and url.startswith(("https://", "http://"))):
        raise invalid("callback_url must be a URL", "callback_url")
    return url, one_of(method, CALLBACK_METHODS, "callback_method")


def read_documents(form: Form) -> tuple[Document, ...]:
    """Return the documents of a form; RefusedError unless each has a known type and a good file."""
    types = _document_types(form)
    for position, kind in enumerate(types):
        if position not in form.files:
            raise _missing(kind, f"documents[{position}].file")
    return tuple(_read_document(kind, form.files[i], f"documents[{i}].file") for i, kind in enumerate(types))


def check_complete(documents: Iterable[Document]) -> None:
    """Raise RefusedError for the first required type that no document has."""
    present = {document.type for document in documents}
    for required in _DOCUMENTS:
        if required not in present:
            raise _missing(required, "documents")


def required_text(members: Mapping[str, Any], name: str) -> str:
    """Return a member that must be there, be a string and not be blank."""
    return _text(members.get(name), name)


def one_of(value: object, words: Iterable[str], param: str) -> str:
    """Return a value that must be one of these words."""
    if value not in (known := tuple(words)):
        raise invalid(f"{param} must be one of {', '.join(known)}", param)
    return str(value)


def _at(members: Mapping[str, Any], path: str) -> object:
    found: object = members
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _text(value: object, param: str) -> str:
    if not isinstance(value, str | None):
        raise invalid(f"{param} must be a string", param)
    if not value or not value.strip():
        raise RefusedError("missing_required_field", f"{param} is required", param)
    return value


def _document_types(form: Form) -> list[str]:
    entries = form.data.get("documents", [])
    if not isinstance(entries, list):
        raise invalid("documents must be an array", "documents")
    types: list[str] = []
    for position, entry in enumerate(entries):
        param = f"documents[{position}].type"
        kind = one_of(entry.get("type") if isinstance(entry, dict) else None, _DOCUMENTS, param)
        if kind in types:
            raise invalid(f"document type {kind} is given twice", param)
        types.append(kind)
    stray = sorted(set(form.files) - set(range(len(types))))
    if stray:
        param = f"documents[{stray[0]}].file"
        raise invalid(f"{param} belongs to no entry of documents", param)
    return types


def _missing(kind: str, param: str) -> RefusedError:
    return RefusedError("missing_required_document", f"{_DOCUMENTS[kind]['title']} is required", param)


def _read_document(kind: str, part: Part, param: str) -> Document:
    if not part.content:
        raise RefusedError("invalid_file", "The file is empty", param)
    if len(part.content) > FILE_LIMIT:
        raise RefusedError("invalid_file", "The file exceeds the 5 MB size limit", param)
    media_type = next((kind for magic, kind in _MEDIA_TYPE_BY_MAGIC.items() if part.content.startswith(magic)), None)
    if media_type is None:
        raise RefusedError("invalid_file", "File format not supported; send PNG or PDF", param)
    sha256 = hashlib.sha256(part.content).hexdigest()
    return Document(str(uuid4()), kind, part.file_name, media_type, part.content, sha256)
