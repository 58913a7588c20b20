"""Gateways for tests: one that reads its outcomes from a script, and an account of the API in memory."""

import asyncio
import math
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bulk_onboard.model.call import Call, FetchRequirements, ListPage, Operation, RecordPage, Write
from bulk_onboard.model.outcome import Done, Outcome
from bulk_onboard.model.requirements import Contract, Requirements, RequirementsAnswer
from tests.support.clocks import FakeClock
from tests.support.holdings import Holdings
from tests.support.weather import LOST, MATCHING, WEATHER, Weather


class ScriptedGateway:
    """Answers its calls with these outcomes, one after the other, and fails when there are none left.

    Attributes:
        calls: what arrived, in order.
        on_send: is shown each call as it arrives.
    """

    def __init__(self, *outcomes: Outcome[Any], on_send: Callable[[Call[Any]], None] = lambda call: None) -> None:
        self.calls: list[Call[Any]] = []
        self._outcomes = deque(outcomes)
        self._on_send = on_send

    async def send(self, call: Call[Any]) -> Any:
        self.calls.append(call)
        self._on_send(call)
        await asyncio.sleep(0)
        assert self._outcomes, f"no outcome is left for {call}"
        return self._outcomes.popleft()


class HangingGateway:
    """Never answers; `begun` tells that a call has arrived."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def send(self, call: Call[Any]) -> Any:
        self.begun.set()
        await asyncio.Event().wait()


class KilledError(BaseException):
    """The process died in the middle of a call."""


class FakeAccount(Holdings):
    """The API in memory: it keeps what is created and shows it again, unless the weather is bad.

    Attributes:
        calls: what arrived, in order; `times` when.
        weather: what is to come, by operation: names of `WEATHER`, for a list of `MATCHING` too, and a get may show its
            record `renamed` or `without its token`; fair when all of it is used up.
        doors: while they are closed (cleared), calls wait inside.
        most_inside: the most calls that were inside at a time.
        page_size, tells_total, newest_first, matching: the list's ways.
        lag_s: after how long a new record is listed; `reaches_back_s`: for how long it then is.
        finds_the_old: whether a record is found by its alias however old it is.
        late_s: how long after its caller has given up a late call is done.
        slow_s: how long a slow one takes.
    """

    def __init__(self, clock: FakeClock | None = None) -> None:
        super().__init__(clock)
        self.calls: list[Call[Any]] = []
        self.times: list[float] = []
        self.weather: defaultdict[Operation, deque[str]] = defaultdict(deque)
        self.doors = asyncio.Event()
        self.doors.set()
        self.inside = self.most_inside = 0
        self.page_size = 100
        self.tells_total = self.newest_first = True
        self.matching = "exact"
        self.reaches_back_s, self.finds_the_old = math.inf, False
        self.lag_s = self.late_s = self.slow_s = 0.0

    def expect(self, operation: Operation, *weather: str) -> None:
        """Let the next calls of an operation meet this weather."""
        self.weather[operation].extend(weather)

    def made(self, operation: Operation) -> list[Any]:
        """The calls of one operation that arrived, in order."""
        return [call for call in self.calls if call.operation is operation]

    def times_of(self, operation: Operation) -> list[float]:
        """When the calls of one operation arrived."""
        return [at for at, call in zip(self.times, self.calls, strict=True) if call.operation is operation]

    async def send(self, call: Call[Any]) -> Any:
        self.calls.append(call)
        self.times.append(self.clock.monotonic())
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        name = self._next_weather(call.operation)
        weather = WEATHER.get(name, WEATHER["fair"])
        try:
            await asyncio.sleep(0)
            await self.doors.wait()
            if weather.slow:
                await self.clock.sleep(self.slow_s)
        except asyncio.CancelledError:
            if weather.done and isinstance(call, Write):
                self.do(call, self.late_s)
            raise
        finally:
            self.inside -= 1
        self.catch_up()
        outcome = self._outcome(call, weather)
        if isinstance(call, ListPage) and isinstance(outcome, Done):
            return Done(value=self._page(call, name if name in MATCHING else self.matching))
        if name == "without its token" and isinstance(outcome, Done):
            return Done(value=replace(outcome.value, alias=outcome.value.alias[:-1]))
        if name == "renamed" and isinstance(outcome, Done):
            return Done(value=replace(outcome.value, alias=f"Renamed {outcome.value.alias}"))
        return outcome

    def _next_weather(self, operation: Operation) -> str:
        coming = self.weather[operation]
        return coming.popleft() if coming else "fair"

    def _outcome(self, call: Call[Any], weather: Weather) -> Outcome[Any]:
        outcome = self._done(call, self.late_s if weather.late else 0.0) if weather.done else LOST
        if weather.killed:
            raise KilledError
        return weather.told or outcome

    def _done(self, call: Call[Any], late_s: float) -> Outcome[Any]:
        match call:
            case FetchRequirements():
                outcome: Outcome[Any] = Done(
                    value=RequirementsAnswer(Contract.BETA, (), (Requirements(call.combination, (), ()),))
                )
            case ListPage():
                outcome = Done(value=None)
            case _:
                outcome = self.do(call, late_s)
        return replace(outcome, api_id=f"api-{len(self.calls)}") if isinstance(outcome, Done) else outcome

    def _page(self, call: ListPage, matching: str) -> RecordPage:
        alias, start = call.query.get("alias", ""), int(call.query.get("offset", 0))
        oldest_age_s = math.inf if alias and self.finds_the_old else self.reaches_back_s
        ages = {one: self.clock.monotonic() - made_at for one, made_at in self.made_at.items() if one in self.records}
        listed = [one for one, age_s in ages.items() if self.lag_s <= age_s <= oldest_age_s]
        listed.sort(key=lambda one: self.made_at[one], reverse=self.newest_first)
        everything = [self.shown(one, expanded=False, listed=True) for one in listed]
        shown = [r for r in everything if MATCHING[matching](alias, r.alias) or (not alias and matching != "blind")]
        end = start + min(self.page_size, int(call.query["limit"]))
        more = {"alias": alias, "offset": str(end)} if end < len(shown) else None
        total = len(shown) if self.tells_total else None
        return RecordPage(records=tuple(shown[start:end]), total=total, next_query=more)
