"""What may go wrong between a client and the API (reliability.md 3), by rate or by script.

A fault strikes in the middle of the body, before the call is carried out (nothing is stored), after it (what was
asked is done, the client learns it wrongly or not at all), or instead of it, and then the call is carried out up to
`late_apply_s` later. A script comes before a rate, and the script of an operation before that of `any`; a throttled
call meets no fault. Rates are diced with a seed, by operation, in the order of arrival: the same run meets the same
faults.
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
from bulk_onboard.sandbox.routes import OPERATIONS

ANY = "any"
FOR_GOOD = None

LATE_APPLY_S = 3.0

# No address of the API: a client that follows a redirect is seen in the log, by the operation `unknown`.
ELSEWHERE = "/elsewhere/"


class Strikes(Enum):
    """When a fault strikes."""

    MID_BODY = "in the middle of the body"
    BEFORE = "before anything is stored"
    AFTER = "after the call was carried out"
    LATE = "a while before the call is carried out"


def _dropped(answer: Answer) -> Answer:
    return replace(answer, delivery=Delivery.DROPPED)


def _hung(answer: Answer) -> Answer:
    return replace(answer, delivery=Delivery.HUNG)


def _cut(answer: Answer) -> Answer:
    return replace(answer, delivery=Delivery.CUT)


def _truncated(answer: Answer) -> Answer:
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def _refused(code: str, message: str) -> Callable[[Answer], Answer]:
    return lambda answer: replace(refusal(RefusedError(code, message)), headers=answer.headers)


def _redirected(http_status: int) -> Callable[[Answer], Answer]:
    return lambda answer: Answer(http_status, headers={**answer.headers, "Location": ELSEWHERE})


_internal_error = _refused("internal_error", "Internal server error")


def _bad_gateway(_: Answer) -> Answer:
    return Answer(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html")


_conflict = _refused("compliance_exists", "A compliance application with this alias already exists")


def _not_enabled(answer: Answer) -> Answer:
    ticket = f"ticket {secrets.randbelow(10**6)}, request {uuid4()}"
    return _refused("account_not_enabled", f"Compliance is not enabled for this account ({ticket})")(answer)


def _throttled(answer: Answer) -> Answer:
    refused = _refused("rate_limit_exceeded", "Too many requests")(answer)
    return replace(refused, headers={**answer.headers, "Retry-After": "1"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong: its name, when it strikes, what the client sees, and what becomes of the answer."""

    name: str
    strikes: Strikes
    sentence: str
    spoiled: Callable[[Answer], Answer]


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
        Fault("stray-429", Strikes.BEFORE, "HTTP 429 though the quota is not spent; retry after 1 s.", _throttled),
        Fault("late-apply", Strikes.LATE, "The connection is reset without an answer.", _dropped),
        Fault(
            "refuse-401",
            Strikes.BEFORE,
            "HTTP 401, as for wrong credentials.",
            _refused("invalid_credentials", "Invalid credentials"),
        ),
        Fault(
            "refuse-403",
            Strikes.BEFORE,
            "HTTP 403, as without the permission.",
            _refused("permission_denied", "You do not have access to this resource"),
        ),
        Fault(
            "not-found-404",
            Strikes.BEFORE,
            "HTTP 404 in the API's own words.",
            _refused("not_found", "There is nothing at this address"),
        ),
        Fault("conflict-409-before", Strikes.BEFORE, "HTTP 409 in the API's own words.", _conflict),
        Fault("conflict-409-after", Strikes.AFTER, "HTTP 409 in the API's own words.", _conflict),
        Fault(
            "not-enabled-422",
            Strikes.BEFORE,
            "HTTP 422, the account is not enabled; the sentence differs in its ids and numbers only.",
            _not_enabled,
        ),
        Fault("redirect-302", Strikes.BEFORE, "HTTP 302 to an address that is not the API's.", _redirected(302)),
        Fault("redirect-307", Strikes.BEFORE, "HTTP 307 to an address that is not the API's.", _redirected(307)),
    )
}


