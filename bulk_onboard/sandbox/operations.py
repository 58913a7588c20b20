"""What each operation does to records: a state and a call become an answer, or a RefusedError.

What the two contracts have in common is here; what differs is asked of the contract that is spoken.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from bulk_onboard.sandbox.answers import Answer, RefusedError, invalid, json_answer, success
from bulk_onboard.sandbox.beta import Beta
from bulk_onboard.sandbox.call import Call
from bulk_onboard.sandbox.checks import NUMBER_TYPES, USER_TYPES, one_of, whole
from bulk_onboard.sandbox.contract import Contract, Filing
from bulk_onboard.sandbox.numbers import link, number, numbers
from bulk_onboard.sandbox.others import ODDITIES
from bulk_onboard.sandbox.records import PENDING, Record
from bulk_onboard.sandbox.released import Released
from bulk_onboard.sandbox.state import State

CONTRACTS: Mapping[str, Contract] = {contract.name: contract for contract in (Beta(), Released())}

DEFAULT_LIMIT = 20

_TOO_LARGE = Answer(413, b"<html><body><h1>413 Request Entity Too Large</h1></body></html>", "text/html")

EXPANDABLE = ("documents", "end_user", "linked_numbers")

FILTERS = ("country_iso", "number_type", "user_type", "alias")
WORDS = {"number_type": NUMBER_TYPES, "user_type": USER_TYPES}


def requirements(state: State, call: Call) -> Answer:
    """Answer what the API offers and asks for, in the form that is switched; 404 when nothing is left of it."""
    form = state.behaviours.asking.form
    if form == "empty":
        return json_answer(200, {})
    if form == "neither-form":
        rules = [{"rule": "ask the help desk"}]
        return success(200, country_iso=call.query.get("country_iso", "IN"), rules=rules)
    members: dict[str, Any] = {}
    for contract in _speaking(state, form):
        members |= contract.requirements(call.query, state.behaviours.asking)
    return success(200, **members)


def _speaking(state: State, form: str) -> tuple[Contract, ...]:
    """Return the contracts in whose forms an answer to Requirements is."""
    (other,) = (contract for contract in CONTRACTS.values() if contract is not state.contract)
    if form == "both-forms":
        return (other, state.contract)
    turn = next(state.turns) if form == "forms-in-turn" else 0
    return (other,) if turn % 2 else (state.contract,)


def create(state: State, call: Call) -> Answer:
    """Keep a new record, submitted for review."""
    keeping, creating = state.behaviours.keeping, state.behaviours.creating
    if creating.refuses_all:
        raise invalid(f"Compliance is not enabled for this account, tell the help desk {uuid4()}")
    if keeping.is_too_large(call.form.data.get("end_user")):
        return _TOO_LARGE
    record = keeping.kept(_new_record(state, call))
    state.keep(record)
    strangers = () if keeping.answers_own_id else (other for other in state.records if other.is_strangers)
    shown = next(iter(strangers), record)
    body = {"compliance_id": shown.compliance_id, "message": state.contract.words.created}
    return success(201, **creating.told(body))


def _new_record(state: State, call: Call) -> Record:
    filing = state.contract.filed(call.form, state.behaviours.asking)
    return Record(
        compliance_id=str(uuid4()),
        review=PENDING,
        created_at=call.at,
        updated_at=call.at,
        submitted_at=call.at,
        data=call.form.data,
        **_kept(filing, {"id": str(uuid4())}),
    )


def _kept(filing: Filing, ids: Mapping[str, str]) -> dict[str, Any]:
    """Return the members of a record that a filing makes; the end user gets the API's own id."""
    members = {name: getattr(filing, name) for name in Filing.__slots__}
    return {**members, "end_user": {**filing.end_user, **ids}}


def get(state: State, call: Call) -> Answer:
    """Answer one record, with what the query expands; 404 while it is too new."""
    return state.contract.got(_shown(state, _found(state, state.get(call.target["id"])), call))


