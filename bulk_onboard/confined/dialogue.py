"""A confined child that is asked one question after another: starting one for each would cost more than the work.

Both halves are here. The child's module is one as for `run_confined`, whose source is the pipe with the questions: its
`answer` yields `READY` once it can open nothing more, then one line for each of `questions(source)`. The parent's half
is `Dialogue`. A child that fails is replaced, so that a bad question costs its own answer and no other.
"""

import contextlib
import fcntl
import os
import select
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import IO, BinaryIO, Generic, Self, TypeVar

from bulk_onboard.confined.call import LAST_WORDS, ConfinedError, Failure, failure, out_of_time, start
from bulk_onboard.confined.limits import Limits

T = TypeVar("T")

READY = b"\n"
"""The child's first line."""

_SIZE = struct.Struct(">Q")
_PIPE = 1 << 20  # bytes on their way; the most that Linux gives anybody
_START_S = 60.0
_END_S = 5.0
_PIECE = 1 << 16


def questions(source: BinaryIO) -> Iterator[bytes]:
    """Yield each question as it comes; the child's half."""
    while head := source.read(_SIZE.size):
        yield source.read(*_SIZE.unpack(head))


class Dialogue(Generic[T]):
    """The parent's half: a child of a module, started at the first question. Many threads may ask.

    Args:
        module: the child's.
        limits: those of `run_confined`, but that time and length bound each answer, not all of them together.
        read: read an answer; where it raises an error the child counts as failed, since what follows may belong to it.
    """

    def __init__(self, module: str, limits: Limits, read: Callable[[bytes], T]) -> None:
        self._module, self._limits, self._read = module, limits, read
        self._child: Child | None = None
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def ask(self, *question: bytes) -> T:
        """Return the answer to a question, given in parts.

        Where a child fails that has answered before, the question is asked once more, of a new one, so that it fails
        for its own sake and not for what earlier ones left behind.

        Raises:
            ConfinedError: this question makes a child fail; or, where its failure is START, no child can be had.
            SignalledError: Ctrl-C, SIGTERM or SIGHUP reached the child.
        """
        with self._turn:
            if self._child:
                with contextlib.suppress(ConfinedError):
                    return self._answer(question)
            return self._answer(question)

    def _answer(self, question: Sequence[bytes]) -> T:
        child = self._child = self._child or Child(self._module, self._limits)
        try:
            return self._understood(child.answer(question))
        except BaseException:
            self._end()
            raise

    def _understood(self, line: bytes) -> T:
        try:
            return self._read(line)
        except Exception:
            raise ConfinedError(Failure.UNFORESEEN, "no answer") from None

    def _end(self) -> None:
        if self._child:
            self._child.end()
        self._child = None


class Child:
    """One process, and the pipes to it; tests of other things put the same work in their own process in its place."""

    def __init__(self, module: str, limits: Limits) -> None:
        self._limits = limits
        source, self._questions = os.pipe()
        try:
            self._process = start(module, limits, source, stdin=subprocess.DEVNULL)
        finally:
            os.close(source)  # the child's alone, so that writing to one that is gone fails
        with contextlib.suppress(AttributeError, OSError):  # Linux only; a small pipe is slower and no worse
            fcntl.fcntl(self._questions, fcntl.F_SETPIPE_SZ, _PIPE)
        os.set_blocking(self._questions, False)
        self._answers = _open(self._process.stdout)
        self._is_ready = False

    def answer(self, question: Sequence[bytes]) -> bytes:
        """Return what it says; after any error the child cannot be used any more."""
        if not self._is_ready:
            try:
                self._line(_START_S)
            except ConfinedError as error:
                raise ConfinedError(Failure.START, str(error)) from None
            self._is_ready = True
        end = time.monotonic() + self._limits.wall_s
        size = _SIZE.pack(sum(map(len, question)))
        try:
            for part in (size, *question):
                self._write(part, end)
        except BrokenPipeError:
            raise self._failure() from None
        return self._line(end - time.monotonic())

    def end(self) -> None:
        """Kill it and close its pipes."""
        with self._process as process:
            process.kill()
        os.close(self._questions)

    def _write(self, part: bytes, end: float) -> None:
        rest = memoryview(part)
        while rest:
            self._wait(self._questions, select.POLLOUT, end)
            rest = rest[os.write(self._questions, rest) :]

    def _line(self, within_s: float) -> bytes:
        end = time.monotonic() + within_s
        line = bytearray()
        while not line.endswith(b"\n"):
            self._wait(self._answers.fileno(), select.POLLIN, end)
            piece = os.read(self._answers.fileno(), _PIECE)
            if not piece:
                raise self._failure()
            line += piece
            if len(line) > self._limits.answer:
                raise ConfinedError(Failure.ANSWER, "it makes its reader answer without end")
        return bytes(line[:-1])

    def _wait(self, descriptor: int, event: int, end: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        if not poll.poll(max(0.0, end - time.monotonic()) * 1000):
            raise out_of_time(self._limits.wall_s)

    def _failure(self) -> Exception:
        """Return what became of a child that says nothing more."""
        try:
            status = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            return out_of_time(_END_S)
        last_words = _open(self._process.stderr).read(LAST_WORDS)
        return failure(status, last_words, self._limits) if status else ConfinedError(Failure.UNFORESEEN, "no answer")


def _open(end: IO[bytes] | None) -> IO[bytes]:
    assert end is not None  # noqa: S101 - both are pipes
    return end
