"""What holds for every test: no network but this machine, no credentials, no home, no child that is not its subject."""

import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bulk_onboard.confined import call, dialogue
from bulk_onboard.sandbox.server import Sandbox
from tests.support import forked, unconfined
from tests.support.nights import Hurried, Nights
from tests.support.office import Office
from tests.support.postgres import MISSING, Database, Server, programs

_LOOPBACK = "127.0.0.1"
_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30
_IN_EARNEST = "COUNT" in os.environ
_ABOUT_CHILDREN = ("tests/unit/intake/", "tests/fuzz/", "tests/odd_files/test_odd_files.py")


def pytest_configure(config: pytest.Config) -> None:
    """Keep temporary files in memory, where there is room: most of the time of a ledger goes into waiting for disks."""
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a PostgreSQL server; a test that gets `postgres` by way of parameters marks itself."""
    for item in items:
        if "postgres" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.cluster)


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


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests: a new one for each is ever slower to make."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def no_credentials_and_no_home(monkeypatch: pytest.MonkeyPatch, empty_home: Path) -> Iterator[None]:
    """Hides the credentials and the home of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith(("PLIVO_", "BULK_ONBOARD_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(empty_home))
    yield
    assert not any(empty_home.iterdir()), "a test has left something in its home"


@pytest.fixture(autouse=True)
def unconfined_work(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does in this process what a confined child does, except where children are what is tested.

    Forked ones, with all their limits, have the folders and files named above; started as in earnest are those of the
    tests of `confined`, of `make fuzz`, and of commands.
    """
    if request.node.nodeid.startswith("tests/unit/confined/") or (_IN_EARNEST and "tests/fuzz/" in request.node.nodeid):
        return
    if request.node.nodeid.startswith(_ABOUT_CHILDREN):
        for module in (call, dialogue):
            monkeypatch.setattr(module, "start", forked.start)
    else:
        monkeypatch.setattr(call, "in_child", unconfined.done_here)
        monkeypatch.setattr(dialogue, "Child", unconfined.Partner)


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


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL server of this process, started when first asked for; without one its tests are skipped.

    Where it must be there (`CI`, for which .ci/run installs it) they fail.
    """
    binaries = programs()
    if binaries is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    with Server.opened(binaries) as server:
        yield server


@pytest.fixture
def postgres(postgres_server: Server) -> Iterator[Database]:
    """An empty database on that server; whatever the test does to the server, the next finds it running."""
    with Database.made(postgres_server) as database:
        yield database
