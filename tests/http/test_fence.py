"""Once the lease is over nothing leaves any more: nothing new, nothing in the middle, nothing out of a buffer."""

import asyncio
import contextlib
import itertools
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Self

import pytest

from bulk_onboard.api.exchange import LEASE_OVER, Answer
from tests.support.asleep import put_to_sleep, wake
from tests.support.raw_server import Peer, RawServer, answer, silence
from tests.support.requests import DELETE, GET, LINK, create, told

HELD_BACK = (LEASE_OVER, True, False)  # started, and proved unsent
CUT_OFF = (LEASE_OVER, True, True)
WAYS = ["plain", "tls", "proxy", "tls-through-proxy"]
MORE_THAN_A_KERNEL_TAKES = 12_000_000  # bytes; its buffers hold 4 MB at most, unless somebody has changed that


class Lease:
    """A lease that is over when it is told to be, or at the n-th look; `looks` counts them."""

    def __init__(self, over_at: int | None = None) -> None:
        self.over_at, self.looks = over_at, 0

    def holds(self) -> bool:
        """A look at it."""
        self.looks += 1
        return self.over_at is None or self.looks < self.over_at

    def end(self) -> None:
        """It is over from now on."""
        self.over_at = 0


class Yes:
    """A script that answers every whole request, so that its connection is kept; `answered` counts them."""

    def __init__(self) -> None:
        self.answered = 0

    async def __call__(self, peer: Peer) -> None:
        while True:
            await peer.read_request()
            self.answered += 1
            await peer.send(answer(200, b'{"api_id": "%d"}' % self.answered, connection=""))


class Relay:
    """Passes bytes on to a server; `heard` has all that came from the client, none of it waits in a buffer of its own.

    Attributes:
        until: so many bytes are read at first, and the rest once `open` is set; None reads all.
        is_there: set when these have come.
        connections: how many there were.
    """

    def __init__(self, port: int, until: int | None = None) -> None:
        self._to, self.until = port, until
        self.open, self.is_there = asyncio.Event(), asyncio.Event()
        self.heard, self.connections = bytearray(), 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]

    async def __aenter__(self) -> Self:
        self._passing = [asyncio.create_task(self._accept())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)
        self._socket.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            ours, _ = await loop.sock_accept(self._socket)
            theirs = socket.create_connection(("127.0.0.1", self._to))
            theirs.setblocking(False)
            self.connections += 1
            self._passing += [asyncio.create_task(self._there(ours, theirs)), asyncio.create_task(pump(theirs, ours))]

    async def _there(self, ours: socket.socket, theirs: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.closing(ours), contextlib.closing(theirs):
            while data := await loop.sock_recv(ours, 65536):
                self.heard += data
                await loop.sock_sendall(theirs, data)
                if self.until is not None and len(self.heard) >= self.until:
                    self.is_there.set()
                    await self.open.wait()


async def pump(source: socket.socket, target: socket.socket) -> None:
    """Pass bytes on to the end."""
    loop = asyncio.get_running_loop()
    while data := await loop.sock_recv(source, 65536):
        await loop.sock_sendall(target, data)


class Proxy(RawServer):
    """Takes a CONNECT to the server at a port, or passes a plain request on."""

    def __init__(self, port: int) -> None:
        super().__init__(self._take)
        self._port = port

    async def _take(self, peer: Peer) -> None:
        head = await peer.read_head()
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        if head.startswith(b"CONNECT"):
            await peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            writer.write(head)
        there = asyncio.create_task(self._pass_on(peer.reader, writer))
        try:
            await self._pass_on(reader, peer.writer)
        finally:
            there.cancel()
            writer.transport.abort()

    @staticmethod
    async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)


@pytest.fixture(params=WAYS)
async def way(request, certificates) -> AsyncIterator[SimpleNamespace]:
    """A server that says yes, and what a client needs to reach it on this way."""
    secure, is_proxied = "tls" in request.param, "proxy" in request.param
    async with contextlib.AsyncExitStack() as stack:
        script = Yes()
        server = await stack.enter_async_context(RawServer(script, certificates.server("good") if secure else None))
        settings = {"ca_bundle": certificates.authority} if secure else {}
        if is_proxied:
            settings["proxy"] = (await stack.enter_async_context(Proxy(server.port))).url
        yield SimpleNamespace(script=script, server=server, url=server.url, settings=settings)


@pytest.mark.parametrize("request_", [GET, DELETE, LINK, create()], ids=["get", "delete", "link", "create"])
async def test_no_call_begins_once_the_lease_is_over(make_client, way, request_):
    """Whatever it is, it is proved unsent, and tried on no other connection; a kept one carries it no more."""
    lease = Lease()
    async with make_client(way.url, fence=lease.holds, **way.settings) as client:
        first = await client.exchange(GET)
        heard, connections = way.server.heard, len(way.server.peers)
        lease.end()
        seen = [await client.exchange(request_), await client.exchange(request_)]

    assert 200 == first.http_status
    assert [HELD_BACK, HELD_BACK] == [told(each) for each in seen]
    assert heard == way.server.heard
    assert connections == len(way.server.peers)


@pytest.mark.parametrize("size", [0, 1000, 600_000], ids=["get", "small", "large"])
async def test_every_look_is_heeded(make_client, way, size):
    """At whichever look the lease is over, the server gets no whole request, and what has gone is never called unsent.

    There is a look before a connection is opened, before the call, before each slice, and at each send of the socket.
    """
    request = create(size) if size else GET
    for over_at in itertools.count(1):
        lease, before = Lease(over_at), len(way.server.peers)
        async with make_client(way.url, fence=lease.holds, **way.settings) as client:
            seen = await client.exchange(request)
        if isinstance(seen, Answer):
            break
        kind, started, headers_sent = told(seen)
        assert (LEASE_OVER, True) == (kind, started)
        assert headers_sent or not any(peer.heard for peer in way.server.peers[before:])
        assert not way.script.answered

    assert 1 == way.script.answered
    assert over_at > 3


