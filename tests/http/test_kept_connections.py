"""Connections that carry several calls: which are kept, for how long and for whom, and what ends them."""

import asyncio
import gc
import os
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest

from bulk_onboard.api.connections import kept_for_s
from bulk_onboard.api.exchange import REPEATED, UNASKED, Answer, Failure, Request
from tests.support.clocks import FakeClock
from tests.support.raw_server import DeafServer, Peer, RawServer, answer
from tests.support.requests import GET, create, told

READ_AND_WRITE = pytest.mark.parametrize("request_", [GET, create()], ids=["read", "write"])
PLAIN_AND_TLS = pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])


def whole(number: int, http_status: int = 200, **headers: str) -> bytes:
    """One of several answers on a connection; its `api_id` is unlike all others."""
    return answer(http_status, numbered(number), **({"connection": ""} | headers))


def numbered(number: int) -> bytes:
    return b'{"api_id": "%d"}' % number


def chunks(body: bytes, trailer: bytes = b"") -> bytes:
    head = answer(200, content_length="", connection="", transfer_encoding="chunked")
    return head + b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailer)


class Answering:
    """A script that answers every request on every connection, by number from 1 over all of them."""

    def __init__(
        self, say: Callable[[int], bytes] = whole, then: Callable[[Peer], Awaitable[None]] | None = None
    ) -> None:
        self._say, self._then, self.number = say, then, 0

    async def __call__(self, peer: Peer) -> None:
        while True:
            await peer.read_request()
            self.number += 1
            await peer.send(self._say(self.number))
            if self._then is not None:
                await self._then(peer)


@pytest.fixture
def tls(certificates, secure) -> SimpleNamespace:
    """What server and client need for a connection that is plain, or is not."""
    if not secure:
        return SimpleNamespace(server=None, client={})
    return SimpleNamespace(server=certificates.server("good"), client={"ca_bundle": certificates.authority})


def bodies(*seen: Answer | Failure) -> list[bytes]:
    return [each.body for each in seen]


@PLAIN_AND_TLS
async def test_calls_share_a_connection(make_client, tls):
    """Reads and writes go over one connection while each is answered whole."""
    async with RawServer(Answering(), tls.server) as server, make_client(server.url, **tls.client) as client:
        seen = [await client.exchange(request) for request in (GET, create(), GET, create(200_000), create())]

    assert [numbered(number) for number in range(1, 6)] == bodies(*seen)
    assert 1 == len(server.peers)
    assert b"Connection: close" not in server.heard[0]


async def test_calls_at_the_same_time_have_connections_of_their_own(make_client):
    """No call waits for another's connection, and none shares it."""
    async with RawServer(Answering()) as server, make_client(server.url) as client:
        seen = await asyncio.gather(*(client.exchange(GET) for _ in range(5)))
        await asyncio.gather(*(client.exchange(GET) for _ in range(5)))

    assert 5 == len(server.peers)
    assert 5 == len(set(bodies(*seen)))


@PLAIN_AND_TLS
async def test_a_kept_connection_holds_no_documents(make_client, tls):
    """Once a call has its answer its form is gone from memory: the gate counts what is in flight, and no more."""
    async with RawServer(Answering()) as server, make_client(server.url, **tls.client) as client:
        await client.exchange(create(200_000))
        await asyncio.sleep(0)
        gc.collect()
        held = [each for each in gc.get_objects() if isinstance(each, Request) and each.parts]

    assert [] == [len(part.body) for request in held for part in request.parts if len(part.body) >= 200_000]


async def test_accounts_share_no_connection(make_client):
    """Each client has connections of its own."""
    async with RawServer(Answering()) as server, make_client(server.url) as one, make_client(server.url) as other:
        await one.exchange(GET)
        await other.exchange(GET)

    assert 2 == len(server.peers)


@pytest.mark.parametrize(
    ("request_", "idle_s", "connections"),
    [(create(), 4.0, 1), (create(), 4.1, 2), (GET, 4.1, 1), (GET, 15.0, 1), (GET, 15.1, 2)],
    ids=["write 4 s", "write 4.1 s", "read 4.1 s", "read 15 s", "read 15.1 s"],
)
async def test_how_long_a_connection_may_have_been_idle(make_client, request_, idle_s, connections):
    """A write uses a connection for 4 s after its last answer, a read for 15 s."""
    clock = FakeClock()
    async with RawServer(Answering()) as server, make_client(server.url, clock=clock) as client:
        await client.exchange(GET)
        clock.pass_time(idle_s)
        await client.exchange(request_)

    assert connections == len(server.peers)


