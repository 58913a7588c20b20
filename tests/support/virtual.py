"""Virtual time: the loop jumps to whatever is due next, so that hours take a moment.

Its clock moves a little whenever it is read, since aiolimiter spins under a clock that stands still.
"""

import asyncio
import functools
import selectors
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop that never sleeps: what would be waited for is added to its clock."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        super().__init__(_Hurrying(self))

    def time(self) -> float:
        self.elapsed += 1e-6
        return self.elapsed


class _Hurrying(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._virtual = loop

    def select(self, timeout=None):
        assert timeout is not None, "everybody waits for ever"
        self._virtual.elapsed += max(0.0, timeout)
        return super().select(0)


class VirtualClock:
    """The clock of the virtual loop."""

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def boottime(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run(main):
    """Run to the end in virtual time, and be sure that no task is left behind."""

    async def whole():
        answer = await main()
        await asyncio.sleep(0)
        assert {asyncio.current_task()} == asyncio.all_tasks()
        return answer

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(whole())


def virtual(test):
    """An async test in virtual time."""

    @functools.wraps(test)
    def whole(*args, **kwargs):
        return run(lambda: test(*args, **kwargs))

    return whole
