"""What is wrong with a PNG, without decoding it (reliability.md 4.4; PNG specification 5).

Chunk by chunk from the signature to IEND: bounds, order, and the checksums of the chunks a picture cannot do without.
The picture itself is never unpacked, so that 50,000 × 50,000 points cost what 10 × 10 do. No library: one that knows
PNG decodes it, and a magic number alone passes half a file.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from bulk_onboard.intake.documents.archive import end_findings
from bulk_onboard.model.finding import Finding

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK = struct.Struct(">I4s")
_AROUND = 12  # length, name and checksum
_HEADER = struct.Struct(">II5B")
_LONGEST_SIDE = 10_000
_MOST_POINTS = 100_000_000


class _Chunk(NamedTuple):
    name: bytes
    body: memoryview
    end: int


class _UnsoundError(Exception):
    """The walk cannot go on; carries the finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def png_findings(content: bytes) -> tuple[Finding, ...]:
    """Everything that is wrong with the bytes of a PNG; never raises."""
    try:
        return tuple(_findings(content))
    except _UnsoundError as error:
        return (error.finding,)


def _findings(content: bytes) -> Iterator[Finding]:
    chunks = list(_chunks(content))
    names = {chunk.name for chunk in chunks}
    header = chunks[0]
    if header.name != b"IHDR" or len(header.body) != _HEADER.size:
        raise _damaged("its first part is not the header of a picture")
    if b"IDAT" not in names:
        raise _damaged("it holds no picture")
    width, height = _HEADER.unpack(header.body)[:2]
    if not (width and height):
        raise _damaged("its picture has no points")
    if max(width, height) > _LONGEST_SIDE or width * height > _MOST_POINTS:
        yield Finding("document-huge-picture", details={"width": width, "height": height})
    yield from end_findings("PNG", content, chunks[-1].end)


def _chunks(content: bytes) -> Iterator[_Chunk]:
    """The chunks up to IEND, each of them sound."""
    if not content.startswith(_SIGNATURE):
        if _SIGNATURE.startswith(content):
            raise _cut()
        raise _damaged("its first bytes were changed, as by a transfer in text mode")
    view, at, name = memoryview(content), len(_SIGNATURE), b""
    while name != b"IEND":
        if at + _AROUND > len(content):
            raise _cut()
        length, name = _CHUNK.unpack_from(content, at)
        end = at + _AROUND + length
        if not name.isalpha():
            raise _damaged(f"what stands at byte {at:,} is no part of a picture")
        if end > len(content):
            raise _cut()
        if name[:1].isupper() and zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end]):
            raise _damaged(f"the checksum of its part {name.decode()} is wrong")
        yield _Chunk(name, view[at + 8 : end - 4], end)
        at = end


def _cut() -> _UnsoundError:
    return _UnsoundError(Finding("document-truncated", details={"why": "the mark of its end (IEND) is missing"}))


def _damaged(why: str) -> _UnsoundError:
    return _UnsoundError(Finding("document-damaged", details={"kind": "PNG", "why": why}))
