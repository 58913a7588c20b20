"""The contract of the API's document: what it asks for, how a form is read, how a record is shown, how it says no.

What is offered is the example of the document, "The Requirements Object": India, local and mobile numbers, businesses
only.

A form is checked in this order: place, alias, end user, callback, then documents; of the documents first their types,
then a missing one, then a bad file. The first error found is the answer, so a bad field comes before a missing file.
Unknown members of `data` are ignored. An alias is not asked for: the document's own example of a create has none.

The document binds no code to an HTTP status and has no code for several statuses. The table is this sandbox's reading:
invalid parameters are 400, failed validation is 422, a conflict of state is 409.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from bulk_onboard.sandbox.answers import Answer, RefusedError, invalid, json_answer
from bulk_onboard.sandbox.behaviours import Asking
from bulk_onboard.sandbox.call import Form
from bulk_onboard.sandbox.checks import (
    NUMBER_TYPES,
    PDF,
    PNG,
    USER_TYPES,
    at,
    callback_method,
    check_places,
    document_entries,
    one_of,
    optional_text,
    read_file,
    required_text,
    text,
)
from bulk_onboard.sandbox.contract import Filing, Json, Words
from bulk_onboard.sandbox.records import APPROVED, MORE_INFO, PENDING, REJECTED, REVIEWS, Document, Record

TYPE_AND_HTTP_STATUS: Mapping[str, tuple[str, int]] = {
    # codes of the document
    "missing_required_document": ("validation_error", 422),
    "missing_required_field": ("validation_error", 422),
    "invalid_file": ("validation_error", 422),
    "country_mismatch": ("validation_error", 422),
    "number_type_mismatch": ("validation_error", 422),
    "compliance_not_editable": ("state_error", 409),
    "compliance_not_approved": ("state_error", 409),
    # codes of this sandbox, where the document has none
    "invalid_parameter": ("validation_error", 400),
    "compliance_not_deletable": ("state_error", 409),
    "compliance_exists": ("state_error", 409),
    "number_in_use": ("state_error", 409),
    "account_not_enabled": ("validation_error", 422),
    "invalid_credentials": ("authentication_error", 401),
    "permission_denied": ("permission_error", 403),
    "not_found": ("not_found_error", 404),
    "method_not_allowed": ("method_error", 405),
    "request_too_large": ("validation_error", 413),
    "rate_limit_exceeded": ("rate_limit_error", 429),
    "internal_error": ("api_error", 500),
}

EVENTS: Mapping[str, str] = {
    APPROVED: "compliance.approved",
    REJECTED: "compliance.rejected",
    MORE_INFO: "compliance.more_info_required",
}

# The document names one status of a file, `verified`; the others are this sandbox's.
DOCUMENT_STATUS = {APPROVED: "verified", REJECTED: "rejected"}

OFFERED: Mapping[str, tuple[str, ...]] = {"IN": ("local", "mobile")}  # for businesses
BUSINESS = "business"
FILE_FORMATS = (PNG, PDF)


def _document(title: str, accepted_formats: list[str], description: str) -> Json:
    kind = title.lower().replace(" ", "_")
    return {"title": title, "type": kind, "accepted_formats": accepted_formats, "description": description}


def _field(name: str, label: str, max_length: int, min_length: int = 1) -> Json:
    lengths = {"max_length": max_length, "min_length": min_length}
    return {"field_name": name, "field_label": label, "required": True, "field_type": "string", **lengths}


DOCUMENTS: Mapping[str, Json] = {
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
FIELDS: tuple[Json, ...] = (
    _field("business_name", "Business Name", 255),
    _field("registration_number", "Registration Number", 50),
    _field("address.line1", "Address Line 1", 255),
    _field("address.city", "City", 100),
    _field("address.postal_code", "Postal Code", 10),
    _field("address.country", "Country", 2, 2),
)

# Requirements name the business by another word than `end_user` does; these are the optional fields of `end_user`.
MEMBER = {"business_name": "name"}
OPTIONAL_TEXTS = ("email", "address.line2", "address.state")


def requirements_of(country_iso: str, number_type: str | None, user_type: str | None) -> Json:
    """Return what is asked for, filtered.

    Raises:
        RefusedError: nothing is left (404).
    """
    business = {
        "user_type": BUSINESS,
        "required_documents": list(DOCUMENTS.values()),
        "required_fields": list(FIELDS),
        "estimated_review_days": 3,
    }
    number_types = [
        {"number_type": offered, "user_types": [business]}
        for offered in OFFERED.get(country_iso, ())
        if number_type in (None, offered) and user_type in (None, BUSINESS)
    ]
    if not number_types:
        wanted = ", ".join(word for word in (country_iso, number_type, user_type) if word)
        raise RefusedError("not_found", f"No requirements found for {wanted}", "country_iso")
    return {"country_iso": country_iso, "number_types": number_types}


class Beta:
    """The private beta (see `contract.Contract`)."""

    name = "beta"
    record_id = "compliance_id"
    links_in_bulk = False
    editable = frozenset((REJECTED, MORE_INFO))
    deletable = frozenset((PENDING, REJECTED, MORE_INFO))
    keeps_links: frozenset[str] = frozenset()
    words = Words(
        created="Created successfully",
        updated="Updated successfully",
        deleted="Deleted successfully",
        linked="changed",
        no_record="Compliance not found",
        not_editable="Compliance cannot be modified in status '{status}'",
        not_deletable="Approved compliance records and records linked to phone numbers cannot be deleted",
        not_linkable="Only approved compliance records can be linked to numbers. Current status: '{status}'",
        number_in_use="The number is used under another compliance record",
        country_mismatch="Number country {of_number} does not match compliance country {of_record}",
        number_type_mismatch="Number type {of_number} does not match compliance type {of_record}",
    )

    def requirements(self, query: Mapping[str, str], _: Asking) -> Json:
        """Return the tree of all combinations that the filters leave."""
        return requirements_of(query.get("country_iso", "IN"), query.get("number_type"), query.get("user_type"))

    def filed(self, form: Form, _: Asking) -> Filing:
        """Return what a create files."""
        data = form.data
        country_iso, number_type = _checked_place(data)
        alias = _alias(data)
        _check_end_user(data.get("end_user"))
        url = data.get("callback_url")
        if url is not None and not (isinstance(url, str) and url.startswith(("https://", "http://"))):
            raise invalid("callback_url must be a URL", "callback_url")
        method = callback_method(data)
        documents = _read_documents(form)
        _check_complete(documents)
        return Filing(
            country_iso=country_iso,
            number_type=number_type,
            alias=alias,
            end_user=dict(data["end_user"]),
            documents=documents,
            callback_url=url,
            callback_method=method,
        )

    def changed(self, record: Record, form: Form, _: Asking) -> Filing:
        """Return a record with what the form brings; end user and documents are merged, the rest stays."""
        data = form.data
        for fixed in ("country_iso", "number_type"):
            if data.get(fixed, getattr(record, fixed)) != getattr(record, fixed):
                raise invalid(f"{fixed} cannot be changed", fixed)
        alias = required_text(data, "alias") if "alias" in data else record.alias
        end_user = _merged(record.end_user, data.get("end_user", {}))
        _check_end_user(end_user)
        brought = {document.type: document for document in _read_documents(form)}
        kept = {document.type: document for document in record.documents}
        return Filing(
            country_iso=record.country_iso,
            number_type=record.number_type,
            alias=alias,
            end_user=end_user,
            documents=tuple((kept | brought).values()),
            callback_url=record.callback_url,
            callback_method=record.callback_method,
        )

    def status(self, review: str) -> str:
        """Return the word for a review, which is the sandbox's own."""
        return review

    def reviews(self, status: str) -> tuple[str, ...]:
        """Return the one review of a word."""
        return (one_of(status, REVIEWS, "status"),)

    def members(self, record: Record, shown: Callable[[datetime], datetime], *, in_list: bool) -> Json:
        """Return a record flat; the document has a reason for rejected records only."""
        del in_list  # a list shows the whole record
        return {
            "compliance_id": record.compliance_id,
            "alias": record.alias or None,
            "status": record.review,
            "country_iso": record.country_iso,
            "number_type": record.number_type,
            "rejection_reason": record.reason if record.review == REJECTED else None,
            "created_at": _stamp(shown(record.created_at)),
            "updated_at": _stamp(shown(record.updated_at)),
            "submitted_at": _stamp(shown(record.submitted_at)),
        }

    def end_user(self, record: Record) -> Json:
        """Return the end user, with a nested address."""
        return record.end_user

    def document(self, record: Record, document: Document, address: str, _: Callable[[datetime], datetime]) -> Json:
        """Return a document with its type and a status."""
        return {
            "id": document.document_id,
            "type": document.type,
            "file_name": document.file_name,
            "file_url": address,
            "status": DOCUMENT_STATUS.get(record.review, "pending"),
        }

    def got(self, shown: Json) -> Answer:
        """Return the record itself."""
        return json_answer(200, shown)

    def updated(self, shown: Json) -> Json:
        """Return the id of the record."""
        return {"compliance_id": shown["compliance_id"]}

    def refusal(self, error: RefusedError) -> Answer:
        """Return the error object of the document, "Error Handling"."""
        error_type, http_status = TYPE_AND_HTTP_STATUS[error.code]
        envelope = {"type": error_type, "code": error.code, "message": error.message, "param": error.param}
        envelope["doc_url"] = "https://www.plivo.com/docs/numbers/compliance#requirements"
        return json_answer(http_status, {"error": envelope})

    def event(self, record: Record) -> dict[str, str] | None:
        """Return one of the document's three events."""
        if record.review not in EVENTS:
            return None
        event = {"event": EVENTS[record.review], "compliance_id": record.compliance_id, "status": record.review}
        if record.review == REJECTED and record.reason:
            event["rejection_reason"] = record.reason
        return event


