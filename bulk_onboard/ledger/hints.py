"""The folder in which hints wait, `<job>.hints/` beside the ledger: an empty file for each record.

A hint whose callback was answered with 200 stays on disk until its record was read after that.

A hint is a file named after the record's id. Before a record is read, its hint is claimed: renamed to a unique name, so
that a hint that arrives meanwhile is a new file. After the reading the claimed file is removed. The claims of a process
that died are hints like any others. Each step is one file system call, so there is no lock.
"""

import errno
import os
import re
import secrets
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bulk_onboard.model.account import name_of_ledger
from bulk_onboard.model.store import MOST_HINTS, Claim

_NAME = re.compile(r"((?:[a-z0-9-]|_[a-z]){1,64})(?:\.[0-9a-f]{16})?")


def hints_folder(ledger: Path) -> Path:
    """Return the folder for the hints of a ledger."""
    return ledger.with_name(f"{name_of_ledger(ledger)}.hints")


def is_hints_folder(path: Path) -> bool:
    """Return whether the path is a folder with nothing but hints in it."""
    return path.is_dir() and not path.is_symlink() and all(_NAME.fullmatch(hint.name) for hint in path.iterdir())


class FileHints:
    """The hints of one job: `model.store.Hints` in a folder."""

    def __init__(self, folder: Path, *, most: int = MOST_HINTS) -> None:
        self.folder = folder
        self._most = most
        self._is_made = False
        self._count = 0  # hints seen in the folder, and kept since

    def keep(self, compliance_id: str) -> None:
        """Write a hint; it is on disk when this returns."""
        if self._count >= self._most:
            raise OSError(errno.ENOSPC, "too many hints wait")
        if not self._is_made or not self.folder.is_dir():
            self._is_made = False  # also for other threads, until it is on disk
            with suppress(FileExistsError):
                self.folder.mkdir(mode=0o700)
            _sync(self.folder.parent)
            self._is_made = True
        with self._opened() as fd:
            with suppress(FileExistsError):  # one waits already, and its record is not being read yet
                os.close(os.open(_name_of(compliance_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=fd))
                self._count += 1
            os.fsync(fd)

    def waiting(self) -> tuple[str, ...]:
        """Return the ids of the records that have hints."""
        names = self._names()
        self._count = len(names)
        return tuple(sorted({_id_of(name) for name in names}))

    def claim(self, compliance_ids: Collection[str]) -> tuple[Claim, ...]:
        """Claim the hints for these records, which are to be read now."""
        names: dict[str, list[str]] = {}
        with self._opened() as fd:
            for name in self._names():
                if (compliance_id := _id_of(name)) in compliance_ids:
                    with suppress(FileNotFoundError):  # another listener was faster
                        names.setdefault(compliance_id, []).append(name if "." in name else _renamed(name, fd))
        return tuple(Claim(compliance_id, tuple(names[compliance_id])) for compliance_id in sorted(names))

    def forget(self, claims: Iterable[Claim]) -> None:
        """Remove these hints, whose records were read, but no newer ones of the same records."""
        if names := [name for claim in claims for name in claim.names]:
            with self._opened() as fd:
                for name in names:
                    with suppress(FileNotFoundError):
                        os.unlink(name, dir_fd=fd)

    def _names(self) -> list[str]:
        names = [hint.name for hint in self.folder.iterdir()] if self.folder.is_dir() else []
        return [name for name in names if _NAME.fullmatch(name)]

    @contextmanager
    def _opened(self) -> Iterator[int]:
        fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            yield fd
        finally:
            os.close(fd)


def _renamed(name: str, folder: int) -> str:
    claimed = f"{name}.{secrets.token_hex(8)}"
    os.rename(name, claimed, src_dir_fd=folder, dst_dir_fd=folder)
    return claimed


def _name_of(compliance_id: str) -> str:
    """Return a file name for the id; capitals are escaped, since some file systems do not tell them apart."""
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", compliance_id)


def _id_of(name: str) -> str:
    return re.sub("_([a-z])", lambda found: found[1].upper(), name.partition(".")[0])


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
