"""The folder of converted copies: which file each copy was made of, and the copies that stand for files.

A file is known by its digest, so that a changed one gets no copy of what it was before; a copy counts while it is
what was made, byte for byte, and nothing is wrong with it. A row whose document is a copy is known by the file's own
digest all the same (`FileFacts.origin`): it has not changed because a copy was made again.
"""

import hashlib
import os
import re
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import msgspec

from bulk_onboard.intake.documents.below import NoFileError, opened
from bulk_onboard.intake.documents.conversion.converter import LARGEST, NOT_CONVERTED, is_convertible
from bulk_onboard.intake.documents.folder import DocumentFolder
from bulk_onboard.intake.documents.known import KnownFacts
from bulk_onboard.model.application import FileFacts
from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.documents import PDF
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.requirements import Contract

INDEX, LIST, SHEET, THUMBNAILS = "copies.json", "converted.csv", "contact_sheet.html", "thumbnails"
"""What lies in the folder beside the copies: their index, the list and the contact sheet for people, small pictures."""

COPY_NAME = re.compile(r".{1,40}-[0-9a-f]{12}\.pdf")
_LEFT = re.compile(
    r"\.(?:copies\.json|converted\.csv|contact_sheet\.html|.{1,40}-[0-9a-f]{12}\.pdf|[0-9a-f]{12}\.jpg)\.\w{8}"
)
"""A folder in which a file of ours was written when the process was killed."""
_MARK = 12  # hexadecimal digits of a file's digest
_UNUSUAL = re.compile(r"[^\w.()+-]+")
_LONGEST_STEM = 40
_THREADS = 4
_PIECE = 1 << 20


class Copy(msgspec.Struct, frozen=True):
    """A converted copy.

    Attributes:
        name: of the copy, in the folder.
        sha256: of the copy.
        size: of the file that it was made of.
        pages: of the copy.
        done: what was done to the file, as the end of a sentence.
        day: when it was made.
    """

    name: str
    sha256: str
    size: int
    pages: int
    done: str
    day: date


class Refused(msgspec.Struct, frozen=True):
    """A file, so large, of which no copy can be made, and why, in sentences."""

    size: int
    why: str


class Index(msgspec.Struct):
    """What is known of files, by their digests: the copies that were made of them, and why there can be none."""

    copies: dict[str, Copy] = {}
    refused: dict[str, Refused] = {}


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Index).decode


def read_index(folder: Path) -> Index:
    """Return what is known of files; nothing where there is no index of ours."""
    with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        descriptor = os.open(folder / INDEX, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return _decode(file.read())
    return Index()


def content_of_index(index: Index) -> bytes:
    """Return the content of an index."""
    return msgspec.json.format(_encode(index), indent=1) + b"\n"


def copy_name(path: Path, digest: str) -> str:
    """Return the name of a file's copy: its own, for people to know it by, and the beginning of its digest."""
    stem = _UNUSUAL.sub("_", path.stem.encode("utf-8", "replace").decode())[:_LONGEST_STEM]
    return f"{stem.lstrip('.') or 'scan'}-{digest[:_MARK]}.pdf"


def thumbnail_name(digest: str) -> str:
    """Return the name of the small picture of a file's copy, by the file's digest."""
    return f"{digest[:_MARK]}.jpg"


def is_copies_folder(folder: Path) -> bool:
    """Return whether a folder is one of converted copies, or empty."""
    if not folder.is_dir() or folder.is_symlink():
        return False
    names = {path.name for path in folder.iterdir()}
    return INDEX in names or all(map(_LEFT.fullmatch, names))


def left_by_a_kill(folder: Path) -> list[Path]:
    """Return what a process that was killed has left half written in a folder of copies; it is of no use."""
    found = (path for each in (folder, folder / THUMBNAILS) if each.is_dir() for path in each.iterdir())
    return [path for path in found if _LEFT.fullmatch(path.name)]


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies that are there, and the folder of the files that they were made of."""

    folder: Path
    originals: DocumentFolder

    def in_place(
        self,
        looked: Mapping[str, FileFacts],
        contract: Contract,
        known: KnownFacts | None = None,
        *,
        legible: Collection[str] = (),
    ) -> dict[str, FileFacts]:
        """Return the facts of files, of each that is refused for its form those of its sound copy where there is one.

        Where it is known that there can be none, a finding says why.

        Args:
            looked: the files' own facts, by the path in the cell.
            contract: whose file types are accepted.
            known: recalls copies that are as they were.
            legible: those of the paths whose text is wanted.
        """
        index = read_index(self.folder)
        sizes = {copy.size for copy in index.copies.values()} | {one.size for one in index.refused.values()}
        due = [
            text
            for text, facts in looked.items()
            if (facts.size in sizes or (facts.size and not facts.sha256)) and is_convertible(facts, contract)
        ]
        with ThreadPoolExecutor(_THREADS) as threads:
            digests = threads.map(lambda text: _digest_of(looked[text], self.originals), due)
            pairs = list(zip(due, digests, strict=True))
        found = {text: (digest, index.copies[digest]) for text, digest in pairs if digest in index.copies}
        read = {copy.name for text, (_, copy) in found.items() if text in legible}
        names = {copy.name for _, copy in found.values()}
        made = DocumentFolder(self.folder).look_all(names, known, legible=read) if names else {}
        return (
            dict(looked)
            | {text: _of_file(looked[text], digest, index.refused.get(digest)) for text, digest in pairs}
            | {text: _of_copy(looked[text], digest, copy, made[copy.name]) for text, (digest, copy) in found.items()}
        )


def _of_file(own: FileFacts, digest: str, refused: Refused | None) -> FileFacts:
    """Return the facts of a file without a copy, with the reason where it is known.

    One over the limit is known by its digest, too: a copy of it may have been sent, and be gone.
    """
    told = [Finding(NOT_CONVERTED, details={"why": refused.why})] if refused else []
    return replace(own, findings=(*own.findings, *told), origin=digest)


def _of_copy(own: FileFacts, digest: str, copy: Copy, made: FileFacts) -> FileFacts:
    """Return the facts of a copy as those of the file; the file's own where the copy is not what was made."""
    if made.sha256 != copy.sha256 or not is_sound(made):
        return replace(own, origin=digest)
    told = Finding("document-converted", details={"done": copy.done})
    return replace(made, findings=(*made.findings, told), origin=digest)


def is_sound(facts: FileFacts) -> bool:
    """Return whether a copy is a PDF with nothing wrong that keeps a row out."""
    return facts.media_type == PDF and all(found.severity is not Severity.ERROR for found in facts.findings)


def content_of(facts: FileFacts, folder: DocumentFolder) -> bytes | None:
    """Return the content of a file that was looked at below a folder; None where it is gone or larger than allowed."""
    pieces, size = [], 0
    try:
        with opened(folder.root, facts.path.relative_to(folder.root).parts) as descriptor:
            while piece := os.read(descriptor, _PIECE):
                pieces.append(piece)
                size += len(piece)
                if size > LARGEST:
                    return None
    except (NoFileError, OSError):
        return None
    return b"".join(pieces)


def _digest_of(facts: FileFacts, folder: DocumentFolder) -> str:
    """Return a file's digest; empty where it has none."""
    return facts.sha256 or hashlib.sha256(content_of(facts, folder) or b"").hexdigest()