async def test_calls_in_flight_fail_at_once_when_they_are_aborted(make_client):
    """They wait for no answer any more; the call that waits for its turn is never begun."""
    lease, both_there, both_ended = Lease(), asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def script(peer: Peer) -> None:
        await peer.read_request()
        both_there.release()
        with contextlib.suppress(ConnectionError):
            await peer.reader.read()
        both_ended.release()

    async with (
        RawServer(script) as server,
        make_client(server.url, fence=lease.holds, answer_s=600, concurrency=2) as client,
    ):
        calls = [asyncio.create_task(client.exchange(request)) for request in (GET, create(), GET)]
        for _ in range(2):
            await both_there.acquire()
        lease.end()
        client.abort()
        seen = await asyncio.gather(*calls)
        for _ in range(2):
            await both_ended.acquire()

    assert [CUT_OFF, CUT_OFF, HELD_BACK] == [told(each) for each in seen]
    assert 2 == len(server.peers)


async def test_answer_that_has_arrived_is_still_read(make_client):
    """What the API did is known, though the lease was over before the loop came to read it."""
    lease = Lease()

    async def script(peer: Peer) -> None:
        await peer.read_request()
        lease.end()
        peer.writer.write(answer(201, b'{"api_id": "1"}'))
        client.abort()
        await asyncio.sleep(30)

    async with RawServer(script) as server, make_client(server.url, fence=lease.holds) as client:
        seen = await client.exchange(create())

    assert isinstance(seen, Answer), seen
    assert 201 == seen.http_status


# A process that sleeps while its lease ends.


class Sleeper:
    """The process, put to sleep and woken."""

    def __init__(self, process: Process, over: Path) -> None:
        self._process, self._over = process, over

    async def call(self, *words: str) -> None:
        """Have it make a call."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{' '.join(words)}\n".encode())
        await self._process.stdin.drain()

    async def says(self) -> str:
        """What its call came to."""
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode().strip()

    async def sleep(self) -> None:
        """It stops where it waits for something, and its lease ends meanwhile."""
        await put_to_sleep(self._process.pid)
        self._over.touch()

    def wake(self) -> None:
        """It goes on where it was."""
        wake(self._process.pid)


@contextlib.asynccontextmanager
async def sleeper(url: str, over: Path, *words: object) -> AsyncIterator[Sleeper]:
    """The process, running."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.fenced_sender", url, str(over), *map(str, words)),
        stdin=PIPE,
        stdout=PIPE,
    )
    try:
        yield Sleeper(process, over)
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        await process.communicate()


async def everything_arrived(port: int) -> None:
    """Wait until the kernel holds no byte any more of what was sent to this port, and what it held has been counted."""
    while any(map(_holds_bytes, Path("/proc/net/tcp").read_text().splitlines()[1:], itertools.repeat(f":{port:04X}"))):
        await asyncio.sleep(0.02)
    for _ in range(10):
        await asyncio.sleep(0)


def _holds_bytes(line: str, port: str) -> bool:
    """Whether bytes for the port are still to be sent, or to be read."""
    _, local, remote, _, queues, *_ = line.split()
    to_send, to_read = (int(size, 16) > 0 for size in queues.split(":"))
    return (to_send and remote.endswith(port)) or (to_read and local.endswith(port))


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_stopped_in_the_middle_of_a_body_it_sends_no_more(certificates, tmp_path, secure):
    """It slept past its lease with a body half out: of what waited in its own buffers not a byte leaves."""
    tls, words = (certificates.server("good"), [certificates.authority]) if secure else (None, [])
    async with RawServer(silence, tls) as server, Relay(server.port, until=100_000) as relay:
        url = f"{'https' if secure else 'http'}://127.0.0.1:{relay.port}"
        async with sleeper(url, tmp_path / "over", *words) as process:
            await process.call("create", str(MORE_THAN_A_KERNEL_TAKES))
            await relay.is_there.wait()
            await process.sleep()
            relay.open.set()
            await everything_arrived(relay.port)
            before = len(relay.heard)
            process.wake()
            said = await process.says()
            await everything_arrived(relay.port)

    assert f"{LEASE_OVER} True" == said
    assert before == len(relay.heard)
    assert 100_000 <= before < MORE_THAN_A_KERNEL_TAKES


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("call", [["get"], ["create", "1000"]], ids=["read", "write"])
async def test_stopped_before_the_first_byte_it_sends_none(certificates, tmp_path, secure, call):
    """It slept past its lease with a kept connection at hand, and a call to make when it wakes."""
    tls, words = (certificates.server("good"), [certificates.authority]) if secure else (None, [])
    async with RawServer(Yes(), tls) as server, Relay(server.port) as relay:
        url = f"{'https' if secure else 'http'}://127.0.0.1:{relay.port}"
        async with sleeper(url, tmp_path / "over", *words) as process:
            await process.call("get")
            assert "answered" == await process.says()
            await process.sleep()
            before = len(relay.heard)
            await process.call(*call)
            process.wake()
            said = await process.says()

    assert f"{LEASE_OVER} False" == said
    assert before == len(relay.heard)
    assert 1 == relay.connections
