"""What a document's bytes say: its media type, what is wrong with a picture, and what stands behind a document's end.

The name of a file does not matter here. PDF, PNG and JPEG are looked into further (PDF in `pdf`); other types are
recognised so that a finding can say what was sent instead, and how to make a PDF of that.
"""

import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bulk_onboard.model import documents as types
from bulk_onboard.model.finding import Finding

HEADER_REACH = 1024  # within so many bytes readers look for the beginning of a PDF, and we for signs of text

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (rb"%PDF-", types.PDF),
    (rb"\x89PNG", types.PNG),
    (rb"\xff\xd8\xff", types.JPEG),
    (rb"GIF8[79]a", types.GIF),
    (rb"II\*\0|MM\0\*", types.TIFF),
    (rb"RIFF....WEBP", types.WEBP),
    (rb"BM....\0\0\0\0", types.BMP),
    (rb"\0\0\0\x0cjP  \r\n", types.JPEG_2000),
    (rb"....ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", types.HEIC),
    (rb"....ftypavi[fs]", types.AVIF),
    (rb"....ftyp", types.VIDEO),
    (rb"PK(?:\x03\x04|\x05\x06)", types.ZIP),
    (rb"Rar!\x1a\x07", types.RAR),
    (rb"7z\xbc\xaf\x27\x1c", types.SEVEN_ZIP),
    (rb"\x1f\x8b\x08", types.GZIP),
    (rb"\xd0\xcf\x11\xe0", types.DOC),
    (rb"\{\\rtf", types.RTF),
    (rb"%!PS|\xc5\xd0\xd3\xc6", types.POSTSCRIPT),
    (rb"L\0\0\0\x01\x14\x02\0", types.SHORTCUT),
)
_SIGNS = tuple((re.compile(signature, re.DOTALL), media) for signature, media in _SIGNATURES)

_IN_ZIP = (
    (b"word/document", types.DOCX),
    (b"xl/workbook", types.XLSX),
    (b"ppt/presentation", types.PPTX),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", types.ODT),
    (b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", types.ODS),
    (b"FixedDocSeq", types.XPS),
)
_IN_OLE = tuple(
    (name.encode("utf-16-le"), media)
    for name, media in (
        ("EncryptedPackage", types.LOCKED_OFFICE),
        ("Workbook", types.XLS),
        ("PowerPoint Document", types.PPT),
        ("__properties_version", types.MAIL),
    )
)
_FAMILIES = {types.ZIP: _IN_ZIP, types.DOC: _IN_OLE}
"""Types that hold others: a mark in the content tells which."""

_HTML = re.compile(rb"\s*(?:<!doctype html|<html|<head|<body|<script|<!--)", re.IGNORECASE)
_MARKS_OF_TEXT = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK = struct.Struct(">I4s")
_AROUND = 12  # length, name and checksum
_HEADER = struct.Struct(">II5B")
_LONGEST_SIDE = 10_000
_MOST_POINTS = 100_000_000

_JPEG_START = b"\xff\xd8"
_JPEG_END, _SCAN = 0xD9, 0xDA
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # marks without anything behind them
_NOTES = frozenset({*range(0xE0, 0xF0), 0xFE})  # of programs; of these Adobe's says how colours are written
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # headers with a picture's size
_MARK = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_NEXT_MARK = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]", re.DOTALL)
_LENGTH = struct.Struct(">H")
_FRAME = struct.Struct(">BHH")

TRAILING_LIMIT = 1024
"""Bytes after the end that programs leave behind; more may be a second file."""

_FILLING = b"\0\t\n\f\r \x1a"  # what programs, disks and transfers fill a file up with, however much of it

_ZIP_END = b"PK\x05\x06"
_SIZE_OF_END = 22
_COUNT_AND_COMMENT = struct.Struct("<H8xH")
_LONGEST_COMMENT = 65_535
_MEMBERS = (b"PK\x03\x04", b"PK\x01\x02", _ZIP_END)


def media_type(content: bytes) -> str:
    """Return the type that the content tells; empty where it is none of those people send.

    A PDF may begin later than it should: it is still a PDF, and what comes before is a fault of it.
    """
    media = next((media for sign, media in _SIGNS if sign.match(content)), "")
    if media:
        return _member(content, _FAMILIES.get(media, ())) or media
    if content.find(b"%PDF-", 0, HEADER_REACH) >= 0:
        return types.PDF
    return _type_of_text(content[:HEADER_REACH])


def _member(content: bytes, family: Iterable[tuple[bytes, str]]) -> str:
    return next((media for mark, media in family if mark in content), "")


