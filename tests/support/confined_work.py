"""Work for a confined child that tries what it must not, one thing per request; for the tests of `confined`."""

import ctypes
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from bulk_onboard.confined.limits import shut_doors
from bulk_onboard.errors import WorkbookError


def answer(request: bytes, source: BinaryIO) -> Iterator[bytes]:
    """What the request names."""
    shut_doors()
    what, *rest = request.decode().split()
    yield from globals()[what](source, *rest)


def echo(source: BinaryIO) -> Iterator[bytes]:
    """The file's lines."""
    yield from source


def environment(source: BinaryIO) -> Iterator[bytes]:
    """What the child knows of its environment."""
    yield json.dumps(dict(os.environ)).encode()


def open_file(source: BinaryIO) -> Iterator[bytes]:
    """A file that anybody may read."""
    yield Path("/etc/passwd").read_bytes()


def open_socket(source: BinaryIO) -> Iterator[bytes]:
    """A way out."""
    yield str(socket.socket()).encode()


def eat_memory(source: BinaryIO) -> Iterator[bytes]:
    """More than it may have."""
    yield b"x" * (2 << 30)


def burn(source: BinaryIO) -> Iterator[bytes]:
    """Computes for ever."""
    while True:
        pass


def sleep(source: BinaryIO) -> Iterator[bytes]:
    """Waits for ever."""
    yield b"waiting\n"
    time.sleep(1000)


def crash(source: BinaryIO) -> Iterator[bytes]:
    """Reads where nothing is."""
    yield ctypes.string_at(0)


def abort(source: BinaryIO) -> Iterator[bytes]:
    """Ends as compiled code does that gives up."""
    os.abort()
    yield b""


def interrupt(source: BinaryIO) -> Iterator[bytes]:
    """Ends as at Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)
    yield b""


def refuse(source: BinaryIO) -> Iterator[bytes]:
    """Says in our own words what is wrong."""
    raise WorkbookError("Mend it – so.")
    yield b""


def stumble(source: BinaryIO) -> Iterator[bytes]:
    """An error nobody foresaw, with data in its text."""
    raise KeyError("secret data")
    yield b""


def pour(source: BinaryIO) -> Iterator[bytes]:
    """More than anybody wants to know."""
    while True:
        yield b"x" * 1000 + b"\n"


def pour_one_line(source: BinaryIO) -> Iterator[bytes]:
    """A long line that never ends."""
    yield b"x" * (1 << 20)
    time.sleep(1000)


def tear(source: BinaryIO) -> Iterator[bytes]:
    """A line and half of the next; then it is killed."""
    yield b"one\n" + b"x" * (1 << 20)
    os.kill(os.getpid(), signal.SIGKILL)


def pid(source: BinaryIO) -> Iterator[bytes]:
    """Who it is; then it computes for ever."""
    yield f"{os.getpid()}\n".encode() + b" " * (1 << 20) + b"\n"
    yield from burn(source)
