"""Work in a thread of its own, with an event loop of its own.

So a call does the same in a script, in a notebook, whose thread has a loop already, and in a web service, whose loop it
does not hold up. It installs no signal handlers. Whoever waits for the work may be interrupted: then it is asked to
stop, which lets calls in flight finish and writes the report, and the interruption goes on once that is done. A second
one waits no longer; what was begun is in the ledger, and the next run settles it.
"""

import asyncio
import contextlib
import contextvars
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bulk_onboard.errors import StoppedError
from bulk_onboard.pipeline import progress as pipeline
from bulk_onboard.pipeline.stop import Stop

EACH_S = 0.25
_RESTS = 50  # rest this many times as long as a look takes: counting a large ledger must not delay sending

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        done: rows that this run has sent, or otherwise dealt with.
        due: rows for which it has something to do, `done` among them.
        states: records by state, such as `submitted`.
        doing: what it does or waits for while no rows are sent, such as "fetching review results"; else empty.
        time_left_s: seconds until its end, as far as can be foreseen; None where that cannot be told, 0 at its end.
    """

    done: int
    due: int
    states: Mapping[str, int]
    doing: str
    time_left_s: float | None


OnProgress = Callable[[Progress], object]


class Work(Generic[_T]):
    """One piece of work, begun when this is made; then wait for it, in one of the two ways.

    Args:
        begin: makes the work; it is handed what asks it to stop, and where it says how far it is.
        on_progress: called by whoever waits, in their thread, when something has changed, at most 4 times a second.
        of: where several accounts say how far they are, in place of what `begin` is handed.
    """

    def __init__(
        self,
        begin: Callable[[Stop, pipeline.Progress], Coroutine[Any, Any, _T]],
        on_progress: OnProgress | None = None,
        *,
        of: Sequence[pipeline.Progress] = (),
    ) -> None:
        self._begin, self._on_progress = begin, on_progress
        self._stop, self._progress = Stop(), pipeline.Progress()
        self._looked_at = of or (self._progress,)
        self._seen: Progress | None = None
        self._shown: Progress | None = None
        self._task: asyncio.Task[_T] | None = None
        self._loop = asyncio.SelectorEventLoop()
        self._ended: Future[_T] = Future()
        self._ended.set_running_or_notify_cancel()
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._do,), name="bulk_onboard", daemon=True).start()

    def wait(self) -> _T:
        """Return what comes of the work, or raise what it raises."""
        try:
            while not wait_for([self._ended], EACH_S).done:
                self._show()
            self._show()
        except BaseException as interruption:
            self._ask_to_stop(signal.SIGINT if isinstance(interruption, KeyboardInterrupt) else _asked())
            try:
                wait_for([self._ended])
            except BaseException:
                self._give_up()
                raise
            raise
        return self._ended.result()

    async def ended(self) -> _T:
        """Return what comes of the work, or raise what it raises; meanwhile the caller's event loop goes on."""
        ended = asyncio.wrap_future(self._ended)
        ended.add_done_callback(lambda done: done.cancelled() or done.exception())  # somebody has looked at it
        try:
            while not (await asyncio.wait({ended}, timeout=EACH_S))[0]:
                self._show()
            self._show()
        except BaseException:
            self._ask_to_stop(_asked())
            try:
                await asyncio.wait({ended})
            except BaseException:
                self._give_up()
                raise
            raise
        return ended.result()

    def _do(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                result = runner.run(self._main())
        except BaseException as error:
            self._ended.set_exception(error)
        else:
            self._ended.set_result(result)

    async def _main(self) -> _T:
        self._task = asyncio.ensure_future(self._begin(self._stop, self._progress))
        looking = asyncio.ensure_future(self._look_at_intervals()) if self._on_progress else None
        try:
            return await self._task
        finally:
            if looking:
                looking.cancel()
                self._look(has_ended=True)

    async def _look_at_intervals(self) -> None:
        while True:
            began = time.monotonic()
            self._look()
            await asyncio.sleep(max(EACH_S, _RESTS * (time.monotonic() - began)))

    def _look(self, *, has_ended: bool = False) -> None:
        """Note how far the work is, in its own thread, where nothing changes meanwhile."""
        each = self._looked_at
        states = Counter(record.state.value for one in each for record in one.ledger_state.records.values())
        at_work = [one for one in each if one.ended is None]
        doing = {one.activity.words if one.activity else one.flow().trouble for one in at_work}
        left = [] if has_ended else [one.time_left() for one in at_work]
        self._seen = Progress(
            sum(one.done for one in each),
            sum(one.due for one in each),
            dict(states),
            doing.pop() if len(doing) == 1 else "",
            None if None in left else max((one for one in left if one is not None), default=0.0),
        )

    def _show(self) -> None:
        if self._on_progress and self._seen is not None and self._seen != self._shown:
            self._shown = self._seen
            self._on_progress(self._seen)

    def _ask_to_stop(self, cause: object) -> None:
        self._tell(self._stop.request, cause)

    def _give_up(self) -> None:
        if self._task is not None:
            self._tell(self._task.cancel)

    def _tell(self, act: Callable[..., object], *said: object) -> None:
        """Do something in the thread of the work, unless that has ended."""
        with contextlib.suppress(RuntimeError):  # its loop is closed
            self._loop.call_soon_threadsafe(act, *said)


def _asked() -> StoppedError:
    return StoppedError("The program that ran it asked it to stop; run again to continue.")
