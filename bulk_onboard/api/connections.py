"""Connections to the API: opened, listened to, kept for the next call, and reset when a call is given up.

A kept connection may be stale, or bring an answer to somebody else's request. So each connection is heard before the
client library hears it, and the rules of docs/design/wire.md, Kept connections, decide whether it is used again. The
library's own pool is never used: it takes what arrives on an idle connection for the next request's answer.

Closing a transport *flushes* it: a form of 3 MB still arrived whole after its sender had given up. So the sockets of an
attempt are remembered, and giving up resets them; from then on the settle window counts (docs/design/settling.md,
Settle window). What happens on a socket is in `sockets`.
"""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import ClientRequest, ClientTimeout, TCPConnector
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from bulk_onboard.api.exchange import Answer, Request
from bulk_onboard.api.sockets import (
    AddressInfo,
    Fence,
    FencedError,
    closed,
    has_arrived,
    is_sent,
    open_socket,
    reset,
    unheard_for_s,
)
from bulk_onboard.clock import Clock

READ_WITHIN_S = 15.0  # below the 30 s after which the first address translators drop an idle connection silently
WRITE_WITHIN_S = 4.0  # below the 5 s after which the most impatient of the common servers close one
CALLS_AT_MOST = 100  # on one connection, so that the API's load spreads anew
REQUEST_TIMEOUT = 408  # what some say on a connection that was idle for too long
DISTRUST_S, DISTRUST_AT_MOST_S = 60.0, 3600.0

# Which connections are kept, and who may use them.


def kept_for_s(http_status: int, headers: Mapping[str, str]) -> float:
    """Return for how many seconds a connection may be kept after a whole answer; 0 for not at all.

    Only after a yes: an error may come from something before the API, be given before the request was read, or be the
    last that is said before the end.

    Args:
        headers: of the answer, names in lower case.
    """
    framed_twice = "transfer-encoding" in headers and "content-length" in headers
    if not 200 <= http_status < 300 or framed_twice:
        return 0.0
    told = _KEEP_ALIVE.findall(headers.get("keep-alive", "").lower())
    if any(name == "max" and int(number) == 0 for name, number in told):
        return 0.0
    until_s = (float(number) - 1 for name, number in told if name == "timeout")  # 1 s for the way
    return max(0.0, min((READ_WITHIN_S, *until_s)))


_KEEP_ALIVE = re.compile(r'(timeout|max) *= *"?(\d{1,9})')


def may_carry(idle_s: float, *, kept_s: float, is_read: bool) -> bool:
    """Return whether a connection that has been idle for so long may carry the next call.

    A write on a stale connection has an unknown outcome and costs a settle, a read is merely repeated.
    """
    return idle_s <= (kept_s if is_read else min(kept_s, WRITE_WITHIN_S))


# An attempt, and how it is given up.


