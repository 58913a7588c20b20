"""The gateways that a run talks through, all but the pacer, and a whole run on them."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from bulk_onboard.clock import Clock
from bulk_onboard.model.application import Document
from bulk_onboard.model.call import Gateway
from bulk_onboard.model.ledger_state import Journal
from bulk_onboard.pipeline.gateways import Breaker, Journaled, Retrying, StopGate
from bulk_onboard.pipeline.stop import Stop
from tests.unit.pipeline.samples import content


def unchanged(document: Document) -> bytes | None:
    """The bytes of a document that nobody touched."""
    return content(document.type)


class AtOnce(ThreadPoolExecutor):
    """Threads that take no time, so that a clock without real seconds does not run ahead of them."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as trouble:
            future.set_exception(trouble)
        return future


def stacked(
    api: Gateway,
    journal: Journal,
    *,
    clock: Clock,
    stop: Stop,
    settle_s: float,
    read: Callable[[Document], bytes | None] = unchanged,
) -> Gateway:
    """The API behind journal, halting, breaker and retries; the dice show a half."""
    stop_gate = StopGate(Journaled(api, journal, read, clock=clock), stop, Counter())
    breaker = Breaker(stop_gate, clock=clock, stop=stop, settle_s=settle_s, dice=lambda: 0.5)
    return Retrying(breaker, clock=clock, stop=stop, dice=lambda: 0.5)
