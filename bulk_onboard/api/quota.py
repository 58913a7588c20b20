"""When the next request may go: a pure function of a frozen state.

See docs/design/pacing.md, Rules.

Nobody knows which window the API keeps, a fixed one, a sliding one or a bucket. The rules, by their numbers there,
are right under each, and take from its headers what it has left:

    1  the API said so: with a credit of two or more, send; with the last one, when a little time has passed
    2  our own log says so: fewer than L sends, ours and others', within the last w + guard
    3  nothing known: one probe, alone; its answer anchors the rest. So at a run's start, after a throttle, at a reset
    4  credit is what an answer leaves *certain*: Remaining less each send that may have been counted after it
    5  throttled: all wait for what the API asks, else for its reset, else 1, 2, 4 … 30 s, and the guard grows
    6  Remaining lower than our own count explains: others spend, and what they spent counts for a window
    7  headers that are missing or absurd say nothing, and rule 2 stands alone

Whichever of 1, 2 and 3 opens first lets the request go. The API leads, by 1 and 3, only where the limit that it states
is not above ours; else rule 2 does, with our limit for our sends and with the API's for everybody's. Without a quota
rules 1, 2, 4 and 6 are off and nothing is probed at the start: only 429 and Retry-After are obeyed.

`next_wait_s` decides; `sent` and `answered` keep the state. Instants are monotonic seconds.

What an answer's headers say of the quota; what is missing or absurd is None.

See docs/design/pacing.md, Headers.

The headers are whole seconds, counted from the answer's own `Date`: the clocks of the two machines need not agree.
Who reads a delay adds the second that this rounding may hide.

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
LAST_CREDIT_S = 1.0  # a short window's guard and this one are a sixtieth of it
SHARED_WINDOWS, SHARED_RESERVE = 2, 2  # how long others who spent are reckoned with, and by how many credits
LONGEST_RESET_WINDOWS = 2
_WINDOW_S = 60.0  # where there is no quota to name one


class Send(NamedTuple):
    """One request of ours; `ended` is inf while it is on its way, `remaining` what its answer said."""

    ticket: int
    at: float
    ended: float = inf
    remaining: int | None = None


class Foreign(NamedTuple):
    """So many requests of others, which fill the window until then."""

    until: float
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the decision needs to know.

    Attributes:
        quota: ours, as the user states it; None for none.
        guard_s: how much longer than a window a send of ours is counted.
        blind: nothing is known, so a request goes alone; an answer to one from `blind_since` on lifts this.
        sends: ours, oldest first: those of the last window, and of a window before the oldest that is on its way.
        next_ticket: the name that the next send will have.
        stated_limit: the API's, from its last answer that had one.
        credit: how many more sends the API has certainly allowed.
        foreign: what others spent, the first to leave the window first.
        reset_at: when the API gives something back; the latest that any answer named.
        shared_until: others spend, so our log proves nothing, and the end of the credit is not spent in a burst.
        hold_until: nobody sends before it.
        throttles: in a row; those that answer sends from before the first of them count once.
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
    """The state at a run's start; the sends of an earlier process count as our own (their ages, in seconds)."""
    if quota is None:
        return Pace(quota=None, guard_s=GUARD_S, blind=False)
    guard_s = min(GUARD_S, quota.window_s / 60)
    instants = sorted(now - max(0.0, age) for age in earlier_sends_s_ago if age < quota.window_s + GUARD_MOST_S)
    return Pace(quota=quota, guard_s=guard_s, blind=True, sends=tuple(Send(-1, at, at) for at in instants))


# The decision.


def next_wait_s(pace: Pace, now: float) -> float | None:
    """Seconds until the next request may go, 0 for now; None where an answer must come first."""
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
    """Whether what the API has left is ours to spend: not where the user states less, or the API nothing."""
    return pace.quota is not None and pace.stated_limit is not None and pace.stated_limit <= pace.quota.limit


def _credit_at(pace: Pace, quota: Quota, now: float) -> float:
    """Rule 1. The last credit waits for a bucket's next drop: so the bucket trickles on, and windows lose nothing."""
    reserve = SHARED_RESERVE if now < pace.shared_until else 0
    if pace.credit >= 2 + reserve:
        return -inf
    drop_s = quota.window_s / min(quota.limit, pace.stated_limit or quota.limit)
    return pace.sends[-1].at + max(drop_s, min(LAST_CREDIT_S, quota.window_s / 60)) if pace.credit else inf


def _room_at(pace: Pace, quota: Quota) -> float:
    """Rule 2, with our limit for our sends and the API's for everybody's; never while others outrun our log."""
    ours = [(send.at + quota.window_s + pace.guard_s, 1) for send in pace.sends]
    return max(
        _leaves_room_at(ours, quota.limit),
        _leaves_room_at(sorted([*ours, *pace.foreign]), pace.stated_limit or quota.limit),
        pace.shared_until,
    )


def _leaves_room_at(leaving: Sequence[tuple[float, int]], limit: int) -> float:
    """When fewer than the limit are left of those that leave the window, so many at each instant."""
    for until, number in reversed(leaving):
        limit -= number
        if limit <= 0:
            return until
    return -inf


