"""The live page over HTTP: a thin server around views of the job.

One thread looks at the ledger and makes views of it, so that no two look at once and the event loop never waits. A look
costs little; a view of very many records costs more, so that views are made at most so often that a tenth of the time
goes into them, and only while somebody has the page open. Every reader gets the newest parts when there are any: who
reads slowly is sent fewer of them, and nothing queues up.

Who may see the page is decided in `access.py`. Everything is read-only, over GET and HEAD.
"""

import asyncio
import errno
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote, urlencode

from aiohttp import web

from bulk_onboard import log
from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError, UsageError
from bulk_onboard.job import Job
from bulk_onboard.ledger.story import story
from bulk_onboard.maintenance.access import Access
from bulk_onboard.maintenance.watch import JobWatch, read_names
from bulk_onboard.pipeline.outputs import WRITERS, report_content
from bulk_onboard.pipeline.stop import Stop, rest
from bulk_onboard.reporting.page import metrics, render
from bulk_onboard.reporting.page.view import MATCHES_SHOWN, Match, Moment, business_view, find, page_view

T = TypeVar("T")

LOOK_EACH_S = 1.0
AGAIN_EACH_S = 15.0  # for words such as `2 min ago`, and so that a proxy keeps the connection
SHARE = 0.1  # of the time, for views
MOST_READERS = 200
SLOWEST_S = 30.0  # that a reader may take for what is sent at once
HANGS_S = 60.0

_SECURITY = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_CSP_OF_REPORT = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"

DOWNLOADS: Mapping[str, tuple[str, str, str]] = {  # address: format, its content type, and what people call it
    "report.html": ("html", "text/html", "Report as a page"),
    "report.xlsx": (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "Report as a workbook",
    ),
    "results.csv": ("csv", "text/csv", "Results as csv"),
    "results.jsonl": ("jsonl", "application/jsonl", "Results as JSON lines"),
    "summary.json": ("json", "application/json", "Summary as JSON"),
}


@dataclass(slots=True)
class _News:
    """The parts of the page as they were made last, each with the number of the change that made it."""

    title: str = ""
    parts: dict[str, tuple[int, str]] = field(default_factory=dict)
    number: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, title: str, parts: Mapping[str, str]) -> None:
        """Take new parts, and wake whoever waits for a change."""
        changed = {name: html for name, html in parts.items() if self.parts.get(name, (0, None))[1] != html}
        if not changed and title == self.title:
            return
        self.number += 1
        self.title = title
        self.parts |= {name: (self.number, html) for name, html in changed.items()}
        self.changed.set()
        self.changed = asyncio.Event()

    def since(self, number: int) -> bytes:
        """Return the event with the parts that changed after this number."""
        parts = {name: html for name, (changed_at, html) in self.parts.items() if changed_at > number}
        return b"event: parts\ndata: " + json.dumps({"title": self.title, "parts": parts}).encode("ascii") + b"\n\n"


