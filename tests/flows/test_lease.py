"""A run whose ledger lies in a database, and whose lease is over before it has ended: it stops, and sends no more."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus
from bulk_onboard.ledger.database.store import set_up
from bulk_onboard.pipeline.finish import RunResult
from bulk_onboard.sandbox.server import Sandbox
from tests.support.office import Office
from tests.support.postgres import Database

ROWS, AT_A_TIME = 12, 4
BEFORE_ANY_DEADLINE_S = 25  # a call without an answer is given up after 30 s by itself


class Nap(SystemClock):
    """The clock of a machine that may sleep for some minutes, in a moment, while nothing else goes on."""

    def __init__(self) -> None:
        self._slept_s = 0.0

    def boottime(self) -> float:
        return super().boottime() + self._slept_s

    def sleep_past_the_lease(self) -> None:
        """It sleeps for five minutes."""
        self._slept_s += 300.0


@pytest.fixture
async def desk(tmp_path: Path, postgres: Database) -> AsyncIterator[Office]:
    """A desk with some rows, whose ledger lies in a database."""
    set_up(postgres.address)
    async with Sandbox() as sandbox:
        office = Office(tmp_path, sandbox)
        office.fill(ROWS)
        yield office


async def run_and_sleep(
    desk: Office, postgres: Database, *, records: int, meanwhile: Callable[[], None] = lambda: None, **others: str
) -> tuple[RunResult, int]:
    """A run on a machine that sleeps past the lease when so many records are there; how many calls came before."""
    clock, calls = Nap(), 0

    async def sleep() -> None:
        nonlocal calls
        while len(desk.sandbox.state.records) < records:
            await asyncio.sleep(0.01)
        calls = len(desk.sandbox.log)
        clock.sleep_past_the_lease()
        meanwhile()

    sleeping = asyncio.ensure_future(sleep())
    result = await desk.run(clock=clock, store=postgres.address, concurrency=str(AT_A_TIME), **others)
    await sleeping
    return result, calls


def records(desk: Office) -> list[Any]:
    """What the API has."""
    return list(desk.sandbox.state.records)


async def test_calls_in_flight_are_given_up_and_nothing_more_is_sent(desk: Office, postgres: Database) -> None:
    """It ends with 4 and says why, though no answer would come for minutes; the report says what is known."""
    desk.sandbox.faults.script("create", "hang-after", None, after=2)

    async with asyncio.timeout(BEFORE_ANY_DEADLINE_S):
        result, calls = await run_and_sleep(desk, postgres, records=2 + AT_A_TIME)

    assert ExitStatus.STOPPED == result.exit_status
    assert str(result.error).startswith("The lease of businesses in ")
    assert "run again" in str(result.error)
    assert calls == len(desk.sandbox.log)
    states = [row["State"] for row in desk.sheet("Results")]
    assert (2, AT_A_TIME) == (states.count("submitted"), states.count("uncertain")), states


async def test_next_run_settles_what_was_in_flight_and_sends_the_rest(desk: Office, postgres: Database) -> None:
    """Each row is there once, and so says the report."""
    desk.sandbox.faults.script("create", "hang-after", None, after=2)
    await run_and_sleep(desk, postgres, records=2 + AT_A_TIME)

    desk.sandbox.faults.clear()
    after = await desk.run(store=postgres.address)

    assert ExitStatus.DONE == after.exit_status
    assert ROWS == after.counts["submitted"] == len(records(desk))
    assert AT_A_TIME == after.adopted


async def test_run_that_waits_for_reviews_notices_that_its_lease_is_over(desk: Office, postgres: Database) -> None:
    """It makes no call for minutes, and ends all the same."""
    async with asyncio.timeout(BEFORE_ANY_DEADLINE_S):
        result, _ = await run_and_sleep(desk, postgres, records=ROWS, wait="2h", audit="never")

    assert ExitStatus.STOPPED == result.exit_status
    assert "lease" in str(result.error)
    assert ROWS == result.counts["submitted"]


async def test_report_that_the_next_owner_has_written_is_left_as_it_is(desk: Office, postgres: Database) -> None:
    """What a run knows that has lost its account is older."""
    await desk.run(store=postgres.address, limit="2")
    newest = desk.report.read_bytes()

    result, _ = await run_and_sleep(
        desk, postgres, records=2 + AT_A_TIME, meanwhile=lambda: os.utime(desk.report), audit="never"
    )

    assert newest == desk.report.read_bytes()
    assert any("somebody else has written it" in warning for warning in result.warnings), result.warnings
