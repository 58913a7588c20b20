"""Hints reach their file in groups."""

import asyncio
import threading
from collections.abc import Iterable

import pytest

from bulk_onboard.callbacks.keeping import Keeping, Kept


class SlowFile:
    """Keeps what it is given, each group once it is let; `answer` is what it says, or raises."""

    def __init__(self, answer: bool | Exception = True) -> None:
        self.groups: list[list[str]] = []
        self.begun, self.let = threading.Event(), threading.Event()
        self._answer = answer

    def keep(self, ids: Iterable[str]) -> bool:
        self.begun.set()
        self.let.wait(10)
        if isinstance(self._answer, Exception):
            raise self._answer
        self.groups.append(list(ids))
        return self._answer


async def begun(file: SlowFile) -> None:
    await asyncio.to_thread(file.begun.wait, 10)


async def test_what_comes_during_a_write_is_one_group_and_each_record_once():
    """A flood costs few writes, and everybody is answered after theirs."""
    file, woken = SlowFile(), []
    keeping = Keeping(file.keep, lambda: woken.append(len(file.groups)))
    first = asyncio.create_task(keeping.keep("c1"))
    await begun(file)

    others = [asyncio.create_task(keeping.keep(name)) for name in ("c2", "c1", "c2", "c2")]
    await asyncio.sleep(0)
    assert not first.done()
    file.let.set()
    kept = await asyncio.gather(first, *others)

    assert [Kept.ON_DISK] * 5 == kept
    assert [["c1"], ["c2", "c1"]] == file.groups
    assert [1, 2] == woken


async def test_too_many_at_a_time_are_dropped():
    """There is room for so many records; a hint for one that has its place needs none."""
    file = SlowFile()
    keeping = Keeping(file.keep, lambda: None, most=1)
    waiting = [asyncio.create_task(keeping.keep("c1"))]
    await begun(file)
    waiting += [asyncio.create_task(keeping.keep("c2")) for _ in range(2)]
    await asyncio.sleep(0)

    dropped = await keeping.keep("c3")
    file.let.set()

    assert Kept.DROPPED is dropped
    assert [Kept.ON_DISK] * 3 == await asyncio.gather(*waiting)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [(False, Kept.DROPPED), (OSError(28, "full"), Kept.FAILED), (KeyError("a bug"), Kept.FAILED)],
)
async def test_what_the_file_does_not_take_is_told(answer, kept):
    """A full file drops, a failing disk fails, and so does a bug; the next hint is tried again."""
    file = SlowFile(answer)
    file.let.set()
    keeping = Keeping(file.keep, lambda: None)

    assert [kept, kept] == [await keeping.keep("c1"), await keeping.keep("c1")]


async def test_caller_that_leaves_takes_nobody_with_it():
    """A connection that breaks while its hint is written costs no other one its answer."""
    file = SlowFile()
    keeping = Keeping(file.keep, lambda: None)
    leaving, staying = (asyncio.create_task(keeping.keep("c1")) for _ in range(2))
    await begun(file)

    leaving.cancel()
    file.let.set()

    assert Kept.ON_DISK is await staying
