"""`--wait` in whole runs against the sandbox, on a calendar of which long pauses are torn off."""

import asyncio
import signal
from pathlib import Path

from bulk_onboard.ledger.journal import read_books
from bulk_onboard.sandbox.server import Sandbox
from bulk_onboard.submission.stop import Stop
from tests.support.businesses import HEADERS, business, write_workbook
from tests.support.clocks import Calendar
from tests.support.office import Office


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
    assert notes[0].note() == ""


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
    while not (running and running[0].note().startswith("waiting for 2 reviews")):
        await asyncio.sleep(0)

    stop.request(signal.SIGINT)
    result = await task

    assert 130 == result.exit_status
    assert office.report.exists()
    assert all(record.review == "pending" for record in read_books(office.ledger).books.records.values())