async def test_connection_too_old_for_a_write_is_left_for_reads(make_client):
    """A write that comes too late takes a new connection; a read may still have the old one."""
    clock = FakeClock()
    async with RawServer(Answering()) as server, make_client(server.url, clock=clock) as client:
        await client.exchange(GET)
        clock.pass_time(5)
        await client.exchange(create())
        await asyncio.gather(client.exchange(GET), client.exchange(GET))

    assert 2 == len(server.peers)


async def test_the_server_says_for_how_long(make_client):
    """`Keep-Alive: timeout=3` means two seconds: one is for the way."""
    clock, script = FakeClock(), Answering(lambda number: whole(number, keep_alive="timeout=3, max=50"))
    async with RawServer(script) as server, make_client(server.url, clock=clock) as client:
        for idle_s in (0, 2, 2.1):
            clock.pass_time(idle_s)
            await client.exchange(GET)

    assert 2 == len(server.peers)


@pytest.mark.parametrize(
    ("told", "idle_s"),
    [
        ("timeout=3", 2),
        ("Timeout = 3", 2),
        ('timeout="3"', 2),
        ("timeout=3, timeout=60", 2),
        ("max=7, timeout=3;max=7", 2),
        ("timeout=1", 0),
        ("timeout=0", 0),
        ("max=0", 0),
        ("max=00, max=5", 0),
        ("timeout=600", 15),
        ("timeout=", 15),
        ("300", 15),
        ("", 15),
    ],
)
def test_forms_of_keep_alive(told, idle_s):
    """The shortest time that is told holds, less a second for the way; 15 s where none is told."""
    assert idle_s == kept_for_s(200, {"keep-alive": told})


async def test_connection_that_grows_too_old_while_the_loop_is_busy(make_client):
    """Its age counts when the first byte leaves: a write for which it is too old by then goes over a new one."""
    clock = FakeClock()
    async with RawServer(Answering()) as server, make_client(server.url, clock=clock) as client:
        await client.exchange(GET)
        clock.pass_time(3)
        sending = asyncio.ensure_future(client.exchange(create()))
        asyncio.get_running_loop().call_soon(clock.pass_time, 2)  # its turn is after the headers', before the body's
        second = await sending

    assert numbered(2) == second.body
    assert [0, 1] == [heard.count(b"POST ") for heard in server.heard]


async def test_answer_that_waited_for_a_busy_loop(make_client, monkeypatch):
    """A connection's age counts from when the answer arrived, not from when somebody had time to read it."""
    monkeypatch.setattr("bulk_onboard.api.connections.WRITE_WITHIN_S", 0.2)
    asked, may_answer, answered = (threading.Event() for _ in range(3))
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listening, listening.accept()[0] as peer:
            peer.recv(65536)
            asked.set()
            may_answer.wait(5)
            peer.sendall(whole(1))
            answered.set()
            peer.recv(65536)

    serving = threading.Thread(target=serve, daemon=True)
    serving.start()
    async with make_client(f"http://127.0.0.1:{listening.getsockname()[1]}", answer_s=5) as client:
        sending = asyncio.ensure_future(client.exchange(GET))
        await asyncio.to_thread(asked.wait, 5)
        may_answer.set()
        answered.wait(5)
        time.sleep(0.4)  # the loop is busy
        first = await sending
        listening.close()
        second = await client.exchange(create())
    serving.join(5)

    assert numbered(1) == first.body
    assert (False, False) == (second.kept, second.headers_sent)


async def test_connection_is_closed_when_nobody_uses_it(make_client):
    """A kept connection does not stay open for longer than somebody might use it."""
    ended = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(whole(1, keep_alive="timeout=2"))
        await peer.reader.read()
        ended.set()

    async with RawServer(script) as server, make_client(server.url) as client:
        await client.exchange(GET)
        await asyncio.wait_for(ended.wait(), 10)


async def test_closing_does_not_wait_for_the_peer(make_client, certificates):
    """Over TLS a connection is closed at once and said to be, also where the peer never closes its end."""
    listening = socket.create_server(("127.0.0.1", 0))
    seen: list[bytes] = []

    def serve() -> None:
        with listening, certificates.server("good").wrap_socket(listening.accept()[0], server_side=True) as peer:
            peer.recv(65536)
            peer.sendall(whole(1, 404))
            seen.append(peer.recv(65536))  # ends with the end of TLS; the socket below may be open still
            with socket.socket(fileno=os.dup(peer.fileno())) as below:
                below.settimeout(5)
                seen.append(below.recv(1))

    serving = threading.Thread(target=serve, daemon=True)
    serving.start()
    url = f"https://127.0.0.1:{listening.getsockname()[1]}"
    async with make_client(url, ca_bundle=certificates.authority) as client:
        await client.exchange(GET)
        await asyncio.to_thread(serving.join, 10)

    assert [b"", b""] == seen


