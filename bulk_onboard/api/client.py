"""The API's one door to aiohttp: send a request once, return answer or failure.

It decides nothing: `verdict` judges what comes back. Each setting here is a rule of docs/design/wire.md, Connection.

Closing a transport *flushes* it: a form of 3 MB still arrived whole after its sender had given up. So the sockets of an
attempt are remembered, and giving up resets them; from then on the settle window counts (docs/design/settling.md,
Settle window).
"""

import asyncio
import contextlib
import secrets
import socket
import struct
from collections.abc import AsyncIterator, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp

from bulk_onboard import __version__
from bulk_onboard.api.address import trust_context
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.api.exchange import BODY_TOO_LARGE, Answer, Failure, Request
from bulk_onboard.api.form import Form, form_of

RESEND_S = 30  # the kernel gives up on unacknowledged bytes after this; a part of the settle window W

_TURNS_TO_CLOSE = 100  # it takes 1, over TLS 3; whoever is not closed by then does not hold up the rest

_opened: ContextVar[list[socket.socket] | None] = ContextVar("sockets of this attempt", default=None)

_AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]


def open_socket(address: _AddressInfo) -> socket.socket:
    """Return a socket for the address, remembered for the attempt that opens it."""
    family, kind, protocol, *_ = address
    sock = socket.socket(family=family, type=kind, proto=protocol)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; bounds how long the kernel keeps resending
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, RESEND_S * 1000)
    if (opened := _opened.get()) is not None:
        opened.append(sock)
    return sock


@contextlib.asynccontextmanager
async def aborted_unless_whole() -> AsyncIterator[None]:
    """Reset every socket opened inside if the block raises, before it is left.

    A context variable holds the sockets: it follows the tasks in which the client library connects.
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
    """Reset a socket: the peer sees that, and the kernel drops what it still has."""
    with contextlib.suppress(OSError):  # closed already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):  # never connected, or reset by the peer
        sock.shutdown(socket.SHUT_RDWR)


async def _closed(opened: Iterable[socket.socket]) -> None:
    """Wait until the loop has closed the sockets, which it does once they are shut.

    Until then the kernel goes on sending what it has: megabytes within milliseconds.
    """
    for _ in range(_TURNS_TO_CLOSE):
        if all(sock.fileno() < 0 for sock in opened):
            return
        await asyncio.sleep(0)


LONGEST_ANSWER = 1024 * 1024  # bytes
_SHORT = 1024 * 1024  # bytes of a form that the system takes in less than a millisecond


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Limits of an attempt: `answer_s`, and its bodies at `upload_speed` bytes/s."""

    connect_s: float = 10
    answer_s: float = 30
    upload_speed: float = 32_000

    def total_s(self, size: int) -> float:
        """Return seconds for a request with so many bytes of bodies."""
        return self.answer_s + size / self.upload_speed


@dataclass(slots=True)
class _Attempt:
    """What aiohttp's hooks have seen of one attempt."""

    started: bool = False
    headers_sent: bool = False


class _DroppedError(Exception):
    """The connection was lost; `__cause__` is aiohttp's own error.

    Never leaves this file.
    """


class _UnusableError(Exception):
    """The answer is not whole; the message is the failure's kind.

    Never leaves this file.
    """