class PageServer:
    """Serves the page of one job.

    Args:
        job: JOB, or a job whose file is its ledger.
        access: who may see it.
        clock: for pauses and stamps.
        stop: set when it is to end; then every reader is told.
    """

    def __init__(self, job: Job, *, access: Access, clock: Clock, stop: Stop) -> None:
        self._watch, self._access, self._clock, self._stop = JobWatch(job, clock), access, clock, stop
        self._thread = ThreadPoolExecutor(1, "page")
        self._news = _News()
        self._readers = 0
        self._making = asyncio.Lock()
        self._looked_at = clock.monotonic()
        self._port = 0

    async def run(self, host: str, port: int, announce: Callable[[str], None]) -> None:
        """Serve until the stop is requested; call `announce` with the address to open.

        Raises:
            UsageError: nothing can listen at that address.
        """
        application = web.Application(middlewares=[self._guarded], logger=_silent())
        application.add_routes(
            [
                web.get("/", self._page),
                web.get("/business", self._business),
                web.get("/events", self._events),
                web.get("/metrics", self._metrics),
                web.get("/healthz", self._health),
                *(web.get(f"/{name}", self._file) for name in render.FILES),
                *(web.get(f"/{name}", self._download) for name in DOWNLOADS),
            ]
        )
        runner = web.AppRunner(
            application, access_log=None, logger=_silent(), handler_cancellation=True, shutdown_timeout=2
        )
        await runner.setup()
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._listen(runner, host, port)
            await self._in_thread(self._watch.look)
            tasks = [asyncio.create_task(self._look_on()), asyncio.create_task(self._name_on())]
            announce(self._address(host))
            await self._stop.wished.wait()
        finally:
            await runner.cleanup()
            for task in tasks:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks)
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def _listen(self, runner: web.AppRunner, host: str, port: int) -> None:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise UsageError(
                f"Cannot listen at {host}, port {port}: {_why(error)}. "
                "Choose another with --host and --port; port 0 is a free one."
            ) from error
        self._port = runner.addresses[0][1]

    def _address(self, host: str) -> str:
        shown = f"[{host}]" if ":" in host else host
        token = "" if self._access.is_chosen else f"?{urlencode({'token': self._access.token})}"
        return f"http://{shown}:{self._port}/{token}"

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Do the work in the one thread that looks at the ledger."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # What goes on beside requests.

    async def _look_on(self) -> None:
        """Look at the ledger, and make the view of it while somebody has the page open."""
        made_at, is_stale, wait_s = float("-inf"), True, LOOK_EACH_S
        while not self._stop.requested:
            begun = self._clock.monotonic()
            try:
                is_stale |= await self._in_thread(self._watch.look)
                is_stale |= begun - made_at >= AGAIN_EACH_S
                if is_stale and self._readers:
                    self._news.take(*await self._in_thread(self._make_parts))
                    made_at, is_stale = self._clock.monotonic(), False
            except Exception as bug:  # told without its message, which may hold what is in a row; the next look may do
                log.logger().error("page not made", error=type(bug).__name__)
            self._looked_at = self._clock.monotonic()
            wait_s = max(LOOK_EACH_S, (self._looked_at - begun) / SHARE)
            await self._stop.pause(self._clock, wait_s)

    async def _name_on(self) -> None:
        """Read names from the workbook, and again where it changed."""
        while not self._stop.requested:
            wanted = await self._in_thread(self._watch.wants_names)
            if wanted is not None:
                names = await asyncio.to_thread(read_names, *wanted)
                await self._in_thread(partial(self._watch.take_names, names))
            await self._stop.pause(self._clock, 2 * LOOK_EACH_S)

    def _make_parts(self) -> tuple[str, dict[str, str]]:
        view = page_view(self._watch.moment())
        return view.title, render.live_parts(view)

    # Who may ask, and how.

    @web.middleware
    async def _guarded(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            response = self._refusal(request) or await handler(request)
        except web.HTTPException as error:
            response = _message(error.status, "Not found" if error.status == HTTPStatus.NOT_FOUND else error.reason)
        except BulkOnboardError as error:
            response = _message(HTTPStatus.CONFLICT, "That cannot be shown now", str(error))
        except ConnectionError:
            raise
        except Exception as bug:
            log.logger().error("page not answered", error=type(bug).__name__)
            sentence = "Nothing of the job is harmed by it."
            response = _message(HTTPStatus.INTERNAL_SERVER_ERROR, "This is a bug", sentence)
        if not response.prepared:
            for name, value in {**_SECURITY, "Content-Security-Policy": _CSP}.items():
                response.headers.setdefault(name, value)
        return response

    def _refusal(self, request: web.Request) -> web.Response | None:
        """Return the answer to a request that may not be answered, or that gives the token; None for any other."""
        if not self._access.is_known(request.host):
            sentence = "This page is not served under that name. Start it with --public-name to allow it."
            return _message(HTTPStatus.MISDIRECTED_REQUEST, "Wrong address", sentence)
        if request.method not in ("GET", "HEAD"):
            answer = _message(HTTPStatus.METHOD_NOT_ALLOWED, "This page only shows", "It takes nothing in.")
            answer.headers["Allow"] = "GET, HEAD"
            return answer
        token = request.query.get("token", "")
        is_open = self._access.opens(
            path=request.path,
            token=token,
            cookie=request.cookies.get(self._cookie_name, ""),
            authorization=request.headers.get("Authorization", ""),
        )
        if not is_open:
            sentence = "Open the address that was printed when the page was started, or give the token that was chosen."
            heading = "That is not the token" if token else "This page needs its token"
            answer = _message(HTTPStatus.UNAUTHORIZED, heading, sentence, asks_for_token=True)
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        return self._without_token(request) if token else None

    def _without_token(self, request: web.Request) -> web.Response:
        """Return a redirect to where a request leads, with a cookie in place of the token in the address."""
        query = urlencode([(name, value) for name, value in request.query.items() if name != "token"])
        place = f"./{quote(request.path.rpartition('/')[2], safe='')}" + (f"?{query}" if query else "")
        answer = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": place})
        answer.set_cookie(self._cookie_name, self._access.cookie, path="/", httponly=True, samesite="Lax")
        return answer

    @property
    def _cookie_name(self) -> str:
        """The cookie's name; other ports of this machine have the same cookies."""
        return f"bulk-onboard-{self._port}"

    # Answers.

    async def _page(self, _: web.Request) -> web.Response:
        def make() -> bytes:
            self._watch.look()
            view = page_view(self._watch.moment())
            downloads = [(name, words) for name, (form, _, words) in DOWNLOADS.items() if form in WRITERS]
            return render.live_page(view, downloads=downloads, downloads_note=_DOWNLOADS_NOTE)

        return _html(await self._in_thread(make))

    async def _business(self, request: web.Request) -> web.Response:
        token, query = request.query.get("record", ""), request.query.get("q", "")[:200]

        def search() -> tuple[Moment, list[Match]]:
            self._watch.look()
            moment = self._watch.moment()
            return moment, find(token or query, moment)

        moment, matches = await self._in_thread(search)
        business = None
        if len(matches) == 1:
            store, token = self._watch.store, matches[0].token
            (told,) = await asyncio.to_thread(lambda: story(store.blocks(), store.name, token, store.remedy))
            lines = [asdict(line) for line in told.lines]
            business = await self._in_thread(lambda: business_view(told.record, lines, self._watch.moment()))
        return _html(
            render.business_page(
                job=moment.job,
                zone=str(moment.zone),
                query=query or token,
                matches=matches[:MATCHES_SHOWN],
                too_many=len(matches) > MATCHES_SHOWN,
                business=business,
                names_known=bool(moment.names),
            )
        )

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Send the parts that change, until the reader goes or the page is stopped."""
        if self._readers >= MOST_READERS:
            return _message(HTTPStatus.SERVICE_UNAVAILABLE, "Too many readers", "Try again later.")
        headers = {**_SECURITY, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers)
        if request.method == "HEAD":
            return response
        self._readers += 1
        try:
            await response.prepare(request)
            await self._send_on(response)
        except (ConnectionError, TimeoutError):
            response.force_close()
        except Exception as bug:  # nothing else can be answered any more; the browser asks again
            log.logger().error("page not made", error=type(bug).__name__)
            response.force_close()
        finally:
            self._readers -= 1
        return response

    async def _send_on(self, response: web.StreamResponse) -> None:
        await response.write(b"retry: 2000\n\n")
        if not self._news.number:
            self._news.take(*await self._in_thread(self._make_parts))
        seen = 0
        while not self._stop.requested:
            changed = self._news.changed
            news = self._news.since(seen) if self._news.number > seen else b": nothing new\n\n"
            seen = self._news.number
            async with asyncio.timeout(SLOWEST_S):
                await response.write(news)
            await rest(self._clock, AGAIN_EACH_S, changed, self._stop.wished)
        await response.write(b"event: end\ndata: stopped\n\n")

    async def _metrics(self, _: web.Request) -> web.Response:
        def make() -> str:
            self._watch.look()
            return metrics.metrics_text(self._watch.moment())

        body = await self._in_thread(make)
        return web.Response(body=body.encode("utf-8", "replace"), headers={"Content-Type": metrics.CONTENT_TYPE})

    async def _health(self, _: web.Request) -> web.Response:
        is_well = self._clock.monotonic() - self._looked_at < HANGS_S
        status = HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE
        return web.Response(status=status, text="ok\n" if is_well else "the ledger cannot be looked at\n")

    async def _file(self, request: web.Request) -> web.Response:
        name = request.path[1:]
        return web.Response(body=render.file_content(name), content_type=render.FILES[name], charset="utf-8")

    async def _download(self, request: web.Request) -> web.Response:
        """Answer with the report as it is now: the file where that is up to date, else made for this answer."""
        name = request.path[1:]
        form, content_type, _words = DOWNLOADS[name]
        job = await self._in_thread(lambda: self._watch.job)
        async with self._making:  # one at a time: it takes memory and time
            content = await asyncio.to_thread(report_content, job, form, clock=self._clock)
        charset = "; charset=utf-8" if content_type.startswith("text/") else ""
        headers = {"Content-Type": content_type + charset}
        if form == "html":
            headers["Content-Security-Policy"] = _CSP_OF_REPORT
        else:
            headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return web.Response(body=content, headers=headers)


_DOWNLOADS_NOTE = (
    "They are as the ledger is now. While a run goes on they are made when they are asked for, which takes some "
    "seconds for thousands of rows. They hold names and Keys: forward them with care."
)


def _why(error: OSError) -> str:
    """Return why nothing can listen, without asyncio's words around it."""
    if error.errno == errno.EADDRINUSE:
        return "another program listens there, perhaps a page that was started before"
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)


def _html(content: bytes, status: int = HTTPStatus.OK) -> web.Response:
    return web.Response(status=status, body=content, content_type="text/html", charset="utf-8")


def _message(status: int, heading: str, sentence: str = "", *, asks_for_token: bool = False) -> web.Response:
    return _html(render.message_page(heading, sentence, asks_for_token=asks_for_token), status)


def _silent() -> logging.Logger:
    """Return a logger that logs nothing: aiohttp's own would log requests that it cannot read, which may hold Keys."""
    logger = logging.Logger("page")  # noqa: LOG001 - one that nobody else gets hold of
    logger.disabled = True
    return logger
