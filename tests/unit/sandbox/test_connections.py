"""What a connection of the sandbox does between its answers, seen on a socket of bytes."""

import asyncio
import base64
from collections.abc import AsyncIterator

import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.server import Sandbox

HEADERS = b"Host: x\r\nAuthorization: Basic %s\r\n" % base64.b64encode(b"MAXXXXXXXXXXXXXXXXXX:invented-token")
LIST = b"GET /v1/Account/%s/PhoneNumber/Compliance/ HTTP/1.1\r\n%s\r\n" % (b"MAXXXXXXXXXXXXXXXXXX", HEADERS)
CREATE = LIST.replace(b"GET", b"POST").replace(b"Host", b"Content-Length: 10\r\nHost")


class Caller:
    """A client that says and hears bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def say(self, said: bytes) -> None:
        self._writer.write(said)

    async def answer(self) -> tuple[bytes, bytes]:
        """The head and the body of the next answer."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return head, await self._reader.readexactly(int(length))

    async def ask(self) -> tuple[bytes, bytes]:
        self.say(LIST)
        return await self.answer()

    async def rest(self) -> bytes:
        """What is said until the connection ends."""
        return await asyncio.wait_for(self._reader.read(), 10)

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def caller(sandbox: Sandbox) -> AsyncIterator[Caller]:
    caller = Caller(*await asyncio.open_connection("127.0.0.1", int(sandbox.url.rpartition(":")[2])))
    yield caller
    caller.close()


def set_to(sandbox: Sandbox, *names: str) -> None:
    sandbox.behaviours.set(names, "connection")


async def test_ordinary_connection_answers_on(sandbox: Sandbox, caller: Caller):
    """A connection stays, and says nothing of its own."""
    answers = [await caller.ask() for _ in range(5)]

    assert 5 == len({body for _, body in answers})


async def test_idle_connection_is_closed(sandbox: Sandbox, caller: Caller):
    """`close-idle` ends it without a word."""
    set_to(sandbox, "close-idle=0.01")
    head, _ = await caller.ask()

    assert b"" == await caller.rest()
    assert b"keep-alive" not in head.lower()


async def test_idle_connection_is_closed_as_was_told(sandbox: Sandbox, caller: Caller):
    """With `tell-close` the answer says after how many seconds, and a call in time is answered."""
    set_to(sandbox, "close-idle=2", "tell-close")
    head, _ = await caller.ask()

    assert b"Keep-Alive: timeout=2\r\n" in head
    await caller.ask()


@pytest.mark.parametrize("tells", [False, True])
async def test_closed_after_some_answers(sandbox: Sandbox, caller: Caller, tells: bool):
    """`close-after` ends it behind its last answer, which says so with `tell-close` only."""
    set_to(sandbox, "close-after=2", *(["tell-close"] if tells else []))
    heads = [(await caller.ask())[0] for _ in range(2)]

    assert b"" == await caller.rest()
    assert [False, tells] == [b"Connection: close" in head for head in heads]


async def test_unasked_timeout(sandbox: Sandbox, caller: Caller):
    """`unasked-408` says that the request took too long that nobody made, and ends the connection."""
    set_to(sandbox, "unasked-408=0.01")
    await caller.ask()

    assert (await caller.rest()).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("after", ["", "=0.01"])
async def test_bytes_behind_an_answer(sandbox: Sandbox, caller: Caller, after: str):
    """`more-bytes` sends what is no answer behind each, at once or a little later."""
    set_to(sandbox, f"more-bytes{after}", "close-idle=0.05")
    await caller.ask()

    said = await caller.rest()
    assert said
    assert b"HTTP" not in said


@pytest.mark.parametrize("after", ["", "=0.01"])
async def test_second_answer(sandbox: Sandbox, caller: Caller, after: str):
    """`second-answer` gives each answer twice."""
    set_to(sandbox, f"second-answer{after}")
    first = await caller.ask()

    assert first == await caller.answer()


async def test_answer_before_the_body(sandbox: Sandbox, caller: Caller):
    """`early-answer` answers by the headers alone; the connection stays, and nothing is done."""
    set_to(sandbox, "early-answer")
    caller.say(CREATE)
    head, _ = await caller.answer()
    caller.say(b"x" * 10)
    after, _ = await caller.ask()

    assert head.startswith(b"HTTP/1.1 500 ")
    assert after.startswith(b"HTTP/1.1 200 ")
    assert [("create", 500), ("list", 200)] == [(each.operation, each.http_status) for each in sandbox.log]


async def test_one_answer_behind(sandbox: Sandbox, caller: Caller):
    """`one-behind` gives each request but the first the answer to the one before."""
    own = (await caller.ask())[1]
    set_to(sandbox, "one-behind")
    behind = [(await caller.ask())[1] for _ in range(2)]

    assert own == behind[0]
    assert own != behind[1]


async def test_seconds_must_be_seconds(sandbox: Sandbox):
    """A value that is none is refused, with an example."""
    with pytest.raises(UsageError, match=r"close-idle=2\.5"):
        set_to(sandbox, "close-idle=soon")
    with pytest.raises(UsageError, match=r"close-idle=2\.5"):
        set_to(sandbox, "close-idle")
