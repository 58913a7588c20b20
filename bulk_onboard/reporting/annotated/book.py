"""Read a workbook whole and write it again with openpyxl, with as little lost as it allows.

Dates stay the numbers that the file holds and texts keep Excel's escapes, so that none changes. openpyxl drops the
results of formulas, so that a reader that does not calculate would find nothing; they are put back at the same address
where the copy still has a formula. Pictures are kept where Pillow is installed, all but those in Windows' own vector
formats.

openpyxl has no public way to any of this: its reader and writer open files by name, which the child may not, and
convert dates on the way. Hence the private names below.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.reader.excel import ExcelReader
from openpyxl.workbook.properties import CalcProperties
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.writer.excel import ExcelWriter

from bulk_onboard.reporting.annotated.base import as_openpyxl_reads


class Result(NamedTuple):
    """What a formula came to: the kind of value that the file says it is, empty for a number, and its text as XML."""

    kind: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Loaded:
    """A workbook of openpyxl's, and what openpyxl did not take in.

    Attributes:
        results: by the sheet's title, what its formulas came to.
        lost: what a copy cannot have, named for people.
        uncalculated: whether there are formulas without a result.
    """

    book: Any
    results: Mapping[str, Mapping[bytes, Result]]
    lost: tuple[str, ...]
    uncalculated: bool


def load(content: bytes) -> Loaded:
    """Return the workbook in these bytes; raise whatever openpyxl raises where it cannot read them."""
    reader = _Reader(content)
    reader.read()
    with ZipFile(BytesIO(content)) as archive:
        results = {sheet.name: results_in(archive.read(rel.target)) for sheet, rel in reader.parser.find_sheets()}
        return Loaded(reader.wb, results, tuple(unkept(archive)), _has_uncalculated(reader.wb, results))


def save(loaded: Loaded) -> bytes:
    """Return the workbook's bytes as it is now."""
    book = loaded.book
    book.calculation = book.calculation or CalcProperties()
    book.calculation.fullCalcOnLoad = True
    stream = BytesIO()
    writer = _Writer(book, ZipFile(stream, "w", ZIP_DEFLATED))
    writer.results = loaded.results
    writer.save()
    return stream.getvalue()


def _has_uncalculated(book: Any, results: Mapping[str, Mapping[bytes, Result]]) -> bool:
    return any(
        cell.data_type == "f" and cell.coordinate.encode() not in results[sheet.title]
        for sheet in book.worksheets
        for cell in sheet._cells.values()
    )


class _Archive(ZipFile):
    """Gives openpyxl parts whose texts it does not alter."""

    def open(self, name: Any, mode: Any = "r", *args: Any, **other: Any) -> Any:
        part = super().open(name, mode, *args, **other)
        return part if mode != "r" else BytesIO(as_openpyxl_reads(part.read()))


class _Reader(ExcelReader):
    def __init__(self, content: bytes) -> None:
        super().__init__(BytesIO(content), keep_vba=False, rich_text=True)
        self.archive = _Archive(BytesIO(content))

    def read_worksheets(self) -> None:
        book: Any = self.wb
        book._date_formats, book._timedelta_formats = set(), set()
        super().read_worksheets()


class _Writer(ExcelWriter):
    """Writes sheets without a temporary file, which the child has no right to open."""

    _archive: ZipFile
    results: Mapping[str, Mapping[bytes, Result]]

    def write_worksheet(self, ws: Any) -> None:
        ws._drawing = SpreadsheetDrawing()
        ws._drawing.charts = ws._charts
        ws._drawing.images = ws._images
        stream = BytesIO()
        writer: Any = WorksheetWriter(ws, stream)
        writer.write()
        ws._rels = writer._rels
        self._archive.writestr(ws.path[1:], with_results(stream.getvalue(), self.results.get(ws.title, {})))
        self.manifest.append(ws)


# Results of formulas.

