"""Zip archives that no honest program writes."""

import io
import struct
import zlib
from collections.abc import Iterable, Mapping

from tests.odd_files.handwritten import Parts

_BLOCK = 1 << 20


def bomb(files: Parts, name: str, *, mebibytes: int, claims: int | None = None) -> bytes:
    """The archive with one part that inflates to so many MiB of blanks; `claims` is the size it owns up to."""
    deflated, crc, size = _blanks(mebibytes)
    return _written([*_stored(files), (name, deflated, 8, crc, size if claims is None else claims, 0)])


def doubled(files: Parts, name: str, content: bytes) -> bytes:
    """The archive with a second part of the same name."""
    return _written([*_stored(files), *_stored({name: content})])


def named(files: Parts, name: str) -> bytes:
    """The archive with a part more, called like that."""
    return _written([*_stored(files), *_stored({name: b"<x/>"})])


def encrypted(files: Parts) -> bytes:
    """The archive whose parts say that they are encrypted."""
    return _written([(name, body, how, crc, size, 1) for name, body, how, crc, size, _ in _stored(files)])


def overlapping(files: Parts, name: str, other: str) -> bytes:
    """The archive with a further entry whose bytes are those of another one."""
    return _written(_stored(files), borrowed={other: name})


def with_entries(files: Parts, count: int) -> bytes:
    """The archive with so many empty parts more."""
    return _written([*_stored(files), *_stored({f"customXml/item{at}.xml": b"" for at in range(count)})])


def cut(content: bytes, share: float) -> bytes:
    """The first part of it."""
    return content[: int(len(content) * share)]


_Entry = tuple[str, bytes, int, int, int, int]  # name, body, how it is compressed, crc, size it claims, flags


def _stored(files: Parts) -> list[_Entry]:
    return [(name, body, 0, zlib.crc32(body), len(body), 0) for name, body in files.items()]


def _blanks(mebibytes: int) -> tuple[bytes, int, int]:
    block, deflater, crc = b" " * _BLOCK, zlib.compressobj(9, wbits=-15), 0
    first = deflater.compress(block) + deflater.flush(zlib.Z_FULL_FLUSH)
    again = deflater.compress(block) + deflater.flush(zlib.Z_FULL_FLUSH)
    for _ in range(mebibytes):
        crc = zlib.crc32(block, crc)
    return first + again * (mebibytes - 1) + deflater.flush(), crc, mebibytes * _BLOCK


def _written(entries: Iterable[_Entry], borrowed: Mapping[str, str] | None = None) -> bytes:
    """Local headers and bodies, the central directory, its end; `borrowed` names point to another's local header."""
    kept, places, listed = io.BytesIO(), {}, []
    for name, body, how, crc, size, flags in entries:
        places[name] = kept.tell()
        fields = (20, flags, how, 0, 33, crc, len(body), size, len(name.encode()), 0)
        kept.write(struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", *fields) + name.encode() + body)
        listed.append((name, fields, places[name]))
    fields_of = {name: fields for name, fields, _ in listed}
    for other, name in (borrowed or {}).items():
        listed.append((other, (*fields_of[name][:8], len(other.encode()), 0), places[name]))
    begin = kept.tell()
    for name, fields, place in listed:
        kept.write(struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, *fields, 0, 0, 0, 0, place) + name.encode())
    kept.write(struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, len(listed), len(listed), kept.tell() - begin, begin, 0))
    return kept.getvalue()