@dataclass(slots=True, eq=False)
class Attempt:
    """One attempt at a request, and what was seen of it.

    A connection remembers the attempt that opened it for as long as it is kept, with the context in which it was made.

    Attributes:
        request: without its documents, which would stay in memory for as long.
        anew: whether it must have a new connection.
        is_last: it asks the API to close the connection after its answer.
        fence: asked before anything of it leaves; None where it always may.
        started: the client library has announced its start.
        headers_sent: its first byte may have left.
        is_held_back: just before its first byte left, which therefore did not leave, its connection was found unfit, or
            the fence said no.
        channel: the connection that carries it; None before there is one.
        sockets: those it has opened, or that of the kept connection.
    """

    request: Request
    anew: bool = False
    is_last: bool = False
    fence: Fence | None = None
    started: bool = False
    headers_sent: bool = False
    is_held_back: bool = False
    channel: "Channel | None" = None
    sockets: list[socket.socket] = field(default_factory=list)

    @property
    def is_kept(self) -> bool:
        """Whether its connection has carried earlier calls."""
        return self.channel is not None and self.channel.calls > 0

    def about_to_send(self) -> None:
        """Take what arrives for the answer from now on, unless a body follows: then the body's first byte decides.

        Raises:
            FencedError, HeldBackError: nothing must be sent any more, or not on this connection.
        """
        self._check_fitness(has_sent=False)
        if self.channel is not None and not self.request.has_body:
            self.channel.ask()
            self.channel.note_written()

    def about_to_send_body(self, *, has_sent: bool) -> None:
        """Take what arrives for the answer from now on.

        Args:
            has_sent: whether the headers have left, so that it is too late to hold the request back.

        Raises:
            FencedError, HeldBackError: nothing must be sent any more, or not on this connection.
        """
        self._check_fitness(has_sent=has_sent)
        if self.channel is not None:
            self.channel.ask()

    def check_fence(self) -> None:
        """Raise FencedError where nothing more of it may leave."""
        if self.is_fenced:
            raise FencedError

    @property
    def is_fenced(self) -> bool:
        """Whether nothing more of it may leave."""
        return self.fence is not None and not self.fence()

    def note_written(self) -> None:
        """Note that the body is out."""
        if self.channel is not None:
            self.channel.note_written()

    def abort(self) -> None:
        """Reset its sockets, so that it fails if it has no answer yet."""
        for sock in self.sockets:
            reset(sock)
        if self.channel is not None:
            self.channel.close()

    def _check_fitness(self, *, has_sent: bool) -> None:
        is_unfit = self.channel is not None and not self.channel.is_fit(is_read=self.request.is_read)
        if is_unfit or self.is_fenced:
            self.headers_sent, self.is_held_back = has_sent, not has_sent
            raise HeldBackError if is_unfit else FencedError


class HeldBackError(Exception):
    """The API's side spoke, or ended, before it was asked, or a kept connection grew too old; nothing was sent."""


_connecting: ContextVar[Attempt | None] = ContextVar("the attempt that connects", default=None)


def _open_socket(address: AddressInfo) -> socket.socket:
    """Return a socket for the address, fenced as the attempt that opens it is, and remembered for it."""
    attempt = _connecting.get()
    if attempt is None:
        raise AssertionError("sockets are for attempts")
    sock = open_socket(address, attempt.fence)
    attempt.sockets.append(sock)
    return sock


@contextlib.asynccontextmanager
async def aborted_unless_whole(attempt: Attempt) -> AsyncIterator[None]:
    """Reset every socket of the attempt if the block raises, before it is left.

    A context variable leads to the attempt: it follows the tasks in which the client library connects.
    """
    token = _connecting.set(attempt)
    try:
        yield
    except BaseException:
        attempt.abort()
        await closed(attempt.sockets)
        raise
    finally:
        _connecting.reset(token)


# One connection, and those that are kept.


