"""The socket: its port, its patience, and clients that die, of whom the sandbox keeps nothing."""

import asyncio
import gc
import logging
import socket
import struct
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.faults import FOR_GOOD
from bulk_onboard.sandbox.server import Sandbox, serve

BODY_SIZE = 400_000
HEAD = (
    b"POST /v1/Account/MA/PhoneNumber/Compliance/ HTTP/1.1\r\nHost: x\r\nAuthorization: Basic TUE6dA==\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n" % BODY_SIZE
)
WHOLE = HEAD + b"x" * BODY_SIZE
RESET = struct.pack("ii", 1, 0)

Die = Callable[[socket.socket], None]


def reset(connection: socket.socket) -> None:
    """As a process that is killed with unread bytes, or aborts for real."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.close()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


async def connected(sandbox: Sandbox, sent: bytes) -> socket.socket:
    """A connection that has sent so much."""
    connection = socket.socket()
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    host, port = sandbox.url.removeprefix("http://").split(":")
    await loop.sock_connect(connection, (host, int(port)))
    await loop.sock_sendall(connection, sent)
    return connection


async def settled(tasks: int) -> None:
    """Wait until there are no more tasks than that."""
    async with asyncio.timeout(5):
        while len(asyncio.all_tasks()) > tasks:
            await asyncio.sleep(0.01)


async def die_often(sandbox: Sandbox, times: int, die: Die, sent: bytes) -> None:
    """So many clients, eight at a time, each dead after it has sent so much."""
    for _ in range(times // 8):
        for connection in await asyncio.gather(*(connected(sandbox, sent) for _ in range(8))):
            die(connection)


@pytest.mark.parametrize("die", [reset, socket.socket.close], ids=["reset", "closed"])
@pytest.mark.parametrize("fault", [None, "hang-before", "drop-mid-body"])
async def test_two_hundred_dead_clients_leave_nothing_behind(
    sandbox: Sandbox, client: Any, die: Die, fault: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Dead before, in, and after head and body: tasks and memory are as before, and the next create is well."""
    if fault:
        sandbox.faults.script("create", fault, FOR_GOOD)
    sizes = (0, 40, len(HEAD), len(HEAD) + 1, len(WHOLE) // 2, len(WHOLE) - 1, len(WHOLE))
    tasks = len(asyncio.all_tasks())
    await die_often(sandbox, 8, die, WHOLE)
    await settled(tasks)
    gc.collect()
    tracemalloc.start()

    for size in sizes:
        await die_often(sandbox, 32, die, WHOLE[:size])
    await settled(tasks)

    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    sandbox.faults.clear()
    assert kept < BODY_SIZE
    assert 201 == (await client.create(sandbox)).http_status
    assert [] == [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("sent", [HEAD, WHOLE[: len(WHOLE) // 2]], ids=["head", "half"])
async def test_client_that_dies_without_a_word_is_waited_for_so_long_and_no_longer(sent: bytes) -> None:
    """No body or half of it, then silence: the connection is reset, the request logged, nothing is stored."""
    async with Sandbox(body_wait_s=0.2) as sandbox:
        connection = await connected(sandbox, sent)

        async with asyncio.timeout(5):
            with pytest.raises(ConnectionResetError):
                await asyncio.get_running_loop().sock_recv(connection, 1)

        connection.close()
        assert [("create", None)] == [(request.operation, request.http_status) for request in sandbox.log]
        assert () == sandbox.state.records


async def test_slow_client_is_waited_for_while_it_sends() -> None:
    """A body that takes longer than the wait arrives whole, as long as it does not pause for so long."""
    async with Sandbox(body_wait_s=0.3) as sandbox:
        connection = await connected(sandbox, HEAD)
        loop = asyncio.get_running_loop()

        for _ in range(5):
            await asyncio.sleep(0.1)
            await loop.sock_sendall(connection, b"x" * (BODY_SIZE // 5))
        answer = await asyncio.wait_for(loop.sock_recv(connection, 12), 5)

        connection.close()
        assert b"HTTP/1.1 400" == answer


async def test_create_of_a_client_that_dies_after_its_last_byte_is_carried_out(client: Any) -> None:
    """A dead sender still creates records: its body is there, and nobody asks whether it is."""
    async with Sandbox(latency_s=0.3) as sandbox:
        with pytest.raises((TimeoutError, aiohttp.ClientError)):
            await asyncio.wait_for(client.create(sandbox), 0.15)

        async with asyncio.timeout(5):
            while not sandbox.state.records:
                await asyncio.sleep(0.01)


async def test_serve_tells_its_url_and_runs_until_cancelled(client: Any) -> None:
    """The verb learns the port that was free, and the sandbox answers there until the task ends."""
    told: asyncio.Queue[str] = asyncio.Queue()
    sandbox = Sandbox()
    task = asyncio.create_task(serve(sandbox, told.put_nowait))

    url = await told.get()
    answer = await client.control(sandbox, "GET", "state")
    task.cancel()
    await asyncio.wait([task])

    assert (url, 200) == (sandbox.url, answer.http_status)
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.control(sandbox, "GET", "state")


async def test_taken_port_is_a_mistake_of_use() -> None:
    """A second sandbox on the same port says so and how to choose another."""
    async with Sandbox() as first:
        port = int(first.url.rpartition(":")[2])

        with pytest.raises(UsageError, match=str(port)):
            await Sandbox(port).__aenter__()


@pytest.mark.parametrize(
    "sent",
    [
        b"HELLO\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http://[::1/x HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        HEAD.replace(b"Content-Length: %d" % BODY_SIZE, b"Transfer-Encoding: chunked") + b"zz\r\nabc\r\n",
        HEAD.replace(b"%d" % BODY_SIZE, b"5\r\nContent-Encoding: gzip") + b"hello",
    ],
)
async def test_what_is_no_http_is_answered_and_no_error_of_the_sandbox(
    sandbox: Sandbox, client: Any, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A bad request line, header, length, chunk or packing gets 400, and no traceback is logged."""
    connection = await connected(sandbox, sent)
    answer = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(connection, 12), 5)
    connection.close()

    assert b" 400" == answer[8:]
    assert 201 == (await client.create(sandbox)).http_status
    assert [] == [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("path", ["/v1/Account/MA/PhoneNumber/Compliance/", "/_sandbox/review"])
async def test_body_that_stops_being_http_is_answered_at_once(
    sandbox: Sandbox, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One good chunk, and then something else: 400 without waiting for what does not come, and the connection ends."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection = await connected(sandbox, head.encode())
    loop = asyncio.get_running_loop()
    await asyncio.wait_for(loop.sock_recv(connection, 100), 5)  # now it waits for the body

    await loop.sock_sendall(connection, b"3\r\nabc\r\n")
    await loop.sock_sendall(connection, b"zz\r\nabc\r\n")
    answer = await asyncio.wait_for(loop.sock_recv(connection, 12), 5)
    connection.close()

    assert b"HTTP/1.1 400" == answer
    assert [] == [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def test_client_that_asks_first_is_told_to_go_on(sandbox: Sandbox) -> None:
    """`Expect: 100-continue` is answered before the body comes, and the call then as ever."""
    connection = await connected(sandbox, HEAD.replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"))
    loop = asyncio.get_running_loop()

    interim = await asyncio.wait_for(loop.sock_recv(connection, 100), 5)
    await loop.sock_sendall(connection, WHOLE[len(HEAD) :])
    answer = await asyncio.wait_for(loop.sock_recv(connection, 12), 5)
    connection.close()

    assert b"HTTP/1.1 100 Continue\r\n\r\n" == interim
    assert b"HTTP/1.1 400" == answer


async def test_latency_passes_before_the_call_is_carried_out(client: Any, clock: Any) -> None:
    """A slow sandbox takes its time first, so a record is as old as its answer; the log tells the arrival."""
    async with Sandbox(latency_s=2, clock=clock) as sandbox:
        await client.create(sandbox)

        (record,), (request,) = sandbox.state.records, sandbox.log
        assert 2 == (record.created_at - request.instant).total_seconds()


async def test_client_that_leaves_in_mid_upload_creates_nothing(client: Any) -> None:
    """Half a body is no create; the log has the request without an answer."""
    async with Sandbox() as sandbox:
        host, port = sandbox.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"POST /v1/Account/MA/PhoneNumber/Compliance/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n--b"
        )
        await writer.drain()
        writer.transport.abort()
        async with asyncio.timeout(5):
            while not sandbox.log:
                await asyncio.sleep(0.01)

        assert [("create", None)] == [(request.operation, request.http_status) for request in sandbox.log]
        assert () == sandbox.state.records
