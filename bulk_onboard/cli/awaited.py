"""Do what is done asynchronously, from start to end; asyncio itself is imported only when there is something to do."""

from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


def awaited(work: Coroutine[Any, Any, _T]) -> _T:
    """What the work comes to, in an event loop of its own."""
    import asyncio

    return asyncio.run(work)
