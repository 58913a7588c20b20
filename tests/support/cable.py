"""A cable between clients and a server on this machine, which can be cut, and which can hold what clients send.

It passes on what each side says as it comes. A cut is one of two: `silent`, as when a network is gone: connections stay
open, nothing gets through until the cut is over, and then what was said meanwhile does; or with a reset, as when a
firewall forgets its connections: those that are there are reset, new ones too, until the cut is over.
"""

import asyncio
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_CHUNK = 64 << 10
_BUFFER = 32 << 10  # of the kernel, for what clients send: the rest of a large body stays with the client


@dataclass(eq=False, slots=True)
class Link:
    """One connection: what of the client's was passed on, and whether the cable holds the rest."""

    near: StreamWriter
    passed: int = 0
    is_held: bool = False
    ends: list[StreamWriter] = field(default_factory=list)

    def reset(self) -> None:
        """End it with a reset on both sides."""
        for end in (self.near, *self.ends):
            sock = end.get_extra_info("socket")
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.transport.abort()


class Cable:
    """Listens on 127.0.0.1 at `port` and passes on to the server's port."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._open = asyncio.Event()
        self._open.set()
        self._refuses = False
        self._most: int | None = None
        self._released = asyncio.Event()
        self._work: set[asyncio.Task[None]] = set()
        self.links: list[Link] = []
        self.port = 0

    @classmethod
    @asynccontextmanager
    async def laid(cls, to: int) -> AsyncIterator["Cable"]:
        """Lay a cable to the server at this port while the context lasts."""
        cable = cls(to)
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        listening.bind(("127.0.0.1", 0))
        server = await asyncio.start_server(cable._serve, sock=listening, limit=_CHUNK)
        cable.port = listening.getsockname()[1]
        try:
            yield cable
        finally:
            server.close()
            for link in cable.links:
                link.reset()
            for task in cable._work:
                task.cancel()
            await asyncio.gather(*cable._work, return_exceptions=True)

    @property
    def held(self) -> list[Link]:
        """The connections whose clients are in the middle of a body."""
        return [link for link in self.links if link.is_held]

    async def cut(self, seconds: float, *, silent: bool = True) -> None:
        """Cut it for so long."""
        self._open.clear()
        self._refuses = not silent
        if not silent:
            for link in self.links:
                link.reset()
        await asyncio.sleep(seconds)
        self._refuses = False
        self._open.set()

    def hold_after(self, most: int) -> None:
        """Pass on so many bytes of each client's at most, and read no more, until `release`."""
        self._most = most
        self._released.clear()

    def release(self) -> None:
        """Pass on everything again."""
        self._most = None
        self._released.set()

    async def _serve(self, near: StreamReader, back: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._work.add(task)
        link = Link(back)
        self.links.append(link)
        try:
            if self._refuses:
                link.reset()
                return
            await self._open.wait()
            with suppress(OSError, asyncio.CancelledError):  # at the end; asyncio would complain of a cancelled task
                there, away = await asyncio.open_connection("127.0.0.1", self._to, limit=_CHUNK)
                link.ends.append(away)
                await asyncio.gather(self._pass_on(near, away, link), self._pass_on(there, back, link, counts=False))
        finally:
            self._work.discard(task)
            self.links.remove(link)
            for end in (back, *link.ends):
                end.close()

    async def _pass_on(self, source: StreamReader, sink: StreamWriter, link: Link, *, counts: bool = True) -> None:
        """Pass on one direction to its end; that of the client counts, and is held."""
        try:
            while chunk := await source.read(_CHUNK):
                await self._open.wait()
                sink.write(chunk)
                await sink.drain()
                if counts:
                    link.passed += len(chunk)
                    await self._hold(link)
            sink.write_eof()
        except OSError:
            link.reset()

    async def _hold(self, link: Link) -> None:
        """Wait where it has passed on as much as it may, until the rest is released."""
        if self._most is not None and link.passed >= self._most:
            link.is_held = True
            await self._released.wait()
            link.is_held = False
