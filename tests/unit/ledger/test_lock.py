"""Where a ledger may lie, and one run at a time."""

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from bulk_onboard.errors import LockedError, StoppedError, UsageError
from bulk_onboard.ledger.disk import Disk
from bulk_onboard.ledger.lock import PATIENCE_S, LedgerLock, check_place, lock_path, look_at_lock
from bulk_onboard.ledger.repair import repair

HOLD = """
import sys
from pathlib import Path
from bulk_onboard.clock import SystemClock
from bulk_onboard.ledger.lock import LedgerLock
with LedgerLock(Path(sys.argv[1]), SystemClock()):
    print("held", flush=True)
    sys.stdin.read()
"""


CROWD = """
import os, sys
from pathlib import Path
from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import LockedError
from bulk_onboard.ledger.lock import LedgerLock

def start():
    gate[1].close()
    gate[0].read()  # ends when the parent opens the gate, for all at once
    try:
        with LedgerLock(Path(sys.argv[1]), SystemClock()):
            os.write(1, f"held {os.getpid()}\\n".encode())
            sys.stdin.read()
    except LockedError as error:
        os.write(1, f"{int(error.exit_status)} {error}\\n".encode())

gate = [os.fdopen(fd, mode) for fd, mode in zip(os.pipe(), "rw")]
for _ in range(100):
    if os.fork() == 0:
        start()
        os._exit(0)
gate[1].close()
for _ in range(100):
    os.wait()
"""


@pytest.fixture
def other_run(path):
    """A process that holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert "held\n" == process.stdout.readline()
        yield process


def test_second_process_is_refused_and_told_by_whom(path, clock, other_run):
    """While another process runs, this one stops soon and names it."""
    with pytest.raises(LockedError, match=rf"process {other_run.pid} of .* on {os.uname().nodename}, since 2"):
        LedgerLock(path, clock).__enter__()


def test_of_a_hundred_that_start_at_once_exactly_one_runs(path):
    """The other 99 end with 5, and each names the one."""
    command = [sys.executable, "-c", CROWD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as crowd:
        told = [crowd.stdout.readline() for _ in range(100)]
        crowd.stdin.close()

    (holder,) = [line.split()[1] for line in told if line.startswith("held")]
    assert 99 == sum(line.startswith(f"5 Another run (process {holder} of ") for line in told)


def test_lock_that_is_held_for_a_moment_is_waited_for(path, clock):
    """As a listener to callbacks holds it while it writes."""
    held = LedgerLock(path, clock)
    held.__enter__()
    later = threading.Timer(0.15, held.__exit__, [None, None, None])
    later.start()

    with LedgerLock(path, clock) as lock:
        assert lock.fd >= 0
    later.join()


def test_refusal_takes_less_than_a_second(path, clock, other_run):
    """Half of it is patience; whoever has none is told at once."""
    begun = time.monotonic()
    with pytest.raises(LockedError):
        LedgerLock(path, clock).__enter__()
    patient_s = time.monotonic() - begun
    with pytest.raises(LockedError):
        LedgerLock(path, clock, patience_s=0.0).__enter__()
    hasty_s = time.monotonic() - begun - patient_s

    assert PATIENCE_S <= patient_s < 1.0
    assert hasty_s < PATIENCE_S / 2


def test_who_has_ended_is_not_named(path, clock):
    """The next to be refused is never told of a run that is over."""
    with LedgerLock(path, clock) as lock:
        assert lock.path.read_bytes()

    assert {"seq": 0} == json.loads(lock.path.read_bytes())


def test_holder_that_has_not_told_its_name_yet_is_waited_for(path, clock):
    """Between taking the lock and writing down who took it lies a moment."""
    with LedgerLock(path, clock) as lock:
        words = lock.path.read_text()
        lock.path.write_text("")
        late = threading.Timer(0.05, lock.path.write_text, [words])
        late.start()

        with pytest.raises(LockedError, match=rf"process {os.getpid()} of"):
            LedgerLock(path, clock).__enter__()
        late.join()


def test_killed_process_leaves_no_lock(path, clock, other_run):
    """A lock dies with its process, however that dies; the file stays."""
    other_run.kill()
    other_run.wait()

    with LedgerLock(path, clock) as lock:
        assert lock.path.exists()
    assert lock.path.exists()


def test_second_opening_in_one_process_is_refused(path, clock):
    """The lock does not look at who asks."""
    with LedgerLock(path, clock), pytest.raises(LockedError, match="Another run"):
        LedgerLock(path, clock).__enter__()


def test_lock_is_free_again(path, clock):
    """After the context the next one may have it."""
    with LedgerLock(path, clock):
        pass

    with LedgerLock(path, clock) as lock:
        assert os.get_inheritable(lock.fd) is False


def test_locked_at_is_when_it_was_taken(path, clock):
    """The settle window of an earlier run's sends counts from here, by the monotonic clock."""
    clock.seconds = 41.0

    with LedgerLock(path, clock) as lock:
        assert 42.0 == lock.locked_at


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o377])
def test_lock_file_is_private(path, clock, any_umask, umask):
    """Whatever the umask, only its owner reads and writes it."""
    any_umask(umask)

    with LedgerLock(path, clock) as lock:
        assert 0o600 == lock.path.stat().st_mode & 0o777


