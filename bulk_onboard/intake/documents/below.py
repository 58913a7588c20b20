"""The way down from the documents folder: below it only, one name at a time, and never through a link.

Each name is opened beneath the one before, so that nothing that is swapped on the way can lead out (reliability.md
4.4). A name is tried as it is written, then in the composed and the decomposed form of its accents: macOS writes the
latter, Excel the former. Paths that lead elsewhere are refused before anything is touched: opening a share of another
machine would hand it this user's credentials.
"""

import errno
import os
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bulk_onboard.errors import StoppedError
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.path import begins_elsewhere, with_slashes

NOT_FOUND = "document-not-found"
OUTSIDE = Finding("document-outside")

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OF_THE_MACHINE = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}  # they say nothing about the file


def not_found(why: str = "") -> Finding:
    """There is no such file; `why` is a sentence that follows, a blank before it."""
    return Finding(NOT_FOUND, details={"nearest": why})


def not_a_file(what: str) -> Finding:
    """There is something, but no file."""
    return Finding("document-not-a-file", details={"what": what})


_FINDINGS = {
    errno.ENOENT: not_found(),
    errno.ENOTDIR: not_found(),
    errno.ENAMETOOLONG: not_found(" Its name is longer than that of any file."),
    errno.ELOOP: OUTSIDE,
    errno.ENXIO: not_a_file("a socket"),
    errno.ENODEV: not_a_file("a device"),
    errno.EISDIR: not_a_file("a folder"),
}


class NoFileError(Exception):
    """There is nothing to be had at the end of the way; carries the finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def parts_below(relative: str) -> tuple[str, ...]:
    """The names on the way down, `\\` taken as `/`; NoFileError where the way leads out of the folder."""
    slashed = with_slashes(relative)
    if begins_elsewhere(slashed):
        raise NoFileError(OUTSIDE)
    parts: list[str] = []
    for part in slashed.split("/"):
        if part == ".." and not parts:
            raise NoFileError(OUTSIDE)
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return tuple(parts)


@contextmanager
def opened(root: Path, parts: Sequence[str]) -> Iterator[int]:
    """A descriptor of what the parts lead to; NoFileError where they lead to nothing that can be opened."""
    with _translated():
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts:
                above, descriptor = descriptor, _open_beneath(descriptor, part)
                os.close(above)
            yield descriptor
        finally:
            os.close(descriptor)


def _open_beneath(above: int, part: str) -> int:
    """A descriptor of the first of the name's forms that is there."""
    for form in (part, unicodedata.normalize("NFC", part)):
        try:
            return os.open(form, _OPEN, dir_fd=above)
        except FileNotFoundError:
            if part.isascii():
                raise
    return os.open(unicodedata.normalize("NFD", part), _OPEN, dir_fd=above)


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
        raise NoFileError(_FINDINGS.get(error.errno or 0, Finding("document-unreadable"))) from None
    except ValueError:
        raise NoFileError(not_found(" Its name holds a character that no file's name can hold.")) from None
