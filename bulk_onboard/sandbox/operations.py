"""What each operation does: a state and a call become an answer, or a RefusedError."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from bulk_onboard.sandbox.answers import Answer, RefusedError, invalid, json_answer, success
from bulk_onboard.sandbox.behaviours import ODDITIES
from bulk_onboard.sandbox.call import Call
from bulk_onboard.sandbox.records import APPROVED, DELETABLE, EDITABLE, PENDING, REJECTED, REVIEWS, Number, Record
from bulk_onboard.sandbox.requirements import (
    NUMBER_TYPES,
    USER_TYPES,
    check_callback,
    check_complete,
    check_end_user,
    check_place,
    one_of,
    read_documents,
    required_text,
    requirements_of,
)
from bulk_onboard.sandbox.state import State

DEFAULT_LIMIT = 20

_TOO_LARGE = Answer(413, b"<html><body><h1>413 Request Entity Too Large</h1></body></html>", "text/html")

# The document names one status of a file, `verified`; the others are this sandbox's.
_DOCUMENT_STATUS = {APPROVED: "verified", REJECTED: "rejected"}
_EXPANDABLE = ("documents", "end_user", "linked_numbers")

_FILTERS = {
    "status": "review",
    "country_iso": "country_iso",
    "number_type": "number_type",
    "user_type": "user_type",
    "alias": "alias",
}
_WORDS = {"status": REVIEWS, "number_type": NUMBER_TYPES, "user_type": USER_TYPES}


def requirements(state: State, call: Call) -> Answer:
    """Answer what the API offers and asks for; 404 when the filters leave nothing of it."""
    query, form = call.query, state.behaviours.requirements
    found = requirements_of(query.get("country_iso", "IN"), query.get("number_type"), query.get("user_type"), form)
    return success(200, **found) if found else json_answer(200, {})


def create(state: State, call: Call) -> Answer:
    """Keep a new record, submitted for review."""
    keeping = state.behaviours.keeping
    if keeping.is_too_large(call.form.data.get("end_user")):
        return _TOO_LARGE
    record = keeping.kept(_new_record(call))
    state.keep(record)
    strangers = [other for other in state.records if other.is_strangers]
    shown = record if keeping.answers_own_id or not strangers else strangers[0]
    return success(201, compliance_id=shown.compliance_id, message="Created successfully")


def _new_record(call: Call) -> Record:
    data = call.form.data
    country_iso, number_type = check_place(data)
    alias = required_text(data, "alias")
    check_end_user(data.get("end_user"))
    callback_url, callback_method = check_callback(data)
    documents = read_documents(call.form)
    check_complete(documents)
    return Record(
        compliance_id=str(uuid4()),
        alias=alias,
        review=PENDING,
        country_iso=country_iso,
        number_type=number_type,
        end_user={**data["end_user"], "id": str(uuid4())},
        documents=documents,
        callback_url=callback_url,
        callback_method=callback_method,
        created_at=call.at,
        updated_at=call.at,
        submitted_at=call.at,
    )


def get(state: State, call: Call) -> Answer:
    """Answer one record, with what the query expands; 404 while it is too new."""
    return json_answer(200, _shown(state, _found(state.get(call.target["id"])), call))


def _shown(state: State, record: Record, call: Call) -> dict[str, Any]:
    """Return a record as the API shows it; the document has a reason for rejected records only."""
    shown: dict[str, Any] = {
        "compliance_id": record.compliance_id,
        "alias": record.alias,
        "status": record.review,
        "country_iso": record.country_iso,
        "number_type": record.number_type,
        "rejection_reason": record.reason if record.review == REJECTED else None,
        "created_at": state.instants.stamp(record.created_at),
        "updated_at": state.instants.stamp(record.updated_at),
        "submitted_at": state.instants.stamp(record.submitted_at),
    }
    expand = {word.strip() for word in call.query.get("expand", "").split(",")} - {""}
    if expand.difference(_EXPANDABLE):
        raise invalid(f"expand knows {', '.join(_EXPANDABLE)}", "expand")
    if "end_user" in expand:
        shown["end_user"] = record.end_user
    if "documents" in expand:
        where = f"{call.base_url}{call.collection_path}{record.compliance_id}/Document"
        shown["documents"] = [
            {
                "id": document.document_id,
                "type": document.type,
                "file_name": document.file_name,
                "file_url": f"{where}/{document.document_id}/download",
                "status": _DOCUMENT_STATUS.get(record.review, "pending"),
            }
            for document in record.documents
        ]
    if "linked_numbers" in expand:
        numbers = state.linked_numbers(record)
        shown["linked_numbers"] = [{"number": n.number, "number_type": n.number_type} for n in numbers]
    return shown


def list_records(state: State, call: Call) -> Answer:
    """Answer one page of the records that fit the filters, oldest first, unless `behaviours` differ.

    Raises:
        RefusedError: a limit that is too great, a bad offset, or an unknown word (400).
    """
    state.pass_between_pages()
    query, steps = call.query, state.behaviours.listing
    limit = min(steps.cap, _whole(query, "limit", DEFAULT_LIMIT, least=1, most=steps.greatest_limit))
    offset = _whole(query, "offset", 0, least=0)
    start = steps.start(offset, limit)
    unit = 1 if steps.start(1, limit) == limit else limit  # what `offset` is greater by on the next page
    fitting = steps.order(_fitting(state, query), steps.dice)

    def link(to: int, *, exists: bool) -> str | None:
        return f"{call.collection_path}?{urlencode({**query, 'limit': limit, 'offset': to})}" if exists else None

    meta = {
        "limit": limit,
        "offset": offset,
        **({"total_count": len(fitting)} if steps.tells_total else {}),
        "next": link(offset + unit, exists=start + limit < len(fitting)),
        "previous": link(max(0, offset - unit), exists=start > 0),
    }
    rows = [_row(state, record, call) for record in fitting[start : start + limit]]
    return success(200, **({"meta": meta} if steps.tells_meta else {}), compliances=rows)


def _fitting(state: State, query: Mapping[str, str]) -> tuple[Record, ...]:
    """Return the listed records that agree with every filter of a query."""
    for name, words in _WORDS.items():
        if name in query:
            one_of(query[name], words, name)
    alias_fits = state.behaviours.listing.alias_fits
    wanted = [
        (attribute, alias_fits if name == "alias" else operator.eq, query[name])
        for name, attribute in _FILTERS.items()
        if name in query
    ]
    return tuple(
        r for r in state.listed if all(fits(getattr(r, attribute), asked) for attribute, fits, asked in wanted)
    )


def _row(state: State, record: Record, call: Call) -> Any:
    """Return a record as a list shows it: padded, and odd where it is a stranger's odd one."""
    shown, padding = _shown(state, record, call), state.behaviours.listing.padding
    if padding:
        shown["notes"] = "." * padding
    return ODDITIES[record.oddity].shown(shown) if record.oddity else shown


