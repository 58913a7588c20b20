"""What goes wrong between a client and the API now and then, by rate or by script (docs/sandbox.md, Faults).

A fault strikes in the middle of the body, before the call is carried out (nothing is stored), or after it (it is done,
and the client learns it wrongly or not at all); `late-apply` carries the call out up to `late_apply_s` later.

A script comes before a rate, and the script of an operation before that of `any`. A throttled call meets no fault. The
dice have a seed for each operation, so calls that arrive in the same order meet the same faults.
"""

import random
import secrets
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any
from uuid import uuid4

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.answers import Answer, Delivery, RefusedError, refusal
from bulk_onboard.sandbox.call import OPERATIONS

ANY = "any"
FOR_GOOD = None

LATE_APPLY_S = 3.0

# No address of the API: the log shows a client that follows a redirect, with the operation `unknown`.
ELSEWHERE = "/elsewhere/"


class Strikes(Enum):
    """When a fault strikes."""

    MID_BODY = "in the middle of the body"
    BEFORE = "before anything is stored"
    AFTER = "after the call was carried out"
    LATE = "a while before the call is carried out"


Spoil = Callable[[Answer], Answer]


def _delivered(delivery: Delivery) -> Spoil:
    return lambda answer: replace(answer, delivery=delivery)


def _refused(code: str, message: str) -> Spoil:
    return lambda answer: replace(refusal(RefusedError(code, message)), headers=answer.headers)


def _redirected(http_status: int) -> Spoil:
    return lambda answer: Answer(http_status, headers={**answer.headers, "Location": ELSEWHERE})


