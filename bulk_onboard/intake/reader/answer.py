"""The child that reads a workbook, from its request to its answer: the file's bytes in; a head and columns out.

It finds out what the bytes are, reads the sheets that may be meant, picks the one that is, and sends its columns.
Which sheet and which headers are meant is never guessed: where the file does not say, an error asks.
"""

import codecs
import contextlib
import gc
import hashlib
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from pathlib import Path, PurePath
from typing import BinaryIO
from xml.parsers import expat

from bulk_onboard.confined.limits import shut_doors
from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake import delimited
from bulk_onboard.intake.reader import opendocument, xlsx
from bulk_onboard.intake.reader.container import ZIP, Container, container_kind, damaged, open_container
from bulk_onboard.intake.reader.grid import Book, Grid, framed
from bulk_onboard.intake.reader.sheet_rows import Column, SheetRows, XmlExtras, sheet_rows
from bulk_onboard.intake.reader.xlsx import Overview, overview_of
from bulk_onboard.intake.transport import Head, ReadRequest, SentColumn, encode, read_request_of
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.sheet import HOW_TO_FIX, MOST_ROWS, WorkbookType, column_letters

_CODECS = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp437")
"""What text, the names in an OLE file and those in a zip may be in; an encoding is loaded from a file at first use."""

_MOST_CELLS = 20_000_000
_BLANK_ROWS, _BLANK_COLUMNS = 1_000, 100  # where more than so many follow, the data is taken to end
_TELLS_LESS = (WorkbookType.XLS, WorkbookType.XLSB)


def answer(request: bytes, source: BinaryIO) -> Iterator[bytes]:
    """Return what `lines_of` makes of the file, from a process that can open nothing else."""
    gc.disable()  # nothing here refers to itself, and there are millions of cells
    asked = read_request_of(request)
    with contextlib.suppress(LookupError):  # whoever uses an encoding that does not exist tells it better
        for encoding in filter(None, (*_CODECS, asked.encoding)):
            codecs.lookup(encoding)
    shut_doors()
    return lines_of(asked, source.read())


def lines_of(asked: ReadRequest, content: bytes) -> Iterator[bytes]:
    """Return a line with the sheet's head, then one for each of its columns (`transport`).

    Raises:
        WorkbookError: it cannot be read, or it does not say which sheet or which headers are meant.
    """
    sheets = _sheets(asked, content)
    sheet = choose(asked.path, sheets, asked.header_row) if asked.sheet is None else sheets[0]
    del sheets  # the rows of all the others
    yield from _lines(asked, sheet, hashlib.sha256(content).hexdigest())


def _sheets(asked: ReadRequest, content: bytes) -> list[SheetRows]:
    """Return the sheets that may be meant: the one that is asked for, else every one that competes."""
    path = Path(asked.path)
    container = open_container(asked.path, content) if content.startswith(ZIP) else None
    kind = container_kind(asked.path, path.suffix.lower(), content, container.parts if container else ())
    if kind is not WorkbookType.TEXT:
        return _spreadsheet(asked, content, container, kind)
    if asked.sheet is not None and asked.sheet.casefold() != path.stem.casefold():
        raise WorkbookError(f'{path} has no sheet "{asked.sheet}". It has: "{path.stem}".')
    records = delimited.read_records(path, content, encoding=asked.encoding, header_row=asked.header_row)
    return [sheet_rows(path.stem, framed(records.rows), None)._replace(findings=records.findings)]


# -- a spreadsheet


def _spreadsheet(
    asked: ReadRequest, content: bytes, container: Container | None, kind: WorkbookType
) -> list[SheetRows]:
    """Read the named sheet, or every visible one; WorkbookError where it is damaged, dangerous, or has no such one."""
    path = asked.path
    try:
        seen = overview_of(container, kind) if container else Overview()
        book = Book(path, content)
        names = _named_or_competing(path, book, asked.sheet)
        if kind is WorkbookType.XLSX and not set(names) <= {
            name for name, part in seen.parts.items() if part in seen.found
        }:
            raise damaged(path, "a sheet has no part of its own")
        findings = _file_findings(path, container.parts if container else (), kind)
        return [_rows(book.grid(name), container, kind, seen, name)._replace(findings=findings) for name in names]
    except (expat.ExpatError, LookupError, UnicodeError) as error:
        raise damaged(path, f"a part of it is not as it must be ({type(error).__name__})") from None


def _named_or_competing(path: str, book: Book, sheet: str | None) -> list[str]:
    """Return the sheets to read: the named one, hidden or not; else every visible one that our copy did not add."""
    if sheet is None:
        return [name for name in book.visible if name.casefold() != HOW_TO_FIX.casefold()]
    for name in book.names:
        if name.casefold() == sheet.casefold():
            return [name]
    raise WorkbookError(f'{path} has no sheet "{sheet}". It has: {_listed(book.names)}.')


