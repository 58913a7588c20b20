"""The documents folder: look at files, and read them again just before they are sent.

The rule (reliability.md 4.4): a file is opened once, without following links or waiting for anybody, and everything
said about it comes from that one descriptor. A path from a cell never leads out of the folder: each part of it is
opened below the one before, so that no link in between can lead away. The bytes sent are the bytes hashed.
"""

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bulk_onboard.errors import StoppedError
from bulk_onboard.intake.media_type import media_type
from bulk_onboard.model.application import DOCUMENT_LIMIT, Document, FileFacts, FileTrouble

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ELSEWHERE = re.compile(r"[/~]|[A-Za-z]:")
_THREADS = 8

_TROUBLES = {
    errno.ENOENT: FileTrouble.NOT_FOUND,
    errno.ENOTDIR: FileTrouble.NOT_FOUND,
    errno.ENAMETOOLONG: FileTrouble.NOT_FOUND,
    errno.ELOOP: FileTrouble.OUTSIDE,
    errno.ENXIO: FileTrouble.NOT_A_FILE,
    errno.ENODEV: FileTrouble.NOT_A_FILE,
    errno.EISDIR: FileTrouble.NOT_A_FILE,
}
_OF_THE_MACHINE = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}  # they say nothing about the file


class _TroubleError(Exception):
    """There are no bytes to be had; says why."""

    def __init__(self, trouble: FileTrouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class DocumentFolder:
    """The folder that the paths in the cells start from, and what is to be known of the files below it."""

    root: Path

    def look(self, relative: str) -> FileFacts:
        """The facts of a file, its trouble included; `\\` between folder names is taken as `/`."""
        path = self.root / relative
        try:
            parts = _parts_below(relative)
            path = self.root.joinpath(*parts)
            size, content = _read(self.root, parts)
        except _TroubleError as error:
            return FileFacts(path, trouble=error.trouble)
        if size > DOCUMENT_LIMIT:
            return FileFacts(path, size)
        return FileFacts(path, size, hashlib.sha256(content).hexdigest(), media_type(content))

    def look_all(self, relatives: Iterable[str]) -> dict[str, FileFacts]:
        """The facts of many files, each looked at once however often it is named."""
        distinct = list(dict.fromkeys(relatives))
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="look") as threads:
            return dict(zip(distinct, threads.map(self.look, distinct), strict=True))

    def read(self, document: Document) -> bytes | None:
        """The document's bytes; None when they are no longer those whose digest the document names."""
        try:
            _, content = _read(self.root, _parts_below(str(document.path.relative_to(self.root))))
        except (_TroubleError, ValueError):
            return None
        return content if hashlib.sha256(content).hexdigest() == document.sha256 else None


def _parts_below(relative: str) -> list[str]:
    """The names on the way down from the folder; OUTSIDE where the way leads out of it."""
    slashed = relative.replace("\\", "/")
    if _ELSEWHERE.match(slashed):
        raise _TroubleError(FileTrouble.OUTSIDE)
    parts: list[str] = []
    for part in slashed.split("/"):
        if part == ".." and not parts:
            raise _TroubleError(FileTrouble.OUTSIDE)
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return parts


def _read(root: Path, parts: Iterable[str]) -> tuple[int, bytes]:
    """Size and content of a plain file; over the limit its size alone."""
    with _translated(), _opened(root, parts) as descriptor:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise _TroubleError(FileTrouble.NOT_A_FILE)
        if facts.st_size > DOCUMENT_LIMIT:
            return facts.st_size, b""
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(DOCUMENT_LIMIT + 1)  # it may have grown since
        return len(content), content


@contextmanager
def _opened(root: Path, parts: Iterable[str]) -> Iterator[int]:
    """A descriptor of what the parts lead to, each opened below the one before."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            above, descriptor = descriptor, os.open(part, _OPEN, dir_fd=descriptor)
            os.close(above)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _translated() -> Iterator[None]:
    """What the system says, in our words; a NUL or a stray half of a character can be in no file's name."""
    try:
        yield
    except OSError as error:
        if error.errno in _OF_THE_MACHINE:
            raise StoppedError(
                f"The documents cannot be read: {error.strerror}. That is this machine's trouble, not a file's; "
                "mend it, or lower concurrency, then run again."
            ) from error
        raise _TroubleError(_TROUBLES.get(error.errno or 0, FileTrouble.UNREADABLE)) from None
    except ValueError:
        raise _TroubleError(FileTrouble.NOT_FOUND) from None
