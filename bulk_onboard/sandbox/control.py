"""What is under `/_sandbox/`, for people and tests, without credentials or quota (docs/sandbox.md, Control)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.answers import Answer
from bulk_onboard.sandbox.behaviours import ABOUT
from bulk_onboard.sandbox.checks import NUMBER_TYPES
from bulk_onboard.sandbox.openapi import document
from bulk_onboard.sandbox.quota import budget_of
from bulk_onboard.sandbox.records import REVIEWS, Number, Record, digits
from bulk_onboard.sandbox.service import Service, contract_named, most_in_a_window, requests_by_answer, throttled

PREFIX = "/_sandbox/"

Json = dict[str, Any]


def control(service: Service, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
    """Carry out what somebody who controls the sandbox asks; errors are `{"error": sentence}`.

    Answers are in ASCII, so that whatever was kept can be read again.
    """
    http_status, told = _carried_out(service, (method, path.removeprefix(PREFIX).rstrip("/")), query, body)
    return Answer(http_status, json.dumps(told).encode())


def _carried_out(service: Service, name: tuple[str, str], query: Mapping[str, str], body: bytes) -> tuple[int, Json]:
    act = ACTS.get(name)
    if act is None:
        return 404, {"error": f"ask for one of {', '.join(map(' '.join, ACTS))}"}
    try:
        return 200, act(service, {**json.loads(body or b"{}"), **query})
    except UsageError as error:
        return 400, {"error": str(error)}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return 400, {"error": f"the body is not what this asks for ({type(error).__name__}: {error})"}


def _state(service: Service, _: Json) -> Json:
    state, log = service.state, service.log
    records = [_shown_record(service, record) for record in state.records]
    return {
        "records": records,
        "count": len(records),
        "duplicates": state.duplicates,
        "to_come": state.to_come,
        "without_intent": service.witness.without_intent,
        "strangers": sum(record["stranger"] for record in records),
        "deleted_by_others": [{"compliance_id": r.compliance_id, "alias": r.alias} for r in state.deleted_by_others],
        "numbers": [_shown_number(service, number) for number in state.numbers],
        "requests": requests_by_answer(log),
        "throttled": throttled(log),
        "callbacks": dict(service.callbacks.answers),
        "most_in_a_window": {
            budget: most_in_a_window(
                [request.instant for request in log if budget_of(request.operation) == budget],
                quota.window_s if quota else 60,
            )
            for budget, quota in service.quotas.quotas.items()
        },
    }


def _review(service: Service, asked: Json) -> Json:
    review = asked["review"]
    if review not in REVIEWS:
        raise UsageError(f"there is no review {review!r}; choose one of {', '.join(REVIEWS)}")
    record = service.state.review(_asked_record(service, asked), review, asked.get("reason"))
    return _shown_record(service, record)


def _asked_record(service: Service, asked: Json) -> Record:
    by_id = service.state.record(asked["compliance_id"]) if "compliance_id" in asked else None
    named = (by_id,) if by_id else service.state.named(asked.get("alias", ""))
    if len(named) != 1:
        count = "no record has" if not named else f"{len(named)} records have"
        raise UsageError(f"{count} this name; name one by its compliance_id or its alias")
    return named[0]


def _delete(service: Service, asked: Json) -> Json:
    record = _asked_record(service, asked)
    service.state.forget_by_others(record)
    return {"deleted": record.compliance_id}


def _faults(service: Service, asked: Json) -> Json:
    faults, state = service.faults, service.state
    if "rates" in asked:
        faults.set_rates(asked["rates"])
    for line in asked.get("script", []):
        faults.script(line["operation"], line["fault"], line.get("times", 1), after=line.get("after", 0))
    faults.late_apply_s = float(asked.get("late_apply_s", faults.late_apply_s))
    state.list_lag_s = float(asked.get("list_lag_s", state.list_lag_s))
    state.get_lag_s = float(asked.get("get_lag_s", state.get_lag_s))
    return {**faults.shown(), "list_lag_s": state.list_lag_s, "get_lag_s": state.get_lag_s}


def _behaviours(about: str) -> Callable[[Service, Json], Json]:
    def act(service: Service, asked: Json) -> Json:
        service.behaviours.set(asked["behaviours"], about)
        return {"behaviours": service.behaviours.on(about)}

    return act


def _others(service: Service, asked: Json) -> Json:
    service.others.set({name: float(share) for name, share in asked.items()})
    service.state.let_others_in()
    return dict(service.others.asked)


def _clock(service: Service, asked: Json) -> Json:
    service.instants.step(float(asked["by_s"]))
    return {"now": service.instants.stamp(service.instants.now())}


def _contract(service: Service, asked: Json) -> Json:
    service.state.contract = contract_named(asked["contract"])
    return {"contract": service.state.contract.name}


def _openapi(service: Service, asked: Json) -> Json:
    state = service.state
    return document(state, contract_named(asked["contract"]) if "contract" in asked else state.contract)


def _callbacks(service: Service, asked: Json) -> Json:
    if "faults" in asked:
        asked = {**asked, "faults": tuple(asked["faults"])}
    service.callbacks.options = replace(service.callbacks.options, **asked)
    return asdict(service.callbacks.options)


def _numbers(service: Service, asked: Json) -> Json:
    if asked["number_type"] not in NUMBER_TYPES:
        raise UsageError(f"number_type must be one of {', '.join(NUMBER_TYPES)}")
    number = Number(digits(asked["number"]), asked["country_iso"], asked["number_type"])
    service.state.rent(number)
    return _shown_number(service, number)


def _reset(service: Service, _: Json) -> Json:
    service.reset()
    return {"reset": True}


ACTS: Mapping[tuple[str, str], Callable[[Service, Json], Json]] = {
    ("GET", "state"): _state,
    ("GET", "openapi.json"): _openapi,
    ("POST", "review"): _review,
    ("POST", "delete"): _delete,
    ("POST", "numbers"): _numbers,
    ("POST", "contract"): _contract,
    ("POST", "faults"): _faults,
    **{("POST", about): _behaviours(about) for about in ABOUT},
    ("POST", "others"): _others,
    ("POST", "clock"): _clock,
    ("POST", "callbacks"): _callbacks,
    ("POST", "reset"): _reset,
}


def _shown_record(service: Service, record: Record) -> Json:
    stamp = service.instants.stamp
    return {
        "compliance_id": record.compliance_id,
        "alias": record.alias or None,
        "review": record.review,
        "reason": record.reason,
        "country_iso": record.country_iso,
        "number_type": record.number_type,
        "stranger": record.is_strangers,
        "end_user": record.end_user,
        "documents": [
            {
                "id": document.document_id,
                "type": document.type,
                "file_name": document.file_name,
                "size": len(document.content),
                "sha256": document.sha256,
            }
            for document in record.documents
        ],
        "data": record.data,
        "linked_numbers": [number.number for number in service.state.linked_numbers(record)],
        "callback_url": record.callback_url,
        "callback_method": record.callback_method,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "submitted_at": stamp(record.submitted_at),
    }


def _shown_number(service: Service, number: Number) -> Json:
    linked = service.state.record(number.compliance_id) if number.compliance_id else None
    return {
        "number": number.number,
        "country_iso": number.country_iso,
        "number_type": number.number_type,
        "compliance_id": number.compliance_id,
        "alias": linked.alias if linked else None,
        "registration_number": linked.end_user.get("registration_number") if linked else None,
        "times_linked": number.times_linked,
    }