class Channel(asyncio.Protocol):
    """One connection, from its opening to its end: hears everything before the client library does.

    What arrives while no request is out is nobody's answer: the connection is closed, and the library never hears it.

    Attributes:
        calls: how many were answered on it.
    """

    def __init__(
        self,
        connection: Connection,
        transport: asyncio.Transport,
        library: ResponseHandler,
        sockets: list[socket.socket],
        *,
        clock: Clock,
        when_unasked: Callable[[], None],
    ) -> None:
        self.calls = 0
        self.sockets = sockets
        self._clock = clock
        self._kept_s, self._since_s = 0.0, clock.boottime()
        self._connection = connection
        self._transport = transport
        self._library = library
        self._when_unasked = when_unasked
        self._is_tls = self._transport.get_extra_info("sslcontext") is not None
        self._is_asked = self._is_written = self._is_early = self._is_released = self._is_closed = False
        self._is_spoilt = self._library.should_close  # it said something before anybody could listen
        self._last = b""
        self._api_ids: set[bytes] = set()
        self._transport.set_protocol(self)

    # The transport calls these.

    def data_received(self, data: bytes) -> None:
        if not self._is_asked:
            self._is_spoilt = True
            self._abort()
            self._when_unasked()
            return
        if not self._last:
            is_out = self._is_written and self._transport.get_write_buffer_size() == 0
            self._is_early = not (is_out and all(map(is_sent, self.sockets)))
        self._last = data
        self._library.data_received(data)

    def eof_received(self) -> None:
        self._is_spoilt = True  # over TLS the transport closes some turns later
        self._library.eof_received()

    def connection_lost(self, error: BaseException | None) -> None:
        self._is_spoilt = True
        self._library.connection_lost(error)

    def pause_writing(self) -> None:
        self._library.pause_writing()

    def resume_writing(self) -> None:
        self._library.resume_writing()

    # The attempt that it carries calls these, in this order.

    def lease(self) -> Connection:
        """Return what the client library takes for its connection, for one call."""
        self._is_written = self._is_early = self._is_released = False
        self._last = b""
        return cast("Connection", _Lease(self))

    def is_fit(self, *, is_read: bool) -> bool:
        """Return whether a call may go out on it now: nothing has arrived, and it has not been idle for too long."""
        return self.is_young(is_read=is_read) and self.is_silent()

    def is_young(self, *, is_read: bool) -> bool:
        """Return whether it is new, or has not been idle for too long."""
        return not self.calls or may_carry(self._idle_s(), kept_s=self._kept_s, is_read=is_read)

    def _idle_s(self) -> float:
        """Return how long it has been kept, also while the machine slept."""
        return max(self._clock.boottime() - self._since_s, *map(unheard_for_s, self.sockets))

    def is_silent(self) -> bool:
        """Return whether nothing has arrived since the last answer.

        On a new TLS connection only what is meant for us counts, since session tickets come after the handshake.
        """
        if self._is_spoilt or self._library.should_close or self._transport.is_closing():
            return False
        if self._is_tls and not self.calls:
            return True
        return not any(has_arrived(sock) for sock in self.sockets if sock.fileno() >= 0)

    def ask(self) -> None:
        """Take what arrives for the answer from now on: the first byte of the request is about to leave."""
        self._is_asked = True

    def note_written(self) -> None:
        """Note that all of the request has been written."""
        self._is_written = True

    def released(self) -> None:
        """Note that the client library has read the answer to its end."""
        self._is_released = True
        if self._library.should_close:  # it was told so, or has no announced end, or more has come
            self.close()

    def repeats(self, answer: Answer) -> bool:
        """Return whether an earlier request on this connection had this answer."""
        return _api_id(answer) in self._api_ids

    def finish(self, answer: Answer) -> bool:
        """End the call; return whether the connection is as good as a new one.

        It is where the answer was read to its announced end, came after all of the request, nothing came behind, and it
        has an `api_id`, which the API gives once only: should it come again, it will be known.
        """
        self._is_asked = False
        self.calls += 1
        is_chunked = "transfer-encoding" in answer.headers
        end = answer.body if answer.body and not is_chunked else b"\r\n\r\n"
        size = min(len(end), len(self._last))
        ends_there = size > 0 and self._last[-size:] == end[-size:]
        if api_id := _api_id(answer):
            self._api_ids.add(api_id)
        return bool(api_id) and self._is_released and ends_there and not self._is_early and self.is_silent()

    def rest(self, kept_s: float) -> None:
        """Note that it is kept from now on, for so many seconds at most."""
        self._kept_s, self._since_s = kept_s, self._clock.boottime()

    def close(self) -> None:
        """Close the connection at once; does nothing where it is closed."""
        self._is_spoilt = True
        if self._is_closed:
            return
        self._is_closed = True
        if not self._transport.is_closing():
            self._transport.close()  # over TLS this says the end, and would wait 30 s for the peer's
        self._abort()
        self._connection.close()

    def _abort(self) -> None:
        # Up to Python 3.11.2 an SSL transport that was closed twice, as by the client library and by us, raises this.
        with contextlib.suppress(AttributeError):
            self._transport.abort()

    @property
    def library_connection(self) -> Connection:
        """The client library's own connection."""
        return self._connection


def _api_id(answer: Answer) -> bytes:
    """Return the API's id of an answer; empty where it has none."""
    named = _API_ID.search(answer.body)
    return named[1] if named else b""


_API_ID = re.compile(rb'"api_id"\s*:\s*"([^"]{1,64})"')