@dataclass(slots=True)
class Step:
    """A stretch of a script: so many calls in a row that one fault strikes, or none; `times` None is for good."""

    fault: str | None
    times: int | None


class Faults:
    """The faults to come. Rates are named `FAULT` for creates or `OPERATION:FAULT`, and are shares from 0 to 1."""

    def __init__(self, rates: Mapping[str, float], seed: int, late_apply_s: float = LATE_APPLY_S) -> None:
        self._first_rates, self._seed, self._first_late_apply_s = dict(rates), seed, late_apply_s
        self.clear()

    def clear(self) -> None:
        """As at the start: no script, the first rates, fresh dice."""
        self.late_apply_s = self._first_late_apply_s
        self._scripts: dict[str, deque[Step]] = {operation: deque() for operation in (*OPERATIONS, ANY)}
        dice = (*OPERATIONS, "late-apply")
        self._dice = {what: random.Random(f"{self._seed} {what}") for what in dice}  # noqa: S311 faults must repeat
        self.set_rates(self._first_rates)

    def script(self, operation: str, fault: str, times: int | None = 1, *, after: int = 0) -> None:
        """Let a fault strike so many calls of an operation, or of `any`, after what is scripted already.

        `times` None is for good; `after` so many more calls that no fault strikes.
        """
        known = _known(operation, self._scripts, "operation")
        steps = (Step(None, after), Step(_known(fault, FAULTS, "fault"), times))
        self._scripts[known].extend(step for step in steps if step.times is None or step.times > 0)

    def set_rates(self, rates: Mapping[str, float]) -> None:
        """Replace all rates; UsageError for an unknown name or shares that add up to more than 1."""
        shares: dict[str, dict[str, float]] = {operation: {} for operation in OPERATIONS}
        for name, share in rates.items():
            operation, fault = _read_name(name)
            shares[operation][fault] = share
        for operation, by_fault in shares.items():
            if min(by_fault.values(), default=0) < 0 or sum(by_fault.values()) > 1:
                raise UsageError(f"the fault rates of {operation} must be shares from 0 to 1 that add up to at most 1")
        self._rates = shares

    def next(self, operation: str) -> Fault | None:
        """The fault that strikes the call that arrives now, if any."""
        for script in (self._scripts.get(operation), self._scripts[ANY]):
            if script:
                scripted = _took_step(script)
                return FAULTS[scripted] if scripted else None
        if not self._rates.get(operation):
            return None
        cast = self._dice[operation].random()
        for fault, share in self._rates[operation].items():
            if cast < share:
                return FAULTS[fault]
            cast -= share
        return None

    def lateness_s(self) -> float:
        """How long after its arrival the next call that is carried out late is."""
        return self._dice["late-apply"].uniform(0, self.late_apply_s)

    def shown(self) -> dict[str, Any]:
        """The rates, and the script that is left, by operation."""
        return {
            "rates": {operation: rates for operation, rates in self._rates.items() if rates},
            "script": {o: [asdict(step) for step in left] for o, left in self._scripts.items() if left},
            "late_apply_s": self.late_apply_s,
        }


def _took_step(script: deque[Step]) -> str | None:
    """The fault that comes next in a script, or that none does; a stretch that is over is taken out."""
    step = script[0]
    if step.times is not None:
        step.times -= 1
        if step.times == 0:
            script.popleft()
    return step.fault


def _read_name(name: str) -> tuple[str, str]:
    operation, _, fault = name.rpartition(":")
    return _known(operation or "create", OPERATIONS, "operation"), _known(fault, FAULTS, "fault")


def _known(name: str, names: Collection[str], word: str) -> str:
    if name not in names:
        raise UsageError(f"there is no {word} {name!r}; choose one of {', '.join(names)}")
    return name
