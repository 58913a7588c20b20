"""Make calls wait for the quota: a shell around `quota`, and a gateway.

The first in line, by priority and then by arrival, sleeps until `quota` allows a request. Each answer wakes it to ask
again, and each call that leaves the line wakes the next. A token bucket smooths bursts, so that a fresh window does not
open all its uploads at once and the account's ceiling of 300 requests in 5 s holds (docs/design/pacing.md, Smoothing).
Then the first in line, and nobody else of its account, waits for a place in the gate that all accounts share. After
either wait `quota` is asked once more, just before the send; where it says wait by then, the place is given back.

Each send has a ticket, which comes back with its answer: what an answer says of the quota depends on what was sent
after its request.
"""

import asyncio
import bisect
import itertools
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar

from aiolimiter import AsyncLimiter

from bulk_onboard import log
from bulk_onboard.api import quota as rules
from bulk_onboard.api.gate import Gate, Turn, open_gate
from bulk_onboard.clock import Clock
from bulk_onboard.errors import StoppedError
from bulk_onboard.model.call import Call, Create, Gateway, Operation, Priority, Update
from bulk_onboard.model.outcome import Denied, Done, Outcome, QuotaHeaders, Refused, Throttled
from bulk_onboard.units import Quota

T = TypeVar("T")
Place: TypeAlias = tuple[Priority, int]  # in the line of those who wait

_NEWEST = 0.1  # the share of the newest call in how long calls take
SMOOTHEST_PER_S, QUICKEST_PER_S = 20.0, 50.0  # 5 s of the quickest and its burst are 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a pacer knows of the time ahead, for forecasts.

    Attributes:
        quota: what may be used of it, and its window with the guard; None for none.
        openings_s: in how many seconds each of the next requests may go, as many as the quota has.
        next_s: in how many seconds the next call goes that waits; 0 where none waits, None where an answer comes first.
        each_s: seconds from one request to the next at best.
        call_s: how long a call takes; 0 before any was answered.
    """

    quota: Quota | None
    openings_s: tuple[float, ...]
    next_s: float | None
    each_s: float
    call_s: float


class Pacer:
    """One budget of requests, and the calls that wait for it.

    Belongs to one event loop.

    Args:
        quota: None paces nothing.
        gate: what bounds the calls in flight of all accounts; None bounds nothing.
    """

    def __init__(self, quota: Quota | None, *, clock: Clock, gate: Gate | None = None) -> None:
        self._clock = clock
        self._pace = rules.first_pace(quota, clock.monotonic())
        self._smoothing = AsyncLimiter(smooth_rate(quota), 1) if quota else nullcontext()
        self._arrivals = itertools.count()
        self._waiting: list[Place] = []
        self._resting: dict[Place, asyncio.Future[None]] = {}
        self._gate = gate or open_gate()
        self._at_gate: Place | None = None  # whoever waits there goes next, also where somebody more urgent came since
        self._in_flight: dict[int, Turn] = {}  # by ticket
        self._closed = False
        self._call_s = 0.0
        self._has_logged_others = False

    def begin_after(self, earlier_sends_s_ago: Iterable[float]) -> None:
        """Count the sends of an earlier process, by their ages in seconds, as our own; nothing was sent here yet."""
        self._pace = rules.first_pace(self._pace.quota, self._clock.monotonic(), earlier_sends_s_ago)

    async def wait_turn(self, priority: Priority, size: int = 0) -> int:
        """Wait until the call may go, and return its ticket.

        `answered` must be called with it when the call ended.

        A cancelled call leaves the line, and the gate.

        Args:
            size: bytes of its documents.

        Raises:
            StoppedError: the pacer is closed, so this call never begins.
        """
        place = (priority, next(self._arrivals))
        bisect.insort(self._waiting, place)
        try:
            turn = await self._first_and_free(place, size)
            ticket = self._pace.next_ticket
            self._pace = rules.sent(self._pace, self._clock.monotonic())
            self._in_flight[ticket] = turn
            return ticket
        finally:
            self._waiting.remove(place)
            self._wake(self._waiting[:1])

    def answered(self, ticket: int, headers: QuotaHeaders | None, *, throttled: bool = False) -> None:
        """Account for a request that ended; `headers` is None where no answer came."""
        self._gate.leave(self._in_flight.pop(ticket))
        now = self._clock.monotonic()
        took_s = now - next(send.at for send in self._pace.sends if send.ticket == ticket)
        self._call_s += (took_s - self._call_s) * (_NEWEST if self._call_s else 1.0)
        self._pace = rules.answered(self._pace, ticket, now, headers, throttled=throttled)
        if self._pace.foreign and not self._has_logged_others:
            self._has_logged_others = True
            log.logger().info("another client is using the quota, or a run just before did")
        self._wake(self._waiting[:1])

    def close(self) -> None:
        """Make all calls that wait or come later raise StoppedError.

        Requests on their way are not touched.

        For a graceful stop, which need not wait for the quota first.
        """
        self._closed = True
        self._wake(self._waiting)

    @property
    def outlook(self) -> Outlook:
        """What is known of the time ahead."""
        pace, now = self._pace, self._clock.monotonic()
        quota = pace.quota and Quota(rules.effective_limit(pace), pace.quota.window_s + pace.guard_s)
        return Outlook(
            quota=quota,
            openings_s=rules.openings_s(pace, now),
            next_s=self._wait_s() if self._waiting else 0.0,
            each_s=1 / smooth_rate(pace.quota) if pace.quota else 0.0,
            call_s=self._call_s,
        )

    async def _first_and_free(self, place: Place, size: int) -> Turn:
        """Wait until the call is the first, the quota allows it, and it has a place in the gate."""
        smoothed = False
        while True:
            while (wait_s := self._wait_of(place)) != 0:
                await self._rest(place, wait_s)
            if smoothed:
                if turn := await self._through_gate(place, size):
                    return turn
            else:
                async with self._smoothing:
                    smoothed = True

    async def _through_gate(self, place: Place, size: int) -> Turn | None:
        """Wait for a place in the gate.

        Return None where the quota says wait by then; the place is given back.
        """
        turn, goes = self._gate.join(size, partial(self._wake, (place,))), False
        self._at_gate = place
        try:
            while not (turn.is_in or self._closed):
                await self._rest(place, None)
            goes = self._wait_of(place) == 0
        finally:
            self._at_gate = None
            if not goes:
                self._gate.leave(turn)
                self._wake(self._waiting[:1])
        return turn if goes else None

    def _wait_of(self, place: Place) -> float | None:
        """Return how many seconds the call at this place waits; None until it is woken."""
        if self._closed:
            raise StoppedError("stopped before this call began; run again to continue")
        return self._wait_s() if (self._at_gate or self._waiting[0]) == place else None

    def _wait_s(self) -> float | None:
        return rules.next_wait_s(self._pace, self._clock.monotonic())

    async def _rest(self, place: Place, seconds: float | None) -> None:
        """Sleep until woken, at most so many seconds; None for as long as it takes."""
        woken = self._resting[place] = asyncio.get_running_loop().create_future()
        nap = set() if seconds is None else {asyncio.ensure_future(self._clock.sleep(seconds))}
        try:
            await asyncio.wait({woken, *nap}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._resting[place]
            for sleeper in nap:
                sleeper.cancel()

    def _wake(self, places: Iterable[Place]) -> None:
        for place in places:
            if (woken := self._resting.get(place)) and not woken.done():
                woken.set_result(None)


def smooth_rate(quota: Quota) -> float:
    """Return the smoothed sends a second: 4·L/w, from 20 to the account's ceiling."""
    return min(QUICKEST_PER_S, max(SMOOTHEST_PER_S, 4 * quota.limit / quota.window_s))


