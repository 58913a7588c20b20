"""The circuit breaker: bursts of failures pause the run, and a cheap read tests the water.

See docs/design/settling.md, Breaker.

Rule: 8 failures in a row, or more than 60 % of the last 20 calls, open it. While it is open one call at a time waits,
longer each time; then a read goes out, and if that is answered the call itself; if that succeeds the breaker closes.
Reads and writes are counted apart: the looks of settling lie between the creates, and while they are answered they
would hide that no create is. Rows that wait stay as they are: pending, deferred or uncertain, never "failed". It
stands outside the pacer, so that its reads are paced too.

Whoever pauses between his own calls anyway, as a run does that waits for reviews, tells it to be patient: then a call
that fails is his to make again, and none ends the run.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from bulk_onboard import errors, log
from bulk_onboard.clock import Clock
from bulk_onboard.model.call import Call, ListPage, Write
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.outcome import Outcome, Unavailable, Unresolved
from bulk_onboard.submission.stop import Stop
from bulk_onboard.units import format_duration

T = TypeVar("T")

IN_A_ROW = 8
RECENT = 20
SHARE = 0.6
FIRST_REST_S = 30.0
LONGEST_REST_S = 600.0
TRIES_AT_MOST = 6


@dataclass(frozen=True, slots=True)
class Health:
    """How the last calls went: True for a failure, the newest last."""

    recent: tuple[bool, ...] = ()

    def after(self, *, failed: bool) -> "Health":
        """The health once one more call has ended."""
        return Health((*self.recent, failed)[-RECENT:])

    @property
    def is_bad(self) -> bool:
        """Whether going on would only make more failures."""
        burst = len(self.recent) >= IN_A_ROW and all(self.recent[-IN_A_ROW:])
        return burst or (len(self.recent) == RECENT and sum(self.recent) > SHARE * RECENT)


def next_rest_s(tries: int, settle_s: float, dice: float) -> float:
    """Seconds to rest after so many vain tries: 30 s (or W, if that is less), doubled each time, with full jitter."""
    return min(LONGEST_REST_S, min(FIRST_REST_S, settle_s) * 2.0**tries) * dice


def is_failure(outcome: Outcome[T]) -> bool:
    """Whether the call says that the way to the API, or the API itself, is in trouble."""
    return isinstance(outcome, Unavailable) or (isinstance(outcome, Unresolved) and outcome.said is None)


@dataclass(slots=True)
class Circuit:
    """The calls of one kind.

    Attributes:
        closed: whether they flow; else one at a time tries, after a rest.
        tries: how many were in vain since it opened.
        reason: why calls wait, for people; empty while they flow.
    """

    health: Health = field(default_factory=Health)
    closed: bool = True
    tries: int = 0
    reason: str = ""
    trial: asyncio.Lock = field(default_factory=asyncio.Lock)


class Breaker:
    """A gateway that pauses while calls fail; `dice` answers numbers from 0 to 1."""

    def __init__(
        self,
        inner: Gateway,
        *,
        clock: Clock,
        stop: Stop,
        settle_s: float,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._stop = stop
        self._settle_s = settle_s
        self._dice = dice
        self._reads, self._writes = Circuit(), Circuit()
        self._patient = False

    @property
    def reason(self) -> str:
        """Why calls wait, for the progress line; empty while they flow."""
        return self._writes.reason or self._reads.reason

    def be_patient(self, patient: bool) -> None:
        """Whether from now on a call that fails while it is open ends at once, and no number of them ends the run."""
        self._patient = patient

    async def send(self, call: Call[T]) -> Outcome[T]:
        circuit = self._writes if isinstance(call, Write) else self._reads
        outcome = None if circuit.closed else await self._try(circuit, call)
        return outcome if outcome is not None else self._noted(circuit, await self._inner.send(call))

    async def _try(self, circuit: Circuit, call: Call[T]) -> Outcome[T] | None:
        """What the call led to once the water was fine; None where it has closed meanwhile, or the run is to stop."""
        async with circuit.trial:
            while not (circuit.closed or self._stop.requested):
                if not self._patient:
                    await self._rest(circuit)
                if await self._water_is_fine(circuit):
                    return self._tried(circuit, await self._inner.send(call))
                if self._patient:
                    return Unavailable(why="the API does not answer")
        return None

    def _noted(self, circuit: Circuit, outcome: Outcome[T]) -> Outcome[T]:
        circuit.health = circuit.health.after(failed=is_failure(outcome))
        if circuit.health.is_bad and circuit.closed:
            circuit.closed = False
            log.logger().warning("breaker open", outcome=outcome.name)
        return outcome

    def _tried(self, circuit: Circuit, outcome: Outcome[T]) -> Outcome[T]:
        """What the first call after a pause says: the breaker closes, or the next pause is longer."""
        if is_failure(outcome):
            self._in_vain(circuit)
        else:
            circuit.closed = True
            circuit.health, circuit.tries, circuit.reason = Health(), 0, ""
            log.logger().info("breaker closed")
        return outcome

    async def _rest(self, circuit: Circuit) -> None:
        pause_s = next_rest_s(circuit.tries, self._settle_s, self._dice())
        circuit.reason = f"the API does not answer; trying again in {format_duration(pause_s)}"
        await self._stop.pause(self._clock, pause_s)

    async def _water_is_fine(self, circuit: Circuit) -> bool:
        outcome = await self._inner.send(ListPage(query={"limit": "1"}))
        if not is_failure(outcome):
            return True
        self._in_vain(circuit)
        return False

    def _in_vain(self, circuit: Circuit) -> None:
        if self._patient:
            return
        circuit.tries += 1
        if circuit.tries == TRIES_AT_MOST:
            self._stop.request(
                errors.StoppedError(
                    "The API did not answer for a while, so the run was stopped. What is left is sent by running again."
                )
            )
