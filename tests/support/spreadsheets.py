"""Spreadsheets written by hand, part by part: for what no spreadsheet program would write. All data invented."""

import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"

Parts = dict[str, str | bytes]


def worksheet(data: str, before: str = "", after: str = "") -> str:
    """A sheet's part around its rows: `before` and `after` are what stands around `sheetData`."""
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{data}</sheetData>{after}</worksheet>'


def row(number: int, *cells: str, attributes: str = "") -> str:
    """One row of cells that are written already."""
    return f'<row r="{number}" {attributes}>{"".join(cells)}</row>'


def text(reference: str, content: str) -> str:
    """A cell of text; `content` is XML."""
    return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{content}</t></is></c>'


def cell(reference: str, value: str, *, kind: str = "n", style: int = 0, formula: str = "") -> str:
    """A cell with a value, or with a formula and its result."""
    return f'<c r="{reference}" t="{kind}" s="{style}">{formula}<v>{value}</v></c>'


def texts(*rows: Sequence[str]) -> str:
    """Rows of text from A1 on."""
    lines = (
        row(number, *(text(f"{chr(65 + i)}{number}", word) for i, word in enumerate(words)))
        for number, words in enumerate(rows, 1)
    )
    return "".join(lines)


def xlsx_parts(sheets: Mapping[str, str], **other: str | bytes) -> Parts:
    """The parts of a workbook; `other` adds or replaces some, `xl__styles_xml` for `xl/styles.xml`.

    Args:
        sheets: by name, the XML of each sheet's part.
        other: further parts.
    """
    numbered = list(enumerate(sheets.items(), 1))
    named = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, (name, _) in numbered)
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n, _ in numbered
    )
    parts: Parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/></Types>',
        "_rels/.rels": _relationships(
            f'<Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/>'
        ),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{named}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relationships(
            relations
            + f'<Relationship Id="rId998" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
            + f'<Relationship Id="rId999" Type="{RELATIONS}/styles" Target="styles.xml"/>'
        ),
        "xl/styles.xml": styles(),
        **{f"xl/worksheets/sheet{n}.xml": part for n, (_, part) in numbered},
    }
    return parts | {_part_name(name): content for name, content in other.items()}


def styles(*formats: str) -> str:
    """A styles part: style 0 is General, style 1 a date, those from 2 on have the formats given."""
    codes = "".join(f'<numFmt numFmtId="{164 + i}" formatCode="{code}"/>' for i, code in enumerate(formats))
    uses = "".join(f'<xf numFmtId="{164 + i}" applyNumberFormat="1"/>' for i in range(len(formats)))
    return (
        f'<styleSheet xmlns="{MAIN}"><numFmts count="{len(formats)}">{codes}</numFmts>'
        f'<cellStyleXfs count="1"><xf numFmtId="0"/></cellStyleXfs>'
        f'<cellXfs count="{2 + len(formats)}"><xf numFmtId="0"/><xf numFmtId="14"/>{uses}</cellXfs></styleSheet>'
    )


def write_zip(path: Path, parts: Mapping[str, str | bytes] | Sequence[tuple[str, str | bytes]]) -> Path:
    """The parts as an archive, in their order; pairs may have one name twice."""
    pairs = parts.items() if isinstance(parts, Mapping) else parts
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in pairs:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def write_xlsx(path: Path, data: str, **other: str | bytes) -> Path:
    """A workbook of one sheet, S, with the rows given; `other` as in `xlsx_parts`."""
    return write_zip(path, xlsx_parts({"S": worksheet(data)}, **other))


def ole(*streams: str) -> bytes:
    """What looks like an OLE file with streams of these names; nothing can be read from it."""
    directory = b"".join(name.encode("utf-16-le").ljust(64, b"\0") + b"\0" * 64 for name in ("Root Entry", *streams))
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + directory


def lie_about_size(path: Path, part: str, size: int) -> Path:
    """Make the archive's directory claim another size of a part's content."""
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(part)
        place = content.index(b"PK\x01\x02", archive.start_dir)
    while content[place + 46 : place + 46 + len(part)] != part.encode():
        place = content.index(b"PK\x01\x02", place + 4)
    content[place + 24 : place + 28] = struct.pack("<I", size)
    content[entry.header_offset + 22 : entry.header_offset + 26] = struct.pack("<I", size)
    path.write_bytes(content)
    return path


def _relationships(content: str) -> str:
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{content}</Relationships>'
    )


def _part_name(name: str) -> str:
    """`xl__styles_xml` is `xl/styles.xml`."""
    return ".".join(name.replace("__", "/").rsplit("_", 1))
