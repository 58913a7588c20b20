"""Retries, in this one place: only of what was proved unsent, of reads, and of throttled calls.

See docs/design/settling.md, Repeats.

Attempts are counted per call and run. A throttled call is no attempt: the pacer makes it wait. Blind retries, those
after *unavailable*, have a budget: at most a tenth of the run's requests. When it is spent rows stay as they are.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from bulk_onboard.clock import Clock
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Call, Write
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.submission.stop import Stop

T = TypeVar("T")
ATTEMPTS = 3
THROTTLED_AT_MOST = 20
LONGEST_PAUSE_S = 30.0
BUDGET = 0.1
FREE_RETRIES = 10  # so that a run of a few rows can retry at all


def next_pause_s(attempt: int, dice: float) -> float:
    """Seconds before the attempt after this one (1, 2 …): 1, 2, 4 … 30 with full jitter; `dice` from 0 to 1."""
    return min(LONGEST_PAUSE_S, 2.0 ** (attempt - 1)) * dice


class Retrying:
    """A gateway that tries again what may safely be tried again; `dice` answers numbers from 0 to 1."""

    def __init__(self, inner: Gateway, *, clock: Clock, stop: Stop, dice: Callable[[], float] = random.random) -> None:
        self._inner = inner
        self._clock = clock
        self._stop = stop
        self._dice = dice
        self._requests = self._retries = 0

    async def send(self, call: Call[T]) -> Outcome[T]:
        attempts = throttled = 0
        while True:
            self._requests += 1
            outcome = await self._inner.send(call)
            if isinstance(outcome, outcomes.Throttled):
                throttled += 1
            elif may_be_repeated(call, outcome):
                attempts += 1
            else:
                return outcome
            if outcome.halt or self._stop.requested or attempts == ATTEMPTS or throttled == THROTTLED_AT_MOST:
                return outcome
            if not isinstance(outcome, outcomes.Throttled):
                if not self._may_retry():
                    return outcome
                await self._stop.pause(self._clock, next_pause_s(attempts, self._dice()))
            if self._stop.requested:
                return outcome
            if isinstance(call, Write) and not isinstance(outcome, outcomes.Throttled):
                call = replace(call, attempt=call.attempt + 1)

    def _may_retry(self) -> bool:
        """Take one retry out of the budget, where there is one left."""
        if self._retries + 1 > max(FREE_RETRIES, BUDGET * self._requests):
            return False
        self._retries += 1
        return True


def may_be_repeated(call: Call[T], outcome: Outcome[T]) -> bool:
    """Whether sending once more cannot do anything twice; an unknown outcome is settled instead, never repeated."""
    if isinstance(outcome, outcomes.Unavailable):
        return True
    return isinstance(outcome, outcomes.Unresolved) and not isinstance(call, Write)
