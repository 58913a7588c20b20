"""Decide when the next request may go: a pure function of a frozen state.

Nobody knows which window the API keeps: a fixed one, a sliding one or a bucket. These rules are right under each
(docs/design/pacing.md, Rules, has the same numbers). L is the limit, w the window:

    1  credit: the API has two or more requests left: send; one left: send after a short wait
    2  our own log: fewer than L sends, ours and others', within the last w + guard: send
    3  probe: at a run's start, after a throttle and at a reset one request goes alone, and its answer says what is left
    4  credit is what an answer leaves for certain: Remaining less each send that may have been counted after it
    5  throttled: all wait as long as the API asks, else until its reset, else 1, 2, 4 … 30 s; the guard grows
    6  Remaining is lower than our own count explains: others use the quota, and their requests count for a window
    7  headers that are missing or absurd are ignored; then rule 2 decides alone

A request goes as soon as one of 1, 2 and 3 allows it. 1 and 3 apply only where the limit that the API states is not
above ours; else rule 2 decides alone, with our limit for our sends and the API's for everybody's. Without a quota rules
1, 2, 4 and 6 are off and no probe is sent at the start: only 429 and Retry-After are obeyed.

`next_wait_s` decides; `sent` and `answered` return the next state. Instants are monotonic seconds.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from math import inf
from typing import NamedTuple

from bulk_onboard.model.outcome import QuotaHeaders
from bulk_onboard.units import Quota

GUARD_S, GUARD_GROWTH_S, GUARD_MOST_S = 0.35, 0.25, 5.0  # against jitter between sending and being counted
BACKOFF_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
RESET_ROUNDING_S = 1.0  # reset and Date are whole seconds: the true reset may be a second later than it reads
LAST_CREDIT_S = 1.0  # the least wait for the last credit; of a short window, as with the guard, a sixtieth
SHARED_WINDOWS, SHARED_RESERVE = 2, 2  # for how many windows others are taken to use the quota, and credits in reserve
LONGEST_RESET_WINDOWS = 2
_WINDOW_S = 60.0  # where there is no quota to name one


class Send(NamedTuple):
    """One request of ours.

    `ended` is inf while it is on its way, `remaining` what its answer said.
    """

    ticket: int
    at: float
    ended: float = inf
    remaining: int | None = None


class Foreign(NamedTuple):
    """So many requests of others, which count until this instant."""

    until: float
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the decision needs to know.

    Attributes:
        quota: ours, as the user states it; None for none.
        guard_s: how much longer than a window a send of ours is counted.
        blind: nothing is known, so one request goes alone as a probe.
        blind_since: the answer to a request with this ticket or a later one ends that.
        sends: ours, oldest first: those of the last window, and of a window before the oldest that is on its way.
        next_ticket: the name that the next send will have.
        stated_limit: the API's, from its last answer that had one.
        credit: how many more sends the API has certainly allowed.
        foreign: requests of others, the first to leave the window first.
        reset_at: when the API gives something back; the latest that any answer named.
        shared_until: until then others are taken to use the quota: rule 2 is off, and rule 1 keeps a reserve.
        hold_until: nothing is sent before it.
        throttles: how many in a row; those that answer sends from before the first of them count once.
    """

    quota: Quota | None
    guard_s: float
    blind: bool
    blind_since: int = 0
    sends: tuple[Send, ...] = ()
    next_ticket: int = 0
    stated_limit: int | None = None
    credit: int = 0
    foreign: tuple[Foreign, ...] = ()
    reset_at: float = -inf
    shared_until: float = -inf
    hold_until: float = -inf
    throttles: int = 0

    @property
    def window_s(self) -> float:
        """The window in seconds; a minute where there is no quota."""
        return self.quota.window_s if self.quota else _WINDOW_S

    @property
    def oldest_in_flight(self) -> Send | None:
        """None where every request has ended."""
        return next((send for send in self.sends if send.ended == inf), None)


