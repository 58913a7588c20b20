"""The requests that came, in the order of their answers, and what they add up to. Never credentials or contents."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

NO_ANSWER = "none"


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request to the API: when it arrived, what it was about, what the client saw of the answer."""

    instant: datetime
    operation: str
    method: str
    path: str  # the account's id masked
    query: str
    alias: str | None
    http_status: int | None  # None: no answer reached the client
    fault: str | None
    body_size: int


def requests_by_answer(log: Iterable[LoggedRequest]) -> dict[str, dict[str, int]]:
    """How many requests each operation and HTTP status had; `none` where no answer was given."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for request in log:
        counts[request.operation][str(request.http_status or NO_ANSWER)] += 1
    return {operation: dict(by_status) for operation, by_status in counts.items()}


def throttled(log: Iterable[LoggedRequest]) -> int:
    """How many requests the quota turned away; a stray 429 is a fault and does not count."""
    return sum(request.http_status == 429 and request.fault is None for request in log)


def most_in_a_window(instants: Sequence[datetime], window_s: float) -> int:
    """The most requests that arrived within any one window, wherever it begins."""
    length = timedelta(seconds=window_s)
    within: deque[datetime] = deque()
    most = 0
    for instant in sorted(instants):
        within.append(instant)
        while within[0] <= instant - length:
            within.popleft()
        most = max(most, len(within))
    return most
