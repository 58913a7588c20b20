"""`ledger repair`: the salvaged ledger takes the damaged one's place in one step, under the lock."""

import pytest

from bulk_onboard.errors import ExitStatus, LedgerError, LockedError, StoppedError, UsageError
from bulk_onboard.ledger.fold import fold
from bulk_onboard.ledger.lock import LedgerLock
from bulk_onboard.ledger.repair import repair
from bulk_onboard.ledger.verify import verify
from bulk_onboard.model.entry import Swept
from bulk_onboard.model.record import State
from tests.unit.ledger.samples import FailingDisk, admitted, done, intent, ledger_of, run_started, story, token

HEADER = story()[0]
SOUND = ledger_of([HEADER, run_started(), Swept(records=0), admitted(1, 2), intent(1), done(1)])
LINES = SOUND.splitlines(keepends=True)
TELLING = (
    SOUND.replace(b"api-1", b"apx-1").replace(b'"entry":"done"', b'"entry":"dune"')
    + ledger_of([*[HEADER] * 6, admitted(3)]).splitlines(keepends=True)[-1]
)
NOT_TELLING = b"".join([*LINES[:4], *LINES[5:]])


async def test_damaged_ledger_is_kept_and_a_sound_one_takes_its_place(path, clock):
    """The copy holds every byte of the damaged one; the next run finds a ledger that it can use."""
    path.write_bytes(NOT_TELLING)
    path.chmod(0o600)

    made = await repair(path, settle_s=0.0, clock=clock)

    assert path.with_name(f"{path.name}.broken-1") == made.kept_as
    assert NOT_TELLING == made.kept_as.read_bytes()
    assert [0o600, 0o600] == [file.stat().st_mode & 0o777 for file in (path, made.kept_as)]
    assert verify([path.read_bytes()], str(path)).lines == fold(path.read_bytes()).ledger_state.seq
    assert {path.name, f"{path.name}.lock", made.kept_as.name} == {file.name for file in path.parent.iterdir()}


async def test_exit_status_says_whether_a_person_is_needed(path, clock):
    """3 while a row is held, 0 while the next run can settle everything itself."""
    path.write_bytes(NOT_TELLING)
    assert ExitStatus.ROWS_NEED_ATTENTION == (await repair(path, settle_s=0.0, clock=clock)).exit_status

    path.write_bytes(TELLING)
    made = await repair(path, settle_s=0.0, clock=clock)

    assert ExitStatus.DONE == made.exit_status
    assert State.UNCERTAIN == fold(path.read_bytes()).ledger_state.record(token(1)).state


async def test_sound_ledger_is_left_alone(path, clock):
    """Nothing is wrong, nothing is written, nothing is kept."""
    path.write_bytes(SOUND)
    before = path.stat()

    made = await repair(path, settle_s=90.0, clock=clock)

    assert (None, ExitStatus.DONE) == (made.kept_as, made.exit_status)
    assert before.st_ino == path.stat().st_ino
    assert clock.seconds < 90


async def test_where_any_row_may_have_been_sent_the_settle_window_passes_first(path, clock):
    """A sweep right after the repair finds whatever the lost lines had sent: before that the old ledger stands (A1)."""
    path.write_bytes(NOT_TELLING)
    seen = []

    class Watched(type(clock)):
        async def sleep(self, seconds: float) -> None:
            seen.append(path.read_bytes())
            await super().sleep(seconds)

    watched = Watched()
    watched.seconds = 41.0
    await repair(path, settle_s=90.0, clock=watched)

    assert watched.seconds >= 42.0 + 90.0
    assert [NOT_TELLING] == seen
    assert not fold(path.read_bytes()).ledger_state.swept


async def test_where_the_lost_lines_tell_nobody_waits(path, clock):
    """The row in doubt is settled by the next run, which counts its own window."""
    path.write_bytes(TELLING)

    await repair(path, settle_s=90.0, clock=clock)

    assert clock.seconds < 90
    assert fold(path.read_bytes()).ledger_state.swept


@pytest.mark.parametrize("nth", range(1, 10))
async def test_interrupted_repair_leaves_the_old_ledger_or_the_new(path, clock, nth):
    """Whichever step fails, nothing is half done, and repairing again goes well."""
    path.write_bytes(NOT_TELLING)
    disk = FailingDisk(nth)

    try:
        await repair(path, settle_s=0.0, clock=clock, disk=disk)
    except StoppedError:
        assert disk.failed
    broken = path.read_bytes() == NOT_TELLING
    await repair(path, settle_s=0.0, clock=clock)

    assert disk.failed or nth == 9
    assert ExitStatus.ROWS_NEED_ATTENTION == verify([path.read_bytes()], str(path)).exit_status
    assert NOT_TELLING in [file.read_bytes() for file in path.parent.glob("*.broken-*")]
    assert broken or nth > 7


async def test_ledger_in_use_is_not_repaired(path, clock):
    """While a run holds the ledger, it is the run's."""
    path.write_bytes(NOT_TELLING)

    with LedgerLock(path, clock), pytest.raises(LockedError):
        await repair(path, settle_s=0.0, clock=clock)
    assert NOT_TELLING == path.read_bytes()


async def test_what_cannot_be_repaired_is_untouched(path, clock):
    """No copy, no change."""
    path.write_bytes(SOUND[10:])

    with pytest.raises(LedgerError, match="cannot be repaired"):
        await repair(path, settle_s=90.0, clock=clock)
    assert {path.name, f"{path.name}.lock"} == {file.name for file in path.parent.iterdir()}


async def test_missing_ledger_is_not_repaired(path, clock):
    """Where there is none, nothing is made."""
    with pytest.raises(UsageError, match="There is no ledger"):
        await repair(path, settle_s=0.0, clock=clock)
    assert [] == list(path.parent.iterdir())
