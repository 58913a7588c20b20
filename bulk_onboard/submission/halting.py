"""What cannot get better stops the run at the first one; calls in flight finish.

See docs/design/settling.md, Stops at once.

It stands inside the pacer, so a call that waited its turn is turned away all the same.
"""

from collections import Counter
from typing import TypeVar

from bulk_onboard import errors
from bulk_onboard.model.call import Call
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.outcome import Outcome, Withheld
from bulk_onboard.submission.stop import Stop

T = TypeVar("T")


class Halting:
    """A gateway that lets nothing through once the run is to stop.

    `requests` counts the calls that went out, by operation and outcome (`create done`, `list throttled` …).
    """

    def __init__(self, inner: Gateway, stop: Stop, requests: Counter[str]) -> None:
        self._inner = inner
        self._stop = stop
        self._requests = requests

    async def send(self, call: Call[T]) -> Outcome[T]:
        if self._stop.requested:
            raise errors.StoppedError("The run is stopping; this call was not begun.")
        outcome = await self._inner.send(call)
        if not isinstance(outcome, Withheld):
            self._requests[f"{call.operation} {outcome.name}"] += 1
        if outcome.halt is not None:
            self._stop.request(outcome.halt)
        return outcome
