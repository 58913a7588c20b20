"""An attempt that is abandoned ends: no more of it arrives."""

import asyncio

import pytest

from tests.support.raw_server import DeafServer, RawServer, silence
from tests.support.requests import GET, create, told


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("how", ["timeout", "cancel"])
async def test_abandoned_body_does_not_arrive(make_client, certificates, how, secure):
    """After a timeout or a cancel the peer gets at most 256 KiB of a 3 MB form, however long it listens."""
    tls = certificates.server("good") if secure else None
    settings = {"ca_bundle": certificates.authority} if secure else {}
    with DeafServer(tls) as server:
        async with make_client(server.url, answer_s=0.5 if how == "timeout" else 30, **settings) as client:
            sending = asyncio.create_task(client.exchange(create(3_000_000)))
            if how == "cancel":
                await asyncio.sleep(0.5)
                sending.cancel()
            ended = (await asyncio.gather(sending, return_exceptions=True))[0]
            arrived = await asyncio.to_thread(server.listen)

    if how == "timeout":
        assert ("TimeoutError", True, True) == told(ended)
    else:
        assert isinstance(ended, asyncio.CancelledError)
    assert 0 < arrived <= 256 * 1024


async def test_cancelled_while_waiting_for_a_turn(make_client):
    """A call that is cancelled before its turn sends nothing."""
    async with RawServer(silence) as server, make_client(server.url, concurrency=1, answer_s=0.5) as client:
        first = asyncio.create_task(client.exchange(GET))
        second = asyncio.create_task(client.exchange(create()))
        await asyncio.sleep(0.1)
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)

    assert second.cancelled()
    assert 1 == len(server.peers)
