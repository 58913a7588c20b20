"""The system calls that a ledger needs, and its bytes for readers.

A test passes in a disk that fails.

A raw descriptor, never a buffered file: on a full disk its `flush` fails and its `close` tries the same bytes again
(docs/design/ledger.md, Order of writes).
"""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bulk_onboard.errors import UsageError
from bulk_onboard.spelling import nearest_path

_FULL_FSYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)


class Disk:
    """The machine's own disk. Every method raises OSError."""

    def open(self, path: Path, flags: int) -> int:
        """Open a file, never through a symbolic link.

        No child process inherits it, and a new one has mode 0600.
        """
        return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def write(self, fd: int, data: bytes) -> int:
        """Write, and return how many bytes were taken."""
        return os.write(fd, data)

    def fsync(self, fd: int) -> None:
        """Return when the bytes are on the disk; where possible, not only in its cache."""
        if _FULL_FSYNC is None:
            os.fsync(fd)
        else:
            fcntl.fcntl(fd, _FULL_FSYNC)

    def truncate(self, fd: int, size: int) -> None:
        """Cut the file to so many bytes."""
        os.ftruncate(fd, size)

    def link(self, source: Path, target: Path) -> None:
        """Give the file a second name; an existing target is an error."""
        os.link(source, target)

    def replace(self, source: Path, target: Path) -> None:
        """Give the file another name, in place of what had it."""
        source.replace(target)

    def file_system(self, folder: Path) -> str:
        """Return the type of the folder's file system (`ext4`, `nfs4` …).

        Empty where the machine does not say.
        """
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            facts = Path(f"/proc/self/fdinfo/{fd}").read_text(encoding="ascii")
            return file_system_in(Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace"), facts)
        except FileNotFoundError:  # no Linux, or /proc is not there
            return ""
        finally:
            os.close(fd)

    def free(self, folder: Path) -> int:
        """Return how many bytes may still be written where the folder is."""
        facts = os.statvfs(folder)
        return facts.f_bavail * facts.f_frsize


def file_system_in(mountinfo: str, fdinfo: str) -> str:
    """Return the type of the mount that an open file is on; empty where unknown.

    It is found by the kernel's number of the mount. A path proves less: mounts hide each other, and links lead
    elsewhere. `mountinfo` and `fdinfo` are the texts of `/proc/self/mountinfo` and `/proc/self/fdinfo/<fd>` (man 5
    proc).
    """
    mount_id = next((line.split()[1] for line in fdinfo.splitlines() if line.startswith("mnt_id:")), None)
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        if before.split(" ", 1)[0] == mount_id:
            return after.split(" ", 1)[0]
    return ""


def write_whole(disk: Disk, fd: int, data: bytes) -> None:
    """Write all bytes in one call, or raise OSError."""
    written = disk.write(fd, data)
    if written != len(data):
        raise OSError(errno.ENOSPC, f"only {written} of {len(data)} bytes could be written")


def make_file(disk: Disk, path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Make a new file with this content, on disk on return.

    An existing one is an error. On failure it is removed.
    """
    fd = disk.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        os.fchmod(fd, mode)
        write_whole(disk, fd, content)
        disk.fsync(fd)
    except BaseException:
        path.unlink()
        raise
    finally:
        os.close(fd)


def replace_file(disk: Disk, path: Path, aside: Path, content: bytes) -> None:
    """Give `path` this content in one step, by way of a new file `aside`.

    Mode, owner and group stay.
    """
    before = path.stat()
    make_file(disk, aside, content, mode=stat.S_IMODE(before.st_mode))
    for owner in (-1, before.st_uid):  # the group first: a colleague may give that back, but not the owner
        with suppress(PermissionError):
            os.chown(aside, owner, before.st_gid)
    disk.replace(aside, path)
    sync_folder(disk, path.parent)


def sync_folder(disk: Disk, folder: Path) -> None:
    """Put the folder's names on disk.

    EINVAL comes from a file system that does not need it.
    """
    fd = disk.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        disk.fsync(fd)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(fd)


def read_blocks(fd: int, size: int = 1 << 16) -> Iterator[bytes]:
    """Yield the bytes of an open file from its beginning, so many at a time."""
    offset = 0
    while block := os.pread(fd, size, offset):
        yield block
        offset += len(block)


def read_whole(fd: int) -> bytes:
    """Return all bytes of an open file, read in one piece unless it grows meanwhile."""
    return b"".join(read_blocks(fd, os.fstat(fd).st_size + 1))


def is_still_at(fd: int, path: Path) -> bool:
    """Return whether the open file is the one that has this name."""
    try:
        return os.path.samestat(os.fstat(fd), path.lstat())
    except FileNotFoundError:
        return False


def no_ledger(path: Path) -> UsageError:
    """Return what to tell people who ask for a ledger that is not there."""
    near = nearest_path(path, ".jsonl")
    meant = f" Did you mean {near}?" if near and near.is_file() else ""
    return UsageError(
        f"There is no ledger {path}.{meant} Check the path, or run the job: a run makes one, also in place of a lost "
        "one."
    )


def read_ledger(path: Path) -> bytes:
    """Return the ledger's bytes; UsageError where there is none or it cannot be read."""
    with _opened(path) as fd:
        return read_whole(fd)


def ledger_blocks(path: Path) -> Iterator[bytes]:
    """Yield the ledger's bytes, a block at a time; UsageError as for `read_ledger`."""
    with _opened(path) as fd:
        yield from read_blocks(fd)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise no_ledger(path) from None
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        yield fd
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        os.close(fd)


def _unreadable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"The ledger {path} cannot be read: {error.strerror}. Check the path and who may read it.")