def _shown(state: State, record: Record, call: Call, *, in_list: bool = False) -> dict[str, Any]:
    """Return a record as the API shows it."""
    contract, at = state.contract, state.instants.shown
    shown = contract.members(record, at, in_list=in_list)
    expand = _expanded(call)
    if "end_user" in expand:
        shown["end_user"] = contract.end_user(record)
    if "documents" in expand:
        where = f"{call.base_url}{call.collection_path}{record.compliance_id}/Document"
        shown["documents"] = [
            contract.document(record, document, f"{where}/{document.document_id}/download", at)
            for document in record.documents
        ]
    if "linked_numbers" in expand:
        linked = state.linked_numbers(record)
        shown["linked_numbers"] = [{"number": n.number, "number_type": n.number_type} for n in linked]
    return shown


def _expanded(call: Call) -> set[str]:
    """Return what a query expands; RefusedError for an unknown word."""
    expand = {word.strip() for word in call.query.get("expand", "").split(",")} - {""}
    if expand.difference(EXPANDABLE):
        raise invalid(f"expand knows {', '.join(EXPANDABLE)}", "expand")
    return expand


def list_records(state: State, call: Call) -> Answer:
    """Answer one page of the records that fit the filters, oldest first, unless `behaviours` differ.

    Raises:
        RefusedError: a limit that is too great, a bad offset, or an unknown word (400).
    """
    state.pass_between_pages()
    query, steps = call.query, state.behaviours.listing
    limit = min(steps.cap, whole(query, "limit", DEFAULT_LIMIT, least=1, most=steps.greatest_limit))
    offset = whole(query, "offset", 0, least=0)
    _expanded(call)  # an unknown word is refused on an empty page, too
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
    for name, words in WORDS.items():
        if name in query:
            one_of(query[name], words, name)
    alias_fits = state.behaviours.listing.alias_fits
    wanted: list[tuple[str, Callable[[Any, Any], bool], Any]] = [
        (name, alias_fits if name == "alias" else operator.eq, query[name]) for name in FILTERS if name in query
    ]
    if "status" in query:
        wanted.append(("review", lambda review, known: review in known, state.contract.reviews(query["status"])))
    return tuple(
        r for r in state.listed if all(fits(getattr(r, attribute), asked) for attribute, fits, asked in wanted)
    )


def _row(state: State, record: Record, call: Call) -> Any:
    """Return a record as a list shows it: padded, and odd where it is a stranger's odd one."""
    shown, padding = _shown(state, record, call, in_list=True), state.behaviours.listing.padding
    if padding:
        shown["notes"] = "." * padding
    return ODDITIES[record.oddity].shown(shown) if record.oddity else shown


def update(state: State, call: Call) -> Answer:
    """Change a record whose review lets it be changed, and submit it again."""
    record, contract = _record(state, call), state.contract
    if record.review not in contract.editable:
        raise RefusedError(
            "compliance_not_editable", contract.words.not_editable.format(status=contract.status(record.review))
        )
    keeping = state.behaviours.keeping
    if keeping.is_too_large(call.form.data.get("end_user")):
        return _TOO_LARGE
    changed = replace(
        record,
        review=PENDING,
        reason=None,
        updated_at=call.at,
        submitted_at=call.at,
        data=call.form.data,
        **_kept(contract.changed(record, call.form, state.behaviours.asking), {"id": record.end_user["id"]}),
    )
    state.keep(kept := keeping.kept(changed))
    return success(200, message=contract.words.updated, **contract.updated(_shown(state, kept, call)))


def delete(state: State, call: Call) -> Answer:
    """Delete a record whose review lets it be deleted, and that no number is used under."""
    record, contract = _record(state, call), state.contract
    if record.review not in contract.deletable or state.linked_numbers(record):
        raise RefusedError("compliance_not_deletable", contract.words.not_deletable)
    state.forget(record)
    return success(200, compliance_id=record.compliance_id, message=contract.words.deleted)


def download(state: State, call: Call) -> Answer:
    """Answer the bytes of a document."""
    document = _record(state, call).document(call.target["document"])
    if document is None or not document.content:
        raise RefusedError("not_found", "Document not found")
    return Answer(200, document.content, document.media_type)


PERFORM: Mapping[str, Callable[[State, Call], Answer]] = {
    "requirements": requirements,
    "create": create,
    "list": list_records,
    "get": get,
    "update": update,
    "delete": delete,
    "download": download,
    "numbers": numbers,
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
    return _found(state, state.record(call.target["id"]))


def _found(state: State, record: Record | None) -> Record:
    if record is None:
        raise RefusedError("not_found", state.contract.words.no_record)
    return record