def _stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _checked_place(data: Mapping[str, Any]) -> tuple[str, str]:
    country_iso = required_text(data, "country_iso")
    if country_iso not in OFFERED:
        raise invalid(f"country_iso {country_iso!r} is not supported", "country_iso")
    number_type = one_of(required_text(data, "number_type"), NUMBER_TYPES, "number_type")
    if number_type not in OFFERED[country_iso]:
        raise invalid(f"number_type {number_type!r} is not available in {country_iso}", "number_type")
    return country_iso, number_type


def _alias(data: Mapping[str, Any]) -> str:
    return required_text(data, "alias") if data.get("alias") is not None else ""


def _check_end_user(end_user: object) -> None:
    """Raise RefusedError for the first field of an end user that is not good."""
    if end_user is None:
        raise RefusedError("missing_required_field", "end_user is required", "end_user")
    if not isinstance(end_user, dict):
        raise invalid("end_user must be an object", "end_user")
    if "user_type" in end_user:
        raise invalid("user_type is not a field of end_user; use end_user.type", "end_user.user_type")
    user_type = one_of(text(end_user.get("type"), "end_user.type"), USER_TYPES, "end_user.type")
    if user_type != BUSINESS:
        raise invalid(f"user type {user_type!r} is not supported", "end_user.type")
    for field in FIELDS:
        path = str(MEMBER.get(field["field_name"], field["field_name"]))
        value = text(at(end_user, path), f"end_user.{path}")
        if not field["min_length"] <= len(value) <= field["max_length"]:
            message = f"{field['field_label']} must have {field['min_length']} to {field['max_length']} characters"
            raise invalid(message, f"end_user.{path}")
    for path in OPTIONAL_TEXTS:
        optional_text(at(end_user, path), f"end_user.{path}")


