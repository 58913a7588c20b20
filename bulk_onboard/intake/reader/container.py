"""What kind of file a workbook is, and the zip archive that most are.

The content must be what the file's ending says. A reader that guesses reads half of it, and a person who does not know
what the file is cannot fix it; so whatever does not fit is an error that says what was found.

Of an archive only what could hurt or mislead is refused before it is unpacked: one that would unpack to too much, is
encrypted or packed in a way that calamine may not know, and one with two parts of one name, of which two programs may
show two different ones. `zipfile` notices a part that is not what the directory says (name, length, checksum).
"""

import io
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from bulk_onboard.errors import WorkbookError
from bulk_onboard.model.sheet import WORKBOOK_ENDINGS, WorkbookType

MAX_PART = 400_000_000
MAX_TOTAL = 600_000_000
MAX_RATIO = 200
RATIO_MATTERS_FROM = 1_000_000
MAX_ENTRIES = 5_000

HEAD = 1 << 10
"""Enough bytes of a part's beginning to tell what it is."""

_PIECE = 1 << 18  # bytes
_ENCRYPTED = 0x1

ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UNKNOWN = "of no kind that is known (or damaged)"
_LOCKED_XLS = re.compile(rb"\x09\x08\x10\x00\x00\x06\x05\x00.{12}(\x86\x00\x00\x00)?\x2f\x00", re.DOTALL)
"""An old workbook's first record, followed by the one that says how it is encrypted."""

_SAVE = "Open it in Excel and save it as .xlsx"

_OF_PARTS: tuple[tuple[str, WorkbookType | str], ...] = (
    ("xl/workbook.xml", WorkbookType.XLSX),
    ("xl/workbook.bin", WorkbookType.XLSB),
    ("word/", "a Word document"),
    ("ppt/", "a PowerPoint presentation"),
    ("index/", "a Numbers document; export it from Numbers as Excel (.xlsx)"),
    ("index.zip", "a Numbers document; export it from Numbers as Excel (.xlsx)"),
    ("content.xml", WorkbookType.ODS),
)
"""How the names of parts begin that only files of one type have."""

_OF_STREAMS: tuple[tuple[str, WorkbookType | str], ...] = (
    ("EncryptedPackage", "password"),
    ("Workbook", WorkbookType.XLS),
    ("Book", WorkbookType.XLS),
    ("WordDocument", "an old Word document"),
    ("PowerPoint Document", "an old PowerPoint presentation"),
)
"""What an OLE file calls its streams."""

_OF_TEXT: tuple[tuple[bytes, str], ...] = (
    (rb"<!doctype html|<html|<table|<head|<meta", "a web page (HTML)"),
    (rb"<\?mso-application|urn:schemas-microsoft-com:office:spreadsheet", "an XML spreadsheet of 2003"),
    (rb"^%PDF-", "a PDF"),
    (rb"^\{\\rtf", "an RTF document"),
    (rb"^(\x89PNG|\xff\xd8\xff|GIF8|RIFF)", "a picture"),
    (rb"^(\x1f\x8b|7z\xbc\xaf|Rar!)", "a packed archive"),
)


def container_kind(path: str, ending: str, content: bytes, parts: Collection[str]) -> WorkbookType:
    """Return the type that the ending names, once the content is known to be of it.

    Args:
        path: for messages.
        ending: the path's, in lower case; one of `WORKBOOK_ENDINGS`.
        content: the whole file.
        parts: the names of its parts where it is a zip archive, in lower case.

    Raises:
        WorkbookError: the content is something else.
    """
    meant = WORKBOOK_ENDINGS[ending]
    found = _found(content, parts)
    if found == meant or (found == _UNKNOWN and meant is WorkbookType.TEXT):
        return meant  # `delimited` says better what is wrong with a text
    if found == "password":
        raise WorkbookError(f"{path} is protected by a password. Save it in Excel without a password.")
    if found is WorkbookType.TEXT:
        raise WorkbookError(
            f"{path} is no workbook but plain text, though its name ends in {ending}. "
            "If it is comma-separated, name it .csv; else open it in Excel and save it as .xlsx."
        )
    if isinstance(found, WorkbookType):
        raise WorkbookError(f"{path} is an {found} workbook, though its name ends in {ending}. Name it {found}.")
    raise WorkbookError(f"{path} is {found}, though its name ends in {ending}. {_SAVE}, or name the right file.")