def _rows(grid: Grid, container: Container | None, kind: WorkbookType, seen: Overview, name: str) -> SheetRows:
    extras = _extras(container, kind, seen, name, grid) if container else None
    rows = sheet_rows(name, grid.frame, extras, numbers=grid.numbers, has_surrogates=seen.has_surrogates(name))
    return rows._replace(merged=[*grid.merged, *(extras.merged if extras else ())])


def _extras(container: Container, kind: WorkbookType, seen: Overview, name: str, grid: Grid) -> XmlExtras | None:
    """Follow the sheet's XML where it may tell more than the values, or has more values than calamine gave."""
    if kind is WorkbookType.ODS:
        return opendocument.extras_of(container.pieces(xlsx.CONTENT), name)
    if kind is not WorkbookType.XLSX:
        return None
    lost = seen.values(name) > grid.filled
    if not lost and not seen.may_have_extras(name):
        return None
    extras = xlsx.extras_of(container.pieces(seen.parts[name]), seen.formats, doubles=lost)
    if extras.double:
        raise damaged(container.path, f'sheet "{name}" has two values for cell {extras.double}')
    return extras


def _file_findings(path: str, parts: Collection[str], kind: WorkbookType) -> list[Finding]:
    findings = [Finding("external-links", details={})] if xlsx.refers_elsewhere(parts) else []
    if kind in _TELLS_LESS:
        findings.append(Finding("format-tells-less", details={"ending": PurePath(path).suffix.lower()}))
    return findings


# -- the one sheet that is meant


def choose(path: str, sheets: Sequence[SheetRows], header_row: int) -> SheetRows:
    """Return the one sheet that is meant.

    A sheet with nothing below its headers, such as a page of instructions, does not compete with one that has rows;
    where none has any, the first one is meant: a workbook yet to be filled in.
    """
    filled = [sheet for sheet in sheets if sheet.numbers and sheet.numbers[-1] > header_row]
    if len(filled) > 1:
        raise WorkbookError(
            f"{path} has several sheets with rows: {_listed([sheet.name for sheet in filled])}. "
            "Name the one to read: --sheet NAME."
        )
    begun = filled or [sheet for sheet in sheets if sheet.numbers]
    if not begun:
        raise WorkbookError(f"No visible sheet of {path} holds anything. Is it the right file?")
    return begun[0]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names) or "no visible one"


# -- the answer


def _lines(asked: ReadRequest, sheet: SheetRows, sha256: str) -> Iterator[bytes]:
    numbers = sheet.numbers
    if asked.header_row not in numbers:
        hint = f" If they are in row {numbers[0]}, say so: --header-row {numbers[0]}." if numbers else ""
        raise WorkbookError(f'Row {asked.header_row} of sheet "{sheet.name}" in {asked.path} holds no headers.{hint}')
    above = numbers.index(asked.header_row)
    first = above + 1
    width = max(sheet.held(above)) + 1
    _refuse_too_large(asked.path, sheet, len(numbers) - first, width)
    headers = tuple(sheet.columns[p].texts[above] if p in sheet.columns else "" for p in range(width))
    merged = tuple(merged for merged in sheet.merged if merged.last_row > asked.header_row)
    yield encode(Head(sheet.name, sha256, headers, tuple(numbers[first:]), merged, tuple(sheet.all_findings()))) + b"\n"
    nothing = Column([""] * len(numbers), {})
    for position in range(width):
        texts, kinds = sheet.columns.get(position, nothing)
        below = {place - first: kind for place, kind in kinds.items() if place >= first}
        yield encode(SentColumn.of(texts[first:], below)) + b"\n"


def _refuse_too_large(path: str, sheet: SheetRows, rows: int, width: int) -> None:
    """Raise WorkbookError for too many rows with content, or too many cells because one stands far away."""
    if rows > MOST_ROWS:
        raise WorkbookError(
            f'Sheet "{sheet.name}" of {path} has {rows:,} rows with content, more than {MOST_ROWS:,}. '
            "Divide it into several workbooks."
        )
    if width * rows > _MOST_CELLS:
        columns = sheet.held()
        raise WorkbookError(
            f'Sheet "{sheet.name}" of {path} claims {sheet.numbers[-1]:,} rows × {max(columns) + 1:,} columns, while '
            f"its data ends at row {_data_end(sheet.numbers, _BLANK_ROWS)} and column "
            f"{column_letters(_data_end(columns, _BLANK_COLUMNS))}. "
            "In Excel delete all rows below and all columns to the right of the data, and save it."
        )


def _data_end(numbers: Collection[int], blanks: int) -> int:
    """Return the last one before more than so many are missing."""
    ordered = sorted(numbers)
    return next((left for left, right in pairwise(ordered) if right - left > blanks), ordered[-1])
