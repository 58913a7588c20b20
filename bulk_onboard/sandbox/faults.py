"""What may go wrong between a client and the API (reliability.md 3), by rate or by script.

A fault strikes in the middle of the body, before the call is carried out (nothing is stored), or after it
(what was asked is done, the client learns it wrongly or not at all). A scripted fault comes before a rate; a
throttled call meets no fault. Rates are diced with a seed, by operation, in the order of arrival: the same run
meets the same faults.
"""

import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.answers import Answer, Delivery, RefusedError, refusal
from bulk_onboard.sandbox.routes import OPERATIONS


class Strikes(Enum):
    """When a fault strikes."""

    MID_BODY = "in the middle of the body"
    BEFORE = "before anything is stored"
    AFTER = "after the call was carried out"


def _dropped(answer: Answer) -> Answer:
    return replace(answer, delivery=Delivery.DROPPED)


def _hung(answer: Answer) -> Answer:
    return replace(answer, delivery=Delivery.HUNG)


def _cut(answer: Answer) -> Answer:
    return replace(answer, delivery=Delivery.CUT)


def _truncated(answer: Answer) -> Answer:
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def _internal_error(answer: Answer) -> Answer:
    return replace(refusal(RefusedError("internal_error", "Internal server error")), headers=answer.headers)


def _bad_gateway(_: Answer) -> Answer:
    return Answer(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html")


def _throttled(answer: Answer) -> Answer:
    error = refusal(RefusedError("rate_limit_exceeded", "Too many requests"))
    return replace(error, headers={**answer.headers, "Retry-After": "1"})


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
    )
}


class Faults:
    """The faults to come. Rates are named `FAULT` for creates or `OPERATION:FAULT`, and are shares from 0 to 1."""

    def __init__(self, rates: Mapping[str, float], seed: int) -> None:
        self._first_rates, self._seed = dict(rates), seed
        self.clear()

    def clear(self) -> None:
        """As at the start: no script, the first rates, fresh dice."""
        self._scripts: dict[str, deque[Fault]] = {operation: deque() for operation in OPERATIONS}
        self._dice = {operation: random.Random(f"{self._seed} {operation}") for operation in OPERATIONS}  # noqa: S311 faults must repeat
        self.set_rates(self._first_rates)

    def script(self, operation: str, fault: str, times: int = 1) -> None:
        """Let a fault strike the next so many calls of an operation, after what is scripted already."""
        self._scripts[_known_operation(operation)].extend([_known_fault(fault)] * times)

    def set_rates(self, rates: Mapping[str, float]) -> None:
        """Replace all rates; UsageError for an unknown name or shares that add up to more than 1."""
        shares: dict[str, dict[str, float]] = {operation: {} for operation in OPERATIONS}
        for name, share in rates.items():
            operation, fault = _read_name(name)
            shares[operation][fault.name] = share
        for operation, by_fault in shares.items():
            if min(by_fault.values(), default=0) < 0 or sum(by_fault.values()) > 1:
                raise UsageError(f"the fault rates of {operation} must be shares from 0 to 1 that add up to at most 1")
        self._rates = shares

    def next(self, operation: str) -> Fault | None:
        """The fault that strikes the call that arrives now, if any."""
        if self._scripts.get(operation):
            return self._scripts[operation].popleft()
        if not self._rates.get(operation):
            return None
        cast = self._dice[operation].random()
        for fault, share in self._rates[operation].items():
            if cast < share:
                return FAULTS[fault]
            cast -= share
        return None

    def shown(self) -> dict[str, Any]:
        """The rates, and the script that is left, by operation."""
        return {
            "rates": {operation: rates for operation, rates in self._rates.items() if rates},
            "script": {o: [fault.name for fault in left] for o, left in self._scripts.items() if left},
        }


def _read_name(name: str) -> tuple[str, Fault]:
    operation, _, fault = name.rpartition(":")
    return _known_operation(operation or "create"), _known_fault(fault)


def _known_operation(operation: str) -> str:
    if operation not in OPERATIONS:
        raise UsageError(f"there is no operation {operation!r}; choose one of {', '.join(OPERATIONS)}")
    return operation


def _known_fault(fault: str) -> Fault:
    if fault not in FAULTS:
        raise UsageError(f"there is no fault {fault!r}; choose one of {', '.join(FAULTS)}")
    return FAULTS[fault]