@pytest.mark.parametrize(
    "said",
    [
        whole(1),
        whole(1, 201),
        chunks(numbered(1)),
        chunks(numbered(1), b"X-Checksum: 1\r\n"),
        b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + whole(1),
        whole(1, connection="keep-alive"),
        whole(1).replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"),
    ],
    ids=["length", "201", "chunks", "trailer", "103", "keep-alive", "HTTP/1.0 keep-alive"],
)
@READ_AND_WRITE
async def test_kept_after(make_client, said, request_):
    """An answer that was read to its announced end leaves a connection that is used again."""
    script = Answering(lambda number: said if number == 1 else whole(number))
    async with RawServer(script) as server, make_client(server.url) as client:
        await client.exchange(request_)
        second = await client.exchange(request_)

    assert numbered(2) == second.body
    assert 1 == len(server.peers)


@pytest.mark.parametrize(
    "said",
    [
        whole(1, connection="close"),
        whole(1, keep_alive="timeout=30, max=0"),
        whole(1, keep_alive="timeout=1"),
        whole(1).replace(b"HTTP/1.1", b"HTTP/1.0"),
        whole(1, 404),
        whole(1, 429),
        whole(1, 408),
        whole(1, 503),
        whole(1) + whole(1),
        whole(1) + b"HTTP/1.1 2",
        whole(1) + b"\r\n",
        chunks(numbered(1)) + b"HTTP/1.1 2",
    ],
    ids=["close", "max=0", "1 s", "1.0", "404", "429", "408", "503", "twice", "begun", "line", "chunks begun"],
)
@READ_AND_WRITE
async def test_not_kept_after(make_client, said, request_):
    """The answer is taken, but its connection is not trusted with another call: the next has a new one."""
    script = Answering(lambda number: said if number == 1 else whole(number))
    async with RawServer(script) as server, make_client(server.url) as client:
        first = await client.exchange(request_)
        second = await client.exchange(request_)

    assert [numbered(1), numbered(2)] == bodies(first, second)
    assert 2 == len(server.peers)


@pytest.mark.parametrize(
    "said",
    [whole(1, content_length="9"), whole(1, content_length="99"), whole(1, content_length="")],
    ids=["length too short", "length too long", "no length"],
)
@READ_AND_WRITE
async def test_wrong_lengths(make_client, said, request_):
    """Whatever is made of an answer whose length is wrong, the next call has a new connection and its own answer."""

    async def leave(peer: Peer) -> None:
        if script.number == 1:
            peer.writer.close()

    script = Answering(lambda number: said if number == 1 else whole(number), leave)
    async with RawServer(script) as server, make_client(server.url) as client:
        await client.exchange(request_)
        second = await client.exchange(request_)

    assert numbered(2) == second.body
    assert 2 == len(server.peers)


SAID = {
    "408": answer(408),
    "answer": whole(99),
    "half an answer": whole(99)[:30],
    "bytes": b"?",
    "line": b"\r\n",
}


@pytest.mark.parametrize("unasked", SAID.values(), ids=list(SAID))
@pytest.mark.parametrize("is_heard", [True, False], ids=["heard", "unheard"])
@PLAIN_AND_TLS
@READ_AND_WRITE
async def test_what_comes_unasked(make_client, tls, unasked, is_heard, request_):
    """What comes on an idle connection is nobody's answer, also where it waits in the kernel when the call begins."""
    async with RawServer(Answering(), tls.server) as server, make_client(server.url, **tls.client) as client:
        await client.exchange(request_)
        server.peers[0].writer.write(unasked)
        await asyncio.sleep(0.02 if is_heard else 0)
        second = await client.exchange(request_)

    assert numbered(2) == second.body
    assert 2 == len(server.peers)


@pytest.mark.parametrize("is_heard", [True, False], ids=["heard", "unheard"])
@pytest.mark.parametrize("how", ["end", "reset"])
@READ_AND_WRITE
async def test_idle_connection_that_ends(make_client, how, is_heard, request_):
    """A connection that has ended by the time of the next call is noticed before a byte leaves, for a write too."""
    async with RawServer(Answering()) as server, make_client(server.url) as client:
        await client.exchange(request_)
        if how == "end":
            server.peers[0].writer.close()
        else:
            server.peers[0].reset()
        await asyncio.sleep(0.02 if is_heard else 0)
        seen = await client.exchange(request_)

    assert numbered(2) == seen.body
    assert 2 == len(server.peers)


