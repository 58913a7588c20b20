"""An .xlsb written by hand: the binary parts of a workbook of texts and numbers ([MS-XLSB] 2.1.4, 2.4)."""

import struct
from collections.abc import Sequence

from tests.odd_files.handwritten import Parts, parts, relations, zipped

_ROW, _NUMBER, _TEXT, _FAULT = 0, 5, 6, 3
_BEGIN_SHEET, _END_SHEET, _BEGIN_DATA, _END_DATA, _DIMENSION = 129, 130, 145, 146, 148
_BEGIN_BOOK, _END_BOOK, _BEGIN_SHEETS, _END_SHEETS, _SHEET = 131, 132, 143, 144, 156
NOT_AVAILABLE = b"\x2a"

Value = str | float | bytes


def xlsb(rows: Sequence[Sequence[Value]]) -> bytes:
    """A workbook of one sheet; empty texts are cells that do not exist, one byte is an error's number."""
    return zipped(binary_parts(rows))


def binary_parts(rows: Sequence[Sequence[Value]]) -> Parts:
    """All parts of it under their names."""
    plain = parts()
    listed = (_SHEET, struct.pack("<II", 0, 1) + _wide("rId1") + _wide("Businesses"))
    ends = ((_BEGIN_BOOK, b""), (_BEGIN_SHEETS, b"")), ((_END_SHEETS, b""), (_END_BOOK, b""))
    return {
        "[Content_Types].xml": plain["[Content_Types].xml"].replace(b"workbook.xml", b"workbook.bin"),
        "_rels/.rels": plain["_rels/.rels"].replace(b"workbook.xml", b"workbook.bin"),
        "xl/_rels/workbook.bin.rels": relations([("worksheet", "worksheets/sheet1.bin")]).encode(),
        "xl/workbook.bin": _records(*ends[0], listed, *ends[1]),
        "xl/worksheets/sheet1.bin": _sheet(rows),
    }


def _sheet(rows: Sequence[Sequence[Value]]) -> bytes:
    dimension = struct.pack("<IIII", 0, len(rows) - 1, 0, max(map(len, rows)) - 1)
    records = [(_BEGIN_SHEET, b""), (_DIMENSION, dimension), (_BEGIN_DATA, b"")]
    for at, cells in enumerate(rows):
        records.append((_ROW, struct.pack("<IIHBBBI", at, 0, 300, 0, 0, 0, 0)))
        records += [_cell(place, value) for place, value in enumerate(cells) if value != ""]
    return _records(*records, (_END_DATA, b""), (_END_SHEET, b""))


def _cell(place: int, value: Value) -> tuple[int, bytes]:
    head = struct.pack("<II", place, 0)
    if isinstance(value, bytes):
        return _FAULT, head + value
    return (_TEXT, head + _wide(value)) if isinstance(value, str) else (_NUMBER, head + struct.pack("<d", value))


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _records(*records: tuple[int, bytes]) -> bytes:
    return b"".join(_short(kind) + _size(len(body)) + body for kind, body in records)


def _short(kind: int) -> bytes:
    return bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])


def _size(size: int) -> bytes:
    low, rest = size & 0x7F, size >> 7
    return bytes([low | 0x80]) + _size(rest) if rest else bytes([low])
