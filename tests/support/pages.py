"""A live page to ask, served in this process or by the real command."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp

from bulk_onboard.clock import SystemClock
from bulk_onboard.job import Job
from bulk_onboard.maintenance.access import access_for
from bulk_onboard.maintenance.serve import PageServer
from bulk_onboard.pipeline.stop import Stop


@dataclass(slots=True)
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(slots=True)
class Events:
    """What one reader of the page is sent: the parts as they are now, the newest title, the names of all events."""

    parts: dict[str, str] = field(default_factory=dict)
    title: str = ""
    names: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, text: str, seconds: float = 20.0) -> None:
        """Wait until a part has this text."""
        async with asyncio.timeout(seconds):
            while not any(text in part for part in self.parts.values()):
                self.changed.clear()
                await self.changed.wait()

    async def read(self, response: aiohttp.ClientResponse) -> None:
        """Take events until the server ends them."""
        name = ""
        async for line in response.content:
            if line.startswith(b"event: "):
                name = line[7:].decode().strip()
                self.names.append(name)
            elif line.startswith(b"data: ") and name == "parts":
                news = json.loads(line[6:])
                self.title = news["title"]
                self.parts |= news["parts"]
                self.changed.set()


@dataclass(slots=True)
class Page:
    """A page that is served, and a browser's cookies."""

    url: str
    session: aiohttp.ClientSession
    stop: Stop

    @property
    def origin(self) -> str:
        """Its address without the token."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def token(self) -> str:
        """The token in the address that was printed; empty where it was chosen."""
        return parse_qs(urlsplit(self.url).query).get("token", [""])[0]

    async def enter(self) -> Answer:
        """Open the address that was printed, as a browser does."""
        return await self.get(self.url.removeprefix(self.origin))

    async def get(self, path: str, method: str = "GET", **words: Any) -> Answer:
        """Ask for a path of it."""
        async with self.session.request(method, f"{self.origin}{path}", **words) as response:
            return Answer(response.status, response.headers, (await response.read()).decode("utf-8", "replace"))

    @asynccontextmanager
    async def events(self) -> AsyncIterator[Events]:
        """Read the events while the context lasts."""
        events = Events()
        async with self.session.get(f"{self.origin}/events", timeout=aiohttp.ClientTimeout()) as response:
            assert response.status == 200, await response.text()
            reading = asyncio.create_task(events.read(response))
            try:
                yield events
            finally:
                reading.cancel()
                await asyncio.wait([reading])


@asynccontextmanager
async def served(
    job: Job, *, host: str = "127.0.0.1", port: int = 0, token: str = "", names: tuple[str, ...] = ()
) -> AsyncIterator[Page]:
    """Serve the page of a job while the context lasts."""
    stop, announced = Stop(), asyncio.get_running_loop().create_future()
    access = access_for(host, token=token, names=names)
    server = PageServer(job, access=access, clock=SystemClock(), stop=stop)
    task = asyncio.create_task(server.run(host, port, announced.set_result))
    await asyncio.wait([task, announced], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        try:
            yield Page(announced.result(), session, stop)
        finally:
            stop.request("a test")
            async with asyncio.timeout(10):
                await task
