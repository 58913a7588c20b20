"""Sockets that can be given up for real (docs/design/settling.md, Settle window).

Closing a transport *flushes* it: a 3 MB form still arrived whole after its sender had given up. So the sockets of an
attempt are remembered, and giving up resets them. The settle window counts from there.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Iterable
from contextvars import ContextVar
from typing import Any

RESEND_S = 30  # the kernel gives up on unacknowledged bytes after this; a part of the settle window W

_TURNS_TO_CLOSE = 100  # it takes 1, over TLS 3; whoever is not closed by then does not hold up the rest

_opened: ContextVar[list[socket.socket] | None] = ContextVar("sockets of this attempt", default=None)

_AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]


def open_socket(address: _AddressInfo) -> socket.socket:
    """A socket for the address, remembered for the attempt that opens it."""
    family, kind, protocol, *_ = address
    sock = socket.socket(family=family, type=kind, proto=protocol)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; bounds how long the kernel keeps resending
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, RESEND_S * 1000)
    if (opened := _opened.get()) is not None:
        opened.append(sock)
    return sock


@contextlib.asynccontextmanager
async def aborted_unless_whole() -> AsyncIterator[None]:
    """Resets every socket opened inside if the block is left by an exception, before the exception gets out.

    A context variable finds them: it follows the tasks in which the client library connects.
    """
    opened: list[socket.socket] = []
    token = _opened.set(opened)
    try:
        yield
    except BaseException:
        for sock in opened:
            _abort(sock)
        await _closed(opened)
        raise
    finally:
        _opened.reset(token)


def _abort(sock: socket.socket) -> None:
    """No more bytes either way: the peer sees a reset, and what the kernel still held is thrown away on close."""
    with contextlib.suppress(OSError):  # closed already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):  # never connected, or reset by the peer
        sock.shutdown(socket.SHUT_RDWR)


async def _closed(opened: Iterable[socket.socket]) -> None:
    """Wait until the loop has closed them, which it does as soon as it finds them shut.

    Until then the kernel goes on sending what it has: megabytes within milliseconds. The exception waits so long.
    """
    for _ in range(_TURNS_TO_CLOSE):
        if all(sock.fileno() < 0 for sock in opened):
            return
        await asyncio.sleep(0)
