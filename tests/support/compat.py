"""Mends of test tools that lag behind the libraries we use."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest import mock

import aiohttp
from aioresponses import aioresponses, core

_ALREADY_SENT = SimpleNamespace(output_size=0)


class _ClientResponse(aiohttp.ClientResponse):
    """aiohttp 3.14 asks for a `stream_writer` that aioresponses 0.7.9 does not give (its issue 289)."""

    def __init__(self, *args, stream_writer=_ALREADY_SENT, **kwargs):
        super().__init__(*args, stream_writer=stream_writer, **kwargs)


@contextmanager
def canned_answers() -> Iterator[aioresponses]:
    """`aioresponses`, mended; fails when a request was made for which there is no answer.

    Of itself it raises ClientConnectionError for such a request, which our client would take for weather.
    """
    unmatched = []

    class Strict(aioresponses):
        async def match(self, method, url, *args, **kwargs):
            found = await super().match(method, url, *args, **kwargs)
            if found is None:
                unmatched.append(f"{method} {url}")
            return found

    with mock.patch.object(core, "ClientResponse", _ClientResponse), Strict() as canned:
        yield canned
    assert not unmatched, f"no canned answer for {unmatched}"
