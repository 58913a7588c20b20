"""The door to the file in which hints wait, `<job>.hints.jsonl` beside the ledger, for a listener and a run beside it.

Rule: a hint that was answered with 200 is in the file until somebody has read its record *afterwards*.

Two kinds of lines are appended, each with fsync: `{"keep": MARK, "compliance_id": ID}` for every hint, also for one
whose record waits already, and `{"forget": MARK}`. Whoever takes hints gets all their marks, and forgets these and no
others: a hint that came while its record was being read stays. Lines are never changed; once nothing waits, the file is
cut to nothing. Each of the three acts holds the file's own lock (`flock`) for its moment, and none needs the ledger's.

A line that a crash cut off is passed over: its sender got no answer, so it sends again. Ids stand in the file, nothing
else of what was sent.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MOST_BYTES = 16 * 1024 * 1024

_LEDGER_ENDING = ".ledger.jsonl"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record with hints; `marks` are those of all its hints so far."""

    compliance_id: str
    marks: tuple[str, ...]


def spool_path(ledger: Path) -> Path:
    """Where the hints for a ledger wait."""
    return ledger.with_name(f"{ledger.name.removesuffix(_LEDGER_ENDING)}.hints.jsonl")


class Spool:
    """The hints of one job; every method raises OSError where the disk does not do it."""

    def __init__(self, path: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self.path = path
        self._most_bytes = most_bytes

    def keep(self, compliance_ids: Iterable[str]) -> bool:
        """Keep a hint for each id; False, and none is kept, when the file is full. On disk when it returns."""
        with self._locked(os.O_CREAT) as fd:
            if os.fstat(fd).st_size >= self._most_bytes:
                return False
            _append(fd, [{"keep": secrets.token_hex(8), "compliance_id": one} for one in compliance_ids])
        return True

    def take(self) -> tuple[Waiting, ...]:
        """The records that hints wait for, in the order of their first; they stay until they are forgotten."""
        if not self.path.exists():
            return ()
        with self._locked() as fd:
            return tuple(_waiting(_read(fd)))

    def forget(self, done: Iterable[Waiting]) -> None:
        """Forget these hints, and no newer ones of the same records."""
        marks = {mark for one in done for mark in one.marks}
        if not marks or not self.path.exists():
            return
        with self._locked() as fd:
            if all(mark in marks for one in _waiting(_read(fd)) for mark in one.marks):
                os.ftruncate(fd, 0)
                os.fsync(fd)
            else:
                _append(fd, [{"forget": mark} for mark in sorted(marks)])

    @contextmanager
    def _locked(self, flags: int = 0) -> Iterator[int]:
        is_new = not self.path.exists()
        fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
        try:
            if is_new:
                _sync_folder(self.path.parent)
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield fd
        finally:
            os.close(fd)


def _read(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)


def _append(fd: int, lines: Iterable[dict[str, str]]) -> None:
    """Add lines; what a crash left without its end gets one first."""
    size = os.fstat(fd).st_size
    torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
    content = b"\n" * torn + b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    try:
        while content:
            content = content[os.write(fd, content) :]
        os.fsync(fd)
    except OSError:
        os.ftruncate(fd, size)
        raise


def _waiting(content: bytes) -> Iterator[Waiting]:
    """What waits, by a file's content."""
    ids: dict[str, str] = {}
    for line in content.splitlines():
        match _told(line):
            case {"keep": str(mark), "compliance_id": str(compliance_id)}:
                ids[mark] = compliance_id
            case {"forget": str(mark)}:
                ids.pop(mark, None)
    by_id: dict[str, list[str]] = {}
    for mark, compliance_id in ids.items():
        by_id.setdefault(compliance_id, []).append(mark)
    return (Waiting(compliance_id, tuple(marks)) for compliance_id, marks in by_id.items())


def _told(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
