"""The door to aiohttp's client: callbacks go out, each once its time has come, and what answers is noted."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self

import aiohttp

from bulk_onboard.sandbox.callbacks import Callbacks, Delivery

LOOK_AGAIN_S = 0.05
ANSWER_WAIT_S = 10.0
MOST_AT_A_TIME = 50


class Sender:
    """Sends callbacks while the context lasts; calls that are under way at its end are given up."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks
        self._turns = asyncio.Semaphore(MOST_AT_A_TIME)
        self._under_way: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._session: aiohttp.ClientSession | None = None
        self._looking = asyncio.create_task(self._look())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = [self._looking, *self._under_way]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    async def _look(self) -> None:
        while True:
            for delivery in self._callbacks.due():
                task = asyncio.create_task(self._send(delivery))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _send(self, delivery: Delivery) -> None:
        message = self._callbacks.message(delivery)
        if message is None:
            return
        http_status = None
        async with self._turns:
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with self._open_session().request(
                    message.method, message.url, headers=message.headers, data=message.body, allow_redirects=False
                ) as response:
                    http_status = response.status
        self._callbacks.note(delivery, http_status)

    def _open_session(self) -> aiohttp.ClientSession:
        """The session, made when the first callback goes out: most sandboxes never send one."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_WAIT_S), trust_env=False)
        return self._session
