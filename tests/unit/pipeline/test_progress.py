"""What a run says of itself, and what of that goes into its ledger."""

import asyncio
from collections import Counter

from bulk_onboard.errors import StoppedError
from bulk_onboard.model.entry import Used
from bulk_onboard.pipeline.progress import Activity, Progress, UsageLog, used
from tests.support.clocks import FakeClock
from tests.support.journals import MemoryJournal


def test_rows_that_turn_out_to_be_due_come_on_top_of_those_done():
    """A second round has the rows that were settled meanwhile; what the first one did stays done."""
    progress = Progress()

    progress.expect(10, 12.0)
    for _ in range(10):
        progress.did(1, 1.2)
    progress.expect(2, 2.0)
    progress.did(1, 1.0)

    assert (12, 11, 1.0) == (progress.due, progress.done, round(progress.requests_left, 6))


def test_what_is_done_within_something_else_is_said_alone():
    """A wait within the look at the reviews is told in its place, and the look again once it is over."""
    progress = Progress()

    with progress.doing("looking"):
        with progress.doing("waiting", until=60.0, then="looking"):
            assert Activity("waiting", 60.0, "looking") == progress.activity
        assert Activity("looking") == progress.activity
    assert progress.activity is None


def test_requests_are_summed_up_without_those_for_requirements():
    """They have a quota of their own. What was throttled counts, as a request and by itself."""
    requests = {"create done": 50, "create throttled": 2, "list done": 3, "requirements done": 4, "link refused": 1}

    assert Used(requests=56, writes=53, throttled=2) == used(requests)


class Minutes:
    """A run that makes requests now and then, and the log of what it uses."""

    def __init__(self) -> None:
        self.clock, self.journal, self.requests = FakeClock(), MemoryJournal(), Counter[str]()
        self.log = UsageLog(self.requests, self.clock)
        self.log.begin(self.journal)

    async def send(self, number: int, at_s: float) -> None:
        """Make so many requests at this second."""
        self.clock.pass_time(at_s - self.clock.monotonic())
        for _ in range(number):
            self.log.note_request()
            self.requests["create done"] += 1
        await asyncio.sleep(0)

    @property
    def written(self) -> list[int]:
        """How many requests each entry has."""
        return [entry.requests for entry in self.journal.entries if isinstance(entry, Used)]


async def test_a_minute_is_written_down_when_the_next_one_begins():
    """Sixty requests in a burst belong to the minute in which they went."""
    run = Minutes()

    for minute in range(3):
        await run.send(60, 61.0 * minute)
    await run.log.write()

    assert [60, 60, 60] == run.written


async def test_nothing_is_written_where_there_were_no_requests():
    """A run that waits for reviews for days leaves no line a minute."""
    run = Minutes()

    for _ in range(3):
        await run.log.write()
    await run.send(2, 3600.0)
    for _ in range(2):
        await run.log.write()

    assert [2] == run.written


async def test_nothing_is_written_before_the_run_has_begun():
    """Its first requests are those of its first minute."""
    run = Minutes()
    run.log.journal = None
    await run.send(3, 0.0)
    await run.log.write()

    run.log.begin(run.journal)
    await run.log.write()

    assert [3] == run.written


async def test_a_disk_that_fails_keeps_no_call_from_being_made():
    """The next write finds that out; what is for people alone stops nothing."""
    run = Minutes()

    async def fails(entry):
        raise StoppedError("The disk failed.")

    run.journal.append = fails
    await run.send(1, 0.0)
    await run.send(1, 61.0)

    await run.log.write()

    assert 2 == run.requests["create done"]
