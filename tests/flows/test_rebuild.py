"""A lost ledger, made anew from the account.

See docs/design/settling.md, Knowing the account.
"""

import asyncio
import signal
from dataclasses import replace

import pytest

from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.errors import ExitStatus, SignalledError
from bulk_onboard.ledger.fold import fold
from bulk_onboard.maintenance.rebuild import rebuild_ledger
from bulk_onboard.pipeline.progress import SETTLE_WINDOW, Progress
from bulk_onboard.pipeline.stop import Stop
from tests.support.clocks import FrozenClock
from tests.support.office import AUTH_ID, AUTH_TOKEN, Office
from tests.unit.ledger.samples import StillClock

CREDENTIALS = Credentials(AUTH_ID, Secret(AUTH_TOKEN))


class WatchedClock(StillClock):
    """Notes how many requests had arrived before each pause."""

    def __init__(self, office: Office) -> None:
        super().__init__()
        self.office = office
        self.requests_before: list[int] = []

    async def sleep(self, seconds: float) -> None:
        self.requests_before.append(len(self.office.sandbox.log))
        await super().sleep(seconds)


async def test_walk_begins_when_the_settle_window_has_passed(office: Office) -> None:
    """A ledger lost in the middle of a run: what was on its way has arrived before the account is walked."""
    office.fill(2)
    await office.run()
    office.ledger.unlink()
    before = len(office.sandbox.log)
    clock = WatchedClock(office)

    made = await rebuild_ledger(office.job(settle="90s"), credentials=CREDENTIALS, clock=clock)

    assert (made.rows, made.adopted, made.held) == (2, 2, 0)
    assert [before + 1] == clock.requests_before  # one page, to see that the account answers
    assert clock.seconds > 90
    assert fold(office.ledger.read_bytes()).ledger_state.swept


async def test_the_progress_says_what_is_waited_for(office: Office) -> None:
    """The settle window with its end, and how the quota lets the calls flow."""
    office.fill(1)
    progress, clock, seen = Progress(), StillClock(), []

    await rebuild_ledger(
        office.job(settle="90s", quota="60/min"),
        credentials=CREDENTIALS,
        clock=clock,
        progress=progress,
        say=lambda sentence: seen.append((progress.activity, clock.monotonic())),
    )

    ((activity, at),) = seen
    assert (SETTLE_WINDOW, "asking the API") == (activity.what, activity.then)
    assert at < activity.until <= at + 90
    assert (None, "60/min") == (progress.activity, progress.flow().quota)


async def test_row_with_two_records_is_held(office: Office) -> None:
    """Neither is guessed: a person must look."""
    office.fill(1)
    await office.run()
    office.ledger.unlink()
    (record,) = office.sandbox.state.records
    office.sandbox.state.keep(replace(record, compliance_id="ffffffff-0000-4000-8000-000000000000"))

    made = await rebuild_ledger(office.job(settle="0"), credentials=CREDENTIALS, clock=StillClock())

    assert (made.adopted, made.held, int(made.exit_status)) == (0, 1, 3)


async def test_a_signal_ends_the_wait_for_the_settle_window(office: Office) -> None:
    """Nobody sits through the window after Ctrl-C; the exit status is the signal's, and nothing was sent."""
    office.fill(1)
    stop, said = Stop(), asyncio.Event()
    rebuilding = asyncio.ensure_future(
        rebuild_ledger(
            office.job(settle="90s"),
            credentials=CREDENTIALS,
            clock=FrozenClock(),
            stop=stop,
            say=lambda sentence: said.set(),
        )
    )
    await said.wait()

    stop.request(signal.SIGINT)
    with pytest.raises(SignalledError) as stopped:
        await rebuilding

    assert ExitStatus.INTERRUPTED == stopped.value.exit_status
    assert 1 == len(office.sandbox.log)  # one page, to see that the account answers
