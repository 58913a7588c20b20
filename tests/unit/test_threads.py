"""What takes long is done in threads, so that the event loop goes on with its calls."""

import asyncio
import gc
import threading
from contextvars import ContextVar

import pytest

from bulk_onboard.threads import few_at_a_time, in_thread, spared_by_collections

_whose: ContextVar[str] = ContextVar("whose", default="nobody's")


async def test_it_is_done_elsewhere():
    """With its arguments, in the context of whoever asked; what it raises comes back."""
    _whose.set("acme's")

    def work(one: int, *, other: int) -> tuple[int, str, bool]:
        return one + other, _whose.get(), threading.current_thread() is threading.main_thread()

    assert (3, "acme's", False) == await in_thread(work, 1, other=2)
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)


async def test_few_at_a_time():
    """Of many accounts no more than so many are worked on together, and documents are read meanwhile."""
    at_work, most, gone = 0, 0, threading.Event()
    lock, two = threading.Lock(), threading.Barrier(2)

    def work() -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        two.wait(30)
        gone.wait(30)
        with lock:
            at_work -= 1

    with few_at_a_time(2):
        working = [asyncio.ensure_future(in_thread(work)) for _ in range(20)]
        read = await asyncio.to_thread(lambda: "a document")
        gone.set()
        await asyncio.gather(*working)

    assert ("a document", 2) == (read, most)


async def test_the_threads_are_those_of_the_task():
    """Other tasks of the loop, such as another program's, keep their own."""
    names: list[str] = []

    async def note() -> None:
        names.append(await in_thread(lambda: threading.current_thread().name))

    beside = asyncio.create_task(note())
    with few_at_a_time(1):
        await asyncio.create_task(note())
        await beside

    assert [True, False] == sorted((name.startswith("account") for name in names), reverse=True)


async def test_few_within_few():
    """Whoever runs accounts within a run of accounts has threads of his own, and the outer one gets its own back."""
    names: list[str] = []

    async def note() -> None:
        names.append(await in_thread(lambda: threading.current_thread().name))

    with few_at_a_time(1):
        await note()
        with few_at_a_time(1):
            await note()
        await note()
    await note()

    assert [True, True, True, False] == [name.startswith("account") for name in names]


def test_collections_pass_over_what_is_there():
    """While the context lasts, from when they are told; afterwards they see all of it again."""
    with spared_by_collections() as spare:
        assert not gc.get_freeze_count()
        spare()
        assert gc.get_freeze_count()

    assert not gc.get_freeze_count()


def test_what_the_program_has_set_aside_stays_so():
    """Letting go of everything at the end would let go of that, too."""
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        with spared_by_collections() as spare:
            spare()

        assert frozen == gc.get_freeze_count()
    finally:
        gc.unfreeze()
