"""The HTTP server for callbacks.

The size of a request, the time for it and the number of connections are limited; when there are too many connections,
the one that has been idle for longest is closed. A request is answered as soon as its hint is on disk: nothing is read
from the API here. Nothing of a request is logged.
"""

import asyncio
import logging
import resource
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from aiohttp import web

from bulk_onboard import log
from bulk_onboard.callbacks.callback import Callback, Endpoint, Reception
from bulk_onboard.errors import BulkOnboardError, UsageError

LONGEST_BODY = 64 * 1024  # bytes
BODY_WAIT_S = 10.0
MOST_CONNECTIONS = 500

_IDLE_S = 15.0  # how long a connection may take to send a whole head, its first or the next
_METHODS = ("GET", "POST")
_HEADERS = {
    "signature": "X-Plivo-Signature-V3",
    "main_signature": "X-Plivo-Signature-Ma-V3",
    "nonce": "X-Plivo-Signature-V3-Nonce",
    "content_type": "Content-Type",
}


def most_connections() -> int:
    """Return how many connections may be open: at most half of the file descriptors of this process."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MOST_CONNECTIONS if files == resource.RLIM_INFINITY else max(1, min(MOST_CONNECTIONS, files // 2))


class _Server(web.Server):
    """aiohttp's server with a limit to its connections: a new one replaces the one that was idle for longest."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], **settings: Any) -> None:
        super().__init__(self._handle, **settings)
        self._answer = handler
        self._most = most_connections()
        self._open: dict[web.RequestHandler, asyncio.Transport] = {}
        self._idle: dict[web.RequestHandler, None] = {}  # connections without a whole request head, longest idle first

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self._open[handler] = transport
        self._idle[handler] = None
        if len(self._open) > self._most:
            oldest = next(iter(self._idle))
            self._open[oldest].abort()
            self._forget(oldest)

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self._forget(handler)

    def _forget(self, handler: web.RequestHandler) -> None:
        self._open.pop(handler, None)
        self._idle.pop(handler, None)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self._idle.pop(request.protocol, None)
        try:
            return await self._answer(request)
        finally:
            if request.protocol in self._open:
                self._idle[request.protocol] = None


@dataclass(frozen=True, slots=True)
class Inbox:
    """Where the callbacks of one account arrive: at the path of its endpoint.

    Attributes:
        keep: writes a hint to disk, or raises OSError; called in a thread.
        wake: called after a hint was kept.
        counts: how many requests were answered how.
    """

    endpoint: Endpoint
    keep: Callable[[str], None]
    wake: Callable[[], None] = lambda: None
    counts: Counter[Reception] = field(default_factory=Counter)

    @property
    def path(self) -> str:
        """Return the path of its address."""
        return urlsplit(self.endpoint.public_url).path


class Listener:
    """Receives requests while the context lasts, at the paths of these inboxes only.

    Args:
        port: 0 for a free one.

    Attributes:
        elsewhere: how many requests came to any other path.
    """

    def __init__(self, host: str, port: int, inboxes: Iterable[Inbox], *, body_wait_s: float = BODY_WAIT_S) -> None:
        self.elsewhere = 0
        self._host, self._port = host, port
        self._inboxes = {each.path: each for each in inboxes}
        self._body_wait_s = body_wait_s

    @property
    def address(self) -> str:
        """Return where a proxy on this machine reaches it, without a path."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def __aenter__(self) -> Self:
        """Begin to listen; UsageError where that address cannot be used."""
        server = _Server(
            self._handle, access_log=None, logger=_silent(), keepalive_timeout=_IDLE_S, auto_decompress=False
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=2)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise UsageError(
                f"Cannot listen at {self._host}, port {self._port}: {error.strerror}. "
                "Choose another address with --host and --port."
            ) from error
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        inbox = self._inboxes.get(path)
        if inbox is None:
            self.elsewhere += 1
            return _answer(Reception.ELSEWHERE)
        try:
            reception = await self._received(request, inbox, query)
        except Exception as bug:  # logged without its message, which may hold what was sent
            log.logger().error("callback not handled", error=type(bug).__name__)
            reception = Reception.NOT_KEPT
        inbox.counts[reception] += 1
        return _answer(reception)

    async def _received(self, request: web.BaseRequest, inbox: Inbox, query: str) -> Reception:
        if request.method not in _METHODS:
            return Reception.BY_ANOTHER_METHOD
        headers = {name: request.headers.get(header, "") for name, header in _HEADERS.items()}
        try:
            body = await _read(request, self._body_wait_s)
        except (TimeoutError, web.RequestPayloadError, ConnectionError):
            return Reception.SLOW
        if len(body) > LONGEST_BODY:
            return Reception.TOO_LARGE
        return await _judged(Callback(request.method, query, body=body, **headers), inbox)


def _answer(reception: Reception) -> web.Response:
    response = web.Response(status=reception.http_status, text=reception.word + "\n")
    if reception in (Reception.TOO_LARGE, Reception.SLOW):
        response.force_close()
    return response


async def _judged(callback: Callback, inbox: Inbox) -> Reception:
    reception, compliance_id = inbox.endpoint.judge(callback)
    if not compliance_id:
        return reception
    try:
        await asyncio.to_thread(inbox.keep, compliance_id)
    except (OSError, BulkOnboardError) as trouble:  # the disk or the database
        log.logger().error("hint not kept", error=type(trouble).__name__, errno=getattr(trouble, "errno", None))
        return Reception.NOT_KEPT
    log.logger().info("callback", outcome=reception.word)
    inbox.wake()
    return reception


async def _read(request: web.BaseRequest, wait_s: float) -> bytes:
    """Return the body, or as much of it as first exceeds the limit."""
    if (request.content_length or 0) > LONGEST_BODY:
        return bytes(LONGEST_BODY + 1)
    body = bytearray()
    async with asyncio.timeout(wait_s):
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > LONGEST_BODY:
                break
    return bytes(body)


def _silent() -> logging.Logger:
    """Return a logger that logs nothing: aiohttp's own would log requests that it cannot parse."""
    logger = logging.Logger("callbacks")  # noqa: LOG001 - one that nobody else gets hold of
    logger.disabled = True
    return logger