def _reset_at(pace: Pace) -> float:
    """Rule 3, at a reset: one send after it, when nothing is on its way; its answer says what the reset gave back."""
    is_due = pace.reset_at > pace.sends[-1].at and pace.oldest_in_flight is None
    return pace.reset_at if is_due else inf


# What happened.


def sent(pace: Pace, now: float) -> Pace:
    """The state after a request went; its ticket is the `next_ticket` of the state before."""
    return replace(
        pace,
        sends=(*_still_needed(pace, now), Send(pace.next_ticket, now)),
        next_ticket=pace.next_ticket + 1,
        credit=max(0, pace.credit - 1),
    )


def _still_needed(pace: Pace, now: float) -> Iterable[Send]:
    """Rule 6 counts back from the send that is answered, however long its upload took."""
    if pace.quota is None:
        return (send for send in pace.sends if send.ended == inf)
    oldest = pace.oldest_in_flight
    since = (oldest.at if oldest else now) - pace.quota.window_s - GUARD_MOST_S
    return (send for send in pace.sends if send.at > since)


def answered(pace: Pace, ticket: int, now: float, headers: QuotaHeaders | None, *, throttled: bool = False) -> Pace:
    """The state after a request ended; `headers` is what its answer said of the quota.

    None where no answer came: the send counts as spent, and a probe is made again.
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
    """Rule 7: a number that no limit stands beside, or that lies above it, says nothing."""
    if pace.quota is None or headers.remaining is None or headers.remaining > (pace.stated_limit or -1):
        return None
    return headers.remaining


def _usable_reset_s(pace: Pace, headers: QuotaHeaders) -> float | None:
    """Rule 7: a reset may be over by the time of its answer; what lies further away than a window can be is none."""
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
    """Rule 6: how many requests that others made are news. When they made them is unknown; they count from now."""
    own = sum(send.at > mine.at - pace.window_s - pace.guard_s for send in pace.sends)
    return (pace.stated_limit or 0) - remaining - own - sum(piece.number for piece in pace.foreign)


def _shared(pace: Pace, mine: Send) -> Pace:
    """Who has spent once goes on, maybe: what the API says is then a better guess than our own log."""
    is_known = _api_leads(pace) and mine.remaining is not None
    return replace(pace, shared_until=mine.ended + SHARED_WINDOWS * pace.window_s) if is_known else pace


def _credit(pace: Pace, mine: Send, remaining: int) -> int:
    """Rule 4. What was certain stays so, unless the API has less left or others spend; then the latest word counts."""
    if pace.oldest_in_flight is None:
        return _exact_credit(pace.sends)
    later = [send for send in pace.sends if send.ticket != mine.ticket and send.ended > mine.at]
    certain = max(0, remaining - len(later))
    if not pace.foreign:
        return min(max(pace.credit, certain), remaining)
    is_overtaken = any(send.at > mine.at and send.remaining is not None for send in later)
    return min(pace.credit, certain) if is_overtaken else certain


def _exact_credit(sends: tuple[Send, ...]) -> int:
    """Rule 4, nothing on its way: of the sends that overlap the last one, the one counted last has the lowest word."""
    overlapping = [send.remaining for send in sends if send.ended >= sends[-1].at]
    words = [remaining for remaining in overlapping if remaining is not None]
    return max(0, min(words) - (len(overlapping) - len(words)))


def _throttled(pace: Pace, mine: Send, headers: QuotaHeaders) -> Pace:
    """Rule 5. Others may have been quicker than the headers, which are believed alone for a while."""
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
    """A wait that the API asks for; a longer one that was asked for before still holds."""
    return replace(pace, hold_until=max(pace.hold_until, now + wait_s + pace.guard_s)) if wait_s else pace


LONGEST_PAUSE_S = 120.0

_EPOCH_FROM = 1e8  # a smaller number is a delay (docs/design/pacing.md, Headers)
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_COUNT = re.compile(r"[0-9]{1,9}")


def quota_headers(headers: Mapping[str, str]) -> QuotaHeaders:
    """What an answer's headers (names in lower case) say of the quota.

    How far away a reset may be, before or after its answer, only the quota's window can tell; a `Retry-After` is an
    order, and is obeyed up to two minutes.
    """
    answered_at = _http_date(headers.get("date", ""))
    retry_after_s = _delay_s(headers.get("retry-after", ""), answered_at)
    return QuotaHeaders(
        limit=_count(headers.get("x-ratelimit-limit", "")) or None,
        remaining=_count(headers.get("x-ratelimit-remaining", "")),
        reset_in_s=_delay_s(headers.get("x-ratelimit-reset", ""), answered_at),
        retry_after_s=None if retry_after_s is None else min(LONGEST_PAUSE_S, max(0.0, retry_after_s)),
    )


def _delay_s(text: str, answered_at: float | None) -> float | None:
    """Seconds from the answer, of a delay, epoch seconds or an HTTP date; the latter two need a `Date`."""
    number = float(text) if _NUMBER.fullmatch(text := text.strip()) else None
    if number is not None and number < _EPOCH_FROM:
        return number
    instant = number or _http_date(text)
    return None if instant is None or answered_at is None else instant - answered_at


def _count(text: str) -> int | None:
    return int(text) if _COUNT.fullmatch(text := text.strip()) else None


def _http_date(text: str) -> float | None:
    """Epoch seconds of an HTTP date."""
    try:
        instant = parsedate_to_datetime(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
