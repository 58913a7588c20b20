"""Crashes in this process: the run ends at its n-th step, wherever that is, as if the machine had stopped it there.

Nothing of the tool is changed: its journal, its disk and its gateway are wrapped, and between it and the API stands a
relay on a socket of its own. Each of them passes a step before and after whatever it does; a `Crash` counts the steps,
and from the one that is its own nobody gets anything done any more.
"""

import asyncio
import errno
import os
import re
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bulk_onboard.ledger.disk import Disk
from bulk_onboard.model.call import Call, Gateway
from bulk_onboard.model.entry import Entry
from bulk_onboard.model.life import trigger
from bulk_onboard.model.store import OpenJournal


class CrashPoint(BaseException):
    """The process has died; no part of it may catch this."""


class Crash:
    """Strikes at the `at`-th step; at 0 never.

    Attributes:
        passed: the steps so far, by name, the last one being that of the crash.
        happened: whether the process is dead.
        struck: set when it died in somebody else's hands, so that whoever waits for an answer learns of it.
    """

    def __init__(self, at: int = 0) -> None:
        self.passed: list[str] = []
        self.happened = False
        self.struck = asyncio.Event()
        self._at = at

    def strikes(self, name: str) -> bool:
        """Pass a step; whether the process is dead now."""
        if not self.happened:
            self.passed.append(name)
            self.happened = len(self.passed) == self._at
        return self.happened

    def step(self, name: str) -> None:
        """Pass a step; CrashPoint when the process is dead now."""
        if self.strikes(name):
            raise CrashPoint(name)


class CrashingGateway:
    """A gateway that dies before a call, when the relay says so, or when the call's outcome is there."""

    def __init__(self, inner: Gateway, crash: Crash) -> None:
        self._inner, self._crash = inner, crash

    async def send(self, call: Call[Any]) -> Any:
        self._crash.step(f"before {call.operation} is sent")
        sending = asyncio.ensure_future(self._inner.send(call))
        struck = asyncio.ensure_future(self._crash.struck.wait())
        try:
            await asyncio.wait({sending, struck}, return_when=asyncio.FIRST_COMPLETED)
            self._crash.step(f"after {call.operation} was sent")
            return sending.result()
        finally:
            struck.cancel()
            sending.cancel()
            await asyncio.gather(sending, struck, return_exceptions=True)