def _found(content: bytes, parts: Collection[str]) -> WorkbookType | str:
    if content.startswith(ZIP):
        found = (kind for begin, kind in _OF_PARTS if any(part.startswith(begin) for part in parts))
        return next(found, "a zip archive without a workbook")
    if content.startswith(_OLE):
        if _LOCKED_XLS.search(content):
            return "password"
        streams = (kind for name, kind in _OF_STREAMS if _utf16(name) in content)
        return next(streams, "an Office file of an unknown kind")
    head = content[:4096]
    for sign, kind in _OF_TEXT:
        if re.search(sign, head, re.IGNORECASE):
            return kind
    return WorkbookType.TEXT if _is_text(head) else _UNKNOWN


def _utf16(name: str) -> bytes:
    """Return a stream's whole name as an OLE directory holds it."""
    return name.encode("utf-16-le") + b"\0\0"


def _is_text(head: bytes) -> bool:
    """Whether it may be text: no NUL, unless a mark says UTF-16 or about every other byte is one."""
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return marked or not head.count(0) or 2 * len(head) < head.count(0) * 6 < 4 * len(head)


# -- the archive


@dataclass(frozen=True, slots=True)
class Container:
    """A workbook's archive, and its parts by their names in lower case."""

    path: str
    archive: zipfile.ZipFile
    parts: dict[str, zipfile.ZipInfo]

    def pieces(self, name: str) -> Iterator[bytes]:
        """Unpack a part piece by piece; WorkbookError when it is not what the directory claims.

        None but the last piece is shorter than `HEAD`.
        """
        part = self.parts[name]
        try:
            with self.archive.open(part) as stream:
                while piece := stream.read(_PIECE):
                    yield piece
        except zlib.error:
            raise damaged(self.path, f"its part {part.filename} cannot be unpacked") from None
        except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError):  # the last for a place before the file
            raise damaged(self.path, f"its part {part.filename} is not what the archive says") from None

    def whole(self, name: str) -> bytes:
        """Return the content of a part; nothing where there is none of this name (in lower case)."""
        return b"".join(self.pieces(name)) if name in self.parts else b""


def open_container(path: str, content: bytes) -> Container:
    """Open the archive and check its directory; WorkbookError for a damaged or dangerous one."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError):
        raise damaged(path, "its end is missing or its directory broken; it may be cut off") from None
    entries = archive.infolist()
    _refuse_bombs(path, entries)
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise WorkbookError(f"{path} is protected by a password. Save it without a password.")
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise _dangerous(path, "is packed in an unusual way")
    parts = {entry.filename.lower(): entry for entry in entries}
    if len(parts) < len(entries):
        raise _dangerous(path, "has two parts of one name")
    return Container(path, archive, parts)


def damaged(path: str, why: str) -> WorkbookError:
    """Return the error for a file that is what it says, but cannot be read."""
    return WorkbookError(f"{path} is damaged: {why}. Open it in Excel and save it again, or copy it again.")


def _dangerous(path: str, why: str) -> WorkbookError:
    return WorkbookError(
        f"{path} is refused: its archive {why}, which no spreadsheet program writes. "
        "Ask where it comes from; if you trust it, open it in Excel and save it again."
    )


def _refuse_bombs(path: str, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise _dangerous(path, f"has {len(entries):,} parts")
    total = sum(entry.file_size for entry in entries)
    largest = max((entry.file_size for entry in entries), default=0)
    if total > MAX_TOTAL or largest > MAX_PART:
        raise WorkbookError(
            f"{path} is refused: unpacked it would take {total:,} bytes (at most {MAX_TOTAL:,}, one part at most "
            f"{MAX_PART:,}). Copy the rows into a new workbook, in several ones if there are very many."
        )
    for entry in entries:
        if entry.file_size > RATIO_MATTERS_FROM and entry.file_size > MAX_RATIO * entry.compress_size:
            raise _dangerous(path, f"packs {entry.file_size:,} bytes into {entry.compress_size:,} (a zip bomb)")
