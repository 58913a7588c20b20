"""What stands under `/_sandbox/`, for people and tests; it needs no credentials and spends no quota.

GET  state     everything the API keeps, the duplicates, creates without an intent, what was asked of it
POST review    {"compliance_id" | "alias", "review", "reason"?}: a person's judgement
POST delete    {"compliance_id" | "alias"}: somebody deletes it at the console, whatever its review
POST faults    {"script"?: [{"operation", "fault", "times"?, "after"?}], "rates"?: {"drop-after": 0.1, …},
                "late_apply_s"?, "list_lag_s"?, "get_lag_s"?}; the operation may be `any`, and `times` null is for good
POST list      {"behaviours": ["newest-first", …]}: how lists behave from now on
POST record    {"behaviours": ["cut-alias=40", …]}: how records are kept from now on
POST requirements {"behaviours": ["released"]}: the form of Requirements from now on
POST others    {"present": 150, "delete-oldest": 0.5, …}: so many more records of strangers, and what others do
POST clock     {"by_s": -3600}: the clock that answers show is set
POST callbacks {"via"?, "body"?, "faults"?: ["twice", …], "retry_s"?}: how callbacks are sent from now on
POST numbers   {"number", "country_iso", "number_type"}: a number the account rents
POST reset     as at the start
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.answers import Answer
from bulk_onboard.sandbox.behaviours import LIST, RECORD, REQUIREMENTS
from bulk_onboard.sandbox.log import most_in_a_window, requests_by_answer, throttled
from bulk_onboard.sandbox.number import Number, digits
from bulk_onboard.sandbox.quota import bucket_of
from bulk_onboard.sandbox.record import REVIEWS, Record
from bulk_onboard.sandbox.service import Service
from bulk_onboard.sandbox.validation import NUMBER_TYPES

PREFIX = "/_sandbox/"

Json = dict[str, Any]


def control(service: Service, method: str, path: str, body: bytes) -> Answer:
    """Carry out what somebody who controls the sandbox asks; errors are `{"error": sentence}`."""
    act = _ACTS.get((method, path.removeprefix(PREFIX).rstrip("/")))
    if act is None:
        return _told(404, {"error": f"ask for one of {', '.join(' '.join(name) for name in _ACTS)}"})
    try:
        asked = json.loads(body or b"{}")
        return _told(200, act(service, asked))
    except UsageError as error:
        return _told(400, {"error": str(error)})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return _told(400, {"error": f"the body is not what this asks for ({type(error).__name__}: {error})"})


def _told(http_status: int, body: Json) -> Answer:
    """In ASCII, so that whatever was kept can be read again."""
    return Answer(http_status, json.dumps(body).encode())


def shown_state(service: Service) -> Json:
    """Everything the API keeps, the duplicates, creates without an intent, and what was asked of it."""
    state, log = service.state, service.log
    records = [_shown_record(service, record) for record in state.records]
    return {
        "records": records,
        "count": len(records),
        "duplicates": state.duplicates,
        "to_come": state.to_come,
        "without_intent": service.witness.without_intent,
        "strangers": sum(record.is_strangers for record in state.records),
        "deleted_by_others": [{"compliance_id": r.compliance_id, "alias": r.alias} for r in state.deleted_by_others],
        "numbers": [_shown_number(service, number) for number in state.numbers],
        "requests": requests_by_answer(log),
        "throttled": throttled(log),
        "callbacks": dict(service.callbacks.answers),
        "most_in_a_window": _most_in_a_window(service),
    }


def _state(service: Service, _: Json) -> Json:
    return shown_state(service)


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
        raise UsageError(f"{len(named)} records are named so; name one by its compliance_id or its alias")
    return named[0]


def _delete(service: Service, asked: Json) -> Json:
    record = _asked_record(service, asked)
    service.state.forget_by_others(record)
    return {"deleted": record.compliance_id}


def _faults(service: Service, asked: Json) -> Json:
    if "rates" in asked:
        service.faults.set_rates(asked["rates"])
    for line in asked.get("script", []):
        service.faults.script(line["operation"], line["fault"], line.get("times", 1), after=line.get("after", 0))
    if "late_apply_s" in asked:
        service.faults.late_apply_s = float(asked["late_apply_s"])
    if "list_lag_s" in asked:
        service.state.list_lag_s = float(asked["list_lag_s"])
    if "get_lag_s" in asked:
        service.state.get_lag_s = float(asked["get_lag_s"])
    lags = {"list_lag_s": service.state.list_lag_s, "get_lag_s": service.state.get_lag_s}
    return {**service.faults.shown(), **lags}


def _behaviours(about: str) -> Callable[[Service, Json], Json]:
    def act(service: Service, asked: Json) -> Json:
        service.state.behaviours.set(asked["behaviours"], about)
        return {"behaviours": service.state.behaviours.on(about)}

    return act


def _others(service: Service, asked: Json) -> Json:
    service.state.others.set({name: float(share) for name, share in asked.items()})
    service.state.let_others_in()
    return dict(service.state.others.asked)


def _clock(service: Service, asked: Json) -> Json:
    instants = service.instants
    instants.step(float(asked["by_s"]))
    return {"now": instants.stamp(instants.now())}


def _callbacks(service: Service, asked: Json) -> Json:
    if "faults" in asked:
        asked = {**asked, "faults": tuple(asked["faults"])}
    service.callbacks.ways = replace(service.callbacks.ways, **asked)
    return asdict(service.callbacks.ways)


def _numbers(service: Service, asked: Json) -> Json:
    if asked["number_type"] not in NUMBER_TYPES:
        raise UsageError(f"number_type must be one of {', '.join(NUMBER_TYPES)}")
    number = Number(digits(asked["number"]), asked["country_iso"], asked["number_type"])
    service.state.rent(number)
    return _shown_number(service, number)


def _reset(service: Service, _: Json) -> Json:
    service.reset()
    return {"reset": True}


_ACTS: Mapping[tuple[str, str], Callable[[Service, Json], Json]] = {
    ("GET", "state"): _state,
    ("POST", "review"): _review,
    ("POST", "delete"): _delete,
    ("POST", "faults"): _faults,
    ("POST", "list"): _behaviours(LIST),
    ("POST", "record"): _behaviours(RECORD),
    ("POST", "requirements"): _behaviours(REQUIREMENTS),
    ("POST", "others"): _others,
    ("POST", "clock"): _clock,
    ("POST", "callbacks"): _callbacks,
    ("POST", "numbers"): _numbers,
    ("POST", "reset"): _reset,
}


def _most_in_a_window(service: Service) -> dict[str, int]:
    """The most requests of each budget in any of its windows (60 s where there is no quota)."""
    most = {}
    for bucket, quota in service.quotas.quotas.items():
        instants = [request.instant for request in service.log if bucket_of(request.operation) == bucket]
        most[bucket] = most_in_a_window(instants, quota.window_s if quota else 60)
    return most


def _shown_record(service: Service, record: Record) -> Json:
    return {
        "compliance_id": record.compliance_id,
        "alias": record.alias,
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
        "linked_numbers": [number.number for number in service.state.linked_numbers(record)],
        "callback_url": record.callback_url,
        "callback_method": record.callback_method,
        "created_at": service.instants.stamp(record.created_at),
        "updated_at": service.instants.stamp(record.updated_at),
        "submitted_at": service.instants.stamp(record.submitted_at),
    }


def _shown_number(service: Service, number: Number) -> Json:
    linked = service.state.record(number.compliance_id) if number.compliance_id else None
    return {
        "number": number.number,
        "country_iso": number.country_iso,
        "number_type": number.number_type,
        "compliance_id": number.compliance_id,
        "alias": linked.alias if linked else None,
        "registration_number": linked.end_user["registration_number"] if linked else None,
    }