class _Lease:
    """The client library's connection for one call: letting go of it does not put it into the library's pool."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def release(self) -> None:
        self._channel.released()

    def close(self) -> None:
        self._channel.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel.library_connection, name)


@dataclass(frozen=True, slots=True)
class _Resting:
    """A kept connection, and what closes it when its time is over."""

    channel: Channel
    closing: asyncio.TimerHandle


class Connector(TCPConnector):
    """Opens connections, and keeps those that may be used again, the last used at hand first.

    Something unasked, an answer that came twice, a failure and an HTTP 408 on a kept connection show that the way to
    the API keeps connections badly. Then none is kept for a minute, and each time for twice as long, up to an hour: so
    it costs a long run a few calls, and not a share of them.
    """

    def __init__(self, *, clock: Clock, keeps: bool, **settings: Any) -> None:
        """Make it.

        Args:
            keeps: False where each call must have a new connection.
            settings: the client library's.
        """
        super().__init__(socket_factory=_open_socket, **settings)
        self._clock = clock
        self._keeps = keeps
        self._resting: list[_Resting] = []
        self._distrust_until_s, self._distrust_s = 0.0, DISTRUST_S

    @property
    def keeps(self) -> bool:
        """Whether a connection is kept that could be."""
        return self._keeps and self._clock.monotonic() >= self._distrust_until_s

    async def connect(self, req: ClientRequest, traces: Any, timeout: ClientTimeout) -> Connection:  # noqa: ASYNC109
        attempt = _connecting.get()
        if attempt is None:
            raise AssertionError("connections are for attempts")
        channel = self._taken(attempt)
        if channel is None:
            connection = await super().connect(req, traces, timeout)
            transport, protocol = connection.transport, connection.protocol
            if transport is None or protocol is None:  # lost already; the library will say so
                return connection
            if isinstance(transport.get_protocol(), Channel):
                raise AssertionError("the client library has kept a connection itself")
            channel = Channel(
                connection, transport, protocol, attempt.sockets, clock=self._clock, when_unasked=self.distrust
            )
        attempt.channel, attempt.sockets = channel, channel.sockets
        return channel.lease()

    def put_back(self, attempt: Attempt, answer: Answer) -> None:
        """Keep a connection that has been answered on, or close it."""
        if (channel := attempt.channel) is None:
            return
        if attempt.is_kept and answer.http_status == REQUEST_TIMEOUT:
            self.distrust()  # it was closing when the call began
        kept_s = kept_for_s(answer.http_status, answer.headers)
        is_good = channel.finish(answer) and not attempt.is_last
        if not (is_good and kept_s and self.keeps) or channel.calls >= CALLS_AT_MOST:
            channel.close()
            return
        channel.rest(kept_s)
        closing = asyncio.get_running_loop().call_later(kept_s, self._close_rested, channel)
        self._resting.append(_Resting(channel, closing))

    def distrust(self) -> None:
        """Close what is kept, and keep nothing for a while."""
        now_s = self._clock.monotonic()
        if now_s >= self._distrust_until_s:  # not for each of those that fail at the same moment
            self._distrust_until_s = now_s + self._distrust_s
            self._distrust_s = min(2 * self._distrust_s, DISTRUST_AT_MOST_S)
        self.close_kept()

    def close_kept(self) -> None:
        """Close all connections that are kept."""
        while self._resting:
            resting = self._resting.pop()
            resting.closing.cancel()
            resting.channel.close()

    async def close(self, *, abort_ssl: bool = False) -> None:
        self.close_kept()
        await super().close(abort_ssl=abort_ssl)

    def _taken(self, attempt: Attempt) -> Channel | None:
        """Return a kept connection that may carry the attempt, and is kept no longer."""
        while self._resting and not attempt.anew:
            resting = self._resting[-1]
            if not resting.channel.is_young(is_read=attempt.request.is_read):
                return None  # the others have been idle for longer
            self._resting.pop()
            resting.closing.cancel()
            if resting.channel.is_silent():
                return resting.channel
            resting.channel.close()
        return None

    def _close_rested(self, channel: Channel) -> None:
        self._resting = [resting for resting in self._resting if resting.channel is not channel]
        channel.close()
