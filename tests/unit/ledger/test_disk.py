"""The door to the system calls."""

import os

import pytest

from bulk_onboard.ledger.disk import Disk, is_still_at, make_file, read_whole
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
