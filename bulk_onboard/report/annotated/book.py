"""Read a workbook whole and write it again, in memory, with as little lost on the way as openpyxl allows.

Dates stay the numbers that the file holds and texts keep Excel's escapes, so that none changes; results of formulas
are carried over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.reader.excel import ExcelReader
from openpyxl.workbook.properties import CalcProperties
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.writer.excel import ExcelWriter

from bulk_onboard.report.annotated.escapes import as_openpyxl_reads
from bulk_onboard.report.annotated.formulas import Result, results_in, with_results
from bulk_onboard.report.annotated.unkept import unkept


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
    """The workbook in these bytes; whatever openpyxl raises where it cannot read them."""
    reader = _Reader(content)
    reader.read()
    with ZipFile(BytesIO(content)) as archive:
        results = {sheet.name: results_in(archive.read(rel.target)) for sheet, rel in reader.parser.find_sheets()}
        return Loaded(reader.wb, results, tuple(unkept(archive)), _has_uncalculated(reader.wb, results))


def save(loaded: Loaded) -> bytes:
    """The workbook as it is now."""
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
