"""When the next request may go: a pure function of a frozen state (pacing.md, "The rules that get there").

The rules, by their numbers there:

    2  fewer than L own sends within the last w + guard: send. Right under fixed, sliding and bucket windows alike.
    3  nothing known, as before a run's first answer and after a throttle: one probe, alone; its answer lifts this.
    5  throttled: all wait for what the API asks, else for its reset, else 1, 2, 4 … 30 s, and the guard grows.

A limit that the API states and that is lower than ours wins. `next_wait_s` decides; `sent` and `answered` keep the
state. Without a quota rule 2 is off and nothing is probed at the start: only 429 and Retry-After are obeyed.
Instants are monotonic seconds.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum
from math import inf

from bulk_onboard.model.outcome import QuotaHint
from bulk_onboard.units import Quota

LONGEST_WAIT_S = 120.0
GUARD_S, GUARD_GROWTH_S, GUARD_MOST_S = 0.35, 0.25, 5.0  # against jitter between sending and being counted
BACKOFF_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
RESET_ROUNDING_S = 1.0  # reset and Date are whole seconds: the true reset may be a second later than it reads

_EPOCH_FROM = 1e8  # a smaller number is a delay (reliability.md 1.5)
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_COUNT = re.compile(r"[0-9]{1,9}")


class Probe(Enum):
    """Whether one request must go alone: not needed, due, or on its way."""

    NONE = "none"
    DUE = "due"
    OUT = "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the decision needs to know.

    Attributes:
        quota: ours, as the user states it; None for none.
        sends: own sends, the newest `quota.limit` of them, oldest first.
        stated_limit: the API's, from its last answer that had one.
        hold_until: nobody sends before it.
        throttles: in a row; those that answer sends from before the first of them count once.
    """

    quota: Quota | None
    sends: tuple[float, ...] = ()
    stated_limit: int | None = None
    guard_s: float = GUARD_S
    hold_until: float = -inf
    throttles: int = 0
    in_flight: int = 0
    probe: Probe = Probe.NONE


def first_pace(quota: Quota | None, now: float, earlier_sends_s_ago: Iterable[float] = ()) -> Pace:
    """The state at a run's start; the sends of an earlier process count as our own (their ages, in seconds)."""
    if quota is None:
        return Pace(quota=None)
    sends = sorted(now - max(0.0, age) for age in earlier_sends_s_ago)
    return Pace(quota=quota, sends=tuple(sends[-quota.limit :]), probe=Probe.DUE)


def next_wait_s(pace: Pace, now: float) -> float | None:
    """Seconds until the next request may go, 0 for now; None where an answer must come first."""
    if pace.probe is not Probe.NONE and pace.in_flight:
        return None
    return max(0.0, pace.hold_until - now, _room_at(pace) - now)


def sent(pace: Pace, now: float) -> Pace:
    """The state after a request went."""
    return replace(
        pace,
        sends=(*pace.sends, now)[-pace.quota.limit :] if pace.quota else (),
        in_flight=pace.in_flight + 1,
        probe=Probe.OUT if pace.probe is Probe.DUE else pace.probe,
    )


def answered(pace: Pace, now: float, hint: QuotaHint | None, *, throttled: bool = False) -> Pace:
    """The state after a request ended; `hint` is what its answer said of the quota, None where none came."""
    pace = replace(pace, in_flight=max(0, pace.in_flight - 1))
    if hint is None:
        return replace(pace, probe=Probe.DUE) if pace.probe is Probe.OUT else pace
    pace = replace(pace, stated_limit=hint.limit or pace.stated_limit)
    if throttled:
        return _throttled(pace, now, hint)
    pace = _held(pace, now, hint.retry_after_s)
    return replace(pace, probe=Probe.NONE, throttles=0) if pace.probe is Probe.OUT else pace


def _room_at(pace: Pace) -> float:
    """When rule 2 allows the next send."""
    if pace.quota is None:
        return -inf
    limit = min(pace.quota.limit, pace.stated_limit or pace.quota.limit)
    return pace.sends[-limit] + pace.quota.window_s + pace.guard_s if len(pace.sends) >= limit else -inf


def _throttled(pace: Pace, now: float, hint: QuotaHint) -> Pace:
    if pace.probe is not Probe.DUE:  # else it answers a send from before a throttle that has counted
        guard_s = min(GUARD_MOST_S, pace.guard_s + GUARD_GROWTH_S)
        pace = replace(pace, throttles=pace.throttles + 1, guard_s=guard_s, probe=Probe.DUE)
    reset_s = hint.reset_in_s + RESET_ROUNDING_S if hint.reset_in_s else None
    backoff_s = BACKOFF_S[min(pace.throttles, len(BACKOFF_S)) - 1]
    return _held(pace, now, max(BACKOFF_S[0], hint.retry_after_s or reset_s or backoff_s))


def _held(pace: Pace, now: float, wait_s: float | None) -> Pace:
    """A wait that the API asks for; a longer one that was asked for before still holds."""
    return replace(pace, hold_until=max(pace.hold_until, now + wait_s + pace.guard_s)) if wait_s else pace


def quota_hint(headers: Mapping[str, str]) -> QuotaHint:
    """What an answer's headers (names in lower case) say of the quota; what is missing or absurd is None."""
    answered_at = _http_date(headers.get("date", ""))
    return QuotaHint(
        limit=_count(headers.get("x-ratelimit-limit", "")) or None,
        remaining=_count(headers.get("x-ratelimit-remaining", "")),
        reset_in_s=_delay_s(headers.get("x-ratelimit-reset", ""), answered_at),
        retry_after_s=_delay_s(headers.get("retry-after", ""), answered_at),
    )


def _delay_s(text: str, answered_at: float | None) -> float | None:
    """Seconds from the answer, 0 to 120, of a delay, epoch seconds or an HTTP date; the latter two need a `Date`."""
    number = float(text) if _NUMBER.fullmatch(text := text.strip()) else None
    if number is not None and number < _EPOCH_FROM:
        return min(LONGEST_WAIT_S, number)
    instant = number or _http_date(text)
    if instant is None or answered_at is None:
        return None
    return min(LONGEST_WAIT_S, max(0.0, instant - answered_at))


def _count(text: str) -> int | None:
    return int(text) if _COUNT.fullmatch(text := text.strip()) else None


def _http_date(text: str) -> float | None:
    """Epoch seconds of an HTTP date."""
    try:
        instant = parsedate_to_datetime(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
