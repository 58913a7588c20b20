"""Gateways for tests: one that reads its outcomes from a script, and an account of the API in memory."""

import asyncio
import itertools
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import replace
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


NOT_APPLIED: Mapping[str, Outcome[Any]] = {
    "unavailable": Unavailable(why="ClientConnectorError"),
    "throttled": Throttled(),
    "unresolved": Unresolved(seen="ServerDisconnectedError"),
    "denied": Denied(http_status=401, halt=Halt.CREDENTIALS),
    "refused": Refused(code="invalid", http_status=422),
    "contested": Refused(code="conflict", http_status=409, contested=True),
}
"""Weather in which a call changes nothing at the API, and what it then leads to."""

WEATHER_OF_CREATES = ("fair", *NOT_APPLIED, "unheard", "killed", "killed late")
WEATHER_OF_LISTS = ("fair", "unavailable", "throttled", "unresolved", "blind", "deaf")


class FakeAccount:
    """The API in memory: it keeps what is created and shows it again, unless the weather is bad.

    In fair weather all goes well; in that of `NOT_APPLIED` nothing is done; `unheard` does it, but the answer is lost;
    `killed` and `killed late` end the process before or after it is done. A list may also be `blind`, and show
    nothing, or `deaf`, and show everything, whatever the filter; a get may show its record `renamed`.

    Attributes:
        calls: what arrived, in order.
        records: what is kept, by compliance id.
        weather: what is to come, by operation; fair when all of it is used up.
        doors: while they are closed (cleared), calls wait inside.
        most_inside: the most calls that were inside at a time.
        page_size: records on a page of the list.
    """

    def __init__(self) -> None:
        self.calls: list[Call[Any]] = []
        self.records: dict[str, Create] = {}
        self.weather: defaultdict[Operation, deque[str]] = defaultdict(deque)
        self.doors = asyncio.Event()
        self.doors.set()
        self.inside = self.most_inside = 0
        self.page_size = 100
        self._numbers = itertools.count(1)

    def expect(self, operation: Operation, *weather: str) -> None:
        """Let the next calls of an operation meet this weather."""
        self.weather[operation].extend(weather)

    def made(self, operation: Operation) -> list[Any]:
        """The calls of one operation that arrived, in order."""
        return [call for call in self.calls if call.operation is operation]

    async def send(self, call: Call[Any]) -> Any:
        self.calls.append(call)
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            await asyncio.sleep(0)
            await self.doors.wait()
            return self._outcome(call, self._next_weather(call.operation))
        finally:
            self.inside -= 1

    def _next_weather(self, operation: Operation) -> str:
        coming = self.weather[operation]
        return coming.popleft() if coming else "fair"

    def _outcome(self, call: Call[Any], weather: str) -> Outcome[Any]:
        if weather in NOT_APPLIED:
            return NOT_APPLIED[weather]
        if weather == "killed":
            raise KilledError
        outcome: Outcome[Any] = self._page(call, weather) if isinstance(call, ListPage) else self._done(call)
        if weather == "renamed" and isinstance(outcome, Done):
            return Done(value=replace(outcome.value, alias=f"Renamed {outcome.value.alias}"))
        if weather == "killed late":
            raise KilledError
        return Unresolved(seen="the answer was lost") if weather == "unheard" else outcome

    def _done(self, call: Call[Any]) -> Outcome[Any]:
        value: Any = None
        match call:
            case Create():
                value = f"{next(self._numbers):08d}-0000-4000-8000-000000000000"
                self.records[value] = call
            case Get() if call.compliance_id not in self.records:
                return Refused(code="not_found", http_status=404)
            case Get():
                value = self._shown(call.compliance_id, expanded=bool(call.expand))
            case FetchRequirements():
                value = (Requirements(call.combination, (), ()),)
            case GetNumber():
                value = NumberRecord(number=call.number)
            case Delete():
                value = call.compliance_id
                del self.records[value]
            case Update() | Link():
                value = call.compliance_id
        return Done(value=value, api_id=f"api-{len(self.calls)}")

    def _page(self, call: ListPage, weather: str) -> Done[Page]:
        alias, start = call.alias, 0
        if call.query is not None:
            alias, start = call.query["alias"], int(call.query["offset"])
        newest_first = [self._shown(compliance_id, expanded=False) for compliance_id in reversed(self.records)]
        shown = [r for r in newest_first if alias in ("", r.alias) or weather == "deaf"] if weather != "blind" else []
        end = start + self.page_size
        more = {"alias": alias, "offset": str(end)} if end < len(shown) else None
        return Done(value=Page(records=tuple(shown[start:end]), total=len(shown), next_query=more))

    def _shown(self, compliance_id: str, *, expanded: bool) -> ServerRecord:
        create = self.records[compliance_id]
        fields = create.application.fields
        return ServerRecord(
            compliance_id=compliance_id,
            alias=create.alias,
            review_word="pending_review",
            review="pending",
            name=fields[BUSINESS_NAME] if expanded else None,
            registration_number=fields[REGISTRATION_NUMBER] if expanded else None,
            documents=len(create.application.documents) if expanded else None,
        )