_CALCULATED = re.compile(rb"<c\b([^>]*)>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*<v>([^<]*)</v>")
_ADDRESS = re.compile(rb'\br="([A-Z]+[0-9]+)"')
_KIND = re.compile(rb'\bt="(\w+)"')
_BARE = re.compile(rb'<c r="([A-Z]+[0-9]+)"([^>]*)>(<f\b[^>]*>[^<]*</f>)<v(?: ?/>|></v>)</c>')
"""A formula without a result. Where lxml is installed openpyxl writes with it, and that has no short `<v/>`."""


def results_in(sheet: bytes) -> dict[bytes, Result]:
    """Return the results of a worksheet's formulas, by the address of the cell; only that of a text may be empty."""
    found = {}
    for attributes, value in _CALCULATED.findall(sheet):
        kind = kind_found[1] if (kind_found := _KIND.search(attributes)) else b""
        if (address := _ADDRESS.search(attributes)) and (value or kind == b"str"):
            found[address[1]] = Result(kind, value)
    return found


def with_results(sheet: bytes, results: Mapping[bytes, Result]) -> bytes:
    """Return a worksheet as openpyxl wrote it, with results put back."""

    def put_back(match: re.Match[bytes]) -> bytes:
        address, attributes, formula = match.groups()
        result = results.get(address)
        if result is None:
            return match[0]
        kind = b' t="%s"' % result.kind if result.kind else b""
        return b'<c r="%s"%s%s>%s<v>%s</v></c>' % (address, attributes, kind, formula, result.value)

    return _BARE.sub(put_back, sheet) if results else sheet


# What is lost.

_PARTS: Mapping[str, str] = {  # a pattern of part names to what is lost with such a part
    r"xl/vbaProject\.bin": "macros",
    r"xl/threadedComments/": "the threads of comments (their text stays as notes)",
    r"xl/(ctrlProps|activeX)/": "buttons and other form controls",
    r"xl/slicer": "slicers",
    r"xl/timeline": "timelines",
    r"xl/diagrams/": "SmartArt",
    r"xl/embeddings/": "embedded objects",
    r"xl/(connections|queryTables/|model/)": "data connections",
    r"xl/charts/chartEx": "charts of the newer kinds",
    r"xl/richData/": "pictures and data types inside cells",
    r"customXml/item": "custom XML data",
    r"docMetadata/": "the sensitivity label",
    r"_xmlsignatures/": "digital signatures",
}
_IN_SHEETS: Mapping[bytes, str] = {
    b":sparklineGroup": "sparklines",
    b"x14:conditionalFormatting": "data bars and icon sets of Excel 2010 and later",
    b"x14:dataValidation": "drop-downs that take their words from another sheet",
}
_SHAPE = re.compile(rb"<(?:\w+:)?(?:sp|cxnSp|grpSp)[ >]")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_DRAWING = re.compile(r"xl/drawings/[^/]+\.xml")
_PICTURE = re.compile(r"xl/media/")
_VECTOR = re.compile(r"xl/media/.*\.(emf|wmf|svg)", re.IGNORECASE)


def unkept(archive: ZipFile) -> list[str]:
    """Return what the workbook has and a copy made by openpyxl has not, each once."""
    return list(dict.fromkeys((*_lost_parts(archive), *_lost_inside(archive))))


def _lost_parts(archive: ZipFile) -> Iterator[str]:
    pictures = _VECTOR if find_spec("PIL") else _PICTURE
    for name in archive.namelist():
        for pattern, lost in _PARTS.items():
            if re.match(pattern, name):
                yield lost
        if pictures.match(name):
            yield "pictures"


def _lost_inside(archive: ZipFile) -> Iterator[str]:
    for name in archive.namelist():
        if _DRAWING.fullmatch(name) and _SHAPE.search(archive.read(name)):
            yield "text boxes and shapes"
        if _SHEET.fullmatch(name):
            content = archive.read(name)
            yield from (lost for sign, lost in _IN_SHEETS.items() if sign in content)
