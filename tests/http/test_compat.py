"""The mend of aioresponses does its work, and is still needed."""

import aiohttp
import pytest
from aioresponses import aioresponses

from tests.support.compat import canned_answers

URL = "http://127.0.0.1/"


async def test_mend_is_still_needed():
    """aioresponses cannot answer by itself yet; when this fails, drop the mend from tests/support/compat.py."""
    with aioresponses() as canned:
        canned.get(URL)
        async with aiohttp.ClientSession() as session:
            with pytest.raises(TypeError, match="stream_writer"):
                await session.get(URL)


async def test_mended():
    """With the mend a canned answer arrives."""
    with canned_answers() as canned:
        canned.get(URL, status=418, body=b"teapot")
        async with aiohttp.ClientSession() as session, session.get(URL) as response:
            body = await response.read()

    assert (418, b"teapot") == (response.status, body)


async def test_unmatched_request_fails_the_test():
    """A request without a canned answer is an error of the test, even where the client takes it for weather."""

    async def reach_out() -> None:
        with canned_answers():
            async with aiohttp.ClientSession() as session:
                with pytest.raises(aiohttp.ClientConnectionError):
                    await session.get(URL)

    with pytest.raises(AssertionError, match="GET http"):
        await reach_out()
