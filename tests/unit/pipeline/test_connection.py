"""What an earlier owner of the ledger sent in the last window counts, whatever its clock said."""

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bulk_onboard.ledger.journal import Unending
from bulk_onboard.pipeline.connection import connect
from bulk_onboard.pipeline.stop import Stop
from tests.support.clocks import FrozenClock
from tests.support.journals import MemoryJournal
from tests.support.office import CREDENTIALS, Office
from tests.unit.pipeline.samples import done, intent

WINDOW_S = 60


class Apart(FrozenClock):
    """A clock that shows so many seconds more than the one that stamped the ledger."""

    def __init__(self, ahead_s: float) -> None:
        super().__init__()
        self._ahead_s = ahead_s

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._ahead_s)


class OwnedJournal(MemoryJournal):
    """A ledger that is owned for good."""

    lease = Unending()
    trouble = None


async def openings_s(tmp_path: Path, *, sent_s_ago: float, sends: int, later: bool = False) -> tuple[float, ...]:
    """In how many seconds each of the next requests may go, as many as the quota has and as were sent.

    By this machine's clock they were sent so long ago. The ledger may be opened later than the connection.
    """
    here = Apart(sent_s_ago)
    journal = OwnedJournal(clock=Apart(0))
    for number in range(sends):
        await journal.append_all([intent(number), done(number)])
    journal.now = here.now  # type: ignore[method-assign]
    office = Office(tmp_path, SimpleNamespace(url="http://127.0.0.1:9"))  # type: ignore[arg-type]
    office.fill(1)
    job = office.job(quota=f"{sends}/{WINDOW_S}s")
    first = None if later else journal
    async with connect(job, CREDENTIALS, clock=here, stop=Stop(), journal=first) as connection:
        if later:
            connection.bind(journal)
        return connection.budget().openings_s


@pytest.mark.parametrize(
    ("sent_s_ago", "free"),
    [(0.0, 0), (WINDOW_S / 2, 0), (-2.0, 0), (-120.0, 0), (-3600.0, 5), (3 * WINDOW_S, 5)],
    ids=["now", "in the window", "seconds ahead", "two minutes ahead", "an hour ahead", "long ago"],
)
async def test_sends_of_the_last_window_count(tmp_path: Path, sent_s_ago: float, free: int) -> None:
    """What seems to lie ahead counts as sent just now, unless the clock cannot be right at all."""
    openings = await openings_s(tmp_path, sent_s_ago=sent_s_ago, sends=5)

    assert free == sum(opening_s == 0 for opening_s in openings)


async def test_sends_in_a_ledger_that_is_opened_later_count(tmp_path: Path) -> None:
    """A run that found no ledger may have waited for the one who made it."""
    assert 0 < min(await openings_s(tmp_path, sent_s_ago=0.0, sends=5, later=True))


async def test_a_wrong_clock_costs_no_more_than_a_window(tmp_path: Path) -> None:
    """However many sends seem to lie ahead."""
    openings = await openings_s(tmp_path, sent_s_ago=-120.0, sends=50)

    assert WINDOW_S <= min(openings)
    assert max(openings) < WINDOW_S + 10
