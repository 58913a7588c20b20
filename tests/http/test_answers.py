"""Answers that are whole, however they come."""

import asyncio
import gzip
import time

from tests.support.raw_server import Peer, RawServer, answer
from tests.support.requests import CREATED, GET, create


async def test_gzip_stays_packed(make_client):
    """An answer that is packed, though we asked for none, is handed on as it is: a bomb does not go off."""
    packed = gzip.compress(b" " * 10_000_000)

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(answer(201, packed, content_encoding="gzip"))

    async with RawServer(script) as server, make_client(server.url) as client:
        seen = await client.exchange(create())

    assert packed == seen.body
    assert "gzip" == seen.headers["content-encoding"]


async def test_answer_in_pieces(make_client):
    """An answer that comes in pieces, chunked, after a 103 and without an end but the connection's, is read whole."""
    endings = {
        "length": answer(201, CREATED),
        "chunks": answer(201, content_length="", transfer_encoding="chunked")
        + b"%x\r\n%s\r\n0\r\n\r\n" % (len(CREATED), CREATED),
        "early hints": b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + answer(201, CREATED),
        "HTTP/1.0": b"HTTP/1.0 201 Created\r\nContent-Type: application/json\r\n\r\n" + CREATED,
    }

    async def script(peer: Peer) -> None:
        await peer.read_request()
        whole = list(endings.values())[peer.number - 1]
        await peer.send(*(whole[at : at + 40] for at in range(0, len(whole), 40)), pause_s=0.005)

    async with RawServer(script) as server, make_client(server.url) as client:
        bodies = [(seen.http_status, seen.body) for seen in [await client.exchange(create()) for _ in endings]]

    assert [(201, CREATED)] * 4 == bodies


async def test_early_refusal(make_client):
    """A 413 that comes while the body is still on its way, from a server that reads no more, is heard at once."""

    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(answer(413, b'{"error":"too large"}'))
        await asyncio.sleep(1)

    async with RawServer(script) as server, make_client(server.url, answer_s=5) as client:
        begun = time.monotonic()
        seen = await client.exchange(create(8_000_000))
        took_s = time.monotonic() - begun

    assert 413 == seen.http_status
    assert took_s < 0.9


async def test_stray_answer(make_client):
    """A second answer that nobody asked for is never taken for the next request's."""
    stray = b'{"compliance_id":"99999999-e5f6-7890-abcd-ef1234567890"}'

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(answer(201, CREATED))
        await asyncio.sleep(0.05)
        await peer.send(answer(201, stray))
        await asyncio.sleep(1)

    async with RawServer(script) as server, make_client(server.url) as client:
        await client.exchange(create())
        await asyncio.sleep(0.1)
        second = await client.exchange(create())

    assert CREATED == second.body
    assert 2 == len(server.peers)


async def test_more_attempts_than_turns_wait(make_client):
    """More attempts than the concurrency wait for their turn; waiting is no failure, however long."""
    at_a_time = []

    async def script(peer: Peer) -> None:
        at_a_time.append(sum(p.writer.transport is not None and not p.writer.is_closing() for p in server.peers))
        await peer.read_request()
        await asyncio.sleep(0.1)
        await peer.send(answer(200, b"{}"))

    async with RawServer(script) as server, make_client(server.url, concurrency=2, connect_s=0.15) as client:
        seen = await asyncio.gather(*(client.exchange(GET) for _ in range(8)))

    assert [200] * 8 == [answered.http_status for answered in seen]
    assert max(at_a_time) <= 2
