"""Gateways for tests: one that reads its outcomes from a script, and an account of the API in memory."""

import asyncio
import itertools
import math
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bulk_onboard.model.call import (
    Call,
    Create,
    Delete,
    FetchRequirements,
    Get,
    GetNumber,
    Link,
    ListPage,
    NumberRecord,
    Operation,
    Page,
    ServerRecord,
    Update,
)
from bulk_onboard.model.outcome import Denied, Done, Halt, Outcome, Refused, Throttled, Unavailable, Unresolved
from bulk_onboard.model.requirements import Requirements
from bulk_onboard.model.sheet import BUSINESS_NAME, REGISTRATION_NUMBER
from tests.support.clocks import STARTED, FakeClock


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


@dataclass(frozen=True)
class Weather:
    """What a call meets.

    Attributes:
        done: whether it is done at the API; `late`: only some time after the caller has given up.
        slow: the caller waits for some time.
        told: what the caller is told instead of the answer.
        killed: the process dies instead of being told anything.
    """

    done: bool = True
    late: bool = False
    slow: bool = False
    told: Outcome[Any] | None = None
    killed: bool = False


LOST = Unresolved(seen="the answer was lost")
NOT_APPLIED: Mapping[str, Outcome[Any]] = {
    "unavailable": Unavailable(why="ClientConnectorError"),
    "throttled": Throttled(),
    "unresolved": Unresolved(seen="ServerDisconnectedError"),
    "denied": Denied(http_status=401, halt=Halt.CREDENTIALS),
    "refused": Refused(code="invalid", http_status=422),
    "contested": Refused(code="conflict", http_status=409, contested=True),
}
"""Weather in which a call changes nothing at the API, and what it then leads to."""

WEATHER: Mapping[str, Weather] = {
    "fair": Weather(),
    "slow": Weather(slow=True),
    "unheard": Weather(told=LOST),
    "late": Weather(late=True, told=LOST),
    "hung": Weather(slow=True, late=True, told=LOST),
    "hung in vain": Weather(done=False, slow=True, told=LOST),
    "killed": Weather(done=False, killed=True),
    "killed after": Weather(killed=True),
    "killed before": Weather(late=True, killed=True),
    **{name: Weather(done=False, told=outcome) for name, outcome in NOT_APPLIED.items()},
}
MATCHING: Mapping[str, Callable[[str, str], bool]] = {
    "exact": lambda asked, alias: asked == alias,
    "substring": lambda asked, alias: asked in alias,
    "folded": lambda asked, alias: asked.casefold() == alias.casefold(),
    "deaf": lambda asked, alias: True,
    "blind": lambda asked, alias: False,
}
"""Which records a list shows of those there are, by the alias that was asked for; `deaf` ones ignore it."""


class FakeAccount:
    """The API in memory: it keeps what is created and shows it again, unless the weather is bad.

    Attributes:
        calls: what arrived, in order; `times` when.
        records: what is kept or will be, by compliance id; `made_at` from when on.
        reviews, revisions: of records, by compliance id; `numbers`: the record that a number is linked to.
        weather: what is to come, by operation: names of `WEATHER`, for a list of `MATCHING` too, and a get may show its
            record `renamed`; fair when all of it is used up.
        doors: while they are closed (cleared), calls wait inside.
        most_inside: the most calls that were inside at a time.
        page_size, tells_total, newest_first, matching: the list's ways.
        lag_s: after how long a new record is listed; `reaches_back_s`: for how long it then is.
        finds_the_old: whether a record is found by its alias however old it is.
        late_s: how long after its caller has given up a late call is done.
        slow_s: how long a slow one takes.
    """

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.calls: list[Call[Any]] = []
        self.times: list[float] = []
        self.records: dict[str, Create] = {}
        self.made_at: dict[str, float] = {}
        self.reviews: defaultdict[str, str] = defaultdict(lambda: "pending")
        self.revisions: defaultdict[str, int] = defaultdict(int)
        self.numbers: dict[str, str] = {}
        self.weather: defaultdict[Operation, deque[str]] = defaultdict(deque)
        self.doors = asyncio.Event()
        self.doors.set()
        self.inside = self.most_inside = 0
        self.page_size = 100
        self.tells_total = self.newest_first = True
        self.matching = "exact"
        self.reaches_back_s, self.finds_the_old = math.inf, False
        self.lag_s = self.late_s = self.slow_s = 0.0
        self._numbers = itertools.count(1)

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
            if weather.done and isinstance(call, Create):
                self._keep(call, self.late_s)
            raise
        finally:
            self.inside -= 1
        outcome = self._outcome(call, weather)
        if isinstance(call, ListPage) and isinstance(outcome, Done):
            return Done(value=self._page(call, name if name in MATCHING else self.matching))
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
        value: Any = None
        match call:
            case Create():
                value = self._keep(call, late_s)
            case Get() | Update() | Delete() if not self._exists(call.compliance_id):
                return Refused(code="not_found", http_status=404)
            case Get():
                value = self._shown(call.compliance_id, expanded=bool(call.expand))
            case FetchRequirements():
                value = (Requirements(call.combination, (), ()),)
            case GetNumber():
                value = NumberRecord(number=call.number, compliance_id=self.numbers.get(call.number, ""))
            case Delete():
                value = call.compliance_id
                del self.records[value]
            case Update():
                value = call.compliance_id
                self.revisions[value] += 1
                self.reviews[value] = "pending"
            case Link():
                value = self.numbers[call.number] = call.compliance_id
        return Done(value=value, api_id=f"api-{len(self.calls)}")

    def _keep(self, call: Create, late_s: float) -> str:
        compliance_id = f"{next(self._numbers):08d}-0000-4000-8000-000000000000"
        self.records[compliance_id] = call
        self.made_at[compliance_id] = self.clock.monotonic() + late_s
        return compliance_id

    def _exists(self, compliance_id: str) -> bool:
        return compliance_id in self.records and self.made_at[compliance_id] <= self.clock.monotonic()

    def _page(self, call: ListPage, matching: str) -> Page:
        alias, start = call.alias, 0
        if call.query is not None:
            alias, start = call.query["alias"], int(call.query["offset"])
        oldest_age_s = math.inf if alias and self.finds_the_old else self.reaches_back_s
        ages = {one: self.clock.monotonic() - made_at for one, made_at in self.made_at.items() if one in self.records}
        listed = [one for one, age_s in ages.items() if self.lag_s <= age_s <= oldest_age_s]
        listed.sort(key=lambda one: self.made_at[one], reverse=self.newest_first)
        everything = [self._shown(one, expanded=False) for one in listed]
        shown = [r for r in everything if MATCHING[matching](alias, r.alias) or (not alias and matching != "blind")]
        end = start + self.page_size
        more = {"alias": alias, "offset": str(end)} if end < len(shown) else None
        total = len(shown) if self.tells_total else None
        return Page(records=tuple(shown[start:end]), total=total, next_query=more)

    def _shown(self, compliance_id: str, *, expanded: bool) -> ServerRecord:
        create = self.records[compliance_id]
        fields = create.application.fields
        return ServerRecord(
            compliance_id=compliance_id,
            alias=create.alias,
            review_word="pending_review",
            review=self.reviews[compliance_id],
            name=fields[BUSINESS_NAME] if expanded else None,
            registration_number=fields[REGISTRATION_NUMBER] if expanded else None,
            documents=len(create.application.documents) if expanded else None,
            created_at=(STARTED + timedelta(seconds=self.made_at[compliance_id])).isoformat(),
            updated_at=f"revision {self.revisions[compliance_id]}",
        )
