"""The ledger as the stages see it: durable, in order, and silent for good once the disk failed."""

import asyncio
import errno
import os
import re
import threading

import pytest

from bulk_onboard.errors import LedgerError, LockedError, StoppedError, UsageError
from bulk_onboard.ledger.disk import Disk
from bulk_onboard.ledger.fold import fold
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.model.entry import Adopted, Op
from bulk_onboard.model.ledger_state import Journal
from bulk_onboard.model.life import IllegalStepError
from bulk_onboard.model.record import State
from tests.unit.ledger.samples import (
    FailingDisk,
    admitted,
    compliance_id,
    done,
    intent,
    ledger_of,
    run_started,
    story,
    token,
)

MAKING = 2  # fsyncs, and one write, that making a new ledger takes


class SlowDisk(Disk):
    """Holds the first appended group back until it is let go, and may fail it there; counts writes and fsyncs."""

    def __init__(self, *, at: str = "fsync", number: int = 0) -> None:
        self.at, self.number = at, number
        self.go = threading.Event()
        self.reached = threading.Event()
        self.writes: list[int] = []
        self.fsyncs = 0

    def write(self, fd: int, data: bytes) -> int:
        self.writes.append(data.count(b"\n"))
        if self.at == "write" and len(self.writes) == 2:
            self._hold()
        return super().write(fd, data)

    def fsync(self, fd: int) -> None:
        self.fsyncs += 1
        if self.at == "fsync" and self.fsyncs > MAKING:
            self._hold()
        super().fsync(fd)

    def _hold(self) -> None:
        self.reached.set()
        self.go.wait(10)
        if self.number:
            raise OSError(self.number, os.strerror(self.number))


async def test_journal_keeps_the_protocol(path, opened):
    """What the stages are handed is a journal."""
    with opened() as journal:
        kept: Journal = journal

        await kept.append(admitted(1))

        assert State.NOT_SENT == kept.ledger_state.record(token(1)).state


async def test_entry_is_on_disk_when_append_returns(path, opened):
    """Stamped with version, number and instant, the line can be read by others while the run goes on (I3)."""
    with opened() as journal:
        await journal.append(admitted(1))
        await journal.append(intent(1))

        assert ledger_of([story()[0], admitted(1), intent(1)]) == path.read_bytes()
        assert State.SENDING == read_ledger_state(path).ledger_state.record(token(1)).state


async def test_next_run_goes_on(path, opened):
    """The second run's lines follow the first's, and what was in flight is uncertain."""
    with opened() as journal:
        for entry in (run_started(1), admitted(1), intent(1)):
            await journal.append(entry)

    with opened() as journal:
        await journal.append(run_started(2))

    ledger_state = read_ledger_state(path).ledger_state
    assert (5, State.UNCERTAIN) == (ledger_state.seq, ledger_state.record(token(1)).state)


async def test_illegal_step_writes_nothing(path, opened):
    """A step that the table does not know raises; neither state nor file changes, and the journal goes on."""
    with opened() as journal:
        before = path.read_bytes()

        with pytest.raises(IllegalStepError):
            await journal.append(done(1))

        assert (before, 1) == (path.read_bytes(), journal.ledger_state.seq)
        await journal.append(admitted(1))


async def test_many_entries_share_an_fsync(path, opened):
    """What queues while the disk is busy goes in one write and one fsync, in the order it came."""
    disk = SlowDisk()
    with opened(disk=disk) as journal:
        first = asyncio.create_task(journal.append(admitted(0)))
        await asyncio.to_thread(disk.reached.wait, 10)
        others = [asyncio.create_task(journal.append(admitted(n))) for n in range(1, 200)]
        await asyncio.sleep(0)

        assert not first.done()
        disk.go.set()
        await asyncio.gather(first, *others)

    assert [1, 1, 199] == disk.writes
    assert MAKING + 2 == disk.fsyncs
    assert [token(n) for n in range(200)] == list(read_ledger_state(path).ledger_state.records)


async def test_entries_that_belong_together_are_in_one_write(path, opened):
    """A crash leaves all of them or a torn tail, and nobody sent anything because of that."""
    disk = SlowDisk()
    disk.go.set()
    with opened(disk=disk) as journal:
        await journal.append_all([admitted(n) for n in range(50)])

    assert [1, 50] == disk.writes
    assert MAKING + 1 == disk.fsyncs
    assert 51 == read_ledger_state(path).ledger_state.seq


