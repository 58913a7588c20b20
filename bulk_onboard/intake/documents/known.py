"""What earlier looks at documents told, so that a nightly run of many rows does not hash every file again.

Facts hold for a file of the same path, device, inode, size, mtime and ctime, as long as the checks are the
same. A file that was changed shortly before it was looked at is read again next time: another change within one tick of
the file system's clock could not be seen ("racily clean", as in git's index). Nothing depends on this being right: what
is sent is hashed once more.

Names of documents tell of people, so none is kept: an entry stands under a keyed digest of its path. Nor is what their
text tells: a document whose text is compared with rows is read again each time. The file is this user's
alone, holds the documents of one sheet, and is replaced in one step. What cannot be read or was written by another
version is as if it were not there; what cannot be written is not missed.
"""

import hashlib
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from bulk_onboard import __version__
from bulk_onboard.model import documents as file_type
from bulk_onboard.model.application import FileFacts
from bulk_onboard.model.finding import Finding

PAYS_FROM = 1000
"""So many documents must have been learned for it to be written; fewer are read again before anybody notices."""

_MOST = 1_000_000
_LARGEST = 512 * 1024 * 1024  # bytes
_TICK_NS = 2_000_000_000  # of the coarsest clock: FAT counts in two seconds

_Stamp = tuple[int, int, int, int, int]


class _Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Facts, and the stamp of the file that they are of; `has_no_text` where a text was looked for in vain."""

    stamp: _Stamp
    size: int
    sha256: str
    media_type: str
    findings: tuple[tuple[str, dict[str, str | int]], ...]
    has_no_text: bool


class _Content(msgspec.Struct):
    """What the file holds, beneath a line with its digest."""

    checks: str
    salt: str
    entries: dict[str, _Entry]


class KnownFacts:
    """The facts that a file remembers, and those that are learned beside them; safe to ask from many threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        content = _read(path)
        self._salt = content.salt if content else secrets.token_hex(16)
        self._known = content.entries if content else {}
        self._named: dict[str, _Entry] = {}
        self._learned = 0

    def recall(self, path: Path, parts: Sequence[str], file: os.stat_result, *, with_text: bool) -> FileFacts | None:
        """Return the facts of the file as it is now; None where they are not known, or its text is wanted."""
        name = self._name(parts)
        entry = self._known.get(name)
        if entry is None or entry.stamp != _stamp(file) or (with_text and not entry.has_no_text):
            return None
        self._named[name] = entry
        findings = tuple(Finding(code, details=details) for code, details in entry.findings)
        return FileFacts(path, entry.size, entry.sha256, entry.media_type, findings)

    def learn(self, parts: Sequence[str], file: os.stat_result, facts: FileFacts, *, with_text: bool) -> None:
        """Keep what a look told; `file` is what was opened, as it was before it was read."""
        if not facts.paper and max(file.st_mtime_ns, file.st_ctime_ns) + _TICK_NS < time.time_ns():
            self._learned += 1
            findings = tuple((finding.code, dict(finding.details)) for finding in facts.findings)
            entry = _Entry(_stamp(file), facts.size, facts.sha256, facts.media_type, findings, with_text)
            self._named[self._name(parts)] = entry

    def save(self) -> None:
        """Write to disk what was recalled and learned, where it pays."""
        if self._learned < PAYS_FROM or len(self._named) > _MOST:
            return
        content = msgspec.json.encode(_Content(digest_of_checks(), self._salt, self._named))
        with suppress(OSError):
            _replace(self._path, f"{hashlib.sha256(content).hexdigest()}\n".encode() + content)

    def _name(self, parts: Sequence[str]) -> str:
        text = "/".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, digest_size=16, key=self._salt.encode()).hexdigest()


def digest_of_checks() -> str:
    """Return a digest of all that decides what a look tells: versions, and the source text of this package."""
    from importlib.metadata import version  # noqa: PLC0415 - takes a while, and few jobs get here

    digest = hashlib.sha256(f"{__version__} {version('pypdfium2')}".encode())
    for source in (*sorted(Path(__file__).parent.glob("*.py")), Path(file_type.__file__)):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _stamp(file: os.stat_result) -> _Stamp:
    return file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns


def _read(path: Path) -> _Content | None:
    """Return what the file holds; None where it is broken, foreign, no plain file of this user, or of other checks."""
    with suppress(OSError, ValueError, msgspec.DecodeError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            told = os.fstat(descriptor)
            if not stat.S_ISREG(told.st_mode) or told.st_uid != os.geteuid() or told.st_size > _LARGEST:
                return None
            digest, _, body = file.read().partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() == digest:
            content = msgspec.json.decode(body, type=_Content)
            return content if content.checks == digest_of_checks() else None
    return None


def _replace(path: Path, content: bytes) -> None:
    """Put the content in the file's place in one step; only this user may read it."""
    descriptor, unfinished = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(unfinished).replace(path)
    except OSError:
        Path(unfinished).unlink()
        raise
