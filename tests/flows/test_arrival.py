"""A workbook that is still being written is waited for, as long as somebody may be waiting himself."""

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bulk_onboard.errors import StoppedError, WorkbookError
from bulk_onboard.pipeline.preflight import NOWHERE, FileStat, stat_of, wait_s, wait_until_written
from bulk_onboard.pipeline.stop import Stop
from tests.support.clocks import STARTED, FakeClock

CHANGED = int(STARTED.timestamp() * 1e9)
SEEN = FileStat(100, CHANGED, 7)


class BusyClock(FakeClock):
    """While somebody sleeps somebody else is at work."""

    def __init__(self, work: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.work = work

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        self.work()


class Rig:
    """A workbook, the time on its clock, and what was said."""

    def __init__(self, path: Path) -> None:
        self.path, self.clock, self.stop = path, BusyClock(), Stop()
        self.said: list[str] = []

    def write(self, content: str = "x", age_s: float = 0.0) -> None:
        """Write the file, so long ago."""
        self.path.write_text(content)
        at = self.clock.now().timestamp() - age_s
        os.utime(self.path, (at, at))

    async def wait(self) -> float:
        """Wait for the file; for how many seconds."""
        await wait_until_written(self.path, clock=self.clock, stop=self.stop, say=self.said.append)
        return self.clock.monotonic()


@pytest.fixture
def context(tmp_path: Path) -> Rig:
    return Rig(tmp_path / "june.xlsx")


@pytest.mark.parametrize(
    ("age_s", "earlier", "seconds"),
    [
        (0.0, None, 2.0),
        (0.5, None, 1.5),
        (2.0, None, 0.0),
        (9000.0, None, 0.0),
        (-1.0, None, 2.0),  # from the future: two looks tell
        (-9000.0, None, 2.0),
        (2.0, SEEN, 0.0),
        (-9000.0, SEEN, 0.0),
        (0.5, SEEN._replace(size=99), 1.5),
        (0.5, SEEN._replace(changed_at=CHANGED - 1), 1.5),
        (2.0, SEEN._replace(inode=8), 2.0),  # put in its place just now, whatever age it claims
        (9000.0, SEEN._replace(size=99), 2.0),
        (-1.0, SEEN._replace(size=99), 2.0),
        (0.0, NOWHERE, 2.0),
    ],
)
def test_how_long_to_wait_is_told_by_two_looks(age_s: float, earlier: FileStat | None, seconds: float) -> None:
    """Until two seconds have passed in which nothing changed; 0 when they have."""
    assert pytest.approx(seconds) == wait_s(SEEN, earlier, STARTED + timedelta(seconds=age_s))


def test_what_is_gone_is_not_waited_for_but_what_goes_is() -> None:
    """A file may be taken away to be put back."""
    assert [0.0, 2.0, 0.0] == [wait_s(NOWHERE, earlier, STARTED) for earlier in (None, SEEN, NOWHERE)]


async def test_old_file_is_read_at_once(context: Rig) -> None:
    """Nobody waits, and nothing is said."""
    context.write(age_s=2.0)

    assert (0.0, []) == (await context.wait(), context.said)


async def test_fresh_file_is_waited_for_once(context: Rig) -> None:
    """What is left of the two seconds; it is said why."""
    context.write(age_s=0.5)

    assert pytest.approx(1.5, abs=0.01) == await context.wait()
    assert [f"{context.path} was changed a moment ago; waiting until it has not changed for 2 s."] == context.said


async def test_growing_file_is_waited_for_until_it_is_whole(context: Rig) -> None:
    """Every change begins the two seconds anew; it is said once."""
    context.write()
    parts = iter(["xx", "xxx", "xxxx"])
    context.clock.work = lambda: context.write(part) if (part := next(parts, "")) else None

    assert pytest.approx(8.0, abs=0.01) == await context.wait()
    assert ("xxxx", 1) == (context.path.read_text(), len(context.said))


async def test_copy_that_keeps_the_age_of_its_original_is_looked_at_again(context: Rig) -> None:
    """`cp -p` gives a file its old age at the end."""
    context.write()
    ages = iter([9000.0])
    context.clock.work = lambda: context.write("whole", age) if (age := next(ages, 0.0)) else None

    assert pytest.approx(4.0, abs=0.01) == await context.wait()


async def test_file_from_the_future_is_read_if_it_does_not_change(context: Rig) -> None:
    """The clock of the machine that wrote it is ahead by an hour."""
    context.write(age_s=-3600.0)

    assert pytest.approx(2.0, abs=0.01) == await context.wait()


async def test_file_that_is_replaced_is_waited_for(context: Rig) -> None:
    """It is away for a moment, and comes back new."""
    context.write()
    steps = iter([context.path.unlink, lambda: context.write("new")])

    def replace() -> None:
        for step in steps:
            step()
            return

    context.clock.work = replace

    assert pytest.approx(6.0, abs=0.01) == await context.wait()
    assert "new" == context.path.read_text()


async def test_no_file_is_no_matter_of_waiting(context: Rig) -> None:
    """Reading it says that there is none, at once or when it stays away."""
    assert 0.0 == await context.wait()

    context.write()
    context.clock.work = lambda: context.path.unlink(missing_ok=True)
    assert pytest.approx(4.0, abs=0.01) == await context.wait()


async def test_patience_ends_after_five_minutes(context: Rig) -> None:
    """A file that never rests, such as a log by the wrong name, is an error with what to do."""
    context.write()
    context.clock.work = context.write

    with pytest.raises(WorkbookError, match=r"june\.xlsx has been changing for 5 min\. Wait until it is written"):
        await context.wait()
    assert 300.0 <= context.clock.monotonic() < 303.0
    assert context.path.exists()


@pytest.mark.parametrize("cause", [signal.SIGTERM, StoppedError("Stopped after 5h.")])
async def test_wish_to_stop_ends_the_waiting(context: Rig, cause: object) -> None:
    """At once, and the cause is told where it has words."""
    context.write()
    context.clock.work = lambda: context.stop.request(cause)

    with pytest.raises(StoppedError, match="Nothing was begun" if cause is signal.SIGTERM else "after 5h"):
        await context.wait()
    assert pytest.approx(2.0, abs=0.01) == context.clock.monotonic()


def test_look_follows_a_link(tmp_path: Path) -> None:
    """What is written is the file behind it."""
    (tmp_path / "real.xlsx").write_text("xyz")
    (tmp_path / "link.xlsx").symlink_to("real.xlsx")

    assert stat_of(tmp_path / "real.xlsx") == stat_of(tmp_path / "link.xlsx")
    assert 3 == stat_of(tmp_path / "link.xlsx").size
    assert NOWHERE == stat_of(tmp_path / "gone.xlsx") == stat_of(tmp_path / "a\0b.xlsx")