class Client:
    """Sends requests to one account of the API, as an async context manager.

    Args:
        base_url: as `address.check_address` returned it.
        concurrency: attempts at a time; more of them wait their turn, which is no failure.
        proxy: URL of a proxy; nothing in the environment is ever taken for one.
        ca_bundle: certificates that replace the system's trust store.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        concurrency: int,
        proxy: str | None = None,
        ca_bundle: Path | None = None,
        deadlines: Deadlines | None = None,
    ) -> None:
        self._account_url = f"{base_url}/v1/Account/{quote(credentials.auth_id, safe='')}/"
        self._credentials = credentials
        self._proxy = proxy
        self._ssl = trust_context(ca_bundle) if base_url.startswith("https:") else True
        self._deadlines = deadlines or Deadlines()
        self._turns = asyncio.Semaphore(concurrency)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                force_close=True,  # a reused connection may be stale, or deliver the answer to somebody else's request
                socket_factory=open_socket,  # so that an abandoned attempt can be aborted for real
                ssl=self._ssl,
                limit=0,  # waiting for a connection would count against the deadline to connect; `_turns` bounds
            ),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",  # a small gzip can unpack to 300 MB
                "User-Agent": f"bulk-onboard/{__version__}",
            },
            auto_decompress=False,  # nor is what comes packed all the same
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(_send_once,),
            proxy=self._proxy,
            raise_for_status=False,
            trace_configs=[_tracing()],
            trust_env=False,  # no proxy and no .netrc from the environment
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def exchange(self, request: Request) -> Answer | Failure:
        """Send the request once.

        When this returns a failure or is cancelled, the attempt's sockets are aborted: no further byte of it leaves.
        """
        async with self._turns:
            attempt = _Attempt()
            try:
                async with aborted_unless_whole():
                    return await self._attempt(request, attempt)
            except Exception as error:  # whatever it is, its class is what the verdict goes by
                return _failure(error, attempt)

    async def _attempt(self, request: Request, attempt: _Attempt) -> Answer:
        async with self._session.request(
            request.method,
            self._account_url + request.path,
            params=request.query,
            data=_body(request),
            headers=self._headers(request),
            timeout=self._timeout(request),
            allow_redirects=False,  # a followed POST turns into a GET, or takes the whole body to another host
            expect100=False,  # aiohttp waits for the 100 without a limit of its own
            trace_request_ctx=attempt,
        ) as response:
            body = await _read(response)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(http_status=response.status, headers=headers, body=body)

    def _headers(self, request: Request) -> dict[str, str]:
        # Made here, not by `auth=`, which also sends it to other origins; and with each request, because what all
        # requests of a session have in common aiohttp also tells the proxy, this as Proxy-Authorization.
        headers = {"Authorization": self._credentials.authorization()}
        return headers if request.json is None else headers | {"Content-Type": "application/json"}

    def _timeout(self, request: Request) -> aiohttp.ClientTimeout:
        size = len(request.json or b"") + sum(len(part.body) for part in request.parts or ())
        # No `sock_read`: it starts after the body is out and begins anew with every byte of a dripping answer.
        return aiohttp.ClientTimeout(
            total=self._deadlines.total_s(size),
            connect=self._deadlines.connect_s,  # DNS, TCP, TLS and a proxy's CONNECT together
            sock_connect=self._deadlines.connect_s,
        )


def _tracing() -> aiohttp.TraceConfig:
    """Return hooks that set the flags of the attempt they are called for."""

    async def raise_started(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.started = True

    async def raise_headers_sent(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.headers_sent = True  # fires just before the first byte goes

    tracing = aiohttp.TraceConfig()
    tracing.on_request_start.append(raise_started)
    tracing.on_request_headers_sent.append(raise_headers_sent)
    return tracing


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Hide a lost connection from aiohttp, which would send a GET or DELETE again."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:  # a ClientOSError, too, but never sent again
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        raise _DroppedError from error


class _FormPayload(aiohttp.Payload):
    """A form on its way, in slices, between which other calls have their turn."""

    _autoclose = True  # there is nothing to close

    def __init__(self, form: Form) -> None:
        super().__init__(form, content_type=form.content_type)
        self._size = form.size

    async def write(self, writer: aiohttp.abc.AbstractStreamWriter) -> None:
        for piece in self._value.slices():
            await writer.write(piece)
            if self._value.size > _SHORT:
                await asyncio.sleep(0)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return b"".join(self._value.pieces).decode(encoding, errors)


def _body(request: Request) -> bytes | aiohttp.Payload | None:
    """Return the body of one attempt."""
    return request.json if request.parts is None else _FormPayload(form_of(request.parts, secrets.token_hex(16)))


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Return the whole body; raise where it is cut off, which `read(n)` would not."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LONGEST_ANSWER:
            raise _UnusableError(BODY_TOO_LARGE)
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and len(body) < int(announced):
        raise _UnusableError("cut-off")
    return bytes(body)


def _failure(error: Exception, attempt: _Attempt) -> Failure:
    """Return the failure with class names and errno only.

    The texts of aiohttp's errors hold the Authorization header.
    """
    if isinstance(error, _UnusableError):
        return Failure(kind=str(error), started=attempt.started, headers_sent=attempt.headers_sent)
    seen = error.__cause__ if isinstance(error, _DroppedError) and error.__cause__ else error
    kind, *bases = _class_names(seen)
    errno = getattr(seen, "errno", None)
    return Failure(
        kind=kind,
        bases=tuple(bases),
        started=attempt.started,
        headers_sent=attempt.headers_sent,
        errno=errno if isinstance(errno, int) else None,
    )


def _class_names(error: BaseException) -> Iterator[str]:
    return (ancestor.__name__ for ancestor in type(error).__mro__)
