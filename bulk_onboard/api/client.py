"""Send a request once, return answer or failure; with `connections` the API's one door to aiohttp.

It decides nothing: `verdict` judges what comes back. Each setting here is a rule of docs/design/wire.md, Connection.
"""

import asyncio
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Self
from urllib.parse import quote

import aiohttp

from bulk_onboard import __version__
from bulk_onboard.api.address import trust_context
from bulk_onboard.api.connections import Attempt, Connector, aborted_unless_whole
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.api.exchange import BODY_TOO_LARGE, CUT_OFF, LEASE_OVER, REPEATED, UNASKED, Answer, Failure, Request
from bulk_onboard.api.form import Form, form_of
from bulk_onboard.api.sockets import Fence
from bulk_onboard.clock import Clock, SystemClock

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
        clock: what tells for how long connections have been kept.
        fence: asked just before bytes leave, each time; once it says no, nothing leaves any more. None sends always.
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
        clock: Clock | None = None,
        fence: Fence | None = None,
    ) -> None:
        self._account_url = f"{base_url}/v1/Account/{quote(credentials.auth_id, safe='')}/"
        self._credentials = credentials
        self._proxy = proxy
        self._ssl = trust_context(ca_bundle) if base_url.startswith("https:") else True
        self._deadlines = deadlines or Deadlines()
        self._turns = asyncio.Semaphore(concurrency)
        self._clock = clock or SystemClock()
        self._fence = fence
        self._under_way: set[Attempt] = set()
        # A plain proxy's own credentials are written by the client library only where it connects anew.
        self._may_keep = proxy is None or base_url.startswith("https:")

    async def __aenter__(self) -> Self:
        self._connector = Connector(
            clock=self._clock,
            keeps=self._may_keep,
            ssl=self._ssl,
            limit=0,  # waiting for a connection would count against the deadline to connect; `_turns` bounds
        )
        self._session = aiohttp.ClientSession(
            connector=self._connector,
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
            seen = await self._once(request)
            if isinstance(seen, Failure) and seen.kind == UNASKED and seen.kept:  # no byte of it has left
                return await self._once(request, anew=True)
            return seen

    def abort(self) -> None:
        """Reset all connections, in two turns of the loop, so that what has arrived until now is still read.

        The calls in flight fail then, those without an answer. To be called when the fence says no.
        """
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._abort)

    def _abort(self) -> None:
        self._connector.close_kept()
        for attempt in tuple(self._under_way):
            attempt.abort()

    async def _once(self, request: Request, *, anew: bool = False) -> Answer | Failure:
        attempt = Attempt(request.head, anew=anew, is_last=not self._connector.keeps, fence=self._fence)
        self._under_way.add(attempt)
        try:
            async with aborted_unless_whole(attempt):
                answer = await self._attempt(request, attempt)
                if attempt.channel is not None and attempt.channel.repeats(answer):
                    raise _UnusableError(REPEATED)
                self._connector.put_back(attempt, answer)
                return answer
        except Exception as error:  # whatever it is, its class is what the verdict goes by
            if attempt.is_kept and not attempt.is_held_back:
                self._connector.distrust()
            return _failure(error, attempt)
        finally:
            self._under_way.discard(attempt)

    async def _attempt(self, request: Request, attempt: Attempt) -> Answer:
        async with self._session.request(
            request.method,
            self._account_url + request.path,
            params=request.query,
            data=_body(request, attempt),
            headers=self._headers(attempt),
            timeout=self._timeout(request),
            allow_redirects=False,  # a followed POST turns into a GET, or takes the whole body to another host
            expect100=False,  # aiohttp waits for the 100 without a limit of its own
            trace_request_ctx=attempt,
        ) as response:
            body = await _read(response)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(http_status=response.status, headers=headers, body=body)

    def _headers(self, attempt: Attempt) -> dict[str, str]:
        # Made here, not by `auth=`, which also sends it to other origins; and with each request, because what all
        # requests of a session have in common aiohttp also tells the proxy, this as Proxy-Authorization.
        headers = {"Authorization": self._credentials.authorization()}
        if attempt.is_last:
            headers["Connection"] = "close"
        return headers if attempt.request.json is None else headers | {"Content-Type": "application/json"}

    def _timeout(self, request: Request) -> aiohttp.ClientTimeout:
        size = len(request.json or b"") + sum(len(part.body) for part in request.parts or ())
        # No `sock_read`: it starts after the body is out and begins anew with every byte of a dripping answer.
        return aiohttp.ClientTimeout(
            total=self._deadlines.total_s(size),
            connect=self._deadlines.connect_s,  # DNS, TCP, TLS and a proxy's CONNECT together
            sock_connect=self._deadlines.connect_s,
        )


def _tracing() -> aiohttp.TraceConfig:
    """Return hooks that note on the attempt they are called for how far it has come."""

    async def raise_started(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.started = True

    async def raise_headers_sent(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.about_to_send()
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


class _Body(aiohttp.Payload):
    """A body on its way, in slices, between which other calls have their turn."""

    _autoclose = True  # there is nothing to close

    def __init__(self, body: Form | bytes, attempt: Attempt) -> None:
        super().__init__(body, content_type=body.content_type if isinstance(body, Form) else "application/json")
        self._size = size = body.size if isinstance(body, Form) else len(body)
        self._is_long = size > _SHORT
        self._attempt = attempt

    async def write(self, writer: aiohttp.abc.AbstractStreamWriter) -> None:
        self._attempt.about_to_send_body(has_sent=writer.output_size > 0)  # headers leave with the first slice
        for piece in self._slices():
            self._attempt.check_fence()
            await writer.write(piece)
            if self._is_long:
                await asyncio.sleep(0)
        self._attempt.note_written()

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return b"".join(self._slices()).decode(encoding, errors)

    def _slices(self) -> Iterable[bytes | memoryview]:
        return self._value.slices() if isinstance(self._value, Form) else (self._value,)


def _body(request: Request, attempt: Attempt) -> aiohttp.Payload | None:
    """Return the body of one attempt."""
    if request.parts is not None:
        return _Body(form_of(request.parts, secrets.token_hex(16)), attempt)
    return None if request.json is None else _Body(request.json, attempt)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Return the whole body; raise where it is cut off, which `read(n)` would not."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LONGEST_ANSWER:
            raise _UnusableError(BODY_TOO_LARGE)
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and len(body) < int(announced):
        raise _UnusableError(CUT_OFF)
    return bytes(body)


def _failure(error: Exception, attempt: Attempt) -> Failure:
    """Return the failure with class names and errno only.

    The texts of aiohttp's errors hold the Authorization header.
    """
    seen = error.__cause__ if isinstance(error, _DroppedError) and error.__cause__ else error
    kind, *bases = _class_names(seen)
    if attempt.is_fenced:
        kind, bases = LEASE_OVER, []
    elif isinstance(error, _UnusableError) or attempt.is_held_back:
        kind, bases = UNASKED if attempt.is_held_back else str(error), []
    errno = getattr(seen, "errno", None)
    return Failure(
        kind=kind,
        bases=tuple(bases),
        started=attempt.started,
        headers_sent=attempt.headers_sent,
        errno=errno if isinstance(errno, int) else None,
        kept=attempt.is_kept,
    )


def _class_names(error: BaseException) -> Iterator[str]:
    return (ancestor.__name__ for ancestor in type(error).__mro__)