async def test_what_comes_between_the_decision_to_send_and_the_first_byte(make_client):
    """An answer that arrives while the request is on its way to the socket was there before it: it is held back."""
    loop = asyncio.get_running_loop()
    async with RawServer(Answering()) as server, make_client(server.url) as client:
        await client.exchange(create())
        sending = asyncio.ensure_future(client.exchange(create()))
        loop.call_soon(server.peers[0].writer.write, whole(99))  # its turn is after the headers', before the body's
        second = await sending

    assert numbered(2) == second.body
    assert [1, 1] == [heard.count(b"POST ") for heard in server.heard]


@READ_AND_WRITE
async def test_server_that_speaks_first(make_client, request_):
    """An answer that a new connection brings before the request is out is not taken, and nothing is sent."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)

        def speak() -> None:
            peers.append(listening.accept()[0])
            peers[0].sendall(whole(1))

        peers: list[socket.socket] = []
        async with make_client(f"http://127.0.0.1:{listening.getsockname()[1]}") as client:
            sending = asyncio.ensure_future(client.exchange(request_))
            asyncio.get_running_loop().call_soon(speak)  # its turn is before that of the client, which is connecting
            seen = await sending
        heard = _what_was_sent_to(peers[0])

    assert (UNASKED, True, False) == told(seen)
    assert b"" == heard


def _what_was_sent_to(peer: socket.socket) -> bytes:
    with peer:
        try:
            return peer.recv(65536)
        except ConnectionResetError:
            return b""


async def test_answer_before_the_body_was_read(make_client):
    """A yes that comes before the body was out is heard, but its connection is not used again."""

    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(whole(len(server.peers)))
        await asyncio.sleep(1)

    async with RawServer(script) as server, make_client(server.url) as client:
        first = await client.exchange(create(20_000_000))
        second = await client.exchange(GET)

    assert [numbered(1), numbered(2)] == bodies(first, second)
    assert 2 == len(server.peers)


@PLAIN_AND_TLS
async def test_answer_before_the_body_has_left_this_machine(make_client, tls):
    """Nor is it where the kernel still has some of the body: the peer has not read what it answers."""
    with DeafServer(tls.server, first=whole(1)) as server:
        async with make_client(server.url, answer_s=1, **tls.client) as client:
            first = await client.exchange(create(1_000_000))
            second = await client.exchange(GET)

    assert numbered(1) == first.body
    assert not second.kept


async def test_what_we_asked_to_be_closed_is_not_used(make_client):
    """A call that asked for the end of its connection leaves none, also where others are kept by now."""
    clock = FakeClock()

    def say(number: int) -> bytes:
        clock.pass_time(60)
        return whole(number)

    async with RawServer(Answering(say)) as server, make_client(server.url, clock=clock) as client:
        await client.exchange(GET)
        server.peers[0].writer.write(b"?")
        await asyncio.sleep(0.02)
        for _ in range(2):
            await client.exchange(GET)

    assert [False, True, False] == [b"Connection: close" in heard for heard in server.heard]


@READ_AND_WRITE
async def test_408_on_a_kept_connection(make_client, request_):
    """It was closing when the call came: that call has its answer, and none is kept for a minute."""
    script = Answering(lambda number: answer(408) if number == 2 else whole(number))
    async with RawServer(script) as server, make_client(server.url) as client:
        seen = [await client.exchange(request_) for _ in range(4)]

    assert [200, 408, 200, 200] == [each.http_status for each in seen]
    assert [False, True, True] == [b"Connection: close" in heard for heard in server.heard]


@pytest.mark.parametrize("how", ["end", "reset"])
@PLAIN_AND_TLS
@READ_AND_WRITE
async def test_stale_connection(make_client, tls, how, request_):
    """A kept connection that ends when it is used is an unknown outcome: nothing is sent again, and none is kept."""

    async def leave(peer: Peer) -> None:
        await peer.read_request()
        if how == "reset":
            peer.reset()
        else:
            peer.writer.close()

    server = RawServer(Answering(then=leave), tls.server)
    async with server, make_client(server.url, **tls.client) as client:
        await client.exchange(request_)
        stale = await client.exchange(request_)
        sent = b"".join(server.heard).count(b" HTTP/1.1\r\n")
        after = [await client.exchange(request_), await client.exchange(request_)]

    assert (True, True, True) == (stale.started, stale.headers_sent, stale.kept)
    assert 2 == sent
    assert [numbered(2), numbered(3)] == bodies(*after)
    assert 3 == len(server.peers)
    assert [False, True, True] == [b"Connection: close" in heard for heard in server.heard]


async def test_distrust_lasts_twice_as_long_each_time(make_client):
    """After something unasked none is kept for a minute, after the next for two."""
    clock = FakeClock()
    async with RawServer(Answering()) as server, make_client(server.url, clock=clock) as client:

        async def is_kept() -> bool:
            await client.exchange(GET)
            count = len(server.peers)
            await client.exchange(GET)
            return count == len(server.peers)

        async def disturb() -> None:
            server.peers[-1].writer.write(b"?")
            await asyncio.sleep(0.02)

        kept = [await is_kept()]
        for seconds in (59.0, 1.0):
            if seconds == 59.0:
                await disturb()
            clock.pass_time(seconds)
            kept.append(await is_kept())
        await disturb()
        for seconds in (119.0, 1.0):
            clock.pass_time(seconds)
            kept.append(await is_kept())

    assert [True, False, True, False, True] == kept


@READ_AND_WRITE
async def test_answer_to_an_earlier_request(make_client, request_):
    """An answer whose `api_id` came before on the connection belongs to another request."""
    script = Answering(lambda number: whole(max(1, number - 2)))
    async with RawServer(script) as server, make_client(server.url) as client:
        await client.exchange(GET)
        seen = await client.exchange(request_)

    assert (REPEATED, True, True) == told(seen)
    assert 1 == len(server.peers)


@pytest.mark.parametrize(
    "said",
    [
        answer(204, content_length="", connection=""),
        answer(200, connection=""),
        answer(200, b'{"message": "changed"}', connection=""),
    ],
    ids=["204", "empty", "no id"],
)
@READ_AND_WRITE
async def test_answers_without_an_id_may_be_alike(make_client, said, request_):
    """An answer without an `api_id` could not be told from one that comes again, so it ends its connection."""
    async with RawServer(Answering(lambda number: said)) as server, make_client(server.url) as client:
        seen = [await client.exchange(request_) for _ in range(3)]

    assert all(isinstance(each, Answer) for each in seen)
    assert 3 == len(server.peers)


@PLAIN_AND_TLS
@pytest.mark.parametrize("how", ["timeout", "cancel"])
async def test_abandoned_body_does_not_arrive_on_a_kept_connection(make_client, tls, how):
    """Giving up resets a kept connection as it does a new one: at most 256 KiB of a 3 MB form arrive."""
    with DeafServer(tls.server, first=whole(1)) as server:
        settings = {"answer_s": 0.5 if how == "timeout" else 30}
        async with make_client(server.url, **settings, **tls.client) as client:
            await client.exchange(GET)
            sending = asyncio.create_task(client.exchange(create(3_000_000)))
            if how == "cancel":
                await asyncio.sleep(0.5)
                sending.cancel()
            ended = (await asyncio.gather(sending, return_exceptions=True))[0]
            arrived = await asyncio.to_thread(server.listen)

    if how == "timeout":
        assert ("TimeoutError", True, True) == told(ended)
        assert ended.kept
    else:
        assert isinstance(ended, asyncio.CancelledError)
    assert 0 < arrived <= 256 * 1024


async def test_proxy_is_asked_once(make_client, certificates):
    """Calls through a proxy share a connection, for which the proxy was asked once."""

    async def tunnel(peer: Peer) -> None:
        await peer.read_head()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_passed(peer.reader, writer), _passed(reader, peer.writer))
        finally:
            writer.close()
            await writer.wait_closed()

    server, proxy = RawServer(Answering(), certificates.server("good")), RawServer(tunnel)
    async with server, proxy, make_client(server.url, proxy=proxy.url, ca_bundle=certificates.authority) as client:
        seen = [await client.exchange(request) for request in (GET, create(), GET)]

    assert [numbered(1), numbered(2), numbered(3)] == bodies(*seen)
    assert (1, 1) == (len(proxy.peers), len(server.peers))


async def test_plain_proxy_keeps_nothing(make_client):
    """Through a proxy without TLS each call has a connection of its own."""
    async with RawServer(Answering()) as proxy, make_client("http://127.0.0.1:9", proxy=proxy.url) as client:
        await client.exchange(GET)
        await client.exchange(GET)

    assert 2 == len(proxy.peers)


async def _passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while got := await reader.read(65536):
        writer.write(got)


def test_reads_are_gets():
    """What changes nothing is a read, by its method alone."""
    methods = {method: Request(method=method, path="x/").is_read for method in ("GET", "POST", "PATCH", "DELETE")}
    assert {"GET": True, "POST": False, "PATCH": False, "DELETE": False} == methods
