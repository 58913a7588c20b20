"""Scans of documents that prove nothing: the smallest files that are what they say.

Nothing is compressed, so that the bytes are the same whatever version of zlib is installed.
"""

import hashlib
import struct
import zlib
from collections.abc import Sequence

_PNG = b"\x89PNG\r\n\x1a\n"
_CELLS = 7  # of a picture, across and down
_PIXELS = 8  # of a cell


def pdf(lines: tuple[str, ...]) -> bytes:
    """One A4 page with these lines of text."""
    shown = "".join(f"({line}) Tj T*\n" for line in ("SPECIMEN", *lines, "Invented; proves nothing."))
    text = f"BT /F1 16 Tf 24 TL 72 760 Td\n{shown}ET".encode("ascii")
    return assembled(page_of(text))


def page_of(content: bytes) -> tuple[bytes, ...]:
    """The objects of a PDF of one page; the first is its catalogue, the second its page tree."""
    return (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    )


def assembled(bodies: Sequence[bytes], *, in_trailer: bytes = b"") -> bytes:
    """A PDF of these objects, the first of which is its catalogue."""
    content, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(b"%010d 00000 n \n" % len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    xref = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(bodies) + 1, b"".join(places))
    trailer = b"trailer\n<< /Size %d /Root 1 0 R%s >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(bodies) + 1,
        in_trailer,
        len(content),
    )
    return content + xref + trailer


def png(lines: tuple[str, ...]) -> bytes:
    """A small black and white picture, another one for other lines."""
    bits = int.from_bytes(hashlib.sha256("\n".join(lines).encode()).digest())
    side = _CELLS * _PIXELS
    pixels = b""
    for y in range(side):
        cells = (bits >> (y // _PIXELS * _CELLS + x) & 1 for x in range(_CELLS))
        pixels += b"\0" + bytes(255 * cell for cell in cells)  # a cell is one byte of eight 1-bit pixels
    return picture(side, side, pixels)


def picture(width: int, height: int, pixels: bytes, *, padding: int = 0) -> bytes:
    """A black and white PNG that says it has this size, with a part of so many zeros that no viewer heeds."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"paDd", b"\0" * padding), (b"IDAT", _stored(pixels)), (b"IEND", b""))
    return _PNG + b"".join(_chunk(name, body) for name, body in parts if body or name == b"IEND")


def jpeg(lines: tuple[str, ...] = ()) -> bytes:
    """A grey square of 8 by 8 pixels, with the lines in a comment."""
    comment = ((0xFE, "\n".join(lines).encode()),) if lines else ()
    tables = (
        (0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
        *comment,
        (0xDB, b"\0" + b"\1" * 64),  # quantisation: none
        (0xC0, b"\x08\0\x08\0\x08\1\1\x11\0"),  # 8 bits, 8 by 8, one component
        (0xC4, b"\0\1" + b"\0" * 15 + b"\0"),  # one code each, of one bit: no difference in brightness …
        (0xC4, b"\x10\1" + b"\0" * 15 + b"\0"),  # … and no detail
        (0xDA, b"\1\1\0\0\x3f\0"),
    )
    segments = (b"\xff%c%s%s" % (mark, struct.pack(">H", len(body) + 2), body) for mark, body in tables)
    return b"\xff\xd8" + b"".join(segments) + b"\x3f" + b"\xff\xd9"


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _stored(content: bytes) -> bytes:
    """One uncompressed block of zlib's format; at most 65,535 bytes."""
    length = len(content)
    return (
        b"\x78\x01\x01"
        + struct.pack("<HH", length, length ^ 0xFFFF)
        + content
        + struct.pack(">I", zlib.adler32(content))
    )
