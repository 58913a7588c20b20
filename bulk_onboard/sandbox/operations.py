"""What each operation does: from the state and a call to an answer, or a RefusedError."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from bulk_onboard.sandbox.answers import Answer, RefusedError, json_answer, success
from bulk_onboard.sandbox.call import Call
from bulk_onboard.sandbox.number import Number, check_link
from bulk_onboard.sandbox.others import ODDITIES
from bulk_onboard.sandbox.paging import page_of
from bulk_onboard.sandbox.record import DELETABLE, EDITABLE, PENDING, Record, shown_documents, summary
from bulk_onboard.sandbox.requirements import requirements_of
from bulk_onboard.sandbox.state import State
from bulk_onboard.sandbox.validation import (
    check_callback,
    check_complete,
    check_end_user,
    check_place,
    read_documents,
    required_text,
)

_EXPANDABLE = ("documents", "end_user", "linked_numbers")
_TOO_LARGE = Answer(413, b"<html><body><h1>413 Request Entity Too Large</h1></body></html>", "text/html")


def requirements(state: State, call: Call) -> Answer:
    """What the API offers and asks for; 404 when the filters leave nothing of it."""
    query, form = call.query, state.behaviours.requirements
    found = requirements_of(query.get("country_iso", "IN"), query.get("number_type"), query.get("user_type"), form)
    return success(200, **found) if found else json_answer(200, {})


def create(state: State, call: Call) -> Answer:
    """Keep a new record, submitted for review."""
    if state.behaviours.keeping.is_too_large(call.form.data.get("end_user")):
        return _TOO_LARGE
    record = state.behaviours.keeping.kept(_new_record(call))
    state.keep(record)
    strangers = [other for other in state.records if other.is_strangers]
    told = record if state.behaviours.keeping.answers_own_id or not strangers else strangers[0]
    return success(201, compliance_id=told.compliance_id, message="Created successfully")


def _new_record(call: Call) -> Record:
    data = call.form.data
    country_iso, number_type = check_place(data)
    alias = required_text(data, "alias")
    offer = check_end_user(data.get("end_user"), country_iso, number_type)
    callback_url, callback_method = check_callback(data)
    documents = read_documents(call.form, offer)
    check_complete(documents, offer)
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
    """One record, flat, with what the query expands; 404 while it is too new."""
    record = state.got(call.target["id"])
    return json_answer(200, _shown(state, _there(record), call))


def list_records(state: State, call: Call) -> Answer:
    """One page of the records, with what the query expands."""
    state.pass_between_pages()
    listing = state.behaviours.listing
    page = page_of(state.listed, call.query, call.collection_path, listing)
    meta = {"meta": page.meta} if listing.tells_meta else {}
    return success(200, **meta, compliances=[_row(state, record, call) for record in page.records])


def _row(state: State, record: Record, call: Call) -> Any:
    """A record as a list shows it: with padding, and a stranger's odd one as what it is."""
    shown, padding = _shown(state, record, call), state.behaviours.listing.padding
    if padding:
        shown["notes"] = "." * padding
    return ODDITIES[record.oddity].shown(shown) if record.oddity else shown


def update(state: State, call: Call) -> Answer:
    """Change a rejected record, or one that lacks something, and submit it again."""
    record = _record(state, call)
    if record.review not in EDITABLE:
        message = f"Compliance cannot be modified in status '{record.review}'"
        raise RefusedError("compliance_not_editable", message)
    if state.behaviours.keeping.is_too_large(call.form.data.get("end_user")):
        return _TOO_LARGE
    state.keep(state.behaviours.keeping.kept(_updated_record(record, call)))
    return success(200, compliance_id=record.compliance_id, message="Updated successfully")


def _updated_record(record: Record, call: Call) -> Record:
    """The record with what the form brings; end user and documents are merged, the rest stays."""
    data = call.form.data
    for fixed in ("country_iso", "number_type"):
        if data.get(fixed, getattr(record, fixed)) != getattr(record, fixed):
            raise RefusedError("invalid_parameter", f"{fixed} cannot be changed", fixed)
    alias = required_text(data, "alias") if "alias" in data else record.alias
    end_user = _merged(record.end_user, data.get("end_user", {}))
    offer = check_end_user(end_user, record.country_iso, record.number_type)
    brought = {document.type: document for document in read_documents(call.form, offer)}
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
    """The members of one object over those of another, nested objects likewise."""
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
    """The bytes of a document."""
    document = _record(state, call).document(call.target["document"])
    if document is None:
        raise RefusedError("not_found", "Document not found")
    return Answer(200, document.content, document.media_type)


def number(state: State, call: Call) -> Answer:
    """A rented number, and the record it is used under."""
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
    record = state.record(required_text(_json_object(call.body), "compliance_id"))
    if record is None:
        raise RefusedError("not_found", "Compliance not found", "compliance_id")
    check_link(record, rented)
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
    """The alias a call is about, as far as it names one: of its form, its query, or the record it names."""
    if call.operation == "list":
        return call.query.get("alias")
    if call.operation == "create":
        try:
            alias = call.form.data.get("alias")
        except RefusedError:
            return None
        return alias if isinstance(alias, str) else None
    record = state.record(call.target.get("id", ""))
    return record.alias if record else None


def _shown(state: State, record: Record, call: Call) -> dict[str, Any]:
    shown = summary(record, state.instants.stamp)
    expand = {word.strip() for word in call.query.get("expand", "").split(",")} - {""}
    unknown = expand.difference(_EXPANDABLE)
    if unknown:
        raise RefusedError("invalid_parameter", f"expand knows {', '.join(_EXPANDABLE)}", "expand")
    if "end_user" in expand:
        shown["end_user"] = record.end_user
    if "documents" in expand:
        shown["documents"] = shown_documents(record, call.base_url + call.collection_path)
    if "linked_numbers" in expand:
        numbers = state.linked_numbers(record)
        shown["linked_numbers"] = [{"number": n.number, "number_type": n.number_type} for n in numbers]
    return shown


def _record(state: State, call: Call) -> Record:
    return _there(state.record(call.target["id"]))


def _there(record: Record | None) -> Record:
    if record is None:
        raise RefusedError("not_found", "Compliance not found")
    return record


def _number(state: State, call: Call) -> Number:
    rented = state.number(call.target["number"])
    if rented is None:
        raise RefusedError("not_found", "Number not found on your account. Only rented numbers can be linked.")
    return rented


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        members = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError("invalid_parameter", "the body is not JSON") from error
    if not isinstance(members, dict):
        raise RefusedError("invalid_parameter", "the body is not a JSON object")
    return members