def _truncated(answer: Answer) -> Answer:
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def _bad_gateway(_: Answer) -> Answer:
    return Answer(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html")


def _not_enabled(answer: Answer) -> Answer:
    ticket = f"ticket {secrets.randbelow(10**6)}, request {uuid4()}"
    return _refused("account_not_enabled", f"Compliance is not enabled for this account ({ticket})")(answer)


def _throttled(answer: Answer) -> Answer:
    refused = _refused("rate_limit_exceeded", "Too many requests")(answer)
    return replace(refused, headers={**answer.headers, "Retry-After": "1"})


_dropped, _hung, _cut = map(_delivered, (Delivery.DROPPED, Delivery.HUNG, Delivery.CUT))
_internal_error = _refused("internal_error", "Internal server error")
_unauthorized = _refused("invalid_credentials", "Invalid credentials")
_forbidden = _refused("permission_denied", "You do not have access to this resource")
_not_found = _refused("not_found", "There is nothing at this address")
_conflict = _refused("compliance_exists", "A compliance application with this alias already exists")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong; `sentence` says what the client sees, `spoiled` turns the answer into that."""

    name: str
    strikes: Strikes
    sentence: str
    spoiled: Spoil


FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("drop-mid-body", Strikes.MID_BODY, "The connection is reset halfway through the upload.", _dropped),
        Fault("drop-before", Strikes.BEFORE, "The connection is reset without an answer.", _dropped),
        Fault("drop-after", Strikes.AFTER, "The connection is reset without an answer.", _dropped),
        Fault("error-500-before", Strikes.BEFORE, "HTTP 500 in the API's own words.", _internal_error),
        Fault("error-500-after", Strikes.AFTER, "HTTP 500 in the API's own words.", _internal_error),
        Fault("html-502-before", Strikes.BEFORE, "A gateway's HTTP 502, in HTML.", _bad_gateway),
        Fault("html-502-after", Strikes.AFTER, "A gateway's HTTP 502, in HTML.", _bad_gateway),
        Fault("truncated-json", Strikes.AFTER, "A whole answer with half of its JSON.", _truncated),
        Fault("cut-answer", Strikes.AFTER, "Half of the answer, then the connection closes.", _cut),
        Fault("hang-before", Strikes.BEFORE, "No answer for ten minutes, then a reset.", _hung),
        Fault("hang-after", Strikes.AFTER, "No answer for ten minutes, then a reset.", _hung),
        Fault("stray-429", Strikes.BEFORE, "HTTP 429 although the quota is not used up; retry after 1 s.", _throttled),
        Fault("late-apply", Strikes.LATE, "The connection is reset without an answer.", _dropped),
        Fault("refuse-401", Strikes.BEFORE, "HTTP 401, as for wrong credentials.", _unauthorized),
        Fault("refuse-403", Strikes.BEFORE, "HTTP 403, as without the permission.", _forbidden),
        Fault("not-found-404", Strikes.BEFORE, "HTTP 404 in the API's own words.", _not_found),
        Fault("conflict-409-before", Strikes.BEFORE, "HTTP 409 in the API's own words.", _conflict),
        Fault("conflict-409-after", Strikes.AFTER, "HTTP 409 in the API's own words.", _conflict),
        Fault(
            "not-enabled-422",
            Strikes.BEFORE,
            "HTTP 422: the account is not enabled. The messages differ in ids and numbers only.",
            _not_enabled,
        ),
        Fault("redirect-302", Strikes.BEFORE, "HTTP 302 to an address that is not the API's.", _redirected(302)),
        Fault("redirect-307", Strikes.BEFORE, "HTTP 307 to an address that is not the API's.", _redirected(307)),
    )
}


@dataclass(slots=True)
class Step:
    """Part of a script: so many calls in a row that one fault strikes, or none; `times` None is for good."""

    fault: str | None
    times: int | None


class Faults:
    """The faults to come. Rates are named `FAULT` for creates or `OPERATION:FAULT`, and are shares from 0 to 1."""

    def __init__(self, rates: Mapping[str, float], seed: int, late_apply_s: float = LATE_APPLY_S) -> None:
        self._first_rates, self._seed, self.late_apply_s = dict(rates), seed, late_apply_s
        self.clear()

    def clear(self) -> None:
        """Drop the script and go back to the first rates, with fresh dice."""
        self._scripts: dict[str, deque[Step]] = {operation: deque() for operation in (*OPERATIONS, ANY)}
        dice = (*OPERATIONS, "late-apply")
        self._dice = {what: random.Random(f"{self._seed} {what}") for what in dice}  # noqa: S311 faults must repeat
        self.set_rates(self._first_rates)

    def script(self, operation: str, fault: str, times: int | None = 1, *, after: int = 0) -> None:
        """Add a fault to the script of an operation, or of `any`.

        Args:
            operation: one of `OPERATIONS`, or `any`.
            fault: one of `FAULTS`.
            times: how many calls in a row it strikes; None for good.
            after: how many calls pass without a fault before that.

        Raises:
            UsageError: there is no such operation or fault.
        """
        known = _known(operation, self._scripts, "operation")
        steps = (Step(None, after), Step(_known(fault, FAULTS, "fault"), times))
        self._scripts[known].extend(step for step in steps if step.times is None or step.times > 0)

    def set_rates(self, rates: Mapping[str, float]) -> None:
        """Replace all rates; UsageError for an unknown name, or shares that add up to more than 1."""
        shares: dict[str, dict[str, float]] = {operation: {} for operation in OPERATIONS}
        for name, share in rates.items():
            operation, fault = _read_name(name)
            shares[operation][fault] = share
        for operation, by_fault in shares.items():
            if min(by_fault.values(), default=0) < 0 or sum(by_fault.values()) > 1:
                raise UsageError(f"the fault rates of {operation} must be shares from 0 to 1 that add up to at most 1")
        self._rates = shares

    def next(self, operation: str) -> Fault | None:
        """Return the fault that strikes the call that arrives now, if any."""
        for script in (self._scripts.get(operation), self._scripts[ANY]):
            if script:
                step = script[0]
                if step.times is not None:
                    step.times -= 1
                    if step.times == 0:
                        script.popleft()
                return FAULTS[step.fault] if step.fault else None
        if not self._rates.get(operation):
            return None
        cast = self._dice[operation].random()
        for fault, share in self._rates[operation].items():
            if cast < share:
                return FAULTS[fault]
            cast -= share
        return None

    def lateness_s(self) -> float:
        """Return how long after its arrival the next late call takes effect."""
        return self._dice["late-apply"].uniform(0, self.late_apply_s)

    def shown(self) -> dict[str, Any]:
        """Return the rates, and what is left of the scripts, by operation."""
        return {
            "rates": {operation: rates for operation, rates in self._rates.items() if rates},
            "script": {o: [asdict(step) for step in left] for o, left in self._scripts.items() if left},
            "late_apply_s": self.late_apply_s,
        }


def _read_name(name: str) -> tuple[str, str]:
    operation, _, fault = name.rpartition(":")
    return _known(operation or "create", OPERATIONS, "operation"), _known(fault, FAULTS, "fault")


def _known(name: str, names: Collection[str], word: str) -> str:
    if name not in names:
        raise UsageError(f"there is no {word} {name!r}; choose one of {', '.join(names)}")
    return name
