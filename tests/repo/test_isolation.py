"""No test reaches another machine, nor the credentials or the home of whoever runs it."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

ELSEWHERE = "192.0.2.1"  # reserved for documents; nothing answers there


def test_sockets_stay_on_this_machine():
    """Connecting to another address fails at once and says why."""
    with socket.socket() as sock, pytest.raises(Exception, match=f"127.0.0.1 only, not to {ELSEWHERE}"):
        sock.connect((ELSEWHERE, 80))


async def test_event_loop_stays_on_this_machine():
    """The loop's own connections are guarded too."""
    with pytest.raises(Exception, match=f"127.0.0.1 only, not to {ELSEWHERE}"):
        await asyncio.open_connection(ELSEWHERE, 80)


def test_loopback_is_open():
    """A server on 127.0.0.1 can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as sock:
        sock.connect(server.getsockname())

        assert server.getsockname() == sock.getpeername()


def test_home_is_empty():
    """The home folder is a fresh one."""
    assert [] == list(Path.home().iterdir())


def test_credentials_are_hidden():
    """No variable of the API or of ours is set."""
    assert [] == [name for name in os.environ if name.startswith(("PLIVO_", "BULK_ONBOARD_"))]
