"""The released contract: how a form is read, how a record is shown, how it says no. No page of the vendor has it whole;
docs/sandbox.md, The two contracts, says what is known and what is this sandbox's guess.

A form is checked in this order: place, alias, end user, combination, callback, then documents; of these first their
ids, then whether all are there, then each with its data fields and its file. The first error found is the answer.
Unknown members of `data` and `end_user` are ignored.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from bulk_onboard.sandbox.answers import Answer, RefusedError, invalid, json_answer, success
from bulk_onboard.sandbox.behaviours import Asking
from bulk_onboard.sandbox.call import Form, Part
from bulk_onboard.sandbox.checks import (
    JPEG,
    NUMBER_TYPES,
    PDF,
    PNG,
    THIS_MACHINE,
    USER_TYPES,
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
from bulk_onboard.sandbox.records import (
    APPROVED,
    DRAFT,
    EXPIRED,
    MORE_INFO,
    PENDING,
    REJECTED,
    SUSPENDED,
    Document,
    Record,
)
from bulk_onboard.sandbox.released_requirements import DocumentType, Types, offered, requirements_of

STATUS: Mapping[str, str] = {
    DRAFT: "draft",
    PENDING: "submitted",
    APPROVED: "accepted",
    REJECTED: "rejected",
    MORE_INFO: "rejected",
    SUSPENDED: "suspended",
    EXPIRED: "expired",
}

# Everything else is 400.
_HTTP_STATUS: Mapping[str, int] = {
    "invalid_credentials": 401,
    "permission_denied": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "compliance_exists": 409,
    "request_too_large": 413,
    "account_not_enabled": 422,
    "rate_limit_exceeded": 429,
    "internal_error": 500,
}

# Names in `end_user`, and where they are kept in its `address`.
ADDRESS: Mapping[str, str] = {
    "address_line1": "line1",
    "address_line2": "line2",
    "city": "city",
    "state": "state",
    "postal_code": "postal_code",
    "country": "country",
}
TEXTS = ("name", "last_name", "email", "registration_number")
FIXED = ("country_iso", "number_type", "user_type")
FILE_FORMATS = (PDF, JPEG, PNG)
_TOLD_BY_CALLBACK = (APPROVED, REJECTED, MORE_INFO, SUSPENDED, EXPIRED)


class Released:
    """The released API (see `contract.Contract`)."""

    name = "released"
    record_id = "compliance_application_id"
    links_in_bulk = True
    editable = frozenset((REJECTED, MORE_INFO))
    deletable = frozenset((DRAFT, PENDING, REJECTED, MORE_INFO, EXPIRED))
    keeps_links = frozenset((APPROVED, SUSPENDED))
    words = Words(
        created="Compliance application created and submitted for review.",
        updated="Compliance application updated and resubmitted for review.",
        deleted="Compliance application deleted.",
        linked="Number linked to compliance application.",
        no_record="Compliance application not found.",
        not_editable=("Compliance application must be in 'rejected' status to be updated. Current status: '{status}'."),
        not_deletable="Compliance applications that are accepted, or linked to numbers, cannot be deleted.",
        not_linkable="Compliance application must be in 'accepted' status. Current status: '{status}'.",
        number_in_use=(
            "The compliance application of a number can be changed only while its status is pending or rejected."
        ),
        country_mismatch="Number country {of_number} does not match compliance application country {of_record}.",
        number_type_mismatch="Number type {of_number} does not match compliance application type {of_record}.",
    )

    def requirements(self, query: Mapping[str, str], asking: Asking) -> Json:
        """Return what one combination needs."""
        return requirements_of(query, asking)

    def filed(self, form: Form, asking: Asking) -> Filing:
        """Return what a create files."""
        data = form.data
        country_iso = required_text(data, "country_iso")
        number_type = one_of(required_text(data, "number_type"), NUMBER_TYPES, "number_type")
        alias = required_text(data, "alias")
        end_user = _end_user(data.get("end_user"), {})
        types = offered(country_iso, number_type, end_user["type"], asking)
        if types is None:
            wanted = ", ".join((country_iso, number_type, end_user["type"]))
            raise invalid(f"No compliance requirements found for {wanted}", "country_iso")
        return Filing(
            country_iso=country_iso,
            number_type=number_type,
            alias=alias,
            end_user=end_user,
            callback_url=_callback_url(data),
            callback_method=callback_method(data),
            documents=_read_documents(form, types, asking.epoch),
        )

    def changed(self, record: Record, form: Form, asking: Asking) -> Filing:
        """Return a record with what the form brings; documents are replaced as a whole, or stay as they are."""
        data = form.data
        for name in FIXED:
            if name in data:
                raise invalid(f"{name} cannot be updated", name)
        if isinstance(data.get("end_user"), dict) and "type" in data["end_user"]:
            raise invalid("end_user.type cannot be updated", "end_user.type")
        alias = record.alias if data.get("alias") is None else required_text(data, "alias")
        end_user = record.end_user
        if "end_user" in data:
            end_user = _end_user(data["end_user"], record.end_user)
        documents = record.documents
        if "documents" in data or form.files:
            types = offered(record.country_iso, record.number_type, record.user_type, asking)
            documents = _read_documents(form, types or (), asking.epoch)
        return Filing(
            country_iso=record.country_iso,
            number_type=record.number_type,
            alias=alias,
            end_user=end_user,
            documents=documents,
            callback_url=_callback_url(data) or record.callback_url,
            callback_method=callback_method(data, record.callback_method),
        )

    def status(self, review: str) -> str:
        """Return the word for a review; what lacks more information is rejected."""
        return STATUS[review]

    def reviews(self, status: str) -> tuple[str, ...]:
        """Return the reviews that a word means, in any case."""
        word = one_of(status.lower(), dict.fromkeys(STATUS.values()), "status")
        return tuple(review for review, known in STATUS.items() if known == word)

    def members(self, record: Record, shown: Callable[[datetime], datetime], *, in_list: bool) -> Json:
        """Return a record; lists leave out where callbacks go, and only a rejected record has a reason."""
        status = STATUS[record.review]
        told: Json = {
            "compliance_id": record.compliance_id,
            "alias": record.alias,
            "status": status,
            "country_iso": record.country_iso,
            "number_type": record.number_type,
            "user_type": record.user_type,
        }
        if status == "rejected" and record.reason is not None:
            told["rejection_reason"] = record.reason
        if record.callback_url and not in_list:
            told |= {"callback_url": record.callback_url, "callback_method": record.callback_method}
        return told | {"created_at": _stamp(shown(record.created_at)), "updated_at": _stamp(shown(record.updated_at))}

    def end_user(self, record: Record) -> Json:
        """Return the end user with a flat address."""
        kept, address = record.end_user, record.end_user.get("address") or {}
        told = {"end_user_id": kept.get("id"), "type": kept["type"]}
        told |= {name: kept.get(name) for name in TEXTS}
        told |= {name: address.get(kept_name) for name, kept_name in ADDRESS.items()}
        return {name: value for name, value in told.items() if value is not None}

    def document(self, record: Record, document: Document, address: str, shown: Callable[[datetime], datetime]) -> Json:
        """Return a document with its type by id and by name, and what was told of it."""
        has_file = bool(document.content)
        return {
            "document_id": document.document_id,
            "document_type_id": document.type_id or DocumentType(document.type, "").id(0),
            "document_name": document.type,
            "file_name": document.file_name if has_file else None,
            "meta_information": document.data_fields,
            "download_url": address if has_file else None,
            "created_at": _stamp(shown(record.submitted_at)),
        }

    def got(self, shown: Json) -> Answer:
        """Return the record in its wrapper."""
        return success(200, compliance=shown)

    def updated(self, shown: Json) -> Json:
        """Return the record in its wrapper."""
        return {"compliance": shown}

    def refusal(self, error: RefusedError) -> Answer:
        """Return the error as one sentence; a 404 comes without an `api_id`."""
        http_status = _HTTP_STATUS.get(error.code, 400)
        sentence = {"error": error.message.rstrip(".") + "."}
        return json_answer(http_status, sentence if http_status == 404 else {"api_id": str(uuid4()), **sentence})

    def event(self, record: Record) -> dict[str, str] | None:
        """Return id and status of a record that was reviewed."""
        if record.review not in _TOLD_BY_CALLBACK:
            return None
        event = {"compliance_id": record.compliance_id, "status": STATUS[record.review]}
        if event["status"] == "rejected" and record.reason:
            event["rejection_reason"] = record.reason
        return event


def _stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _callback_url(data: Mapping[str, Any]) -> str | None:
    """Return where callbacks go; only this machine may be called without TLS."""
    url = data.get("callback_url")
    if url is None:
        return None
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        scheme, host = parts.scheme, parts.hostname
        is_good = (scheme == "https" and bool(host)) or (scheme == "http" and host in THIS_MACHINE)
    except ValueError:
        is_good = False
    if not is_good:
        raise invalid("callback_url must be an https URL", "callback_url")
    return str(url)


def _end_user(sent: object, kept: Json) -> Json:
    """Return an end user as it is kept: what was sent, over what was kept before."""
    if sent is None:
        raise RefusedError("missing_required_field", "end_user is required", "end_user")
    if not isinstance(sent, dict):
        raise invalid("end_user must be an object", "end_user")
    if "user_type" in sent:
        raise invalid("end_user.user_type is not supported, use end_user.type", "end_user.user_type")
    if "address" in sent:
        message = f"end_user.address is not supported, use {', '.join(f'end_user.{name}' for name in ADDRESS)}"
        raise invalid(message, "end_user.address")
    hint = f". Allowed values: {', '.join(USER_TYPES)}"
    user_type = text({**kept, **sent}.get("type"), "end_user.type", hint)
    if user_type not in USER_TYPES:
        raise invalid(f"end_user.type is not valid{hint}", "end_user.type")
    for name in (*TEXTS, *ADDRESS):
        optional_text(sent.get(name), f"end_user.{name}")
    address = {kept_name: sent[name] for name, kept_name in ADDRESS.items() if name in sent}
    texts = {name: sent[name] for name in TEXTS if name in sent}
    text({**kept, **texts}.get("name"), "end_user.name")
    return {**kept, "type": user_type, **texts, "address": {**kept.get("address", {}), **address}}


def _read_documents(form: Form, types: Types, epoch: int) -> tuple[Document, ...]:
    """Return the documents of a form; they must be all that are asked for, and no others."""
    by_id = {kind.id(epoch): kind for kind in types}
    entries = document_entries(form)
    ids = [_type_id(entry, position, by_id) for position, entry in enumerate(entries)]
    for type_id, kind in by_id.items():
        if type_id not in ids:
            message = f"Document type '{type_id}' ({kind.name}) is required"
            raise RefusedError("missing_required_document", message, "documents")
    for type_id in by_id:
        if ids.count(type_id) > 1:
            raise invalid(f"Document type '{type_id}' is given twice", "documents")
    check_places(form, len(entries))
    return tuple(
        _read_document(by_id[type_id], type_id, entry, form.files.get(position), f"documents[{position}].file")
        for position, (type_id, entry) in enumerate(zip(ids, entries, strict=True))
    )


def _type_id(entry: Json, position: int, known: Mapping[str, DocumentType]) -> str:
    param = f"documents[{position}]"
    if "type" in entry:
        raise invalid(f"{param}.type is not supported, use {param}.document_type_id", f"{param}.type")
    type_id = text(entry.get("document_type_id"), f"{param}.document_type_id")
    if type_id not in known:
        raise invalid(f"Document type '{type_id}' is not valid for this compliance application", param)
    return type_id


def _read_document(kind: DocumentType, type_id: str, entry: Json, part: Part | None, param: str) -> Document:
    """Return a document with its data fields and its file, where one is asked for or was sent."""
    data_fields = entry.get("data_fields")
    _check_data_fields(kind, type_id, {} if data_fields is None else data_fields)
    more: Json = {"type_id": type_id, "data_fields": data_fields or {}}
    if part is not None:
        return read_file(kind.name, part, param, FILE_FORMATS, **more)
    if kind.proof_required:
        raise RefusedError("missing_required_document", f"A file is required for document type '{type_id}'", param)
    return Document(str(uuid4()), kind.name, "", "", b"", "", **more)


def _check_data_fields(kind: DocumentType, type_id: str, data_fields: object) -> None:
    if not isinstance(data_fields, dict):
        raise invalid(f"data_fields of document type '{type_id}' must be an object", "data_fields")
    for field in kind.fields:
        value = data_fields.get(field.name)
        is_blank = value is None or (isinstance(value, str) and not value.strip())
        if is_blank and field.required:
            message = f"Field '{field.name}' is required for document type '{type_id}'."
            raise RefusedError(
                "missing_required_field", f"{message} Check GET /Requirements for required fields.", field.name
            )
    fields = {field.name: field for field in kind.fields}
    for name, value in data_fields.items():
        if name not in fields:
            raise invalid(f"Field '{name}' is not expected for document type '{type_id}'", name)
        if value is not None:
            fields[name].check(value, type_id)
