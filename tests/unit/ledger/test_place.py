"""Where a ledger may lie (docs/design/ledger.md, Locks)."""

import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.ledger.disk import Disk
from bulk_onboard.ledger.lock import check_place
from bulk_onboard.ledger.repair import repair


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
