"""The sandbox on a socket of 127.0.0.1: the one door to aiohttp's server.

async with Sandbox(quota=Quota(60, 60), faults={"drop-after": 0.1}) as sandbox:
    ...                                    # send to sandbox.url
    assert sandbox.state.duplicates == []  # and look at sandbox.log
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from bulk_onboard.clock import Clock, SystemClock
from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.answers import Answer, Delivery
from bulk_onboard.sandbox.behaviours import Behaviours
from bulk_onboard.sandbox.callbacks import Callbacks, Ways
from bulk_onboard.sandbox.control import PREFIX, control
from bulk_onboard.sandbox.credentials import Credentials
from bulk_onboard.sandbox.faults import LATE_APPLY_S, Faults
from bulk_onboard.sandbox.instants import ClockStep, Instants
from bulk_onboard.sandbox.log import LoggedRequest
from bulk_onboard.sandbox.others import Others
from bulk_onboard.sandbox.quota import COMPLIANCE, REQUIREMENTS, Quotas
from bulk_onboard.sandbox.sender import Sender
from bulk_onboard.sandbox.service import Service
from bulk_onboard.sandbox.state import State
from bulk_onboard.sandbox.witness import Witness
from bulk_onboard.units import Quota

DEFAULT_PORT = 8765
HANG_S = 600.0
BODY_WAIT_S = 60.0

_HOST = "127.0.0.1"
_CONTROL_BODY_LIMIT = 1024 * 1024
_LOOK_AGAIN_S = 0.1
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 s


class Sandbox:
    """The API on this machine, while the context lasts.

    `quota` bounds everything but requirements, which have `requirements_quota`; None is no quota and no headers.
    `credentials` None takes any. `faults` are rates (see `Faults`); `sandbox.faults.script(…)` adds a script.
    `behaviours` are how the API behaves (see `BEHAVIOURS`), `others` what others do to the account (see `Others`),
    `clock_steps` how the clock is wrong that it shows. New records are in no list for `list_lag_s`, and a GET of one is
    404 for `get_lag_s`. A call that meets `late-apply` takes effect up to `late_apply_s` later. The aliases of creates
    that arrive without an intent in the `ledger` are `without_intent`.
    A client that sends nothing of its body for `body_wait_s` is taken for dead. `ways` say how callbacks are sent.
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
        late_apply_s: float = LATE_APPLY_S,
        behaviours: Iterable[str] = (),
        others: Mapping[str, float] | None = None,
        clock_steps: Iterable[ClockStep] = (),
        seed: int = 0,
        list_lag_s: float = 0.0,
        get_lag_s: float = 0.0,
        latency_s: float = 0.0,
        body_wait_s: float = BODY_WAIT_S,
        ledger: Path | None = None,
        clock: Clock | None = None,
        ways: Ways | None = None,
    ) -> None:
        self._port, self.latency_s, self._body_wait_s = port, latency_s, body_wait_s
        self._clock = clock or SystemClock()
        instants = Instants(self._clock, clock_steps)
        self.behaviours = Behaviours(behaviours, seed)
        self.others = Others(others or {}, seed)
        self.state = State(
            instants, review_after_s, self.behaviours, self.others, list_lag_s=list_lag_s, get_lag_s=get_lag_s
        )
        self.faults = Faults(faults or {}, seed, late_apply_s)
        self.witness = Witness(ledger)
        quotas = Quotas(window, {REQUIREMENTS: requirements_quota, COMPLIANCE: quota})
        self.callbacks = Callbacks(self.state, ways or Ways(), seed)
        self._service = Service(
            instants, self.state, quotas, self.faults, self.callbacks, credentials=credentials, witness=self.witness
        )
        self._closing = False

    @property
    def url(self) -> str:
        """Scheme, host and port, no path."""
        return f"http://{_HOST}:{self._port}"

    @property
    def log(self) -> list[LoggedRequest]:
        """The requests so far."""
        return self._service.log

    @property
    def without_intent(self) -> list[str] | None:
        """The aliases of creates that arrived without an intent; None where no ledger is watched."""
        return self.witness.without_intent

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
        self._sender = await Sender(self.callbacks).__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        await self._sender.__aexit__(kind, error, trace)
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(PREFIX):
            body = await _read(request, _CONTROL_BODY_LIMIT, self._body_wait_s)
            return _response(control(self._service, request.method, request.path, body))
        visit = self._service.admit(request.method, request.path, dict(request.query), request.headers)
        try:
            body = await _read(request, visit.body_limit(request.content_length), self._body_wait_s)
        except OSError:  # the client has gone, or sends nothing any more
            self._service.note(visit, None, 0)
            _reset_connection(request)
            return web.Response()
        call = self._service.receive(visit, body, self.url)
        if self.latency_s:
            await self._clock.sleep(self.latency_s)
        return await self._deliver(request, self._service.answer(visit, call))

    async def _deliver(self, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        if answer.delivery is Delivery.HUNG:
            await self._keep_silent(request)
        if answer.delivery in (Delivery.HUNG, Delivery.DROPPED):
            _reset_connection(request)
        if answer.delivery is Delivery.CUT:
            return await _send_half(request, answer)
        return _response(answer)

    async def _keep_silent(self, request: web.BaseRequest) -> None:
        """Say nothing until the client has left, the sandbox closes, or HANG_S have passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HANG_S):
                while request.transport is not None and not self._closing:  # noqa: ASYNC110 aiohttp tells nobody
                    await asyncio.sleep(_LOOK_AGAIN_S)


async def serve(sandbox: Sandbox, announce: Callable[[str], None]) -> None:
    """Run a sandbox until cancelled; `announce` is told its URL once it listens."""
    async with sandbox:
        announce(sandbox.url)
        await asyncio.Event().wait()


async def _read(request: web.BaseRequest, limit: int, wait_s: float) -> bytes:
    """The body, or as much of it as first exceeds the limit; OSError when its rest does not come."""
    body = bytearray()
    async with asyncio.timeout(wait_s) as deadline:
        async for chunk in request.content.iter_any():
            deadline.reschedule(asyncio.get_running_loop().time() + wait_s)
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