def first_pace(quota: Quota | None, now: float, earlier_sends_s_ago: Iterable[float] = ()) -> Pace:
    """Return the state at a run's start.

    Sends of an earlier process, by their ages in seconds, count as our own.
    """
    if quota is None:
        return Pace(quota=None, guard_s=GUARD_S, blind=False)
    guard_s = min(GUARD_S, quota.window_s / 60)
    instants = sorted(now - max(0.0, age) for age in earlier_sends_s_ago if age < quota.window_s + GUARD_MOST_S)
    return Pace(quota=quota, guard_s=guard_s, blind=True, sends=tuple(Send(-1, at, at) for at in instants))


# The decision.


def next_wait_s(pace: Pace, now: float) -> float | None:
    """Return seconds until the next request may go, 0 for now.

    None where an answer must come first.
    """
    if pace.blind and pace.oldest_in_flight:
        return None
    return max(0.0, pace.hold_until - now, _open_at(pace, now) - now)


def _open_at(pace: Pace, now: float) -> float:
    if pace.quota is None:
        return -inf
    if not _api_leads(pace):
        return _room_at(pace, pace.quota)
    if pace.blind:
        return -inf
    return min(_credit_at(pace, pace.quota, now), _room_at(pace, pace.quota), _reset_at(pace))


def _api_leads(pace: Pace) -> bool:
    """Return whether rules 1 and 3 apply: the API's limit is not above the user's."""
    return pace.quota is not None and pace.stated_limit is not None and pace.stated_limit <= pace.quota.limit


def _credit_at(pace: Pace, quota: Quota, now: float) -> float:
    """Return the earliest send by rule 1: now with two credits or more.

    With one, after a bucket's next refill.

    That wait keeps a bucket flowing, and a window loses no request by it. Two credits more are kept in reserve while
    others use the quota.
    """
    reserve = SHARED_RESERVE if now < pace.shared_until else 0
    if pace.credit >= 2 + reserve:
        return -inf
    drop_s = quota.window_s / min(quota.limit, pace.stated_limit or quota.limit)
    return pace.sends[-1].at + max(drop_s, min(LAST_CREDIT_S, quota.window_s / 60)) if pace.credit else inf


def _room_at(pace: Pace, quota: Quota) -> float:
    """Return the earliest send by rule 2, not while others use the quota.

    Our limit bounds our sends, the API's limit those of everybody.
    """
    ours = [(send.at + quota.window_s + pace.guard_s, 1) for send in pace.sends]
    return max(
        _leaves_room_at(ours, quota.limit),
        _leaves_room_at(sorted([*ours, *pace.foreign]), pace.stated_limit or quota.limit),
        pace.shared_until,
    )


def _leaves_room_at(leaving: Sequence[tuple[float, int]], limit: int) -> float:
    """Return when fewer than `limit` requests are left.

    `leaving` says how many leave the window when.
    """
    for until, number in reversed(leaving):
        limit -= number
        if limit <= 0:
            return until
    return -inf


def _reset_at(pace: Pace) -> float:
    """Return the earliest send by rule 3 at a reset, when no request is on its way."""
    is_due = pace.reset_at > pace.sends[-1].at and pace.oldest_in_flight is None
    return pace.reset_at if is_due else inf


def openings_s(pace: Pace, now: float) -> tuple[float, ...]:
    """Return in how many seconds each of the next requests may go, as far as is known now; for forecasts.

    As many as are allowed in a window, so empty without a quota. What others use of it they are taken to go on using.
    """
    if pace.quota is None:
        return ()
    window_s, others = pace.quota.window_s + pace.guard_s, sum(piece.number for piece in pace.foreign)
    limit = effective_limit(pace)
    leaving = [send.at + window_s for send in pace.sends if send.at + window_s > now][-limit:]
    credit = max(0, pace.credit - (SHARED_RESERVE if others else 0)) if _api_leads(pace) and not pace.blind else 0
    by_log = [*[now] * (limit - len(leaving)), *leaving]
    earliest = max(now, pace.hold_until)
    openings = [max(earliest, now if place < credit else at) - now for place, at in enumerate(by_log)]
    return (max(openings[0], next_wait_s(pace, now) or 0.0), *openings[1:])


def effective_limit(pace: Pace) -> int:
    """Return how many requests a window has for us: the smaller limit, without what others use; 0 without a quota."""
    if pace.quota is None:
        return 0
    others = sum(piece.number for piece in pace.foreign)
    return max(1, min(pace.quota.limit, (pace.stated_limit or pace.quota.limit) - others))


# What happened.


