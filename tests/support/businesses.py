"""Invented businesses: workbooks, rows and documents for whole-flow tests. Defaults, override what matters."""

import csv
import hashlib
import os
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HEADERS = (
    "Key", "Alias", "Business Name", "Registration Number", "Email", "Address Line 1", "City", "State", "Postal Code",
    "Country", "Number Type", "Identity Proof", "Address Proof", "Business Registration",
)  # fmt: skip
DOCUMENTS = ("Identity Proof", "Address Proof", "Business Registration")

RELEASED_DOCUMENTS = ("Registration Certificate", "GST certificate")
RELEASED_HEADERS = (
    "Key", "Alias", "Business Name", "Registration Number", "Email", "Address Line 1", "City", "State", "Postal Code",
    "Country", "Number Type", *RELEASED_DOCUMENTS, "Registration Certificate: Legal Name",
    "Authorised Signatory: Name of Signatory", "Authorised Signatory: Designation",
    "Authorised Signatory: Date of Appointment", "Numbers",
)  # fmt: skip
"""What the sandbox asks for in the released contract, of businesses."""

Cells = dict[str, str]


def business(number: int, **other: str) -> Cells:
    """One good row; `other` replaces cells by header, underscores for blanks."""
    cells = {
        "Business Name": f"Invented Traders {number} Private Limited",
        "Registration Number": f"U{72000 + number:05d}KA2020PTC{100000 + number:06d}",
        "Email": f"desk{number}@example.com",
        "Address Line 1": f"{number} Sample Road",
        "City": "Bengaluru",
        "State": "Karnataka",
        "Postal Code": f"{560001 + number % 99:06d}",
        "Country": "IN",
        "Number Type": "local",
        **{title: f"{number:04d}/{title.lower().replace(' ', '_')}.{_ending(title)}" for title in DOCUMENTS},
    }
    return cells | {name.replace("_", " "): text for name, text in other.items()}


def released_business(number: int, **other: str) -> Cells:
    """One good row for the released contract, of the number type mobile; `other` as for `business`."""
    cells = business(number, Number_Type="mobile") | {
        "Registration Certificate": f"{number:04d}/certificate.pdf",
        "GST certificate": f"{number:04d}/gst.jpg",
        "Authorised Signatory: Name of Signatory": f"Ravi Invented {number}",
        "Authorised Signatory: Designation": "Director",
        "Authorised Signatory: Date of Appointment": "2024-02-29",
    }
    named = {header: text for header, text in cells.items() if header in RELEASED_HEADERS}
    return named | {name.replace("_", " "): text for name, text in other.items()}


def _ending(title: str) -> str:
    return "png" if title == "Address Proof" else "pdf"


def write_documents(folder: Path, rows: Sequence[Cells]) -> None:
    """A file of its own for every document cell; what is there already stays."""
    for cells in rows:
        for title in (*DOCUMENTS, *RELEASED_DOCUMENTS):
            if not (name := cells.get(title)):
                continue
            path = folder / name
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(document(name))


def document(text: str, *, size: int = 0) -> bytes:
    """A small PDF, or a picture where the name says so, whose bytes depend on the text; filled up inside to `size`."""
    make = png if text.endswith(".png") else jpeg if text.endswith(".jpg") else pdf
    return make(text + " " * max(0, size - len(make(text))))


def pdf(text: str) -> bytes:
    """A PDF of one empty page, with the text as a comment."""
    return (
        f"%PDF-1.4\n% {text}\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R>>endobj\n"
        "trailer<</Root 1 0 R>>\n%%EOF\n"
    ).encode()


def png(text: str, *, width: int = 1, height: int = 1) -> bytes:
    """A PNG of one pixel, whatever size it claims, with the text in it."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    note = png_chunk(b"tEXt", b"Comment\0" + text.encode())
    picture = png_chunk(b"IDAT", zlib.compress(b"\0\0\0\0"))
    return b"\x89PNG\r\n\x1a\n" + header + note + picture + png_chunk(b"IEND", b"")


def jpeg(text: str, *, width: int = 8, height: int = 8) -> bytes:
    """A grey JPEG of 8 × 8 points, whatever size it claims, with the text in it."""
    segments = (
        (0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
        (0xFE, text.encode()),
        (0xDB, b"\0" + b"\1" * 64),
        (0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0"),
        (0xC4, b"\0\1" + b"\0" * 16),
        (0xC4, b"\x10\1" + b"\0" * 16),
        (0xDA, b"\1\1\0\0\x3f\0"),
    )
    return b"\xff\xd8" + b"".join(jpeg_segment(*each) for each in segments) + b"\x3f\xff\xd9"


def jpeg_segment(mark: int, body: bytes) -> bytes:
    """One part of a JPEG, with its length."""
    return struct.pack(">BBH", 0xFF, mark, len(body) + 2) + body


def png_chunk(name: bytes, body: bytes) -> bytes:
    """One part of a PNG, with its length and checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def write_workbook(path: Path, rows: Sequence[Mapping[str, str]], headers: Sequence[str] = HEADERS) -> Path:
    """The rows as xlsx or csv, by the path's ending; every cell as text. No run needs to wait for it."""
    table = [list(headers), *([cells.get(header, "") for header in headers] for cells in rows)]
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(table)
        return aged(path)
    from xlsxwriter import Workbook

    with Workbook(str(path)) as book:
        sheet = book.add_worksheet("Businesses")
        for row, cells in enumerate(table):
            for column, text in enumerate(cells):
                if text:
                    sheet.write_string(row, column, text)
    return aged(path)


def data_sheet(book: Any) -> Any:
    """Return the sheet with the businesses of an openpyxl workbook; an annotated copy begins with How to fix."""
    return next(sheet for sheet in book.worksheets if sheet.title != "How to fix")


def aged(path: Path) -> Path:
    """The file, as if it had been written ten seconds ago: a run waits for one that is still being written."""
    at = path.stat().st_mtime - 10.0
    os.utime(path, (at, at))
    return path


def sha256(content: bytes) -> str:
    """Hexadecimal digest."""
    return hashlib.sha256(content).hexdigest()
