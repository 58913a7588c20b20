"""Stop a run: nothing new begins, calls in flight finish.

See docs/design/promise.md, Order of work.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bulk_onboard import errors
from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError, StoppedError
from bulk_onboard.model.account import variables_of
from bulk_onboard.model.outcome import Halt
from bulk_onboard.units import format_count, write_duration


async def rest(clock: Clock, seconds: float | None, *events: asyncio.Event) -> None:
    """Wait so many seconds (None: without bound), or until one of the events is set."""
    waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(event.wait()) for event in events]
    if seconds is not None:
        waits.append(asyncio.ensure_future(clock.sleep(max(0.0, seconds))))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


class Stop:
    """Whether one run is to stop, and why; the first cause counts.

    Attributes:
        cause: a signal, an `outcome.Halt` or an exception; None while the run may go on.
        wished: set once the run is to stop.
    """

    def __init__(self) -> None:
        self.cause: object = None
        self.wished = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []
        self._is_complete = False

    @property
    def requested(self) -> bool:
        """Whether nothing new may begin."""
        return self.wished.is_set()

    def request(self, cause: object) -> None:
        """Let nothing new begin."""
        if self.requested or self._is_complete:
            return
        self.cause = cause
        self.wished.set()
        for listener in self._listeners:
            listener()

    def call_when_requested(self, listener: Callable[[], None]) -> None:
        """Call this once the run is to stop, at once where it already is.

        A pacer lets its waiting calls go then.
        """
        if self.requested:
            listener()
        else:
            self._listeners.append(listener)

    def part(self) -> "Stop":
        """Return the stop of a part of the work: it stops with the whole, for its cause, and may stop alone."""
        part = Stop()
        self.call_when_requested(lambda: part.request(self.cause))
        return part

    def complete(self) -> None:
        """Note that all is done: no later request counts, since there is nothing left to stop."""
        self._is_complete = True

    async def pause(self, clock: Clock, seconds: float) -> None:
        """Sleep so long, or until the run is to stop."""
        await rest(clock, seconds, self.wished)


@contextmanager
def stopping_after(
    seconds: float | None, *, clock: Clock, stop: Stop, spent_s: float = 0.0
) -> Iterator[Callable[[], None]]:
    """Request a stop so many seconds from now, None for never.

    Yield `cancel()`, which disarms the deadline.

    Leaving the context disarms it, too.

    Args:
        spent_s: how many of the seconds are over already.

    Raises:
        StoppedError: the time was up before the run began; it says so in place of whatever was raised then.
    """
    if seconds is None:
        yield lambda: None
        return
    time_is_up = StoppedError(f"Stopped after {write_duration(seconds)}, as stop_after says; run again to continue.")
    timer = asyncio.ensure_future(_request_after(time_is_up, max(0.0, seconds - spent_s), clock, stop))

    def cancel() -> None:
        timer.cancel()

    try:
        yield cancel
    except StoppedError:
        if stop.cause is time_is_up:
            raise time_is_up from None
        raise
    finally:
        cancel()


async def _request_after(cause: StoppedError, seconds: float, clock: Clock, stop: Stop) -> None:
    await clock.sleep(seconds)
    stop.request(cause)


_ADDRESS = (
    "What answers at {base_url} is not the Compliance API, or it is not enabled for this account (404 or 405). "
    "Check base_url, and ask your contact at the API's vendor for access."
)

_HALTS: dict[Halt, tuple[type[BulkOnboardError], str]] = {
    Halt.CREDENTIALS: (
        errors.CredentialsError,
        (
            "The API refused the credentials. Check {variables}, and that the account may use the Compliance API; then "
            "run again."
        ),
    ),
    Halt.ADDRESS: (errors.StoppedError, _ADDRESS),
    Halt.REDIRECT: (
        errors.StoppedError,
        "{base_url} answered with a redirect, which is never followed. Set base_url to the address itself.",
    ),
    Halt.TLS: (
        errors.StoppedError,
        (
            "The certificate of {base_url} is not trusted, or no secure connection could be made. Check base_url and "
            "the machine's clock; behind a company proxy name its certificate with --ca-bundle."
        ),
    ),
    Halt.KNOWN_ID: (
        errors.StoppedError,
        (
            "The API answered with an id that belongs to another record, so its answers cannot be relied on. "
            "Compare the ledger with the account before running again: {compare}"
        ),
    ),
}

_SIGNALS = {
    signal.SIGHUP: errors.ExitStatus.HUNGUP,
    signal.SIGINT: errors.ExitStatus.INTERRUPTED,
    signal.SIGTERM: errors.ExitStatus.TERMINATED,
}


def why_stopped(
    cause: object, *, base_url: str, sent_before: bool, compare: str = "ledger verify --server", account: str = ""
) -> BulkOnboardError | None:
    """Return the error that tells people why the run stopped.

    Return None for a signal, or when nothing stopped it.

    A wrong address is an error of usage (exit 2) when nothing was sent yet, else a stop (exit 4); see
    docs/design/settling.md, Stops at once.

    Args:
        compare: the command that compares the job's ledger with the account.
        account: the name of the job's account, by which the variables with its credentials are called.
    """
    if isinstance(cause, BulkOnboardError):
        return cause
    if not isinstance(cause, Halt):
        return None
    kind, sentence = _HALTS[cause]
    if cause is Halt.ADDRESS and not sent_before:
        kind = errors.AddressError
    variables = " and ".join(variables_of(account))
    return kind(sentence.format(base_url=base_url, compare=compare, variables=variables))


def left_over(rows: int, *, why: str = "") -> BulkOnboardError | None:
    """Return the error about rows that a run could not finish; None without any.

    Nothing stopped the run, or that would be the error.

    Args:
        why: sentences; empty where another run may well finish them.
    """
    if not rows:
        return None
    unfinished = f"{format_count(rows, 'row')} could not be finished"
    return errors.StoppedError(f"{unfinished}. {why}" if why else f"{unfinished}; run again to continue.")


def status_of(cause: object) -> errors.ExitStatus:
    """Return the exit status that a stop's cause calls for."""
    if isinstance(cause, BulkOnboardError):
        return cause.exit_status
    if isinstance(cause, signal.Signals):
        return _SIGNALS.get(cause, errors.ExitStatus.TERMINATED)
    return errors.ExitStatus.DONE
