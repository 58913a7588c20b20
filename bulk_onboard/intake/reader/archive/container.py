"""The zip archive a workbook is: what may be unpacked, before any parser sees it (reliability.md 4.1).

The rule: an archive that claims too much, or whose directory and content disagree, is refused, because two parsers
may see two workbooks in it, or one of them none at all. Sizes are counted while inflating; headers lie.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from bulk_onboard.errors import WorkbookError

MAX_PART = 400_000_000
MAX_TOTAL = 600_000_000
MAX_RATIO = 200
RATIO_MATTERS_FROM = 1_000_000
MAX_ENTRIES = 5_000

HEAD = 1 << 10
"""Enough bytes of a part's beginning to tell what it is."""

_INPUT = 1 << 14
_OUTPUT = 1 << 18
_LOCAL_HEADER = 30
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True)
class Part:
    """One entry of the archive.

    Attributes:
        name: as the archive has it.
        size: of its content, as the directory claims.
        offset: where its header begins in the file.
        begin: where its bytes begin.
        end: where they end.
    """

    name: str
    size: int
    offset: int
    begin: int
    end: int
    crc: int
    deflated: bool


@dataclass(frozen=True, slots=True)
class Container:
    """The archive's bytes and its parts, by their names in lower case."""

    path: str
    content: bytes
    parts: dict[str, Part]

    def pieces(self, part: Part) -> Iterator[bytes]:
        """The part's content; WorkbookError when it is not what the directory claims.

        Pieces are large, and none but the last is shorter than `HEAD`.
        """
        size, crc, held = 0, 0, b""
        try:
            for piece in _inflated(memoryview(self.content)[part.begin : part.end], part):
                size += len(piece)
                crc = zlib.crc32(piece, crc)
                if size > part.size:
                    break
                held += piece
                if len(held) >= HEAD:
                    yield held
                    held = b""
        except zlib.error:
            raise damaged(self.path, f"its part {part.name} cannot be unpacked") from None
        if size != part.size or crc != part.crc:
            raise damaged(self.path, f"its part {part.name} is not what the archive says")
        if held:
            yield held

    def whole(self, name: str) -> bytes:
        """The content of a part; nothing where there is none of this name (in lower case)."""
        part = self.parts.get(name)
        return b"" if part is None else b"".join(self.pieces(part))


def open_container(path: str, content: bytes) -> Container:
    """The archive, its directory checked; WorkbookError for a damaged or dangerous one."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            directory = archive.start_dir
            comment = archive.comment
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError):
        raise damaged(path, "its end is missing or its directory broken; it may be cut off") from None
    _refuse_bombs(path, entries)
    if b"PK\x05\x06" in comment:
        raise _dangerous(path, "has two directories")
    parts = [_part(path, content, entry) for entry in entries]
    _refuse_ambiguity(path, parts, directory)
    return Container(path, content, {part.name.lower(): part for part in parts})


def damaged(path: str, why: str) -> WorkbookError:
    """The error for a file that is what it says, but cannot be read."""
    return WorkbookError(f"{path} is damaged: {why}. Open it in Excel and save it anew, or copy it again.")


def _dangerous(path: str, why: str) -> WorkbookError:
    return WorkbookError(
        f"{path} is refused: its archive {why}, which no spreadsheet program writes. "
        "Ask where it comes from; if you trust it, open it in Excel and save it anew."
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


def _part(path: str, content: bytes, entry: zipfile.ZipInfo) -> Part:
    if entry.flag_bits & _ENCRYPTED:
        raise WorkbookError(f"{path} is protected by a password. Save it without a password.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _dangerous(path, "is packed in an unusual way")
    if "\\" in entry.orig_filename or "\0" in entry.orig_filename:
        raise _dangerous(path, "has a part with an impossible name")
    if entry.filename.startswith("/") or ".." in entry.filename.split("/") or ":" in entry.filename:
        raise _dangerous(path, "has a part that points outside of it")
    offset = entry.header_offset
    header = content[offset : offset + _LOCAL_HEADER]
    if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
        raise damaged(path, "a part is not where the directory says")
    name_end = offset + _LOCAL_HEADER + int.from_bytes(header[26:28], "little")
    begin = name_end + int.from_bytes(header[28:30], "little")
    encoding = "utf-8" if entry.flag_bits & 0x800 else "cp437"
    if content[offset + _LOCAL_HEADER : name_end] != entry.orig_filename.encode(encoding, "replace"):
        raise _dangerous(path, "calls a part by two names")
    deflated = entry.compress_type == zipfile.ZIP_DEFLATED
    return Part(entry.filename, entry.file_size, offset, begin, begin + entry.compress_size, entry.CRC, deflated)


def _refuse_ambiguity(path: str, parts: list[Part], directory: int) -> None:
    if len({part.name.lower() for part in parts}) < len(parts):
        raise _dangerous(path, "has two parts of one name")
    ordered = sorted(parts, key=lambda part: part.offset)
    if ordered and ordered[0].offset:
        raise _dangerous(path, "begins with something else")
    ends = [part.end for part in ordered]
    begins = [*(part.offset for part in ordered), directory][1:]
    if any(end > offset for end, offset in zip(ends, begins, strict=True)):
        raise _dangerous(path, "has parts that overlap")


def _inflated(packed: memoryview, part: Part) -> Iterator[bytes]:
    if not part.deflated:
        for start in range(0, len(packed), _OUTPUT):
            yield bytes(packed[start : start + _OUTPUT])
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for start in range(0, len(packed), _INPUT):  # small pieces: what is left over is copied at every turn
        rest: bytes | memoryview = packed[start : start + _INPUT]
        while rest and not inflater.eof:
            if piece := inflater.decompress(rest, _OUTPUT):
                yield piece
            rest = inflater.unconsumed_tail
    if piece := inflater.flush():
        yield piece
