"""What the child does: the file's bytes in; a head and rows out."""

import codecs
import contextlib
import gc
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from bulk_onboard.confined.limits import shut_doors
from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake import delimited
from bulk_onboard.intake.reader.archive.container import open_container
from bulk_onboard.intake.reader.choice import choose
from bulk_onboard.intake.reader.container_kind import ZIP, container_kind
from bulk_onboard.intake.reader.page import Page, PageRow, columns_that_hold, remarks_of, text_rows
from bulk_onboard.intake.reader.reach import MOST_CELLS, too_far
from bulk_onboard.intake.reader.spreadsheet import pages_of
from bulk_onboard.intake.reader.transport import ROWS_A_LINE, Asked, Head, asked_of
from bulk_onboard.model.sheet import MOST_ROWS
from bulk_onboard.model.workbook_type import WorkbookType

_CODECS = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp437")
"""What text, the names in an OLE file and those in a zip may be in; an encoding is loaded from a file at first use."""

_encode = msgspec.json.Encoder().encode


def answer(request: bytes, source: BinaryIO) -> Iterator[bytes]:
    """The sheet that is asked for, as `lines_of` gives it, by a process that can open nothing else."""
    gc.disable()  # nothing here lives in circles, and there are millions of cells
    asked = asked_of(request)
    with contextlib.suppress(LookupError):  # whoever uses an encoding that is not there tells it better
        for encoding in filter(None, (*_CODECS, asked.encoding)):
            codecs.lookup(encoding)
    shut_doors()
    return lines_of(asked, source.read())


def lines_of(asked: Asked, content: bytes) -> Iterator[bytes]:
    """A line with the sheet's head, then lines of its rows (`transport`).

    Raises:
        WorkbookError: it cannot be read, or it does not say which sheet or which headers are meant.
    """
    pages = _pages(asked, content)
    page = choose(asked.path, pages, asked.header_row) if asked.sheet is None else pages[0]
    yield from _lines(asked, page, hashlib.sha256(content).hexdigest())


def _pages(asked: Asked, content: bytes) -> list[Page]:
    path = Path(asked.path)
    container = open_container(asked.path, content) if content.startswith(ZIP) else None
    kind = container_kind(asked.path, path.suffix.lower(), content, container.parts if container else ())
    if kind is not WorkbookType.TEXT:
        return pages_of(asked.path, content, container, kind, asked.sheet)
    if asked.sheet is not None and asked.sheet.casefold() != path.stem.casefold():
        raise WorkbookError(f'{path} has no sheet "{asked.sheet}". It has: "{path.stem}".')
    records = delimited.read_records(path, content, encoding=asked.encoding, header_row=asked.header_row)
    return [Page(path.stem, text_rows(records.rows), remarks=records.remarks)]


def _lines(asked: Asked, page: Page, sha256: str) -> Iterator[bytes]:
    headers = next((row for row in page.rows if row.number == asked.header_row), None)
    if headers is None:
        first = page.rows[0].number if page.rows else 0
        hint = f" If they are in row {first}, say so: --header-row {first}." if first else ""
        raise WorkbookError(f'Row {asked.header_row} of sheet "{page.name}" in {asked.path} holds no headers.{hint}')
    rows = [row for row in page.rows if row.number > asked.header_row]
    if len(rows) > MOST_ROWS:
        raise WorkbookError(
            f'Sheet "{page.name}" of {asked.path} has {len(rows):,} rows with content, more than {MOST_ROWS:,}. '
            "Divide it into several workbooks."
        )
    width = max(map(_width, (headers, *rows)))
    if width * len(rows) > MOST_CELLS:
        reach = {row.number - 1 for row in page.rows}, columns_that_hold(page.rows)
        raise WorkbookError(too_far(f'Sheet "{page.name}" of {asked.path}', *reach))
    merged = tuple(merged for merged in page.merged if merged.last_row > asked.header_row)
    texts = tuple(_fitted(headers, width).cells)
    yield _encode(Head(page.name, sha256, texts, merged, tuple(remarks_of(page)))) + b"\n"
    for start in range(0, len(rows), ROWS_A_LINE):
        yield _encode([_sent(_fitted(row, width)) for row in rows[start : start + ROWS_A_LINE]]) + b"\n"


def _width(row: PageRow) -> int:
    """How many cells there are up to the last one that holds something."""
    cells = row.cells
    if cells and cells[-1] and not cells[-1].isspace():  # the same as below, and nearly always so
        return len(cells)
    last = next((i for i in range(len(cells), 0, -1) if cells[i - 1] and not cells[i - 1].isspace()), 0)
    return max(last, max(row.stored, default=-1) + 1)


def _fitted(row: PageRow, width: int) -> PageRow:
    if len(row.cells) == width:
        return row
    return row._replace(cells=row.cells[:width] + [""] * (width - len(row.cells)))


def _sent(row: PageRow) -> Iterable[object]:
    """Rows of text alone, which most are, go without a third item."""
    return row if row.stored else (row.number, row.cells)
