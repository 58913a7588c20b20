"""The sandbox on a socket of 127.0.0.1.

async with Sandbox(quota=Quota(60, 60), faults={"drop-after": 0.1}) as sandbox:
    ...                                    # send to sandbox.url
    assert sandbox.state.duplicates == []  # and look at sandbox.log
"""

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import HttpVersion11, web
from aiohttp.http import HttpProcessingError

from bulk_onboard.clock import Clock, SystemClock
from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.accounts import Accounts, Credentials
from bulk_onboard.sandbox.answers import Answer, Delivery, RefusedError, invalid
from bulk_onboard.sandbox.behaviours import Connecting
from bulk_onboard.sandbox.callbacks import Callbacks, send_callbacks
from bulk_onboard.sandbox.connections import Connection, Server
from bulk_onboard.sandbox.control import PREFIX, control

_HOST = "127.0.0.1"
_HANG_S = 600.0
_LOOK_AGAIN_S = 0.1
_CONTROL_BODY_LIMIT = 1024 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 s

# What clients send that is not HTTP is answered, and no error of the sandbox.
_BROKEN_HTTP = (HttpProcessingError, web.RequestPayloadError)
_LOGGER = logging.getLogger(__name__)
_LOGGER.addFilter(lambda told: not (told.exc_info and isinstance(told.exc_info[1], _BROKEN_HTTP)))


class Sandbox(Accounts):
    """The API on this machine, while the context lasts."""

    def __init__(
        self,
        port: int = 0,
        *,
        latency_s: float = 0.0,
        body_wait_s: float = 60.0,
        clock: Clock | None = None,
        credentials: Credentials | None = None,
        accounts: Mapping[str, Mapping[str, Any]] | None = None,
        **settings: Any,
    ) -> None:
        """Make a sandbox; it listens once its context is entered.

        Args:
            port: 0 for a free one.
            latency_s: how long it takes before it carries out a call.
            body_wait_s: a client that sends nothing of its body for so long is taken for dead.
            clock: another clock than the machine's.
            credentials: auth id and token of the only account, or tokens by auth id; None takes any account.
            accounts: settings of single accounts, by their auth ids, in place of the others.
            settings: of every account, as `account.Settings` has them.

        Raises:
            UsageError: a setting has a value that does not exist, or one of an account that has no credentials.
        """
        self.latency_s, self._port, self._body_wait_s = latency_s, port, body_wait_s
        self._closing = False
        super().__init__(clock or SystemClock(), credentials, accounts or {}, settings)

    @property
    def url(self) -> str:
        """Scheme, host and port, no path."""
        return f"http://{_HOST}:{self._port}"

    async def __aenter__(self) -> Self:
        """Listen; UsageError when the port is taken."""
        serving = Server(self._handle, access_log=None, logger=_LOGGER)
        self._runner = web.ServerRunner(serving, shutdown_timeout=1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, _HOST, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise UsageError(f"port {self._port} is taken; choose another one, or 0 for a free one") from error
        self._port = self._runner.addresses[0][1]
        self._sending = asyncio.create_task(send_callbacks(self._all_callbacks))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._sending.cancel()
        await self._runner.cleanup()
        with contextlib.suppress(asyncio.CancelledError):
            await self._sending

    def _all_callbacks(self) -> list[Callbacks]:
        return [account.callbacks for account in self.opened]

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(PREFIX):
            body = await self._control_body(request)
            return _response(control(self, request.method, request.path, dict(request.query), body))
        account, arrival = self.admit(request.method, request.path, dict(request.query), request.headers)
        manners = account.behaviours.connecting
        if manners.early and request.body_exists:
            error = RefusedError("internal_error", "Answered before the body was read; nothing was done")
            return await self._deliver(request, account.refuse(arrival, error), manners)
        try:
            body = await _read(request, arrival.body_limit(request.content_length), self._body_wait_s)
        except web.RequestPayloadError:
            answer = account.refuse(arrival, invalid("the body is not what its headers say"))
            return _response(answer, closing=True)
        except OSError:  # the client has gone, or sends nothing any more
            account.note(arrival, None, 0)
            _reset_connection(request)
            return web.Response()
        call = account.receive(arrival, body, self.url)
        if self.latency_s:
            await self._clock.sleep(self.latency_s)
        return await self._deliver(request, account.answer(arrival, call), manners)

    async def _control_body(self, request: web.BaseRequest) -> bytes:
        """Return a body that people and tests send; what cannot be read is no JSON."""
        try:
            return await _read(request, _CONTROL_BODY_LIMIT, self._body_wait_s)
        except (OSError, web.RequestPayloadError):
            return b"?"

    async def _deliver(self, request: web.BaseRequest, answer: Answer, manners: Connecting) -> web.StreamResponse:
        if answer.delivery is Delivery.HUNG:
            await self._keep_silent(request)
        if answer.delivery in (Delivery.HUNG, Delivery.DROPPED):
            _reset_connection(request)
        if answer.delivery is Delivery.CUT:
            return await _send_half(request, answer)
        connection = request.protocol
        if answer.delivery is not Delivery.WHOLE or not isinstance(connection, Connection):
            return _response(answer)
        return await connection.give(request, _response(connection.next_answer(answer, manners)), manners)

    async def _keep_silent(self, request: web.BaseRequest) -> None:
        """Say nothing until the client has left, the sandbox closes, or ten minutes have passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HANG_S):
                while request.transport is not None and not self._closing:  # noqa: ASYNC110 aiohttp has no event
                    await asyncio.sleep(_LOOK_AGAIN_S)


async def serve(sandbox: Sandbox, announce: Callable[[str], None]) -> None:
    """Run a sandbox until cancelled; call `announce` with its URL once it listens."""
    async with sandbox:
        announce(sandbox.url)
        await asyncio.Event().wait()


async def _invite(request: web.BaseRequest) -> None:
    """Let a client that asks first (`Expect: 100-continue`) send its body."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _read(request: web.BaseRequest, limit: int, wait_s: float) -> bytes:
    """Return the body, or as much of it as first exceeds the limit; OSError when its rest does not come."""
    chunks: list[bytes] = []
    size = 0
    await _invite(request)
    async with asyncio.timeout(wait_s) as deadline:
        async for chunk in request.content.iter_any():
            deadline.reschedule(asyncio.get_running_loop().time() + wait_s)
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                break
    return b"".join(chunks)


def _headers(answer: Answer) -> dict[str, str]:
    return {**answer.headers, "Content-Type": answer.content_type}


def _response(answer: Answer, *, closing: bool = False) -> web.Response:
    response = web.Response(status=answer.http_status, body=answer.body, headers=_headers(answer))
    if closing:
        response.force_close()
    return response


async def _send_half(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    headers = {**_headers(answer), "Content-Length": str(len(answer.body))}
    response = web.StreamResponse(status=answer.http_status, headers=headers)
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def _reset_connection(request: web.BaseRequest) -> None:
    """Close with a reset instead of an end, as a broken path does; what is returned afterwards goes nowhere."""
    if request.transport is not None:
        connection: socket.socket = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        request.transport.abort()
