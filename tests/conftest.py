"""What holds for every test: no network but this machine, no credentials, no home."""

import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bulk_onboard.sandbox.server import Sandbox
from tests.support.nights import Hurried, Nights
from tests.support.office import Office

_LOOPBACK = "127.0.0.1"


class NetworkError(Exception):
    """A test reached for another machine; deliberately no OSError, so that no retry takes it for weather."""


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every connection to another address than 127.0.0.1 an error."""

    def guard(connect):
        def guarded(self: socket.socket, address):
            if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] != _LOOPBACK:
                raise NetworkError(f"tests may connect to {_LOOPBACK} only, not to {address[0]}")
            return connect(self, address)

        return guarded

    monkeypatch.setattr(socket.socket, "connect", guard(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guard(socket.socket.connect_ex))


@pytest.fixture(autouse=True)
def no_credentials_and_no_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hides the credentials and the home of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith(("PLIVO_", "BULK_ONBOARD_"))]:
        monkeypatch.delenv(name)
    home: Path = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """A desk with an empty folder and the sandbox for an API; `office.fill(n)` gives it rows."""
    async with Sandbox() as sandbox:
        yield Office(tmp_path, sandbox)


@pytest.fixture
async def nights(tmp_path: Path) -> AsyncIterator[Nights]:
    """Such a desk, whose runs do not really wait."""
    calendar = Hurried()
    async with Sandbox(clock=calendar) as sandbox:
        yield Nights(tmp_path, sandbox, calendar=calendar)