def _type_of_text(head: bytes) -> str:
    """Return HTML, SVG or plain text by the head of the content; empty where it is no text."""
    if head.startswith(_MARKS_OF_TEXT[1:]):
        return types.TEXT
    text = head.removeprefix(_MARKS_OF_TEXT[0])
    if not text or _CONTROL.search(text):
        return ""
    if _HTML.match(text):
        return types.HTML
    if text.lstrip().startswith(b"<") and b"<svg" in text:
        return types.SVG
    return types.TEXT


# -- PNG


class _Chunk(NamedTuple):
    name: bytes
    body: memoryview
    end: int


class _UnsoundError(Exception):
    """The walk cannot go on; carries the fault that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def png_findings(content: bytes) -> tuple[Finding, ...]:
    """Return everything that is wrong with the bytes of a PNG; never raises.

    Looked at is chunk by chunk from the signature to IEND: bounds, order, and the checksums of the chunks that a
    picture cannot do without. The picture is never unpacked, so that 50,000 × 50,000 points cost what 10 × 10 do. A
    library that knows PNG decodes it, and one that looks at its first bytes passes half a file.
    """
    try:
        return tuple(_png_faults(content))
    except _UnsoundError as error:
        return (error.finding,)


def _png_faults(content: bytes) -> Iterator[Finding]:
    chunks = list(_chunks(content))
    names = {chunk.name for chunk in chunks}
    header = chunks[0]
    if header.name != b"IHDR" or len(header.body) != _HEADER.size:
        raise _damaged_png("its first part is not the header of a picture")
    if b"IDAT" not in names:
        raise _damaged_png("it holds no picture")
    width, height = _HEADER.unpack(header.body)[:2]
    if not (width and height):
        raise _damaged_png("its picture has no points")
    yield from _size_findings(width, height)
    yield from end_findings("PNG", content, chunks[-1].end)


def _chunks(content: bytes) -> Iterator[_Chunk]:
    """Return the chunks up to IEND, each of them sound."""
    if not content.startswith(_SIGNATURE):
        if _SIGNATURE.startswith(content):
            raise _cut_png()
        raise _damaged_png("its first bytes were changed, as by a transfer in text mode")
    view, at, name = memoryview(content), len(_SIGNATURE), b""
    while name != b"IEND":
        if at + _AROUND > len(content):
            raise _cut_png()
        length, name = _CHUNK.unpack_from(content, at)
        end = at + _AROUND + length
        if not name.isalpha():
            raise _damaged_png(f"what stands at byte {at:,} is no part of a picture")
        if end > len(content):
            raise _cut_png()
        if name[:1].isupper() and zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end]):
            raise _damaged_png(f"the checksum of its part {name.decode()} is wrong")
        yield _Chunk(name, view[at + 8 : end - 4], end)
        at = end


def _size_findings(width: int, height: int) -> Iterator[Finding]:
    if max(width, height) > _LONGEST_SIDE or width * height > _MOST_POINTS:
        yield Finding("document-huge-picture", details={"width": width, "height": height})


def _cut_png() -> _UnsoundError:
    return _UnsoundError(Finding("document-truncated", details={"why": "the mark of its end (IEND) is missing"}))


def _damaged_png(why: str) -> _UnsoundError:
    return _UnsoundError(Finding("document-damaged", details={"kind": "PNG", "why": why}))


# -- JPEG


def jpeg_findings(content: bytes) -> tuple[Finding, ...]:
    """Return everything that is wrong with the bytes of a JPEG; never raises.

    Looked at is segment by segment from the first to the mark of the end. The picture is never unpacked. What cameras
    and phones put behind the end (another picture, a film) does not count, unless it makes another document of the
    file.
    """
    try:
        return tuple(_jpeg_faults(content))
    except _UnsoundError as error:
        return (error.finding,)


def _jpeg_faults(content: bytes) -> Iterator[Finding]:
    sizes: list[tuple[int, int]] = []
    has_picture, at, end = False, len(_JPEG_START), 0
    while not end:
        mark, at = _mark_at(content, at)
        if mark == _JPEG_END:
            end = at
        elif mark not in _ALONE:
            body = _segment(content, at)
            at += _LENGTH.size + len(body)
            if mark in _FRAMES:
                sizes.append(_size_in(body))
            elif mark == _SCAN:
                has_picture = True
                at = _behind_scan(content, at)
    if not (sizes and has_picture):
        raise _damaged_jpeg("it holds no picture")
    width, height = sizes[0]
    if not (width and height):
        raise _damaged_jpeg("its picture has no points")
    yield from _size_findings(width, height)
    if _begins_archive(content, end) or content.find(b"%PDF-", end) >= 0:
        size = len(content) - end
        yield Finding("document-trailing-data", details={"kind": "JPEG", "size": size})
    elif _is_archive_too(content):
        raise _damaged_jpeg("it is a ZIP archive at the same time")


def bare_jpeg(content: bytes) -> tuple[bytes, int]:
    """Return a sound JPEG without all that is no picture, and the mark of its frame, which says how it is coded.

    What goes is what a camera noted, such as the place and a preview, profiles, remarks, and whatever stands behind the
    end. The points are not touched.
    """
    kept, frame, at, mark = bytearray(_JPEG_START), 0, len(_JPEG_START), 0
    while mark != _JPEG_END:
        mark, at = _mark_at(content, at)
        if mark in _ALONE or mark == _JPEG_END:
            kept += bytes((0xFF, mark))
            continue
        begin, body = at, _segment(content, at)
        at += _LENGTH.size + len(body)
        if mark == _SCAN:
            at = _behind_scan(content, at)
        if mark in _FRAMES:
            frame = frame or mark
        if mark not in _NOTES or body.startswith(b"Adobe"):
            kept += bytes((0xFF, mark)) + content[begin:at]
    return bytes(kept), frame


def _mark_at(content: bytes, at: int) -> tuple[int, int]:
    """Return the mark at a place, and where what follows it begins; before a mark may stand any number of 0xFF."""
    found = _MARK.match(content, at)
    if found is None:
        if not content[at:].strip(b"\xff"):
            raise _cut_jpeg()
        raise _damaged_jpeg(f"what stands at byte {at:,} is no part of a picture")
    return found[1][0], found.end()


def _segment(content: bytes, at: int) -> bytes:
    if at + _LENGTH.size > len(content):
        raise _cut_jpeg()
    (length,) = _LENGTH.unpack_from(content, at)
    if length < _LENGTH.size:
        raise _damaged_jpeg(f"what stands at byte {at:,} is no part of a picture")
    if at + length > len(content):
        raise _cut_jpeg()
    return content[at + _LENGTH.size : at + length]


def _size_in(frame: bytes) -> tuple[int, int]:
    """Return width and height in a frame's header."""
    if len(frame) < _FRAME.size:
        raise _damaged_jpeg("it holds no picture")
    _, height, width = _FRAME.unpack_from(frame)
    return width, height