def _whole(query: Mapping[str, str], name: str, default: int, *, least: int, most: int = 10**9) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise invalid(f"{name} must be a whole number from {least} to {most}", name)
    return int(text)


def update(state: State, call: Call) -> Answer:
    """Change a rejected record, or one that lacks something, and submit it again."""
    record = _record(state, call)
    if record.review not in EDITABLE:
        message = f"Compliance cannot be modified in status '{record.review}'"
        raise RefusedError("compliance_not_editable", message)
    keeping = state.behaviours.keeping
    if keeping.is_too_large(call.form.data.get("end_user")):
        return _TOO_LARGE
    state.keep(keeping.kept(_updated_record(record, call)))
    return success(200, compliance_id=record.compliance_id, message="Updated successfully")


def _updated_record(record: Record, call: Call) -> Record:
    """Return the record with what the form brings; end user and documents are merged, the rest stays."""
    data = call.form.data
    for fixed in ("country_iso", "number_type"):
        if data.get(fixed, getattr(record, fixed)) != getattr(record, fixed):
            raise invalid(f"{fixed} cannot be changed", fixed)
    alias = required_text(data, "alias") if "alias" in data else record.alias
    end_user = _merged(record.end_user, data.get("end_user", {}))
    check_end_user(end_user)
    brought = {document.type: document for document in read_documents(call.form)}
    kept = {document.type: document for document in record.documents}
    return replace(
        record,
        alias=alias,
        end_user=end_user,
        documents=tuple((kept | brought).values()),
        review=PENDING,
        reason=None,
        updated_at=call.at,
        submitted_at=call.at,
    )


