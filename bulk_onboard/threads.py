"""Keep the event loop free for the calls of all accounts.

What takes long goes to threads: a workbook, a ledger, a judgement, a plan, a report. Where many accounts run at a time
their work has few threads of its own. More of them would only take turns; and documents of calls in flight, and names
of hosts, are looked for in the loop's own threads, so that no call waits behind a plan.
"""

import asyncio
import gc
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import partial
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

AT_A_TIME = 4
"""Of how many accounts workbooks and ledgers are read, rows judged and planned, or reports written at a time."""

_pool: ContextVar[Executor | None] = ContextVar("the threads of many accounts", default=None)


@contextmanager
def spared_by_collections() -> Iterator[Callable[[], None]]:
    """Yield what lets garbage collections pass over all that is there when it is called, while the context lasts.

    With the judged rows of hundreds of accounts each full collection would hold up the loop for half a second. Where
    the program has set something aside itself, as servers do before they fork, nothing is done: it cannot be told apart
    afterwards.
    """
    if gc.get_freeze_count():
        yield lambda: None
        return
    try:
        yield gc.freeze
    finally:
        gc.unfreeze()


@contextmanager
def few_at_a_time(number: int = AT_A_TIME) -> Iterator[None]:
    """Give what is handed to `in_thread` so many threads, in this task and those that it begins."""
    pool = ThreadPoolExecutor(number, thread_name_prefix="account")
    token = _pool.set(pool)
    try:
        yield
    finally:
        _pool.reset(token)
        pool.shutdown(wait=False, cancel_futures=True)


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do the work in a thread, and return what it comes to."""
    loop, context = asyncio.get_running_loop(), copy_context()
    return await loop.run_in_executor(_pool.get(), partial(context.run, partial(work, *args, **kwargs)))


async def gathered(work: Iterable[Coroutine[Any, Any, T]], *, at_a_time: int = AT_A_TIME) -> list[T]:
    """Return what all of this work comes to, in its order, so many done at a time."""
    places = asyncio.Semaphore(at_a_time)

    async def done(one: Coroutine[Any, Any, T]) -> T:
        async with places:
            return await one

    return list(await asyncio.gather(*map(done, work)))