async def test_cancelled_caller_loses_no_line(path, opened):
    """Whoever stops waiting stops nothing: the line is whole on disk, and others in its group learn that theirs is."""
    disk = SlowDisk()
    with opened(disk=disk) as journal:
        waiting = [asyncio.create_task(journal.append(admitted(1)))]
        await asyncio.to_thread(disk.reached.wait, 10)
        waiting += [asyncio.create_task(journal.append(admitted(n))) for n in (2, 3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        waiting[1].cancel()
        await asyncio.wait(waiting[:2])
        disk.go.set()

        await asyncio.wait_for(waiting[2], 10)

    assert [token(1), token(2), token(3)] == list(read_ledger_state(path).ledger_state.records)


@pytest.mark.parametrize(("at", "number"), [("fsync", errno.EIO), ("write", errno.ENOSPC)])
async def test_what_queued_behind_a_failure_is_not_written(path, opened, at, number):
    """After a failure nothing follows, not even what was handed over before anybody knew."""
    disk = SlowDisk(at=at, number=number)
    with opened(disk=disk) as journal:
        first = asyncio.create_task(journal.append(admitted(1)))
        await asyncio.to_thread(disk.reached.wait, 10)
        second = asyncio.create_task(journal.append(admitted(2)))
        await asyncio.sleep(0)
        disk.go.set()
        outcomes = await asyncio.gather(first, second, return_exceptions=True)

    assert [StoppedError, StoppedError] == [type(outcome) for outcome in outcomes]
    assert [1, 1] == disk.writes


async def test_closing_flushes(path, opened):
    """Leaving the context waits for every line that was handed over."""
    with opened() as journal:
        waiting = [asyncio.create_task(journal.append(admitted(n))) for n in range(50)]
        await asyncio.sleep(0)

    await asyncio.gather(*waiting)
    assert 51 == read_ledger_state(path).ledger_state.seq


async def test_second_run_is_refused(path, opened):
    """While a run holds the ledger no other opens it."""
    with opened(), pytest.raises(LockedError, match=f"process {os.getpid()}"), opened():
        pass


def test_locked_at(path, opened, clock):
    """The journal tells since when it alone can send."""
    clock.seconds = 99.0

    with opened() as journal:
        assert 100.0 == journal.locked_at


@pytest.mark.parametrize(
    ("fault", "kept"),
    [
        ({"only": "write", "number": errno.ENOSPC}, 2),
        ({"only": "write", "number": errno.ENOSPC, "part": 25}, 2),
        ({"only": "write", "part": 25, "short": True}, 2),
        ({"only": "write", "number": errno.EFBIG, "part": 100, "sticky": True}, 2),
        ({"only": "fsync"}, 3),
    ],
    ids=["full disk", "full after 25 bytes", "short write", "file size limit", "fsync"],
)
async def test_disk_failure_ends_the_writing(path, opened, fault, kept):
    """The caller learns that it must not send; nothing is tried again; and what is on disk is sound."""
    path.write_bytes(ledger_of([story()[0], admitted(1)]))
    disk = FailingDisk(1, **fault)

    with opened(disk=disk) as journal:
        with pytest.raises(StoppedError, match=f"The disk failed while {path} was written .*nothing more is sent"):
            await journal.append(intent(1))
        made = list(disk.calls)
        with pytest.raises(StoppedError):
            await journal.append(admitted(2))

        assert made == disk.calls

    folded = fold(path.read_bytes())
    assert (b"", kept) == (folded.tail, folded.ledger_state.seq)


async def test_everyone_in_a_failed_group_learns_of_it(path, opened):
    """All entries that shared the failed fsync fail."""
    path.write_bytes(ledger_of([story()[0]]))

    with opened(disk=FailingDisk(1, only="fsync")) as journal:
        outcomes = await asyncio.gather(*(journal.append(admitted(n)) for n in range(5)), return_exceptions=True)

    assert [StoppedError] * 5 == [type(outcome) for outcome in outcomes]


async def test_results_that_could_not_be_saved_are_told(path, opened):
    """Ids that the API gave and the disk did not take can be printed, those after the failure too."""
    path.write_bytes(ledger_of([story()[0], admitted(1, 2, 3), intent(1), intent(2), intent(3)]))
    adopted = Adopted(token=token(3), op=Op.CREATE, compliance_id=compliance_id(3))

    with opened(disk=FailingDisk(1, only="write", number=errno.ENOSPC)) as journal:
        for entry in (done(1), done(2), admitted(4), adopted):
            with pytest.raises(StoppedError):
                await journal.append(entry)

        assert [(token(n), compliance_id(n)) for n in (1, 2, 3)] == journal.unsaved


async def test_nothing_is_unsaved_while_all_is_well(path, opened):
    """A run without trouble has no list to print."""
    with opened() as journal:
        for entry in (admitted(1), intent(1), done(1)):
            await journal.append(entry)

        assert [] == journal.unsaved


async def admit_five(opened, disk: FailingDisk) -> tuple[list[str], StoppedError | None]:
    """Admits rows until the disk fails: what was acknowledged, and what was told."""
    acknowledged = []
    try:
        with opened(disk=disk) as journal:
            for number in range(5):
                await journal.append(admitted(number))
                acknowledged.append(token(number))
    except StoppedError as stopped:
        return acknowledged, stopped
    return acknowledged, None


@pytest.mark.parametrize("sticky", [False, True])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EMFILE, errno.EDQUOT, errno.EFBIG])
async def test_any_failing_call_at_any_time_loses_nothing(path, opened, number, sticky):
    """Fail the n-th system call, for every n: what was acknowledged is there, and the next run goes on."""
    for nth in range(1, 40):
        path.unlink(missing_ok=True)
        disk = FailingDisk(nth, sticky=sticky, number=number, part=33)

        acknowledged, stopped = await admit_five(opened, disk)

        assert disk.failed == (stopped is not None)
        assert stopped is None or os.strerror(number) in str(stopped)
        with opened() as journal:
            await journal.append(admitted(9))
            assert acknowledged == list(journal.ledger_state.records)[: len(acknowledged)]
        assert b"" == fold(path.read_bytes()).tail

    assert not disk.failed


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.unlink(),
        lambda path: path.rename(path.with_name("elsewhere")),
        lambda path: (path.unlink(), path.write_bytes(b"")),
        lambda path: path.with_name(path.name + ".lock").unlink(),
    ],
    ids=["removed", "renamed", "replaced", "lock removed"],
)
async def test_ledger_taken_away_stops_the_run(path, opened, harm):
    """Without its ledger, or without its lock, a run sends nothing more."""
    with opened() as journal:
        await journal.append(admitted(1))
        harm(path)

        with pytest.raises(StoppedError, match="renamed, replaced or removed"):
            await journal.append(intent(1))


