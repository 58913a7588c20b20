"""What each operation does to numbers: they are shown, listed, and put under records, one by one or many in a call."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from bulk_onboard.sandbox.answers import Answer, RefusedError, invalid, success
from bulk_onboard.sandbox.call import Call
from bulk_onboard.sandbox.checks import required_text, whole
from bulk_onboard.sandbox.records import APPROVED, Number, Record, digits
from bulk_onboard.sandbox.state import State

LINK_LIMIT = 100
PAGE_LIMIT = 20

SUCCESS, FAILED = "success", "failed"  # in the report of a link in bulk
CHANGED = "changed"

_NOT_RENTED = "Number not found on your account. Only rented numbers can be linked."

# What a number may be told beside the record it is put under; the sandbox takes it and keeps none of it.
OTHER_PARAMETERS = ("alias", "app_id", "subaccount", "cnam_lookup")


def number(state: State, call: Call) -> Answer:
    """Answer a rented number, and the record it is used under."""
    return success(200, **_shown(state, _rented(state, call.target["number"])))


def numbers(state: State, call: Call) -> Answer:
    """Answer one page of the numbers that were rented by hand or linked."""
    limit = whole(call.query, "limit", PAGE_LIMIT, least=1, most=PAGE_LIMIT)
    offset = whole(call.query, "offset", 0, least=0)
    every = state.numbers

    def page(to: int, *, exists: bool) -> str | None:
        query = urlencode({**call.query, "limit": limit, "offset": to})
        return f"/v1/Account/{call.route.account}/Number/?{query}" if exists else None

    meta = {
        "limit": limit,
        "offset": offset,
        "total_count": len(every),
        "next": page(offset + limit, exists=offset + limit < len(every)),
        "previous": page(max(0, offset - limit), exists=offset > 0),
    }
    return success(200, meta=meta, objects=[_shown(state, one) for one in every[offset : offset + limit]])


def link(state: State, call: Call) -> Answer:
    """Put one number under a record, or each of many under one of its own."""
    return _link_one(state, call) if "number" in call.target else _link_many(state, call)


def numbers_of(call: Call) -> list[str]:
    """Return the digits of the numbers that a link names, as far as it can be read."""
    if "number" in call.target:
        return [digits(call.target["number"])]
    try:
        rows = call.json.get("numbers")
    except RefusedError:
        return []
    named = [row.get("number") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [digits(one) for one in named if isinstance(one, str)]


def _link_one(state: State, call: Call) -> Answer:
    rented, asked = _rented(state, call.target["number"]), call.json
    if state.contract.record_id in asked or not any(name in asked for name in OTHER_PARAMETERS):
        state.link(rented, _linkable(state, rented, required_text(asked, state.contract.record_id)))
    return success(202, message=CHANGED)


def _link_many(state: State, call: Call) -> Answer:
    """Link what fits, and report on each number; the call is refused as a whole where it cannot be read."""
    rows, linking = _asked_rows(state, call), state.behaviours.linking
    if linking.whole:
        _check_all(state, rows)
    report = [_linked(state, row["number"], row[state.contract.record_id]) for row in rows]
    updated = sum(row["status"] == SUCCESS for row in report)
    body = {"total_count": len(rows), "updated_count": updated, "report": linking.report(report)}
    return success(linking.http_status, **linking.told(body))


def _asked_rows(state: State, call: Call) -> list[dict[str, str]]:
    rows, limit = call.json.get("numbers"), state.link_limit
    if not isinstance(rows, list) or not 0 < len(rows) <= limit:
        raise invalid(f"numbers must be an array of 1 to {limit} objects", "numbers")
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            raise invalid(f"numbers[{place}] must be an object", "numbers")
        required_text(row, "number")
        required_text(row, state.contract.record_id)
    return rows


def _check_all(state: State, rows: list[dict[str, str]]) -> None:
    """Refuse the whole call (400) for the first number that does not fit."""
    for row in rows:
        try:
            _linkable(state, _rented(state, row["number"]), row[state.contract.record_id])
        except RefusedError as refused:
            raise invalid(refused.message, refused.param) from refused


def _linked(state: State, written: str, record_id: str) -> dict[str, str]:
    """Link one number of many, if it can be; return its row of the report."""
    try:
        rented = _rented(state, written)
        state.link(rented, _linkable(state, rented, record_id))
    except RefusedError as refused:
        return {"number": written, "status": FAILED, "remarks": refused.message}
    return {"number": written, "status": SUCCESS, "remarks": state.contract.words.linked}


def _linkable(state: State, rented: Number, record_id: str) -> Record:
    """Return the record of that id; RefusedError unless the number may be put under it."""
    words, param = state.contract.words, state.contract.record_id
    record = state.record(record_id)
    if record is None:
        raise RefusedError("not_found", words.no_record, param)
    if record.review != APPROVED:
        status = state.contract.status(record.review)
        raise RefusedError("compliance_not_approved", words.not_linkable.format(status=status), param)
    for code, asked in (("country_mismatch", "country_iso"), ("number_type_mismatch", "number_type")):
        of_number, of_record = getattr(rented, asked), getattr(record, asked)
        if of_number != of_record:
            message = getattr(words, code).format(of_number=of_number, of_record=of_record)
            raise RefusedError(code, message, param)
    before = state.record(rented.compliance_id) if rented.compliance_id else None
    is_kept = before is not None and before.review in state.contract.keeps_links
    if is_kept and rented.compliance_id != record_id and not state.behaviours.linking.moves:
        raise RefusedError("number_in_use", words.number_in_use, param)
    return record


def _rented(state: State, written: str) -> Number:
    rented = state.number(written)
    if rented is None:
        raise RefusedError("not_found", _NOT_RENTED)
    return rented


def _shown(state: State, rented: Number) -> Mapping[str, Any]:
    """Return a number as the API shows it, with the record it is used under; null where it is under none."""
    linked = state.record(rented.compliance_id) if rented.compliance_id else None
    return {
        "number": rented.number,
        "country_iso": rented.country_iso,
        "number_type": rented.number_type,
        state.contract.record_id: rented.compliance_id,
        "compliance_status": state.contract.status(linked.review) if linked else None,
    }
