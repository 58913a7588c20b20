"""Confined children that are forked from a process which has imported what they need, with all their limits.

A new Python takes 0.3 s to import what one workbook needs; a fork takes a few milliseconds. Which process it is, what
it may use and how it ends are as in earnest; only its environment is not the one that `call.environment` makes.
"""

import atexit
import contextlib
import importlib
import io
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from functools import cache
from types import TracebackType
from typing import Self

from bulk_onboard.confined.call import environment
from bulk_onboard.confined.limits import Limits

IMPORTED = (
    "bulk_onboard.confined.__main__",
    "bulk_onboard.intake.documents.conversion.answer",
    "bulk_onboard.intake.documents.pdfium",
    "bulk_onboard.intake.reader.answer",
    "bulk_onboard.intake.writer.answer",
)
_NUMBER = struct.Struct("i")
_ONE_AT_A_TIME = threading.Lock()


def start(module: str, limits: Limits, source: int, *, stdin: int) -> "Forked":
    """Stand for `call.start`."""
    return Forked(module, limits, source, has_request=stdin == subprocess.PIPE)


@cache
def _server() -> socket.socket:
    """Start the process that forks; it ends when this one does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        words = [sys.executable, "-m", __name__, str(theirs.fileno())]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, env=environment(), pass_fds=(theirs.fileno(),))
    process.returncode = 0  # nobody waits for it
    atexit.register(ours.close)
    return ours


class Forked:
    """Stands for `subprocess.Popen`, as far as `confined` uses it."""

    def __init__(self, module: str, limits: Limits, source: int, *, has_request: bool) -> None:
        (asked, asking), (told, telling), (failed, failing), (self._news, writing) = (os.pipe() for _ in range(4))
        self.stdin, self.stdout, self.stderr = os.fdopen(asking, "wb"), os.fdopen(told, "rb"), os.fdopen(failed, "rb")
        self._status: int | None = None
        given = (asked, telling, failing, writing)
        with _ONE_AT_A_TIME:
            socket.send_fds(_server(), [json.dumps([module, limits.memory, limits.cpu_s]).encode()], [*given, source])
        for end in given:
            os.close(end)
        self._pid = self._read()
        if not has_request:
            self.stdin.close()

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, negative for a signal."""
        if self._status is None:
            if not select.select([self._news], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired([], timeout or 0)
            self._status = self._read()
        return self._status

    def kill(self) -> None:
        """End it at once; nothing where it has ended."""
        if self._status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for pipe in (self.stdout, self.stderr, self.stdin):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self.wait()
        os.close(self._news)

    def _read(self) -> int:
        (number,) = _NUMBER.unpack(os.read(self._news, _NUMBER.size))
        return number


def serve(asked: socket.socket) -> None:
    """Fork a child for each request, and say its number at once and its exit status when it ends."""
    for module in IMPORTED:
        importlib.import_module(module)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    watched: dict[int, int] = {}
    while True:
        ready = select.select([asked, woken], [], [])[0]
        if woken in ready:
            os.read(woken, 1 << 10)
            _tell_who_ended(watched)
        if asked in ready:
            request, descriptors, _, _ = socket.recv_fds(asked, 1 << 10, 5)
            if not request:
                return
            *streams, news, source = descriptors
            pid = os.fork()
            if not pid:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _work(*json.loads(request), streams, source)
            os.write(news, _NUMBER.pack(pid))
            watched[pid] = news
            for descriptor in (*streams, source):
                os.close(descriptor)


def _tell_who_ended(watched: dict[int, int]) -> None:
    while watched:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with contextlib.suppress(BrokenPipeError), os.fdopen(watched.pop(pid), "wb") as news:
            news.write(_NUMBER.pack(os.waitstatus_to_exitcode(status)))


def _work(module: str, memory: int, cpu_s: int, streams: list[int], source: int) -> None:
    """What `python -m bulk_onboard.confined` does, with these descriptors for 0 to 2 and the source."""
    from bulk_onboard.confined.__main__ import main

    status = 1
    try:
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
            os.close(descriptor)
        sys.stdin, sys.stdout, sys.stderr = (
            io.TextIOWrapper(os.fdopen(number, mode, closefd=False), encoding="utf-8")
            for number, mode in enumerate(("rb", "wb", "wb"))
        )
        status = main(module, memory, cpu_s, source)
    finally:
        os._exit(status)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        serve(requests)