class Paced:
    """A gateway whose calls wait their turn.

    Requirements have a quota of their own, all else shares one.
    """

    def __init__(self, inner: Gateway, *, compliance: Pacer, requirements: Pacer) -> None:
        self._inner = inner
        self._compliance = compliance
        self._requirements = requirements

    async def send(self, call: Call[T]) -> Outcome[T]:
        pacer = self._requirements if call.operation is Operation.REQUIREMENTS else self._compliance
        ticket = await pacer.wait_turn(call.priority, _size_of(call))
        headers, throttled = None, False
        try:
            outcome = await self._inner.send(call)
            headers, throttled = _quota_of(outcome), isinstance(outcome, Throttled)
        finally:
            pacer.answered(ticket, headers, throttled=throttled)
        return outcome

    def close(self) -> None:
        """Let no further call begin: those that wait raise StoppedError at once."""
        for pacer in self._pacers:
            pacer.close()

    @property
    def outlook(self) -> Outlook:
        """What is known of the time ahead, by the budget that all but the requirements share."""
        return self._compliance.outlook

    @property
    def _pacers(self) -> tuple[Pacer, Pacer]:
        return self._compliance, self._requirements


def _size_of(call: Call[T]) -> int:
    """Return the bytes of documents that a call sends."""
    return call.application.size if isinstance(call, (Create, Update)) else 0


def _quota_of(outcome: Outcome[T]) -> QuotaHeaders | None:
    """Return what the answer said of the quota; None where no answer came."""
    was_answered = isinstance(outcome, Done | Refused | Throttled | Denied)
    return outcome.quota or (QuotaHeaders() if was_answered else None)
