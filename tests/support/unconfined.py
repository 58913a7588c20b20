"""The work of confined children, done in this process: the same code, without a process's start and its limits.

A child with pandas takes 0.3 s to start, and most tests are about what becomes of its answer.
"""

import gc
import importlib
import io
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from bulk_onboard.confined.call import ConfinedError, Failure
from bulk_onboard.confined.limits import Limits
from bulk_onboard.errors import BulkOnboardError

_ONE_AT_A_TIME = threading.Lock()  # pdfium serves one thread only


def done_here(module: str, request: bytes, source: BinaryIO, limits: Limits) -> Iterator[bytes]:
    """Stand for `call.in_child`: the lines of `module.answer(request, source)`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as the child, whose warnings nobody sees
            content = b"".join(importlib.import_module(module).answer(request, source))
    except BulkOnboardError as error:
        raise ConfinedError(Failure.REFUSED, str(error)) from None
    except Exception as error:
        raise ConfinedError(Failure.UNFORESEEN, type(error).__name__) from error
    finally:
        gc.enable()  # a child may do without
    yield from io.BytesIO(content)


class Partner:
    """Stands for `dialogue.Child`: answers one question after another."""

    def __init__(self, module: str, limits: Limits) -> None:
        self._asked = _Asked()
        self._lines = importlib.import_module(module).answer(b"", self._asked)
        self._next()

    def answer(self, question: Sequence[bytes]) -> bytes:
        """What it says, without the end of the line."""
        content = b"".join(question)
        self._asked.waiting += len(content).to_bytes(8, "big") + content
        return self._next().removesuffix(b"\n")

    def end(self) -> None:
        """Nothing is left open."""

    def _next(self) -> bytes:
        with _ONE_AT_A_TIME:
            try:
                line: bytes = next(self._lines)
            except Exception as error:
                raise ConfinedError(Failure.UNFORESEEN, type(error).__name__) from error
            return line


class _Asked:
    """The child's end of the pipe that questions come through."""

    def __init__(self) -> None:
        self.waiting = b""

    def read(self, size: int) -> bytes:
        content, self.waiting = self.waiting[:size], self.waiting[size:]
        return content
