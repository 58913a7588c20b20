"""Accounts wait for each other before they write or send anything, and not for ever where one has no answers."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus
from bulk_onboard.pipeline.meeting import PATIENCE_S
from bulk_onboard.pipeline.progress import WAITING_FOR_OTHERS, Progress
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.sandbox.server import Sandbox
from tests.flows.test_accounts import THREE, Asked, exits, filed, run
from tests.support.businesses import business
from tests.support.office import Office, credentials_of

SILENT, OTHERS = "bravo", ("acme", "carol")


class SilentToOne(Sandbox):
    """An API that does not answer one account before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.speaks = asyncio.Event()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if credentials_of(SILENT).auth_id in request.path:
            await self.speaks.wait()
        return await super()._handle(request)


class Waiting(SystemClock):
    """A clock on which it is told when somebody's patience with others is at its end."""

    def __init__(self) -> None:
        self.long_enough = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        await (self.long_enough.wait() if seconds == PATIENCE_S else asyncio.sleep(seconds))


@pytest.fixture
async def silent() -> AsyncIterator[SilentToOne]:
    """The API, which does not answer `SILENT`."""
    async with SilentToOne() as sandbox:
        yield sandbox
        sandbox.speaks.set()


@pytest.fixture
def office(tmp_path: Path, silent: SilentToOne) -> Office:
    """Three accounts with two rows each."""
    office = Office(tmp_path, silent)
    office.open_accounts(*THREE)
    office.fill([business(number, Key=f"K-{number}", Account=THREE[number % 3]) for number in range(6)])
    return office


async def until_ready(progress: dict[str, Progress]) -> None:
    """Wait until the others have nothing to do but to wait for the silent one."""
    while any(getattr(progress[each].activity, "what", "") != WAITING_FOR_OTHERS for each in OTHERS):
        await asyncio.sleep(0.01)


def progress_of_all() -> dict[str, Progress]:
    """What each account says of itself."""
    return {account: Progress() for account in THREE}


async def test_an_account_without_answers_is_not_waited_for_for_ever(office: Office, silent: SilentToOne) -> None:
    """After a while the others send all they have; whenever it gets its answers it does so, too."""
    clock, progress = Waiting(), progress_of_all()
    running = asyncio.create_task(run(office, clock=clock, progress=progress))
    await until_ready(progress)
    assert dict.fromkeys(THREE, 0) == filed(office)

    clock.long_enough.set()
    while any(progress[each].ended is None for each in OTHERS):
        await asyncio.sleep(0.01)
    assert {"acme": 2, "bravo": 0, "carol": 2} == filed(office)
    silent.speaks.set()
    results = await running

    assert dict.fromkeys(THREE, ExitStatus.DONE) == exits(results)
    assert dict.fromkeys(THREE, 2) == filed(office)


@pytest.mark.parametrize("why", ["a question", "a choice of rows"])
async def test_where_something_is_to_be_agreed_all_are_waited_for(
    office: Office, silent: SilentToOne, why: str
) -> None:
    """Somebody is asked once for all of it, and a row that was chosen may be anybody's."""
    clock, progress, asked = Waiting(), progress_of_all(), Asked(answer=True)
    clock.long_enough.set()
    more = {"confirm": asked} if why == "a question" else {"flags": {"key": ("K-0", "K-1")}}
    running = asyncio.create_task(run(office, clock=clock, progress=progress, **more))
    await until_ready(progress)
    for _ in range(20):
        await asyncio.sleep(0)
    assert dict.fromkeys(OTHERS, WAITING_FOR_OTHERS) == {each: progress[each].activity.what for each in OTHERS}
    assert not list(office.folder.glob("*.ledger.jsonl"))

    silent.speaks.set()
    results = await running

    assert ExitStatus.DONE == results.exit_status
    assert sum(filed(office).values()) == (6 if why == "a question" else 2)
    assert ([6] if why == "a question" else []) == [filing.rows for filing in asked.questions]


async def test_a_signal_while_some_wait_begins_nothing(office: Office, silent: SilentToOne) -> None:
    """Those that are ready leave at once, without a ledger, whatever the last one waits for."""
    stop, progress = Stop(), progress_of_all()
    running = asyncio.create_task(run(office, stop, progress=progress))
    await until_ready(progress)

    stop.request(signal.SIGTERM)
    while any(progress[each].ended is None for each in OTHERS):
        await asyncio.sleep(0.01)
    silent.speaks.set()
    results = await running

    assert dict.fromkeys(THREE, ExitStatus.TERMINATED) == exits(results)
    assert not list(office.folder.glob("*.ledger.jsonl"))
