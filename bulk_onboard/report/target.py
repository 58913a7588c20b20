"""Where the report goes, and how it gets there whole or not at all.

Everything is written into a folder of our own beside the target (0700, so nobody else looks in), synced, and renamed
over it. A target that somebody seems to have open, that is write-protected, or that is no plain file is left alone.
"""

import fcntl
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_OFFICE_LOCKS = (".~lock.{name}#", "~${name}")  # what LibreOffice and Excel put beside a workbook that is open


class TakenError(OSError):
    """The target must not be replaced; the message says why."""


def replace(path: Path, write: Callable[[BinaryIO, Path], None], *, mode: int = 0o600) -> None:
    """Put a file in the place of `path`, private to its owner unless `mode` says otherwise.

    `write` fills the open file; the folder that it gets is for its own temporary files.

    Raises:
        OSError: it could not be written, or must not be replaced (TakenError); the old file is as it was.
    """
    refuse_to_replace(path)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        fresh = Path(folder, path.name)
        with os.fdopen(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            os.fchmod(file.fileno(), mode)
            write(file, Path(folder))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    _sync_folder(path.parent)


def is_open(path: Path) -> bool:
    """Whether LibreOffice or Excel seems to have the workbook open."""
    return any(path.with_name(lock.format(name=path.name)).exists() for lock in _OFFICE_LOCKS)


def refuse_to_replace(path: Path) -> None:
    """TakenError where an existing `path` must be left alone."""
    if is_open(path):
        raise TakenError("it is open in another program")
    if not os.path.lexists(path):
        return
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode):
        raise TakenError("it is not a plain file")
    if not mode & stat.S_IWUSR:
        raise TakenError("it is write-protected")
    with path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise TakenError("it is locked by another program") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
