"""A webhook on this machine: takes what is posted to it, and answers as it was told."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The object in its body."""
        return json.loads(self.text)


@dataclass(slots=True)
class Inbox:
    """Listens while the context lasts.

    Attributes:
        http_status, location: the answer's; no `Location` where that is empty.
        hangs: whether it takes requests and never answers.
    """

    http_status: int = 200
    location: str = ""
    hangs: bool = False
    tls: ssl.SSLContext | None = None
    arrivals: list[Arrival] = field(default_factory=list)
    port: int = 0
    _runner: web.ServerRunner | None = None

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.tls).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        self.arrivals.append(Arrival(request.method, request.path, dict(request.headers), await request.text()))
        if self.hangs:
            await asyncio.sleep(60)
        return web.Response(status=self.http_status, headers={"Location": self.location} if self.location else {})
