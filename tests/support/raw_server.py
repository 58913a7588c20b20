"""Servers of bytes, for the client's tests: each connection is played by a script, good manners or none."""

import asyncio
import contextlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self

_LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class Peer:
    """The server's end of one connection; `number` counts from 1, `heard` is all that was read."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: bytearray = field(default_factory=bytearray)

    async def read_head(self) -> bytes:
        """The request line and headers."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.heard += head
        return head

    async def read_request(self) -> bytes:
        """A whole request, by its Content-Length."""
        head = await self.read_head()
        length = _LENGTH.search(head)
        body = await self.reader.readexactly(int(length[1])) if length else b""
        self.heard += body
        return head + body

    async def send(self, *chunks: bytes, pause_s: float = 0) -> None:
        """Chunks, each at once, with a pause after each."""
        for chunk in chunks:
            self.writer.write(chunk)
            await self.writer.drain()
            await asyncio.sleep(pause_s)

    def reset(self) -> None:
        """Ends the connection with a reset."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


async def drop_at_once(peer: Peer) -> None:
    """Takes the connection and closes it."""


async def silence(peer: Peer) -> None:
    """Reads everything and says nothing, for longer than the client waits."""
    await peer.read_request()
    await asyncio.sleep(30)


class RawServer:
    """Plays a script on every connection, then closes it; listens on 127.0.0.1 from `async with` on."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._playing: set[asyncio.Task[None]] = set()
        self.peers: list[Peer] = []

    @property
    def heard(self) -> list[bytes]:
        """What each connection that said anything said."""
        return [bytes(peer.heard) for peer in self.peers if peer.heard]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._play, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._playing:
            task.cancel()
        await asyncio.gather(*self._playing, return_exceptions=True)

    async def stop_listening(self) -> None:
        """No new connections; those there are stay."""
        self._server.close()

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._playing.add(task)
        peer = Peer(len(self.peers) + 1, reader, writer)
        self.peers.append(peer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._script(peer)
        finally:
            self._playing.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


class DeafServer:
    """Takes one connection and reads nothing until `listen`; in a thread, so that the client's loop cannot help it.

    Args:
        first: what a first request without a body is answered with; nothing more is read then.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, first: bytes = b"") -> None:
        self._tls = tls
        self._first = first
        self._listening = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._take, daemon=True)
        self.port = self._socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.taken = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listen()
        self._socket.close()

    def listen(self) -> int:
        """Reads to the end of the connection; how many bytes came in all."""
        self._listening.set()
        self._thread.join(10)
        return self.taken

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._socket.accept()
            connection.settimeout(3)
            with self._tls.wrap_socket(connection, server_side=True) if self._tls else connection as peer:
                if self._first:
                    peer.recv(65536)
                    peer.sendall(self._first)
                self._listening.wait(10)
                while got := peer.recv(65536):
                    self.taken += len(got)


def answer(http_status: int, body: bytes = b"", **headers: str) -> bytes:
    """The only answer on its connection, with its length.

    `content_type=` and the like replace or add headers, an empty one removes it: `connection=""` for one of several.
    """
    said = {"content_type": "application/json", "content_length": str(len(body)), "connection": "close"} | headers
    lines = [f"{name.replace('_', '-').title()}: {value}\r\n" for name, value in said.items() if value]
    return f"HTTP/1.1 {http_status} Whatever\r\n{''.join(lines)}\r\n".encode() + body
