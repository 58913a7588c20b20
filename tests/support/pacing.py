"""A run against an API with a quota, simulated: discrete events on a clock of its own, so an hour takes a moment.

A run has so many requests and sends some at a time, as its client lets it. Each takes a while to arrive and be counted
by one of the sandbox's windows, and a while longer to be answered, with headers in whole seconds as the API sends them.
"""

import heapq
import itertools
import math
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Protocol

from bulk_onboard.api import quota as rules
from bulk_onboard.api.pacer import smooth_rate
from bulk_onboard.api.quota import quota_headers
from bulk_onboard.model.outcome import QuotaHeaders
from bulk_onboard.sandbox.quota import WINDOWS, Grant
from bulk_onboard.units import Quota

SIXTY = Quota(60, 60.0)
MIDNIGHT = 1_768_435_200.0  # a whole minute, and a whole day
JUST_BEFORE_S = 0.5
_WAY_BACK_S = 0.02
_A_MOMENT_S = 1e-6

Headers = Mapping[str, str]
Range = tuple[float, float]


class Client(Protocol):
    """What makes requests wait."""

    def next_wait_s(self, now: float) -> float | None: ...
    def sent(self, now: float) -> int: ...
    def answered(self, ticket: int, now: float, stated: QuotaHeaders | None, *, throttled: bool) -> None: ...
    def pause_s(self, stated: QuotaHeaders) -> float:
        """How long a throttled request itself waits before it stands in line again."""
        ...


class LeakyBucket:
    """`AsyncLimiter(limit, window_s)`, exactly: what is let in leaks out steadily, and no more than the limit fits."""

    def __init__(self, limit: float, window_s: float) -> None:
        self._limit, self._leak_per_s = limit, limit / window_s
        self._level = self._at = 0.0

    def next_wait_s(self, now: float) -> float:
        excess = self._level_at(now) + 1 - self._limit
        return 0.0 if excess <= 1e-9 else excess / self._leak_per_s

    def sent(self, now: float) -> int:
        self._level, self._at = self._level_at(now) + 1, now
        return 0

    def answered(self, ticket: int, now: float, stated: QuotaHeaders | None, *, throttled: bool) -> None:
        """It does not listen."""

    def pause_s(self, stated: QuotaHeaders) -> float:
        return stated.retry_after_s or 1.0

    def _level_at(self, now: float) -> float:
        return max(0.0, self._level - (now - self._at) * self._leak_per_s)


class NothingBeneath:
    """No smoothing."""

    def next_wait_s(self, now: float) -> float:
        return 0.0

    def sent(self, now: float) -> int:
        return 0


class Led:
    """Our pacer without its loop: the decision, and the bucket beneath it."""

    def __init__(self, quota: Quota | None = SIXTY, *, now: float = 0.0, ages: Iterable[float] = ()) -> None:
        self.pace = rules.first_pace(quota, now, ages)
        self.noticed_others = False
        self._smoothing = LeakyBucket(smooth_rate(quota), 1.0) if quota else NothingBeneath()

    def next_wait_s(self, now: float) -> float | None:
        wait_s = rules.next_wait_s(self.pace, now)
        return self._smoothing.next_wait_s(now) if wait_s == 0 else wait_s

    def sent(self, now: float) -> int:
        ticket = self.pace.next_ticket
        self._smoothing.sent(now)
        self.pace = rules.sent(self.pace, now)
        return ticket

    def answered(self, ticket: int, now: float, stated: QuotaHeaders | None, *, throttled: bool) -> None:
        self.pace = rules.answered(self.pace, ticket, now, stated, throttled=throttled)
        self.noticed_others |= bool(self.pace.foreign)

    def pause_s(self, stated: QuotaHeaders) -> float:
        return 0.0


@dataclass
class Server:
    """The API: a window, what others spend of it, and how its headers look.

    Attributes:
        phase_s: where in a minute of its clock the simulation begins.
        dirty: requests that others made just before.
        second_per_min: how many others go on making, at random instants.
        spoil: what becomes of the headers on their way.
        granted: when it counted a request, whoever's, by the simulation's clock.
        throttled: how many of the run's requests it turned away.
    """

    kind: str
    quota: Quota = SIXTY
    phase_s: float = 0.0
    dirty: int = 0
    second_per_min: float = 0.0
    spoil: Callable[[Headers], Headers] = dict
    granted: list[float] = field(default_factory=list)
    throttled: int = 0

    def __post_init__(self) -> None:
        self._window = WINDOWS[self.kind](self.quota)
        for _ in range(self.dirty):
            self.grant(-JUST_BEFORE_S)

    def grant(self, now: float) -> Grant:
        grant = self._window.grant(MIDNIGHT + self.phase_s + now)
        if grant.granted:
            self.granted.append(now)
        return grant

    def stated(self, grant: Grant, now: float) -> QuotaHeaders:
        date = datetime.fromtimestamp(math.floor(MIDNIGHT + self.phase_s + now), UTC)
        headers = {name.lower(): value for name, value in grant.headers().items()}
        return quota_headers(self.spoil({"date": format_datetime(date, usegmt=True), **headers}))

    def fullest(self) -> float:
        """How full its fullest window was, by its own kind's measure; above 1 it would have let too much pass."""
        instants, limit, window_s = self.granted, self.quota.limit, self.quota.window_s
        if self.kind == "fixed":
            numbers = [math.floor((MIDNIGHT + self.phase_s + at) / window_s) for at in instants]
            return max(numbers.count(number) for number in set(numbers)) / limit
        if self.kind == "sliding":
            return fullest(instants, window_s) / limit
        owed = most = 0.0
        for at, before in zip(instants, [instants[0], *instants], strict=False):
            owed = max(0.0, owed - (at - before) * limit / window_s) + 1
            most = max(most, owed)
        return (most - _A_MOMENT_S) / limit


