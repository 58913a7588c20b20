"""The child that opens PDFs, but that it does what a document asks it for; for the tests of what follows from that."""

import ctypes
import os
import re
import time
from collections.abc import Iterator
from typing import BinaryIO

from bulk_onboard.confined.dialogue import READY, questions
from bulk_onboard.confined.limits import shut_doors
from bulk_onboard.intake.documents.pdfium import begin, opened

_WISH = re.compile(rb"please (\w+)")
_WEAR = 5


def answer(request: bytes, source: BinaryIO) -> Iterator[bytes]:
    """A line for each question, unless the question has another wish."""
    begin()
    shut_doors()
    yield READY
    for number, question in enumerate(questions(source), 1):
        wish = _WISH.search(question)
        if wish and wish[1] != b"tire":
            yield from globals()[wish[1].decode()]()
        elif wish and number % _WEAR == 0:
            ctypes.string_at(0)
        yield opened(question)


def crash() -> Iterator[bytes]:
    """Reads where nothing is."""
    ctypes.string_at(0)
    yield b""


def hang() -> Iterator[bytes]:
    """Waits for ever."""
    time.sleep(1000)
    yield b""


def starve() -> Iterator[bytes]:
    """More than it may have."""
    yield b"x" * (2 << 30)


def stumble() -> Iterator[bytes]:
    """An error nobody foresaw, with data in its text."""
    raise KeyError("secret data")
    yield b""


def pour() -> Iterator[bytes]:
    """More than anybody wants to know."""
    while True:
        yield b"x" * 1000


def babble() -> Iterator[bytes]:
    """What is no answer, and some time later the answer."""
    yield b"secret data\n"
    time.sleep(0.1)  # so that it comes when the next document is asked about


def leave() -> Iterator[bytes]:
    """Ends as if all were done."""
    os._exit(0)
    yield b""