def sent(pace: Pace, now: float) -> Pace:
    """Return the state after a request was sent; its ticket is `pace.next_ticket`."""
    return replace(
        pace,
        sends=(*_still_needed(pace, now), Send(pace.next_ticket, now)),
        next_ticket=pace.next_ticket + 1,
        credit=max(0, pace.credit - 1),
    )


def _still_needed(pace: Pace, now: float) -> Iterable[Send]:
    """Return the sends to keep.

    Rule 6 counts back from the send that is answered, however long its upload took.
    """
    if pace.quota is None:
        return (send for send in pace.sends if send.ended == inf)
    oldest = pace.oldest_in_flight
    since = (oldest.at if oldest else now) - pace.quota.window_s - GUARD_MOST_S
    return (send for send in pace.sends if send.at > since)


def answered(pace: Pace, ticket: int, now: float, headers: QuotaHeaders | None, *, throttled: bool = False) -> Pace:
    """Return the state after the request of this ticket ended.

    `headers` are None where no answer came: the send then counts as made, and a probe is repeated.
    """
    mine = next(send for send in pace.sends if send.ticket == ticket)._replace(ended=now)
    if headers is None:
        return _ended(pace, mine)
    pace = replace(pace, stated_limit=headers.limit or pace.stated_limit)
    mine = mine._replace(remaining=_usable_remaining(pace, headers))
    pace = _ended(pace, mine)
    if throttled:
        return _throttled(pace, mine, headers)
    pace = _held(pace, now, headers.retry_after_s)
    if ticket >= pace.blind_since:
        pace = replace(pace, blind=False, throttles=0)
    return pace if pace.blind else _informed(pace, mine, headers)


def _ended(pace: Pace, mine: Send) -> Pace:
    return replace(pace, sends=tuple(mine if send.ticket == mine.ticket else send for send in pace.sends))


def _usable_remaining(pace: Pace, headers: QuotaHeaders) -> int | None:
    """Return Remaining, by rule 7: None without a stated limit, or above it."""
    if pace.quota is None or headers.remaining is None or headers.remaining > (pace.stated_limit or -1):
        return None
    return headers.remaining


def _usable_reset_s(pace: Pace, headers: QuotaHeaders) -> float | None:
    """Return the seconds until the reset; None, by rule 7, if too far away.

    A reset may be over by the time of its answer.
    """
    if headers.reset_in_s is None or abs(headers.reset_in_s) > LONGEST_RESET_WINDOWS * pace.window_s:
        return None
    return max(0.0, headers.reset_in_s) + RESET_ROUNDING_S


def _informed(pace: Pace, mine: Send, headers: QuotaHeaders) -> Pace:
    if (reset_s := _usable_reset_s(pace, headers)) is not None:
        pace = replace(pace, reset_at=max(pace.reset_at, mine.ended + reset_s))
    if mine.remaining is None:
        return pace
    pace = replace(pace, foreign=tuple(piece for piece in pace.foreign if piece.until > mine.ended))
    if (number := _unexplained(pace, mine, mine.remaining)) > 0:
        news = Foreign(mine.ended + pace.window_s + pace.guard_s, number)
        pace = _shared(replace(pace, foreign=(*pace.foreign, news)), mine)
    return replace(pace, credit=_credit(pace, mine, mine.remaining))


def _unexplained(pace: Pace, mine: Send, remaining: int) -> int:
    """Return how many requests others have made that are not counted yet, by rule 6.

    When they made them is unknown, so they count from now.
    """
    own = sum(send.at > mine.at - pace.window_s - pace.guard_s for send in pace.sends)
    return (pace.stated_limit or 0) - remaining - own - sum(piece.number for piece in pace.foreign)


def _shared(pace: Pace, mine: Send) -> Pace:
    """Return the state in which others are taken to use the quota for two windows.

    Meanwhile what the API says is a better guide than our own log.
    """
    is_known = _api_leads(pace) and mine.remaining is not None
    return replace(pace, shared_until=mine.ended + SHARED_WINDOWS * pace.window_s) if is_known else pace


