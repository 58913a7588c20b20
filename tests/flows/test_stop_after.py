"""`stop_after`: when the time is up nothing new begins, and running again continues."""

import asyncio

import openpyxl
import pytest

from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus, StoppedError
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.pipeline.run import run_job
from bulk_onboard.pipeline.stop import Stop, stopping_after
from tests.support.clocks import FakeClock
from tests.support.office import AUTH_ID, AUTH_TOKEN, Office

CREDENTIALS = Credentials(AUTH_ID, Secret(AUTH_TOKEN))
FIVE_HOURS_S = 18000.0
TOLD = "Stopped after 5h, as stop_after says; run again to continue."


class HourGlass(SystemClock):
    """The machine's clock, but five hours are over when somebody says so."""

    def __init__(self) -> None:
        self.is_empty = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        await (self.is_empty.wait() if seconds == FIVE_HOURS_S else super().sleep(seconds))


async def test_what_is_in_flight_finishes_and_the_next_run_sends_the_rest(office: Office) -> None:
    """Exit status 4, nothing uncertain, and the report says why; nothing is sent twice."""
    office.fill(20)
    office.sandbox.latency_s = 0.05
    glass, stop = HourGlass(), Stop()

    async def turn_when_some_are_there() -> None:
        while len(office.sandbox.state.records) < 4:
            await asyncio.sleep(0.01)
        glass.is_empty.set()

    turning = asyncio.ensure_future(turn_when_some_are_there())
    job = office.job(stop_after="5h", concurrency="2")
    result = await run_job(job, credentials=CREDENTIALS, clock=glass, stop=stop)
    await turning
    sent = len(office.sandbox.state.records)
    office.sandbox.latency_s = 0.0
    after = await office.run()

    assert (ExitStatus.STOPPED, TOLD) == (result.exit_status, str(result.error))
    assert 4 <= sent == result.counts["submitted"] < 20
    assert (0, 20 - sent) == (result.counts["uncertain"], result.counts["not sent"])
    assert result.report == office.report
    assert (ExitStatus.DONE, 20) == (after.exit_status, after.counts["submitted"])
    assert 20 == len(office.sandbox.state.records)
    assert ExitStatus.STOPPED == read_ledger_state(office.ledger).ledger_state.runs[0].ended.exit_status


async def test_the_report_says_why_it_stopped(office: Office) -> None:
    """Whoever opens it in the morning reads it on its first sheet."""
    office.fill(3)
    office.sandbox.latency_s = 0.05
    glass = HourGlass()
    await run_job(
        office.job(stop_after="5h", concurrency="1"),
        credentials=CREDENTIALS,
        clock=glass,
        stop=Stop(),
        watch=lambda running: glass.is_empty.set(),
    )

    cells = [cell.value for row in openpyxl.load_workbook(office.report)["Summary"] for cell in row]
    assert TOLD in cells


async def test_a_run_that_ends_earlier_leaves_no_trace(office: Office) -> None:
    """Its exit status is what it would have been, and nobody sleeps on."""
    office.fill(2)
    before = asyncio.all_tasks()

    result = await office.run(stop_after="5h")
    await asyncio.sleep(0)

    assert (ExitStatus.DONE, None) == (result.exit_status, result.error)
    assert before == asyncio.all_tasks()


async def test_time_that_is_up_before_anything_begins(office: Office) -> None:
    """The sentence is this one, whatever it was that could not be begun."""
    office.fill(2)

    told = await office.type("run", "--stop-after", "0")

    assert (4, "bulk-onboard: Stopped after 0s, as stop_after says; run again to continue.\n") == (
        told.status,
        told.err,
    )
    assert not office.sandbox.state.records


async def test_the_wish_comes_when_the_time_is_up() -> None:
    """Not before, and with a cause that says what to do."""
    clock, stop = FakeClock(), Stop()

    with stopping_after(FIVE_HOURS_S, clock=clock, stop=stop):
        await clock.sleep(FIVE_HOURS_S - 1.0)
        assert not stop.requested
        await clock.sleep(2.0)

    assert isinstance(stop.cause, StoppedError)
    assert str(stop.cause) == TOLD


async def test_after_the_work_the_time_no_longer_counts() -> None:
    """Neither once all is done nor after the context."""
    clock, done, left = FakeClock(), Stop(), Stop()

    with stopping_after(60.0, clock=clock, stop=done) as enough:
        enough()
        await clock.sleep(90.0)
    with stopping_after(60.0, clock=clock, stop=left), stopping_after(None, clock=clock, stop=left) as never:
        never()
    await clock.sleep(90.0)

    assert [False, False] == [done.requested, left.requested]


async def test_another_cause_keeps_its_own_words() -> None:
    """What stopped the run first is told."""
    clock, stop = FakeClock(), Stop()

    async def fail_at_the_disk() -> None:
        with stopping_after(60.0, clock=clock, stop=stop):
            stop.request("a disk")
            await clock.sleep(90.0)
            raise StoppedError("the disk")

    with pytest.raises(StoppedError, match="the disk"):
        await fail_at_the_disk()
