"""Failures after the first byte: the flag is up, and the server heard one request."""

import asyncio
import time

import pytest

from bulk_onboard.api.exchange import UNASKED
from tests.support.raw_server import Peer, RawServer, answer, drop_at_once, silence
from tests.support.requests import CREATED, DELETE, GET, LINK, create, told


async def reset_at_once(peer: Peer) -> None:
    """Takes the connection and resets it."""
    peer.reset()


async def drop_before_the_body(peer: Peer) -> None:
    """Reads the headers only."""
    await peer.read_head()


async def reset_before_the_body(peer: Peer) -> None:
    """Reads the headers only."""
    await peer.read_head()
    peer.reset()


async def drop_after_the_body(peer: Peer) -> None:
    """Reads everything and says nothing: applied or not?"""
    await peer.read_request()


async def reset_after_the_body(peer: Peer) -> None:
    """Reads everything and says nothing: applied or not?"""
    await peer.read_request()
    peer.reset()


async def half_a_status_line(peer: Peer) -> None:
    """Falls silent in the status line."""
    await peer.read_request()
    await peer.send(b"HTTP/1.1 20")


async def half_a_header(peer: Peer) -> None:
    """Falls silent in the headers."""
    await peer.read_request()
    await peer.send(b"HTTP/1.1 201 Created\r\nContent-Le")


async def half_a_body(peer: Peer) -> None:
    """A 201 whose body is cut off behind what would be enough."""
    await peer.read_request()
    await peer.send(answer(201, CREATED, content_length=str(len(CREATED) + 10)))


async def half_a_chunk(peer: Peer) -> None:
    """A chunked 201 without its end."""
    await peer.read_request()
    head = answer(201, content_length="", transfer_encoding="chunked")
    await peer.send(head + b"%x\r\n%s\r\n" % (len(CREATED), CREATED))


async def a_bad_chunk(peer: Peer) -> None:
    """A chunked 201 whose chunk has no length."""
    await peer.read_request()
    await peer.send(answer(201, content_length="", transfer_encoding="chunked") + b"zz\r\n{}\r\n0\r\n\r\n")


async def garbage(peer: Peer) -> None:
    """No HTTP at all."""
    await peer.read_request()
    await peer.send(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


async def two_lengths(peer: Peer) -> None:
    """Two lengths that differ."""
    await peer.read_request()
    await peer.send(b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}")


async def an_endless_header(peer: Peer) -> None:
    """A header that is longer than any."""
    await peer.read_request()
    await peer.send(answer(201, CREATED, x_long="x" * 20_000))


async def a_huge_body(peer: Peer) -> None:
    """More than 1 MiB."""
    await peer.read_request()
    await peer.send(answer(201, CREATED + b" " * 1024 * 1024))


async def a_huge_body_without_length(peer: Peer) -> None:
    """More than 1 MiB, unannounced."""
    await peer.read_request()
    await peer.send(answer(201, CREATED + b" " * 3 * 1024 * 1024, content_length=""))


DROPPED = "ServerDisconnectedError"
RESET = "ClientOSError"
UNPARSABLE = "ClientResponseError"  # its own status is 400, which is nobody's


@pytest.mark.parametrize("script", [drop_at_once, reset_at_once])
async def test_connection_that_ends_at_once(make_client, script):
    """What is seen to end before the first byte has left is proved unsent, and nothing else is."""
    async with RawServer(script) as server, make_client(server.url) as client:
        kind, started, headers_sent = told(await client.exchange(create(200_000)))

    assert kind in {UNASKED, DROPPED, RESET, "ClientConnectionResetError"}
    assert (True, kind != UNASKED) == (started, headers_sent)


@pytest.mark.parametrize(
    ("script", "kinds"),
    [
        (drop_before_the_body, {DROPPED, RESET, "ClientConnectionResetError"}),
        (reset_before_the_body, {DROPPED, RESET, "ClientConnectionResetError"}),
        (drop_after_the_body, {DROPPED}),
        (reset_after_the_body, {RESET}),
        (half_a_status_line, {DROPPED}),
        (half_a_header, {DROPPED}),
        (half_a_body, {"ClientPayloadError", "cut-off"}),
        (half_a_chunk, {"ClientPayloadError"}),
        (a_bad_chunk, {UNPARSABLE, "ClientPayloadError"}),
        (garbage, {UNPARSABLE}),
        (two_lengths, {UNPARSABLE}),
        (an_endless_header, {UNPARSABLE}),
        (a_huge_body, {"body-too-large"}),
        (a_huge_body_without_length, {"body-too-large"}),
    ],
)
async def test_no_whole_answer(make_client, script, kinds):
    """Whatever goes wrong after the first byte is a failure with its flag up, and the server hears one request."""
    async with RawServer(script) as server, make_client(server.url) as client:
        seen = await client.exchange(create(200_000))

    kind, started, headers_sent = told(seen)
    assert kind in kinds
    assert (True, True) == (started, headers_sent)
    assert 1 == len(server.peers)


@pytest.mark.parametrize("request_", [GET, DELETE, LINK], ids=["get", "delete", "post"])
@pytest.mark.parametrize("script", [drop_after_the_body, reset_after_the_body, half_a_header])
async def test_nothing_is_sent_twice(make_client, request_, script):
    """A dropped GET or DELETE is not sent a second time behind our back."""
    async with RawServer(script) as server, make_client(server.url) as client:
        seen = await client.exchange(request_)

    assert seen.headers_sent
    assert 1 == len(server.peers)


async def test_silence(make_client):
    """A server that says nothing is given up when the total runs out."""
    async with RawServer(silence) as server, make_client(server.url, answer_s=0.3) as client:
        seen = await client.exchange(create())

    assert ("TimeoutError", True, True) == told(seen)


@pytest.mark.parametrize("dripping", [b"HTTP/1.1 201 Created\r\nX-Long: ", answer(201, b"", content_length="100000")])
async def test_drip(make_client, dripping):
    """An answer that comes byte by byte, in its headers or its body, does not hold the client beyond the total."""

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(dripping)
        await peer.send(*[b"x"] * 1000, pause_s=0.02)

    async with RawServer(script) as server, make_client(server.url, answer_s=0.4) as client:
        begun = time.monotonic()
        seen = await client.exchange(create())
        took_s = time.monotonic() - begun

    assert ("TimeoutError", True, True) == told(seen)
    assert took_s < 2


async def test_deadline_grows_with_the_body(make_client):
    """A slow upload is given the time its bytes need."""

    async def script(peer: Peer) -> None:
        await asyncio.sleep(0.6)
        await peer.read_request()
        await peer.send(answer(201, CREATED))

    async with RawServer(script) as server, make_client(server.url, answer_s=0.3, upload_speed=1e6) as client:
        seen = await client.exchange(create(3_000_000))

    assert 201 == seen.http_status


@pytest.mark.parametrize("script", [garbage, drop_after_the_body, half_a_body])
async def test_failures_hold_no_secret(make_client, script):
    """What is told of a failure holds no credentials, though aiohttp's own errors do."""
    async with RawServer(script) as server, make_client(server.url) as client:
        seen = await client.exchange(create())

    assert "Basic" not in repr(seen)
    assert "MAT3ST" not in repr(seen)
