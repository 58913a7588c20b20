"""Sockets to the API: opened, fenced, asked what the kernel knows of them, and reset.

asyncio writes through the socket object, over TLS and through a proxy too. So a fence that is asked in `send` is the
last that is asked before bytes go to the kernel, also of those that waited in a buffer while the process slept
(docs/design/wire.md, Fence).
"""

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Callable, Iterable
from typing import Any

RESEND_S = 30  # the kernel gives up on unacknowledged bytes after this; a part of the settle window W

_TURNS_TO_CLOSE = 100  # it takes 1, over TLS 3; whoever is not closed by then does not hold up the rest

AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]

Fence = Callable[[], bool]
"""Return whether bytes may leave now. Once False it never is True again."""


class FencedError(ConnectionError):
    """Nothing may be sent any more; an OSError, so that asyncio takes the connection for lost."""


class _FencedSocket(socket.socket):
    """A socket that asks its fence each time before bytes go to the kernel."""

    fence: Fence

    def send(self, *args: Any) -> int:
        if not self.fence():
            raise FencedError
        return super().send(*args)

    def sendmsg(self, *args: Any) -> int:  # asyncio uses it from Python 3.12 on
        if not self.fence():
            raise FencedError
        return super().sendmsg(*args)


def open_socket(address: AddressInfo, fence: Fence | None = None) -> socket.socket:
    """Return a socket for the address.

    Args:
        fence: asked before each send, and before it is opened; None sends always.

    Raises:
        FencedError: the fence said no.
    """
    family, kind, protocol, *_ = address
    if fence is None:
        sock = socket.socket(family=family, type=kind, proto=protocol)
    elif fence():
        sock = fenced = _FencedSocket(family=family, type=kind, proto=protocol)
        fenced.fence = fence
    else:
        raise FencedError
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; bounds how long the kernel keeps resending
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, RESEND_S * 1000)
    return sock


def reset(sock: socket.socket) -> None:
    """Reset a socket: the peer sees that, and the kernel drops what it still has once the loop has closed it."""
    with contextlib.suppress(OSError):  # closed already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):  # never connected, or reset by the peer
        sock.shutdown(socket.SHUT_RDWR)


async def closed(opened: Iterable[socket.socket]) -> None:
    """Wait until the loop has closed the sockets, which it does once they are shut.

    Until then the kernel goes on sending what it has: megabytes within milliseconds.
    """
    for _ in range(_TURNS_TO_CLOSE):
        if all(sock.fileno() < 0 for sock in opened):
            return
        await asyncio.sleep(0)


def has_arrived(sock: socket.socket) -> bool:
    """Return whether bytes, the end or an error wait in the kernel, which the loop has not read yet."""
    try:
        sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def unheard_for_s(sock: socket.socket) -> float:
    """Return for how long the kernel has received nothing, in seconds; 0 where it does not say.

    An answer may have waited there for a loop that was busy.
    """
    return _tcp_info(sock, _LAST_DATA_RECV) / 1000


def is_sent(sock: socket.socket) -> bool:
    """Return whether all that the kernel was given has arrived; True where it does not say."""
    return _tcp_info(sock, _UNACKED) == _tcp_info(sock, _NOTSENT_BYTES) == 0


_UNACKED, _LAST_DATA_RECV, _NOTSENT_BYTES = 24, 52, 144  # where they stand in Linux's `struct tcp_info`


def _tcp_info(sock: socket.socket, offset: int) -> int:
    if sys.platform != "linux":
        return 0
    try:
        told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, offset + 4)
    except OSError:  # closed, or a kernel that is only like Linux
        return 0
    return int.from_bytes(told[offset:], sys.byteorder)  # of what an older kernel does not tell nothing is there: 0
