"""`--wait` in whole runs against the sandbox, on a calendar of which long pauses are torn off."""

import asyncio
import signal
from pathlib import Path

import pytest

from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.sandbox.faults import FOR_GOOD
from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import HEADERS, business, write_workbook
from tests.support.clocks import Calendar
from tests.support.nights import Hurried
from tests.support.office import Office

pytestmark = pytest.mark.slow


class Numbered(Office):
    """An office whose sheet has a column for numbers."""

    def save(self) -> None:
        """Write the rows as they are now."""
        write_workbook(self.workbook, self.rows, (*HEADERS, "Numbers"))


def fill(office: Office) -> None:
    """One row whose record is approved with a number, one that is rejected, one that stays pending."""
    names = ("Good", "REJECT", "Good as well")
    office.fill(
        [
            business(n, Key=f"K-{n}", Business_Name=f"{name} Traders {n}", Numbers=f"91114000000{n}")
            for n, name in enumerate(names)
        ]
    )


async def test_run_waits_for_reviews_and_does_what_they_make_due(tmp_path: Path) -> None:
    """Approved after five minutes: its number is linked by the same run, which then ends."""
    calendar = Calendar()
    async with Sandbox(clock=calendar, review_after_s=300) as sandbox:
        office = Numbered(tmp_path, sandbox)
        fill(office)
        notes = []

        result = await office.run(clock=calendar, wait="2d", watch=notes.append)

    assert {"approved": 2, "rejected": 1} == {review: rows for review, rows in result.reviews.items() if rows}
    assert {"911140000000", "911140000002"} == {number.number for number in sandbox.state.numbers}
    assert 4 <= result.requests["list done"] <= 7  # the first look, one after each of some growing pauses, the audit
    assert 3 == result.exit_status  # the rejected one
    assert notes[0].settling() == (0, 0.0)


async def test_time_is_up(tmp_path: Path) -> None:
    """Nobody reviews: after an hour the run ends as if it had not waited, and pending reviews change nothing."""
    calendar = Calendar()
    async with Sandbox(clock=calendar) as sandbox:
        office = Numbered(tmp_path, sandbox)
        fill(office)
        began = calendar.monotonic()

        result = await office.run(clock=calendar, wait="1h")

    assert 3_600 <= calendar.monotonic() - began < 3_700
    assert (0, 3) == (result.exit_status, result.reviews["pending"])


async def test_stop_ends_the_waiting(office: Office) -> None:
    """Ctrl-C while it waits: the report is written, and the next run goes on."""
    office.fill(2)
    stop = Stop()
    running = []
    task = asyncio.create_task(office.run(stop, wait="2d", watch=running.append))
    while not (running and running[0].activity and running[0].activity.words == "2 reviews pending"):
        await asyncio.sleep(0)

    stop.request(signal.SIGINT)
    result = await task

    assert 130 == result.exit_status
    assert office.report.exists()
    assert all(record.review == "pending" for record in read_ledger_state(office.ledger).ledger_state.records.values())


async def test_limit_is_for_the_whole_run_also_while_it_waits(tmp_path: Path) -> None:
    """`--limit 2 --wait`: each look makes a new plan, and none of them takes in two more rows."""
    calendar = Hurried()
    async with Sandbox(clock=calendar) as sandbox:
        office = Office(tmp_path, sandbox)
        office.fill([business(n, Key=f"K-{n}") for n in range(5)])

        first = await office.run(clock=calendar, wait="10m", limit="2")
        lists = first.requests["list done"]
        second = await office.run(clock=calendar, limit="2")

    assert (0, 2, 3) == (first.exit_status, first.counts["submitted"], first.counts["not sent"])
    assert (0, 4, 4) == (second.exit_status, second.counts["submitted"], len(sandbox.state.records))
    assert lists > 3


async def test_row_that_is_tried_again_counts_within_the_limit_once(tmp_path: Path) -> None:
    """A create that was lost, proved absent and sent again is one row; no other one comes in for it."""
    calendar = Hurried()
    async with Sandbox(clock=calendar) as sandbox:
        office = Office(tmp_path, sandbox)
        office.fill([business(n, Key=f"K-{n}") for n in range(5)])
        await office.run(clock=calendar, limit="1")
        sandbox.faults.script("create", "drop-before")

        result = await office.run(clock=calendar, wait="5m", limit="2", concurrency="1")

    creates = sum(request.operation == "create" for request in sandbox.log)
    assert (0, 3, 4) == (result.exit_status, result.counts["submitted"], creates)


async def test_unknown_create_of_an_earlier_run_counts_within_the_limit_when_it_is_sent_again(tmp_path: Path) -> None:
    """It was proved absent beside the one row that the limit lets in: it waits for the next run, which ends with 0."""
    calendar = Hurried()
    async with Sandbox(clock=calendar) as sandbox:
        office = Office(tmp_path, sandbox)
        office.fill([business(n, Key=f"K-{n}") for n in range(3)])
        await office.run(clock=calendar, limit="1")
        sandbox.faults.script("create", "drop-before")
        await office.run_until_unknown(clock=calendar, limit="1")

        pilot = await office.run(clock=calendar, limit="1")
        rest = await office.run(clock=calendar)

    assert (0, 2, 1) == (pilot.exit_status, pilot.counts["submitted"], pilot.counts["deferred"])
    assert (0, 3, 3) == (rest.exit_status, rest.counts["submitted"], len(sandbox.state.records))


async def test_lists_that_fail_for_an_hour_do_not_end_the_waiting(tmp_path: Path) -> None:
    """Forty answers in a row say 500: more than a run that sends would bear. Then the review is there, and taken in."""
    calendar = Hurried()
    async with Sandbox(clock=calendar, review_after_s=1800) as sandbox:
        office = Office(tmp_path, sandbox)
        office.fill([business(1, Key="K-1")])
        await office.run(clock=calendar, audit="never")
        sandbox.faults.script("list", "error-500-before", 40, after=1)  # the look that the run begins with

        result = await office.run(clock=calendar, wait="2d", audit="never")

    assert (0, 1, None, ()) == (result.exit_status, result.reviews["approved"], result.error, result.warnings)
    assert 40 == result.requests["list unresolved"]


async def test_waiting_that_ends_without_a_look_says_so(tmp_path: Path) -> None:
    """The API does not answer any more until the time is up: reviews may have changed."""
    calendar = Hurried()
    async with Sandbox(clock=calendar) as sandbox:
        office = Office(tmp_path, sandbox)
        office.fill([business(1, Key="K-1")])
        await office.run(clock=calendar, audit="never")
        sandbox.faults.script("list", "error-500-before", FOR_GOOD, after=1)  # the look that the run begins with

        result = await office.run(clock=calendar, wait="1h", audit="never")

    assert (0, 1) == (result.exit_status, result.reviews["pending"])
    assert "times in a row: reviews may have changed since" in result.warnings[0]


async def test_credentials_that_are_refused_end_the_waiting_at_once(tmp_path: Path) -> None:
    """That does not get better by waiting."""
    calendar = Hurried()
    async with Sandbox(clock=calendar) as sandbox:
        office = Office(tmp_path, sandbox)
        office.fill([business(1, Key="K-1")])
        await office.run(clock=calendar, audit="never")
        sandbox.faults.script("list", "refuse-401", FOR_GOOD, after=1)  # the look that the run begins with

        result = await office.run(clock=calendar, wait="2d", audit="never")

    assert (7, 1, 1) == (result.exit_status, result.requests["list done"], result.requests["list denied"])