def _behind_scan(content: bytes, at: int) -> int:
    """Return where the next mark is behind the points of a picture, in which some marks may stand."""
    found = _NEXT_MARK.search(content, at)
    if found is None:
        raise _cut_jpeg()
    return found.start()


def _cut_jpeg() -> _UnsoundError:
    return _UnsoundError(Finding("document-truncated", details={"why": "the mark of its end (EOI) is missing"}))


def _damaged_jpeg(why: str) -> _UnsoundError:
    return _UnsoundError(Finding("document-damaged", details={"kind": "JPEG", "why": why}))


# -- behind the end


def end_findings(kind: str, content: bytes, end: int) -> Iterator[Finding]:
    """Return the faults of a document for what is attached behind its end, or for being a ZIP archive as well.

    A file that is two files at once shows different people different things. ZIP is read from its end, PDF and PNG
    from their beginning, so one file can be both. An archive that is merely attached inside does not reach the file's
    end, and does not count.

    Args:
        kind: `PDF` or `PNG`, for messages.
        content: the whole file.
        end: where the document ends by its own marks.
    """
    size = len(content[end:].rstrip(_FILLING))
    if size > TRAILING_LIMIT or _begins_archive(content, end):
        yield Finding("document-trailing-data", details={"kind": kind, "size": size})
    elif _is_archive_too(content):
        yield Finding("document-damaged", details={"kind": kind, "why": "it is a ZIP archive at the same time"})


def _begins_archive(content: bytes, at: int) -> bool:
    """Whether anything after a place looks like a member or the directory of an archive."""
    return any(content.find(mark, at) >= 0 for mark in _MEMBERS)


def _is_archive_too(content: bytes) -> bool:
    """Whether a ZIP reader would open the content: a directory's end whose comment ends where the content does."""
    at = content.rfind(_ZIP_END, max(0, len(content) - _SIZE_OF_END - _LONGEST_COMMENT))
    if at < 0 or at + _SIZE_OF_END > len(content):
        return False
    members, comment = _COUNT_AND_COMMENT.unpack_from(content, at + 10)
    return bool(members) and at + _SIZE_OF_END + int(comment) == len(content)