def _merged(kept: Json, brought: object) -> Any:
    """Return the members of one object over those of another, nested objects likewise."""
    if not isinstance(brought, dict):
        return brought
    both = {name: _merged(kept[name], value) for name, value in brought.items() if isinstance(kept.get(name), dict)}
    return kept | brought | both


def _read_documents(form: Form) -> tuple[Document, ...]:
    """Return the documents of a form; RefusedError unless each has a known type and a good file."""
    types: list[str] = []
    for position, entry in enumerate(document_entries(form)):
        param = f"documents[{position}].type"
        kind = one_of(entry.get("type"), DOCUMENTS, param)
        if kind in types:
            raise invalid(f"document type {kind} is given twice", param)
        types.append(kind)
    check_places(form, len(types))
    for position, kind in enumerate(types):
        if position not in form.files:
            raise _missing(kind, f"documents[{position}].file")
    return tuple(read_file(kind, form.files[i], f"documents[{i}].file", FILE_FORMATS) for i, kind in enumerate(types))


def _check_complete(documents: Iterable[Document]) -> None:
    present = {document.type for document in documents}
    for required in DOCUMENTS:
        if required not in present:
            raise _missing(required, "documents")


def _missing(kind: str, param: str) -> RefusedError:
    return RefusedError("missing_required_document", f"{DOCUMENTS[kind]['title']} is required", param)