def _merged(kept: dict[str, Any], brought: object) -> Any:
    """Return the members of one object over those of another, nested objects likewise."""
    if not isinstance(brought, dict):
        return brought
    both = {name: _merged(kept[name], value) for name, value in brought.items() if isinstance(kept.get(name), dict)}
    return kept | brought | both


def delete(state: State, call: Call) -> Answer:
    """Delete a record that is neither approved nor linked."""
    record = _record(state, call)
    if record.review not in DELETABLE or state.linked_numbers(record):
        message = "Approved compliance records and records linked to phone numbers cannot be deleted"
        raise RefusedError("compliance_not_deletable", message)
    state.forget(record)
    return success(200, compliance_id=record.compliance_id, message="Deleted successfully")


def download(state: State, call: Call) -> Answer:
    """Answer the bytes of a document."""
    document = _record(state, call).document(call.target["document"])
    if document is None:
        raise RefusedError("not_found", "Document not found")
    return Answer(200, document.content, document.media_type)


def number(state: State, call: Call) -> Answer:
    """Answer a rented number, and the record it is used under."""
    rented = _number(state, call)
    linked = state.record(rented.compliance_id) if rented.compliance_id else None
    return success(
        200,
        number=rented.number,
        country_iso=rented.country_iso,
        number_type=rented.number_type,
        compliance_id=rented.compliance_id,
        compliance_status=linked.review if linked else None,
    )


def link(state: State, call: Call) -> Answer:
    """Use a number under an approved record of its country and type."""
    rented = _number(state, call)
    record = state.record(required_text(call.json, "compliance_id"))
    if record is None:
        raise RefusedError("not_found", "Compliance not found", "compliance_id")
    if record.review != APPROVED:
        message = f"Only approved compliance records can be linked to numbers. Current status: '{record.review}'"
        raise RefusedError("compliance_not_approved", message, "compliance_id")
    if record.country_iso != rented.country_iso:
        message = f"Number country {rented.country_iso} does not match compliance country {record.country_iso}"
        raise RefusedError("country_mismatch", message, "compliance_id")
    if record.number_type != rented.number_type:
        message = f"Number type {rented.number_type} does not match compliance type {record.number_type}"
        raise RefusedError("number_type_mismatch", message, "compliance_id")
    state.link(rented, record)
    return success(200, message="changed")


PERFORM: Mapping[str, Callable[[State, Call], Answer]] = {
    "requirements": requirements,
    "create": create,
    "list": list_records,
    "get": get,
    "update": update,
    "delete": delete,
    "download": download,
    "number": number,
    "link": link,
}


def alias_of(state: State, call: Call) -> str | None:
    """Return the alias a call is about, as far as it names one: in its form, its query, or by the record's id."""
    if call.route.operation == "list":
        return call.query.get("alias")
    if call.route.operation == "create":
        try:
            alias = call.form.data.get("alias")
        except RefusedError:
            return None
        return alias if isinstance(alias, str) else None
    record = state.record(call.target.get("id", ""))
    return record.alias if record else None


def _record(state: State, call: Call) -> Record:
    return _found(state.record(call.target["id"]))


def _found(record: Record | None) -> Record:
    if record is None:
        raise RefusedError("not_found", "Compliance not found")
    return record


def _number(state: State, call: Call) -> Number:
    rented = state.number(call.target["number"])
    if rented is None:
        raise RefusedError("not_found", "Number not found on your account. Only rented numbers can be linked.")
    return rented
