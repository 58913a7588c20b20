"""An entry as a ledger line, and back: the line format, version 1.

See docs/design/ledger.md, Line format.

A ledger is a file of lines, each ended by the one byte LF; nothing else ends a line. A line is one JSON object in
ASCII: whatever is not ASCII stands as a `\\uXXXX` escape, a lone surrogate as `?`. Its keys are sorted and without
blanks between them, except that `crc` comes last:

    {"at":"2026-01-05T10:00:00.123Z","entry":"swept","records":3,"seq":17,"v":1,"crc":"9f3a01c2"}

`crc` is the CRC-32 of the bytes before `,"crc":`, as eight lower-case hexadecimal digits. It is compared byte by byte,
never as a number: a number may be written in more than one way, so a flipped bit could pass.

`v` is the version of the format, `seq` counts the lines from 1, `at` is the instant (UTC, milliseconds, Z), `entry`
names what happened; the other fields are those of `model.entry`, and a field that has its default is left out. There
is no NaN, no key twice, and no line above 64 KiB.

A reader ignores fields it does not know. An entry it does not know is skipped, unless the line says `"crit":true`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from struct import pack
from typing import get_args
from zlib import crc32

import msgspec

from bulk_onboard.model.entry import VERSION, AnyEntry, Entry

LONGEST_LINE = 64 * 1024
ENTRY_NAMES = frozenset(entry.name() for entry in get_args(AnyEntry))

_BEFORE_CRC, _AFTER_CRC = ',"crc":"', '"}'
_END_LENGTH = len(f"{_BEFORE_CRC}00000000{_AFTER_CRC}")

_encoder = msgspec.json.Encoder(order="sorted")
_decoder: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(AnyEntry)


class LineFault(StrEnum):
    """What is wrong with a line."""

    CHECKSUM = "its checksum does not fit"
    MALFORMED = "it is not a ledger line"
    NEWER = "it was written by a newer version of bulk-onboard"
    CRITICAL = "it holds an entry that this version of bulk-onboard does not know and must not skip"


class LineError(ValueError):
    """A line that cannot be read; `fault` says why."""

    def __init__(self, fault: LineFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class _Header(msgspec.Struct):
    """What every line has, whichever version wrote it."""

    entry: str
    v: int
    seq: int
    at: str = ""
    crit: bool = False


def stamp(entry: Entry, *, seq: int, now: datetime) -> Entry:
    """Return the entry as line number `seq`, written at `now` (aware, UTC)."""
    at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return msgspec.structs.replace(entry, v=VERSION, seq=seq, at=at)


def encode(entry: Entry) -> bytes:
    """Return the line of a stamped entry, newline included.

    Raise LineError where it could not be read back.
    """
    try:
        text = _encoder.encode(entry)
    except UnicodeEncodeError:
        text = _in_ascii(entry)
    body = text[:-1] if text.isascii() else _in_ascii(entry)[:-1]
    line = body + _ends([body])
    decode(line)
    return line + b"\n"


def decode(line: bytes) -> Entry:
    """Return the entry of a line, given without its newline.

    Raise LineError when it cannot be read.

    An unknown entry that may be skipped is returned as a bare `Entry`, which has a number and changes nothing.
    """
    if not checksums_fit([line]):
        raise LineError(LineFault.CHECKSUM)
    return next(decode_all([line]))


def decode_all(lines: Iterable[bytes]) -> Iterator[Entry]:
    """Yield the entries of lines whose checksums fit, as `decode` would, but faster."""
    for line in lines:
        try:
            entry = _decoder.decode(line)
        except (msgspec.DecodeError, RecursionError):
            entry = _skipped(line)
        if entry.v != VERSION:
            raise LineError(LineFault.NEWER if entry.v > VERSION else LineFault.MALFORMED)
        if len(line) >= LONGEST_LINE:
            raise LineError(LineFault.MALFORMED)
        yield entry


def checksums_fit(lines: Sequence[bytes]) -> bool:
    """Return whether each line ends in the checksum of what stands before it.

    One comparison is the fastest way.
    """
    return b"".join([line[-_END_LENGTH:] for line in lines]) == _ends([line[:-_END_LENGTH] for line in lines])


def _ends(bodies: Sequence[bytes]) -> bytes:
    """Return the ends of lines with these bodies, joined: their checksums."""
    if not bodies:
        return b""
    checksums = pack(f">{len(bodies)}I", *map(crc32, bodies)).hex(",", 4)
    return (_BEFORE_CRC + checksums.replace(",", _AFTER_CRC + _BEFORE_CRC) + _AFTER_CRC).encode("ascii")


def _in_ascii(entry: Entry) -> bytes:
    text = json.dumps(msgspec.to_builtins(entry), ensure_ascii=False).encode("utf-8", "replace")
    return json.dumps(json.loads(text), ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")


def _skipped(line: bytes) -> Entry:
    """Return a bare entry for a line without a known entry of this version.

    Raise LineError where it may not be skipped.
    """
    try:
        header = msgspec.json.decode(line, type=_Header)
    except (msgspec.DecodeError, RecursionError):
        raise LineError(LineFault.MALFORMED) from None
    if header.v > VERSION:
        raise LineError(LineFault.NEWER)
    if header.v < VERSION or header.entry in ENTRY_NAMES:
        raise LineError(LineFault.MALFORMED)
    if header.crit:
        raise LineError(LineFault.CRITICAL)
    return Entry(v=header.v, seq=header.seq, at=header.at)
