"""The sandbox on a socket of 127.0.0.1: the one door to aiohttp's server.

async with Sandbox(quota=Quota(60, 60), faults={"drop-after": 0.1}) as sandbox:
    ...                                    # send to sandbox.url
    assert sandbox.state.duplicates == []  # and look at sandbox.log
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from aiohttp import web

from bulk_onboard.clock import Clock, SystemClock
from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.answers import Answer, Delivery
from bulk_onboard.sandbox.control import PREFIX, control
from bulk_onboard.sandbox.credentials import Credentials
from bulk_onboard.sandbox.faults import Faults
from bulk_onboard.sandbox.instants import Instants
from bulk_onboard.sandbox.log import LoggedRequest
from bulk_onboard.sandbox.quota import COMPLIANCE, REQUIREMENTS, Quotas
from bulk_onboard.sandbox.service import Service, Witness
from bulk_onboard.sandbox.state import State
from bulk_onboard.units import Quota

DEFAULT_PORT = 8765
HANG_S = 600.0

_HOST = "127.0.0.1"
_CONTROL_BODY_LIMIT = 1024 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 s


class Sandbox:
    """The API on this machine, while the context lasts.

    `quota` bounds everything but requirements, which have `requirements_quota`; None is no quota and no headers.
    `credentials` None takes any. `faults` are rates (see `Faults`); `sandbox.faults.script(…)` adds a script.
    `witness` is told of each request when it has arrived whole, before it is carried out.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        quota: Quota | None = None,
        requirements_quota: Quota | None = None,
        window: str = "fixed",
        credentials: Credentials | None = None,
        review_after_s: float | None = None,
        faults: Mapping[str, float] | None = None,
        seed: int = 0,
        list_lag_s: float = 0.0,
        latency_s: float = 0.0,
        clock: Clock | None = None,
        witness: Witness = lambda operation, alias: None,
    ) -> None:
        self._port, self.latency_s = port, latency_s
        self._clock = clock or SystemClock()
        instants = Instants(self._clock)
        self.state = State(instants, review_after_s, list_lag_s)
        self.faults = Faults(faults or {}, seed)
        quotas = Quotas(window, {REQUIREMENTS: requirements_quota, COMPLIANCE: quota})
        self._service = Service(instants, self.state, quotas, self.faults, credentials=credentials, witness=witness)
        self._closing = asyncio.Event()

    @property
    def url(self) -> str:
        """Scheme, host and port, no path."""
        return f"http://{_HOST}:{self._port}"

    @property
    def log(self) -> list[LoggedRequest]:
        """The requests so far."""
        return self._service.log

    def reset(self) -> None:
        """As at the start: no records, no linked numbers, no log, fresh windows, the first faults."""
        self._service.reset()

    async def __aenter__(self) -> Self:
        """Listen; UsageError when the port is taken."""
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, _HOST, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise UsageError(f"port {self._port} is taken; choose another one, or 0 for a free one") from error
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(PREFIX):
            body = await _read(request, _CONTROL_BODY_LIMIT)
            return _response(control(self._service, request.method, request.path, body))
        visit = self._service.admit(request.method, request.path, dict(request.query))
        try:
            body = await _read(request, visit.body_limit(request.content_length))
        except OSError:
            self._service.note(visit, None, 0)
            return web.Response()  # the client has gone; nobody will see it
        if self.latency_s:
            await self._clock.sleep(self.latency_s)
        answer = self._service.answer(visit, request.headers, body, self.url)
        return await self._deliver(request, answer)

    async def _deliver(self, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        if answer.delivery is Delivery.HUNG:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), HANG_S)
        if answer.delivery in (Delivery.HUNG, Delivery.DROPPED):
            _reset_connection(request)
        if answer.delivery is Delivery.CUT:
            return await _send_half(request, answer)
        return _response(answer)


async def serve(sandbox: Sandbox, announce: Callable[[str], None]) -> None:
    """Run a sandbox until cancelled; `announce` is told its URL once it listens."""
    async with sandbox:
        announce(sandbox.url)
        await asyncio.Event().wait()


async def _read(request: web.BaseRequest, limit: int) -> bytes:
    """The body, or as much of it as first exceeds the limit."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            break
    return bytes(body)


def _response(answer: Answer) -> web.Response:
    headers = {**answer.headers, "Content-Type": answer.content_type}
    return web.Response(status=answer.http_status, body=answer.body, headers=headers)


async def _send_half(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    headers = {**answer.headers, "Content-Type": answer.content_type, "Content-Length": str(len(answer.body))}
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
