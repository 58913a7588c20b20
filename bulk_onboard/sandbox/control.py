"""What is under `/_sandbox/`, for people and tests, without credentials or quota (docs/sandbox.md, Control).

`/_sandbox/state` is that of the only account, `/_sandbox/accounts/MA…/state` that of one of several.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.account import Account, contract_named, most_in_a_window, requests_by_answer, throttled
from bulk_onboard.sandbox.accounts import Accounts
from bulk_onboard.sandbox.answers import Answer
from bulk_onboard.sandbox.behaviours import ABOUT
from bulk_onboard.sandbox.checks import NUMBER_TYPES
from bulk_onboard.sandbox.openapi import document
from bulk_onboard.sandbox.quota import budget_of
from bulk_onboard.sandbox.records import REVIEWS, Number, Record, digits

PREFIX = "/_sandbox/"
ACCOUNTS = "accounts"
_OF_ONE = re.compile(f"(?:{ACCOUNTS}/(?P<auth_id>[^/]+)/)?(?P<name>[^/]+)")
Json = dict[str, Any]


def control(accounts: Accounts, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
    """Carry out what somebody who controls the sandbox asks; errors are `{"error": sentence}`.

    Answers are in ASCII, so that whatever was kept can be read again.
    """
    http_status, told = _carried_out(accounts, method, path.removeprefix(PREFIX).rstrip("/"), query, body)
    return Answer(http_status, json.dumps(told).encode())


def _carried_out(accounts: Accounts, method: str, path: str, query: Mapping[str, str], body: bytes) -> tuple[int, Json]:
    act = _act(accounts, method, path)
    if act is None:
        known = ", ".join(map(" ".join, {**ACTS_OF_ALL, **ACTS}))
        return 404, {"error": f"ask for one of {known}, of one account as {ACCOUNTS}/MA…/state"}
    try:
        return 200, act({**json.loads(body or b"{}"), **query})
    except UsageError as error:
        return 400, {"error": str(error)}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return 400, {"error": f"the body is not what this asks for ({type(error).__name__}: {error})"}


def _act(accounts: Accounts, method: str, path: str) -> Callable[[Json], Json] | None:
    """Return what a request asks for, of all accounts, of the one it names, or of the only one."""
    if of_all := ACTS_OF_ALL.get((method, path)):
        return partial(of_all, accounts)
    match = _OF_ONE.fullmatch(path)
    act = ACTS.get((method, match["name"])) if match else None
    if match is None or act is None:
        return None
    auth_id = match["auth_id"]
    return lambda asked: act(accounts.account(auth_id) if auth_id else accounts.only, asked)


def _accounts(accounts: Accounts, _: Json) -> Json:
    return {
        "accounts": {
            auth_id: {
                "count": len(account.state.records),
                "duplicates": len(account.state.duplicates),
                "requests": len(account.log),
                "throttled": throttled(account.log),
            }
            for auth_id, account in accounts.accounts.items()
        },
        "strays": requests_by_answer(accounts.strays),
    }


def _reset_all(accounts: Accounts, _: Json) -> Json:
    accounts.reset()
    return {"reset": True}


def _state(account: Account, _: Json) -> Json:
    state, log = account.state, account.log
    records = [_shown_record(account, record) for record in state.records]
    return {
        "records": records,
        "count": len(records),
        "duplicates": state.duplicates,
        "to_come": state.to_come,
        "without_intent": account.witness.without_intent,
        "strangers": sum(record["stranger"] for record in records),
        "deleted_by_others": [{"compliance_id": r.compliance_id, "alias": r.alias} for r in state.deleted_by_others],
        "numbers": [_shown_number(account, number) for number in state.numbers],
        "requests": requests_by_answer(log),
        "throttled": throttled(log),
        "callbacks": dict(account.callbacks.answers),
        "most_in_a_window": {
            budget: most_in_a_window(
                [request.instant for request in log if budget_of(request.operation) == budget],
                quota.window_s if quota else 60,
            )
            for budget, quota in account.quotas.quotas.items()
        },
    }


def _review(account: Account, asked: Json) -> Json:
    review = asked["review"]
    if review not in REVIEWS:
        raise UsageError(f"there is no review {review!r}; choose one of {', '.join(REVIEWS)}")
    record = account.state.review(_asked_record(account, asked), review, asked.get("reason"))
    return _shown_record(account, record)


def _asked_record(account: Account, asked: Json) -> Record:
    by_id = account.state.record(asked["compliance_id"]) if "compliance_id" in asked else None
    named = (by_id,) if by_id else account.state.named(asked.get("alias", ""))
    if len(named) != 1:
        count = "no record has" if not named else f"{len(named)} records have"
        raise UsageError(f"{count} this name; name one by its compliance_id or its alias")
    return named[0]


def _delete(account: Account, asked: Json) -> Json:
    record = _asked_record(account, asked)
    account.state.forget_by_others(record)
    return {"deleted": record.compliance_id}


def _faults(account: Account, asked: Json) -> Json:
    faults, state = account.faults, account.state
    if "rates" in asked:
        faults.set_rates(asked["rates"])
    for line in asked.get("script", []):
        faults.script(line["operation"], line["fault"], line.get("times", 1), after=line.get("after", 0))
    faults.late_apply_s = float(asked.get("late_apply_s", faults.late_apply_s))
    state.list_lag_s = float(asked.get("list_lag_s", state.list_lag_s))
    state.get_lag_s = float(asked.get("get_lag_s", state.get_lag_s))
    return {**faults.shown(), "list_lag_s": state.list_lag_s, "get_lag_s": state.get_lag_s}


def _behaviours(about: str) -> Callable[[Account, Json], Json]:
    def act(account: Account, asked: Json) -> Json:
        account.behaviours.set(asked["behaviours"], about)
        return {"behaviours": account.behaviours.on(about)}

    return act


def _others(account: Account, asked: Json) -> Json:
    account.others.set({name: float(share) for name, share in asked.items()})
    account.state.let_others_in()
    return dict(account.others.asked)


def _clock(account: Account, asked: Json) -> Json:
    account.instants.step(float(asked["by_s"]))
    return {"now": account.instants.stamp(account.instants.now())}


def _contract(account: Account, asked: Json) -> Json:
    account.state.contract = contract_named(asked["contract"])
    return {"contract": account.state.contract.name}


def _openapi(account: Account, asked: Json) -> Json:
    state = account.state
    return document(state, contract_named(asked["contract"]) if "contract" in asked else state.contract)


def _callbacks(account: Account, asked: Json) -> Json:
    if "faults" in asked:
        asked = {**asked, "faults": tuple(asked["faults"])}
    account.callbacks.options = replace(account.callbacks.options, **asked)
    return asdict(account.callbacks.options)


def _numbers(account: Account, asked: Json) -> Json:
    if asked["number_type"] not in NUMBER_TYPES:
        raise UsageError(f"number_type must be one of {', '.join(NUMBER_TYPES)}")
    number = Number(digits(asked["number"]), asked["country_iso"], asked["number_type"])
    account.state.rent(number)
    return _shown_number(account, number)


def _reset(account: Account, _: Json) -> Json:
    account.reset()
    return {"reset": True}


ACTS_OF_ALL: Mapping[tuple[str, str], Callable[[Accounts, Json], Json]] = {
    ("GET", ACCOUNTS): _accounts,
    ("POST", "reset"): _reset_all,
}
ACTS: Mapping[tuple[str, str], Callable[[Account, Json], Json]] = {
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


def _shown_record(account: Account, record: Record) -> Json:
    stamp = account.instants.stamp
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
        "linked_numbers": [number.number for number in account.state.linked_numbers(record)],
        "callback_url": record.callback_url,
        "callback_method": record.callback_method,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "submitted_at": stamp(record.submitted_at),
    }


def _shown_number(account: Account, number: Number) -> Json:
    linked = account.state.record(number.compliance_id) if number.compliance_id else None
    return {
        "number": number.number,
        "country_iso": number.country_iso,
        "number_type": number.number_type,
        "compliance_id": number.compliance_id,
        "alias": linked.alias if linked else None,
        "registration_number": linked.end_user.get("registration_number") if linked else None,
        "times_linked": number.times_linked,
    }