def fullest(instants: Iterable[float], window_s: float) -> int:
    """The most instants that lie in any one window."""
    ordered, first, most = sorted(instants), 0, 0
    for last, at in enumerate(ordered):
        while ordered[first] <= at - window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


class Simulation:
    """A client and a server, and the time between them.

    Attributes:
        now: seconds since it began.
        sends: when the run's requests went.
        done: how many of them were granted and answered.
        finished_at: when the last of them was counted.
    """

    def __init__(
        self,
        server: Server,
        *,
        seed: int = 0,
        concurrency: int = 16,
        arrival_s: Range = (0.01, 0.2),
        answer_s: Range = (0.2, 2.0),
        lost: float = 0.0,
    ) -> None:
        """`lost` is the share of requests whose answer never comes, which is noticed after half a minute."""
        self.server = server
        self.now = self.finished_at = 0.0
        self.sends: list[float] = []
        self.done = 0
        self._dice = random.Random(seed)
        self._concurrency, self._arrival_s, self._answer_s, self._lost = concurrency, arrival_s, answer_s, lost
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        if server.second_per_min:
            self._at(self._dice.expovariate(server.second_per_min / 60), self._second_client)

    def run(self, client: Client, count: int, *, until: float = math.inf) -> None:
        """Send so many requests, or be killed at that instant: what is in flight then arrives all the same."""
        self._due, self._busy, self._client = count, 0, client
        while (self._due or self._busy) and self.now < until:
            wait_s = self._send_what_may_go()
            next_at = min(self.now + wait_s + _A_MOMENT_S, until)
            assert self._events or next_at < math.inf, "everybody waits for ever"
            if self._events and self._events[0][0] <= next_at:
                self.now, _, happen = heapq.heappop(self._events)
                happen()
            else:
                self.now = next_at

    def _send_what_may_go(self) -> float:
        """Until the client makes it wait, and how long."""
        while self._due and self._busy < self._concurrency:
            wait_s = self._client.next_wait_s(self.now)
            if wait_s != 0:
                return math.inf if wait_s is None else wait_s
            ticket, client = self._client.sent(self.now), self._client
            self._due, self._busy = self._due - 1, self._busy + 1
            self.sends.append(self.now)
            self._at(self._dice.uniform(*self._arrival_s), lambda t=ticket, c=client: self._arrive(t, c))
        return math.inf

    def _at(self, seconds: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), happen))

    def _arrive(self, ticket: int, client: Client) -> None:
        grant = self.server.grant(self.now)
        if self._dice.random() < self._lost:
            self._at(30.0, lambda: self._answer(ticket, client, grant, None))
            return
        took_s = self._dice.uniform(*self._answer_s) if grant.granted else 0.05
        stated = self.server.stated(grant, self.now + took_s - _WAY_BACK_S)
        if grant.granted:
            self.finished_at = self.now
        self._at(took_s, lambda: self._answer(ticket, client, grant, stated))

    def _answer(self, ticket: int, client: Client, grant: Grant, stated: QuotaHeaders | None) -> None:
        self.server.throttled += not grant.granted
        if client is not self._client:  # a killed process hears nothing
            return
        client.answered(ticket, self.now, stated, throttled=stated is not None and not grant.granted)
        if grant.granted:
            self.done, self._busy = self.done + 1, self._busy - 1
        else:
            self._at(client.pause_s(stated or QuotaHeaders()), self._again)

    def _again(self) -> None:
        self._due, self._busy = self._due + 1, self._busy - 1

    def _second_client(self) -> None:
        self.server.grant(self.now)
        self._at(self._dice.expovariate(self.server.second_per_min / 60), self._second_client)


def least_s(server: Server, count: int) -> float:
    """The least time for so many requests: what a client needs that sees the fresh server's window and has no way."""
    now = 0.0
    for _ in range(count):
        while not (grant := server.grant(now)).granted:
            now += grant.retry_after_s + _A_MOMENT_S
    return now
