"""The door to the system calls that change a ledger; a test hands the ledger a disk that fails.

A raw descriptor, never a buffered file: on a full disk its `flush` fails and its `close` tries the same bytes again
(reliability.md 2).
"""

import errno
import fcntl
import os
from pathlib import Path

_FULL_FSYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)


class Disk:
    """The machine's own disk. Every method raises OSError."""

    def open(self, path: Path, flags: int) -> int:
        """A descriptor that no child process inherits; never through a symbolic link; a new file is 0600."""
        return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def write(self, fd: int, data: bytes) -> int:
        """How many bytes were written."""
        return os.write(fd, data)

    def fsync(self, fd: int) -> None:
        """Return when the bytes are on the disk, not only in its cache where the system can tell."""
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


def write_whole(disk: Disk, fd: int, data: bytes) -> None:
    """One write that takes all bytes, or OSError."""
    written = disk.write(fd, data)
    if written != len(data):
        raise OSError(errno.ENOSPC, f"only {written} of {len(data)} bytes could be written")


def make_file(disk: Disk, path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """A new file with this content, on disk when it returns; an existing one is an error. A half-made file goes."""
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


def sync_folder(disk: Disk, folder: Path) -> None:
    """Put the folder's names on disk; EINVAL is a file system that needs no such thing."""
    fd = disk.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        disk.fsync(fd)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(fd)


def read_whole(fd: int) -> bytes:
    """All bytes of an open file, from its beginning."""
    chunks = []
    offset = 0
    while chunk := os.pread(fd, 1 << 24, offset):
        chunks.append(chunk)
        offset += len(chunk)
    return b"".join(chunks)


def is_still_at(fd: int, path: Path) -> bool:
    """Whether the open file is the one that has this name."""
    try:
        return os.path.samestat(os.fstat(fd), path.lstat())
    except FileNotFoundError:
        return False
