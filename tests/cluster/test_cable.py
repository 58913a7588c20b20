"""The cable that chaos is made with does what networks do."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.cable import Cable

SOON = 10


@pytest.fixture
async def cable() -> AsyncIterator[Cable]:
    """One to a server that says back what it hears."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1 << 16):
            writer.write(chunk)
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server, Cable.laid(port_of(server)) as laid:
        yield laid


def port_of(server: asyncio.Server) -> int:
    """Where it listens."""
    return int(server.sockets[0].getsockname()[1])


async def test_it_passes_on_to_the_end(cable: Cable) -> None:
    """Both directions, the end included."""
    reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
    writer.write(b"hello")
    writer.write_eof()

    assert b"hello" == await asyncio.wait_for(reader.read(), SOON)
    writer.close()


async def test_a_silent_cut_delays(cable: Cable) -> None:
    """Nothing gets through while it lasts; then what was said meanwhile does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
    cutting = asyncio.ensure_future(cable.cut(0.3))
    await asyncio.sleep(0)
    writer.write(b"hello")
    answer = asyncio.ensure_future(reader.readexactly(5))
    await asyncio.wait({answer, cutting}, return_when=asyncio.FIRST_COMPLETED)

    assert (True, False) == (cutting.done(), answer.done())
    assert b"hello" == await asyncio.wait_for(answer, SOON)
    writer.close()


async def test_a_cut_with_a_reset_ends_old_connections_and_new_ones(cable: Cable) -> None:
    """Afterwards new ones are served."""
    reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
    writer.write(b"hello")
    await reader.readexactly(5)
    cutting = asyncio.ensure_future(cable.cut(0.3, silent=False))
    await asyncio.sleep(0)
    with pytest.raises(ConnectionError):
        await reader.readexactly(1)
    late, late_writer = await asyncio.open_connection("127.0.0.1", cable.port)
    with pytest.raises(ConnectionError):
        await late.readexactly(1)
    await cutting
    reader, again = await asyncio.open_connection("127.0.0.1", cable.port)
    again.write(b"hello")

    assert b"hello" == await asyncio.wait_for(reader.readexactly(5), SOON)
    for each in (writer, late_writer, again):
        each.close()


async def test_it_holds_large_bodies_until_they_are_released(cable: Cable) -> None:
    """Small requests get through; of a large one the client keeps most."""
    cable.hold_after(100_000)
    reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
    writer.write(bytes(20_000_000))
    small, small_writer = await asyncio.open_connection("127.0.0.1", cable.port)
    small_writer.write(b"hello")
    assert b"hello" == await asyncio.wait_for(small.readexactly(5), SOON)
    while not cable.held:
        await asyncio.sleep(0.01)

    (link,) = cable.held
    assert 100_000 <= link.passed < 200_000
    assert writer.transport.get_write_buffer_size() > 10_000_000
    cable.release()
    await asyncio.wait_for(reader.readexactly(20_000_000), SOON)
    for each in (writer, small_writer):
        each.close()
