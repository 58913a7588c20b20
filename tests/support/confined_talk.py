"""A confined child that answers what the tests of `confined.dialogue` ask."""

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from bulk_onboard.confined.dialogue import READY, questions
from bulk_onboard.confined.limits import shut_doors


def answer(request: bytes, source: BinaryIO) -> Iterator[bytes]:
    """A line for each question."""
    shut_doors()
    yield READY
    for number, question in enumerate(questions(source)):
        what, _, rest = question.partition(b":")
        if what == b"pour":
            while True:
                yield b"x" * 1000
        yield _said(what, rest, number) + b"\n"


def _said(what: bytes, rest: bytes, number: int) -> bytes:  # noqa: PLR0911 - a table of behaviours
    if what == b"echo":
        return rest
    if what == b"size":
        return str(len(rest) + len(b"size:")).encode()
    if what == b"knows":
        return str(rest.decode() in os.environ.values()).encode()
    if what == b"open":
        try:
            return Path("/etc/passwd").read_bytes()
        except OSError as error:
            return type(error).__name__.encode()
    if what == b"grumble":
        for _ in range(1000):
            with contextlib.suppress(BlockingIOError):  # as compiled code, which looks at no error
                os.write(2, b"a warning" * 100)
        return b"well"
    if what == b"fail-unless-first":
        return b"well" if number == 0 else _break(b"crash")
    return str(os.getpid()).encode() if what == b"pid" else _break(what)


def _break(how: bytes) -> bytes:
    if how == b"crash":
        return ctypes.string_at(0)
    if how == b"hang":
        time.sleep(1000)
    if how == b"starve":
        return b"x" * (2 << 30)
    if how == b"interrupt":
        os.kill(os.getpid(), signal.SIGINT)
    if how == b"leave":
        os._exit(0)
    raise KeyError("secret data")
