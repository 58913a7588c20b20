"""A connection of the sandbox, and what it does between its answers (docs/sandbox.md, Connections)."""

import asyncio
import contextlib
from typing import Any

from aiohttp import web

from bulk_onboard.sandbox.answers import Answer
from bulk_onboard.sandbox.behaviours import Connecting

_ORDINARY = Connecting()
_NO_ANSWER = b'\r\n{"notice": "maintenance tonight"}\r\n'
_UNASKED = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Connection(web.RequestHandler):
    """A connection on which a body ends with an error where its chunks do; aiohttp would wait for the rest of it."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._answered = 0
        self._last: Answer | None = None
        self._resting: list[asyncio.TimerHandle] = []

    def data_received(self, data: bytes) -> None:
        self._wake()
        super().data_received(data)
        reading = self._current_request
        if self._messages and reading is not None and not reading.content.is_eof():
            reading.content.set_exception(web.RequestPayloadError("what follows is no chunk"))

    def connection_lost(self, exc: BaseException | None) -> None:
        self._wake()
        super().connection_lost(exc)

    def next_answer(self, answer: Answer, manners: Connecting) -> Answer:
        """Return what the request gets whose own answer this is: that, or the one to the request before it."""
        before, self._last = self._last, answer
        return before if manners.behind and before is not None else answer

    async def give(self, request: web.BaseRequest, response: web.Response, manners: Connecting) -> web.Response:
        """Give a whole answer; what the connection does from now on is as these manners have it."""
        self._answered += 1
        if manners == _ORDINARY:
            return response
        is_last = manners.answers is not None and self._answered >= manners.answers
        if manners.tells and is_last:
            response.force_close()
        elif manners.tells and manners.idle_s is not None:
            response.headers["Keep-Alive"] = f"timeout={int(manners.idle_s)}"
        with contextlib.suppress(ConnectionError):  # the client has gone
            await response.prepare(request)
            await response.write_eof()
        self._follow(manners.bytes_s, _NO_ANSWER)
        self._follow(manners.second_s, _on_the_wire(response))
        if is_last:
            self._end()
        if manners.idle_s is not None:
            self._rest(manners.idle_s, b"")
        if manners.unasked_s is not None:
            self._rest(manners.unasked_s, _UNASKED)
        return response

    def _follow(self, after_s: float | None, said: bytes) -> None:
        """Say something after an answer, whatever has been asked by then."""
        if after_s == 0:
            self._say(said)
        elif after_s is not None:
            asyncio.get_running_loop().call_later(after_s, self._say, said)

    def _rest(self, for_s: float, said: bytes) -> None:
        """Say something, or nothing, and close, unless a request comes before."""
        self._resting.append(asyncio.get_running_loop().call_later(for_s, self._end, said))

    def _wake(self) -> None:
        for timer in self._resting:
            timer.cancel()
        self._resting.clear()

    def _say(self, said: bytes) -> None:
        if self.transport is not None:
            self.transport.write(said)

    def _end(self, said: bytes = b"") -> None:
        self._say(said)
        if self.transport is not None:
            self.transport.close()


class Server(web.Server):
    """Makes a `Connection` for each client that comes."""

    def __call__(self) -> web.RequestHandler:
        return Connection(self, loop=self._loop, **self._kwargs)


def _on_the_wire(response: web.Response) -> bytes:
    """Return the bytes of an answer as they were sent."""
    lines = [f"HTTP/1.1 {response.status} {response.reason}", *(f"{k}: {v}" for k, v in response.headers.items())]
    body = response.body if isinstance(response.body, bytes) else b""
    return "\r\n".join((*lines, "", "")).encode() + body