def test_lock_file_can_be_shared_with_a_group(path, clock, any_umask):
    """Colleagues who go on with a job may lock it, whatever the umask."""
    any_umask(0o077)

    with LedgerLock(path, clock, mode=0o660) as lock:
        assert 0o660 == lock.path.stat().st_mode & 0o777


@pytest.mark.parametrize("words", ["", "{}", "[1]", "not json", '{"pid":1,"user":"\\u001b[2J","host":"h","start":"s"}'])
def test_holder_that_cannot_be_read_is_another_run(path, clock, words):
    """What stands in the file is for the message only: nonsense neither frees the lock nor reaches the terminal."""
    with LedgerLock(path, clock) as lock:
        lock.path.write_text(words)

        with pytest.raises(LockedError, match=f"^Another run uses {path}"):
            LedgerLock(path, clock).__enter__()


def test_lock_that_is_a_link_is_refused(path, clock, tmp_path):
    """A symbolic link in its place is not followed."""
    (tmp_path / "elsewhere").write_text("precious")
    path.with_name(path.name + ".lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StoppedError, match="cannot be locked"):
        LedgerLock(path, clock).__enter__()
    assert "precious" == (tmp_path / "elsewhere").read_text()


# How far the ledger was written.


def test_highest_number_is_remembered_from_holder_to_holder(path, clock):
    """Also through one that adds nothing, and beside the name of whoever holds it."""
    with LedgerLock(path, clock) as lock:
        lock.remember(7)
        held = json.loads(lock.path.read_bytes())
    with LedgerLock(path, clock) as idle:
        seen = idle.highest_seq
    with LedgerLock(path, clock) as last:
        assert (7, 7, 7) == (held["seq"], seen, last.highest_seq)
    assert os.getpid() == held["pid"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 512, b'{"host": "h", "pid"', b"[]", b"7", b'{"seq": "7"}', b'{"seq": true}', b'{"seq": -3}', b"\xff"],
    ids=["empty", "zeros", "torn", "list", "number", "text", "bool", "negative", "no text"],
)
def test_torn_lock_file_tells_nothing_and_keeps_nobody_out(path, clock, content):
    """A crash may leave anything in it; it is written anew."""
    path.with_name(f"{path.name}.lock").write_bytes(content)

    with LedgerLock(path, clock) as lock:
        before = lock.highest_seq
        lock.remember(3)

    assert (0, {"seq": 3}) == (before, json.loads(lock.path.read_bytes()))


def test_shorter_words_leave_nothing_of_longer_ones(path, clock):
    """Else the file would be no JSON any more."""
    lock_file = path.with_name(f"{path.name}.lock")
    lock_file.write_bytes(b'{"host": "%s", "seq": 9}' % (b"h" * 300))

    with LedgerLock(path, clock) as lock:
        assert 9 == lock.highest_seq

    assert {"seq": 9} == json.loads(lock_file.read_bytes())


class DiskOf(Disk):
    """The machine's disk, which says that it is another file system."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def file_system(self, folder) -> str:
        return self.kind


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse", "fuseblk", "fuse.sshfs", "9p", "virtiofs"])
def test_network_file_system_is_refused(path, opened, kind):
    """No lock can be relied on there: nothing is made, not even the lock, and the message says what to do."""
    with pytest.raises(UsageError, match=rf"is on a {kind} file system.*--ledger"), opened(disk=DiskOf(kind)):
        pass

    assert [] == list(path.parent.iterdir())


async def test_ledger_there_is_not_repaired_either(path, clock):
    """Whatever writes to a ledger needs its lock."""
    path.write_bytes(b"damaged")

    with pytest.raises(UsageError, match="nfs4"):
        await repair(path, settle_s=0.0, clock=clock, disk=DiskOf("nfs4"))


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "zfs", ""])
def test_disk_of_this_machine_will_do(path, opened, kind):
    """So will one of which the machine does not say what it is."""
    with opened(disk=DiskOf(kind)) as journal:
        assert () == journal.warnings


def test_container_is_warned_of(path, opened):
    """A ledger in a container's own layer goes when that goes."""
    with opened(disk=DiskOf("overlay")) as journal:
        assert ["volume" in warning for warning in journal.warnings] == [True]


def test_missing_folder_is_left_to_whoever_opens_the_ledger(path):
    """What is wrong with the folder is told once, and as what it is."""
    assert () == check_place(Disk(), path.parent / "no" / "ledger.jsonl")


def test_lock_is_looked_at_without_being_taken(path, clock, other_run):
    """Who holds it and how far the ledger was written; the file stays as it is, and the holder goes on."""
    before = lock_path(path).read_bytes()

    seen = look_at_lock(path)

    assert f"process {other_run.pid} of" in seen.holder
    assert before == lock_path(path).read_bytes()


def test_lock_that_nobody_holds_tells_how_far_the_ledger_was_written(path, clock):
    """Before the first run there is none, and none is made."""
    never = look_at_lock(path)
    there = lock_path(path).exists()
    with LedgerLock(path, clock) as lock:
        lock.remember(7)

    assert (("", 0), False, ("", 7)) == (never, there, look_at_lock(path))