def _credit(pace: Pace, mine: Send, remaining: int) -> int:
    """Return the certain credit by rule 4, with a request still on its way.

    It does not shrink with an answer, unless the API has less left or others use the quota.
    """
    if pace.oldest_in_flight is None:
        return _exact_credit(pace.sends)
    later = [send for send in pace.sends if send.ticket != mine.ticket and send.ended > mine.at]
    certain = max(0, remaining - len(later))
    if not pace.foreign:
        return min(max(pace.credit, certain), remaining)
    is_overtaken = any(send.at > mine.at and send.remaining is not None for send in later)
    return min(pace.credit, certain) if is_overtaken else certain


def _exact_credit(sends: tuple[Send, ...]) -> int:
    """Return the credit by rule 4 when nothing is on its way.

    Of the sends that overlap the last one, the lowest Remaining belongs to the one that the API counted last; each send
    without an answer may have been counted after it.
    """
    overlapping = [send.remaining for send in sends if send.ended >= sends[-1].at]
    words = [remaining for remaining in overlapping if remaining is not None]
    return max(0, min(words) - (len(overlapping) - len(words)))


def _throttled(pace: Pace, mine: Send, headers: QuotaHeaders) -> Pace:
    """Return the state after a throttle, by rule 5.

    Where the API leads, others may be using the quota, so our own log is not relied on for a while.
    """
    if mine.ticket >= pace.blind_since:  # else it answers a send from before a throttle that has counted
        window_s = pace.window_s
        guard_s = min(GUARD_MOST_S, window_s / 12, pace.guard_s + min(GUARD_GROWTH_S, window_s / 60))
        pace = replace(pace, throttles=pace.throttles + 1, guard_s=guard_s, blind_since=pace.next_ticket)
    pace = replace(_shared(pace, mine), blind=True, credit=0, reset_at=-inf)
    backoff_s = BACKOFF_S[: max(1, pace.throttles)][-1]
    reset_s = _usable_reset_s(pace, headers) or 0.0
    asked_s = headers.retry_after_s or (reset_s if reset_s > RESET_ROUNDING_S else backoff_s)
    return _held(pace, mine.ended, max(BACKOFF_S[0], asked_s))


def _held(pace: Pace, now: float, wait_s: float | None) -> Pace:
    """Return the state with a wait that the API asks for.

    A longer one that it asked for before still holds.
    """
    return replace(pace, hold_until=max(pace.hold_until, now + wait_s + pace.guard_s)) if wait_s else pace


# What headers say (docs/design/pacing.md, Headers). They are whole seconds, counted from the answer's own `Date`, so
# the clocks of the two machines need not agree. Whoever reads a delay adds the second that this rounding may hide.

LONGEST_PAUSE_S = 120.0

_EPOCH_FROM = 1e8  # a smaller number is a delay
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_COUNT = re.compile(r"[0-9]{1,9}")


def quota_headers(headers: Mapping[str, str]) -> QuotaHeaders:
    """Return what an answer's headers (names in lower case) say of the quota.

    None for what is missing or absurd.

    A reset may be any time away, before or after the answer: what is plausible depends on the quota's window. A
    `Retry-After` is obeyed up to two minutes.
    """
    answered_at = http_date(headers.get("date", ""))
    retry_after_s = _delay_s(headers.get("retry-after", ""), answered_at)
    return QuotaHeaders(
        limit=_count(headers.get("x-ratelimit-limit", "")) or None,
        remaining=_count(headers.get("x-ratelimit-remaining", "")),
        reset_in_s=_delay_s(headers.get("x-ratelimit-reset", ""), answered_at),
        retry_after_s=None if retry_after_s is None else min(LONGEST_PAUSE_S, max(0.0, retry_after_s)),
    )


def _delay_s(text: str, answered_at: float | None) -> float | None:
    """Return a delay, epoch seconds or an HTTP date as seconds from the answer.

    The latter two need its `Date`.
    """
    number = float(text) if _NUMBER.fullmatch(text := text.strip()) else None
    if number is not None and number < _EPOCH_FROM:
        return number
    instant = number or http_date(text)
    return None if instant is None or answered_at is None else instant - answered_at


def _count(text: str) -> int | None:
    return int(text) if _COUNT.fullmatch(text := text.strip()) else None


def http_date(text: str) -> float | None:
    """Return an HTTP date as epoch seconds; None for anything else."""
    try:
        instant = parsedate_to_datetime(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