class CrashingJournal:
    """A ledger that dies before an entry is written, while it is, or just after."""

    def __init__(self, inner: OpenJournal, crash: Crash) -> None:
        self._inner, self._crash = inner, crash

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def append(self, entry: Entry) -> None:
        await self.append_all((entry,))

    async def append_all(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        name = trigger(entries[0])
        self._crash.step(f"before {name} is written")
        try:
            await self._inner.append_all(entries)
        finally:
            if self._crash.happened:  # on the disk, which tells the writer of an error
                raise CrashPoint(name)
        self._crash.step(f"after {name} was written")


class CrashingDisk(Disk):
    """A disk that dies in the middle of a write, between write and fsync, or after the fsync.

    `lose_power` then takes from a file whatever no fsync has put on disk. Each write begins `slow_s` late.
    """

    def __init__(self, crash: Crash, *, slow_s: float = 0.0) -> None:
        self._crash = crash
        self._slow_s = slow_s
        self._on_disk: dict[int, int] = {}

    def write(self, fd: int, data: bytes) -> int:
        time.sleep(self._slow_s)
        self._die_if(self._crash.happened)
        if self._crash.strikes("in the middle of a line"):
            super().write(fd, data[: len(data) // 2])
            self._die_if(True)
        written = super().write(fd, data)
        self._die_if(self._crash.strikes("before fsync"))
        return written

    def fsync(self, fd: int) -> None:
        self._die_if(self._crash.happened)
        super().fsync(fd)
        facts = os.fstat(fd)
        self._on_disk[facts.st_ino] = facts.st_size
        self._die_if(self._crash.strikes("after fsync"))

    def truncate(self, fd: int, size: int) -> None:
        self._die_if(self._crash.happened)
        super().truncate(fd, size)

    def lose_power(self, path: Path) -> None:
        """Cut the file to what was put on disk."""
        if path.exists():
            facts = path.stat()
            os.truncate(path, min(facts.st_size, self._on_disk.get(facts.st_ino, facts.st_size)))

    def _die_if(self, dead: bool) -> None:
        if dead:
            raise OSError(errno.EIO, "the process is dead")


@dataclass(slots=True)
class Relay:
    """Stands between the tool and the API, and passes on byte for byte what each says.

    It dies halfway through a body, after its last byte, and when the answer is on its way: what it has passed on by
    then has left the process.
    """

    host: str
    port: int
    crash: Crash = field(default_factory=Crash)
    url: str = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Relay"]:
        """Listen at `url` while the context lasts."""
        server = await asyncio.start_server(self._serve, self.host, 0)
        self.url = "http://{}:{}".format(*server.sockets[0].getsockname())
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            there, away = await asyncio.open_connection(self.host, self.port)
            try:
                while await self._pass_on(near, back, there, away):
                    pass
            finally:
                away.transport.abort()
        back.transport.abort()

    async def _pass_on(
        self,
        near: asyncio.StreamReader,
        back: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        away: asyncio.StreamWriter,
    ) -> bool:
        """Pass on a call and its answer; False where the connection ends with it."""
        head, size = await _head(near)
        body = await near.readexactly(size)
        away.write(head + body[: size // 2])
        await away.drain()
        if size and self._strikes("in the middle of the body"):
            return False
        away.write(body[size // 2 :])
        await away.drain()
        died = bool(size) and self._strikes("after the last byte")
        answer = asyncio.ensure_future(_answer(there))
        gone = asyncio.ensure_future(near.read())
        try:
            await asyncio.wait({answer} if died else {answer, gone}, return_when=asyncio.FIRST_COMPLETED, timeout=5)
        finally:
            is_answered = answer.done()
            answer.cancel()
            gone.cancel()
            await asyncio.gather(answer, gone, return_exceptions=True)
        if died or not is_answered or self._strikes("before the answer arrives"):
            return False
        said, is_whole = answer.result()
        back.write(said)
        await back.drain()
        if not is_whole:
            back.close()
        return is_whole

    def _strikes(self, name: str) -> bool:
        already = self.crash.happened
        if self.crash.strikes(name):
            self.crash.struck.set()
        return self.crash.happened and not already


class DatabaseRelay:
    """Stands between the tool and its database, and passes on what each says.

    It dies before a statement reaches the server, just after, so that nobody learns what became of it, and when the
    answer is on its way. Whoever is dead does not connect again.
    """

    def __init__(self, port: int) -> None:
        self.crash = Crash()
        self.port = 0
        self._to = port

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["DatabaseRelay"]:
        """Listen at `port` while the context lasts."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        crash = self.crash
        there, away = await asyncio.open_connection("127.0.0.1", self._to)
        ways = [
            asyncio.ensure_future(_statements(near, away, crash)),
            asyncio.ensure_future(_answers(there, back, crash)),
        ]
        with suppress(asyncio.CancelledError):  # at the end of the test
            if not crash.happened:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        back.transport.abort()
        away.close()  # what the server has got it does all the same


async def _statements(source: asyncio.StreamReader, sink: asyncio.StreamWriter, crash: Crash) -> None:
    """Pass on what the tool says, until it is dead."""
    while chunk := await source.read(1 << 20):
        what = _statement(chunk)
        if _dies(crash, f"before {what}"):
            return
        sink.write(chunk)
        await sink.drain()
        if _dies(crash, f"after {what}"):
            return


async def _answers(source: asyncio.StreamReader, sink: asyncio.StreamWriter, crash: Crash) -> None:
    """Pass on what the server says, until the tool is dead."""
    while chunk := await source.read(1 << 20):
        if _dies(crash, "before the database's answer arrives"):
            return
        sink.write(chunk)
        await sink.drain()


def _dies(crash: Crash, step: str) -> bool:
    if crash.strikes(step):
        crash.struck.set()
    return crash.happened


def _statement(chunk: bytes) -> str:
    """What the tool tells the database, by a word that only this statement has."""
    words = {b"insert into bulk_onboard.account": "claim", b"insert into bulk_onboard.entry": "insert"}
    return next((what for mark, what in words.items() if mark in chunk), "another statement")


async def _head(reader: asyncio.StreamReader) -> tuple[bytes, int]:
    """A head, and the length of the body that it announces."""
    head = await reader.readuntil(b"\r\n\r\n")
    return head, int((re.search(rb"(?i)content-length: (\d+)", head) or [b"", b"0"])[1])


async def _answer(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    """An answer, or what there is of it before the connection ends, and whether it is whole."""
    head = b""
    try:
        head, size = await _head(reader)
        return head + await reader.readexactly(size), True
    except asyncio.IncompleteReadError as cut:
        return head + cut.partial, False


@contextmanager
def struck_down(crash: Crash) -> Iterator[None]:
    """What a crash leaves of the work inside: nothing but this; any other trouble gets out."""
    try:
        yield
    except BaseException as error:
        if not crash.happened:
            raise
        if not isinstance(error, Exception | CrashPoint | BaseExceptionGroup):
            raise
