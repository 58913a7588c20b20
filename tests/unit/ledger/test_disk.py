"""The door to the system calls."""

import os
from pathlib import Path

import pytest

from bulk_onboard.ledger.disk import Disk, file_system_in, is_still_at, make_file, read_blocks, read_whole, replace_file
from tests.unit.ledger.samples import FailingDisk


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_half_made_file_is_removed(path, call):
    """What could not be written whole is not there afterwards."""
    with pytest.raises(OSError, match="Input/output error"):
        make_file(FailingDisk(1, only=call, part=3), path, b"content")

    assert not path.exists()


def test_existing_file_is_never_overwritten(path):
    """Making a file where there is one is an error, and the one stays."""
    path.write_bytes(b"precious")

    with pytest.raises(FileExistsError):
        make_file(Disk(), path, b"content")
    assert b"precious" == path.read_bytes()


def test_descriptors_are_not_inherited_and_follow_no_link(path, tmp_path):
    """A child process does not keep the ledger open, and a link is no ledger."""
    path.write_bytes(b"content")
    (tmp_path / "link").symlink_to(path)

    fd = Disk().open(path, os.O_RDONLY)
    try:
        assert (False, b"content") == (os.get_inheritable(fd), read_whole(fd))
    finally:
        os.close(fd)
    with pytest.raises(OSError, match="symbolic links"):
        Disk().open(tmp_path / "link", os.O_RDONLY)


def test_file_is_read_in_blocks_and_whole(path):
    """Blocks of a size make up the content, also of what was written since the file was opened."""
    path.write_bytes(b"content")

    fd = Disk().open(path, os.O_RDONLY)
    try:
        blocks = read_blocks(fd, 4)
        begun = [next(blocks), next(blocks)]
        path.write_bytes(b"content and more")
        assert [b"cont", b"ent", b" and", b" mor", b"e"] == begun + list(blocks)
        assert b"content and more" == read_whole(fd)
    finally:
        os.close(fd)


def test_file_with_another_name_is_not_there(path):
    """An open file is where its name says, until that is given to another."""
    path.write_bytes(b"content")
    fd = os.open(path, os.O_RDONLY)
    try:
        assert is_still_at(fd, path)

        path.rename(path.with_name("elsewhere"))
        assert not is_still_at(fd, path)

        path.write_bytes(b"content")
        assert not is_still_at(fd, path)
    finally:
        os.close(fd)


MOUNTINFO = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
43 27 0:39 / /mnt/team rw,relatime shared:5 master:2 - nfs4 files:/team rw,vers=4.2
44 43 8:1 / /mnt/team/local\\040disk rw,relatime - xfs /dev/sdb1 rw
227 27 0:40 / /mnt/odd rw - fuse.sshfs me@there:/ rw
"""


@pytest.mark.parametrize(
    ("mount_id", "kind"), [("27", "ext4"), ("43", "nfs4"), ("44", "xfs"), ("227", "fuse.sshfs"), ("7", "")]
)
def test_file_system_is_that_of_the_mount(mount_id, kind):
    """The kernel's number of the mount decides, whatever the path looks like; an unknown one has no name."""
    fdinfo = f"pos:\t0\nflags:\t02100000\nmnt_id:\t{mount_id}\nino:\t260072\n"

    assert kind == file_system_in(MOUNTINFO, fdinfo)


def test_machine_that_tells_no_mount():
    """Without the kernel's number nothing is concluded."""
    assert "" == file_system_in(MOUNTINFO, "pos:\t0\n")


def test_file_system_of_this_machine(tmp_path):
    """The machine's own answer is a name that is in its list of mounts."""
    kind = Disk().file_system(tmp_path)

    assert f" - {kind} " in Path("/proc/self/mountinfo").read_text()


def test_replaced_file_keeps_its_mode(path):
    """Whoever might read it before may read it afterwards, and nobody else."""
    path.write_bytes(b"old")
    path.chmod(0o640)

    replace_file(Disk(), path, path.with_name("aside"), b"new")

    assert (b"new", 0o640) == (path.read_bytes(), path.stat().st_mode & 0o777)
    assert [path] == list(path.parent.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another group")
def test_replaced_file_keeps_its_owner_and_group(path):
    """A ledger that colleagues share stays theirs, whoever repaired it."""
    path.write_bytes(b"old")
    os.chown(path, 12_345, 23_456)

    replace_file(Disk(), path, path.with_name("aside"), b"new")

    assert (12_345, 23_456) == (path.stat().st_uid, path.stat().st_gid)