async def test_foreign_writing_stops_the_run(path, opened):
    """A ledger that somebody else appends to, or cuts, is not written to any more."""
    with opened() as journal:
        await journal.append(admitted(1))
        with path.open("ab") as file:
            file.write(b"hello\n")

        with pytest.raises(StoppedError, match="Something else wrote"):
            await journal.append(intent(1))


async def test_ledger_holds_no_personal_data(path, opened):
    """Whatever entries hold, none has a field for names, addresses, numbers of a person or paths (rule of 5.2)."""
    with opened() as journal:
        for entry in story()[1:]:
            await journal.append(entry)

    fields = set(re.findall(r'"([a-z_0-9]+)":', path.read_text()))
    assert set() == fields & {"name", "email", "address", "registration_number", "line1", "city", "path", "file"}


def test_reading_ignores_a_line_that_is_being_written(path):
    """Status and report see what is finished, and change nothing."""
    content = ledger_of(story())
    path.write_bytes(content[:-9])

    folded = read_ledger_state(path)

    assert len(story()) - 1 == folded.ledger_state.seq
    assert content[:-9] == path.read_bytes()


def test_reading_needs_a_ledger(path, tmp_path):
    """Where there is none, or only a folder, the sentence says so."""
    with pytest.raises(UsageError, match="no ledger"):
        read_ledger_state(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_ledger_state(tmp_path)


def test_reading_refuses_damage(path):
    """Status of a damaged ledger is no status: the message names the file."""
    path.write_bytes(ledger_of(story()).replace(b"run-1", b"run-7", 1))

    with pytest.raises(LedgerError, match=str(path)):
        read_ledger_state(path)


# A backup that was put back.


async def written(opened, *entries):
    """Open the ledger, and write these."""
    with opened() as journal:
        for entry in entries:
            await journal.append(entry)


def begun(opened):
    """How the ledger is found: whether it is new, and whether it is older than it was."""
    with opened() as journal:
        return journal.is_new, journal.is_older


async def test_ledger_that_is_as_long_as_it_was_is_neither_new_nor_older(opened):
    """A usual second run."""
    first = begun(opened)
    await written(opened, admitted(1), intent(1))

    assert ((True, False), (False, False)) == (first, begun(opened))


async def test_backup_that_was_put_back_is_noticed_until_it_is_up_to_date(opened, path):
    """What was sent since is not in it; a run that only writes on does not hide that, however far it comes."""
    await written(opened, admitted(1))
    backup = path.read_bytes()
    await written(opened, intent(1), done(1), admitted(2))
    path.write_bytes(backup)

    first = begun(opened)
    await written(opened, *map(admitted, range(2, 9)))
    again = begun(opened)
    with opened() as journal:
        journal.is_up_to_date()
    settled = begun(opened)

    assert ((False, True), (False, True), (False, False)) == (first, again, settled)


async def test_ledger_that_is_gone_is_new_whatever_was_remembered(opened, path):
    """It knows nothing, which is more than that it is older."""
    await written(opened, admitted(1), intent(1))
    path.unlink()

    assert (True, False) == begun(opened)


async def test_lock_file_that_is_gone_says_nothing(opened, path):
    """Then nobody knows how far the ledger was written."""
    await written(opened, admitted(1), intent(1))
    path.with_name(f"{path.name}.lock").unlink()

    assert (False, False) == begun(opened)


async def test_lines_that_the_disk_did_not_take_are_not_remembered(opened):
    """Else every later run would take the ledger for older than it was."""
    with opened(disk=FailingDisk(MAKING + 1, only="fsync")) as journal, pytest.raises(StoppedError):
        await journal.append(admitted(1))

    assert not begun(opened)[1]
