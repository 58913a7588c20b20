"""What the child does: the file's bytes in; a head and columns out."""

import codecs
import contextlib
import gc
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from bulk_onboard.confined.limits import shut_doors
from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake import delimited
from bulk_onboard.intake.reader.archive.container import open_container
from bulk_onboard.intake.reader.choice import choose
from bulk_onboard.intake.reader.container_kind import ZIP, container_kind
from bulk_onboard.intake.reader.grid import framed
from bulk_onboard.intake.reader.page import Column, Page, findings_of, page_of
from bulk_onboard.intake.reader.reach import MOST_CELLS, too_far
from bulk_onboard.intake.reader.spreadsheet import pages_of
from bulk_onboard.intake.reader.transport import Asked, Head, Sent, asked_of
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
    """A line with the sheet's head, then one for each of its columns (`transport`).

    Raises:
        WorkbookError: it cannot be read, or it does not say which sheet or which headers are meant.
    """
    pages = _pages(asked, content)
    page = choose(asked.path, pages, asked.header_row) if asked.sheet is None else pages[0]
    del pages  # the rows of all the others
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
    return [page_of(path.stem, framed(records.rows), None)._replace(findings=records.findings)]


def _lines(asked: Asked, page: Page, sha256: str) -> Iterator[bytes]:
    if asked.header_row not in page.numbers:
        hint = f" If they are in row {page.numbers[0]}, say so: --header-row {page.numbers[0]}." if page.numbers else ""
        raise WorkbookError(f'Row {asked.header_row} of sheet "{page.name}" in {asked.path} holds no headers.{hint}')
    above = page.numbers.index(asked.header_row)
    first = above + 1
    numbers = page.numbers[first:]
    if len(numbers) > MOST_ROWS:
        raise WorkbookError(
            f'Sheet "{page.name}" of {asked.path} has {len(numbers):,} rows with content, more than {MOST_ROWS:,}. '
            "Divide it into several workbooks."
        )
    width = max(page.held(above)) + 1
    if width * len(numbers) > MOST_CELLS:
        reach = {number - 1 for number in page.numbers}, page.held()
        raise WorkbookError(too_far(f'Sheet "{page.name}" of {asked.path}', *reach))
    headers = tuple(page.columns[p].texts[above] if p in page.columns else "" for p in range(width))
    merged = tuple(merged for merged in page.merged if merged.last_row > asked.header_row)
    head = Head(page.name, sha256, headers, tuple(numbers), merged, tuple(findings_of(page)))
    yield _encode(head) + b"\n"
    nothing = Column([""] * len(page.numbers), {})
    for position in range(width):
        texts, kinds = page.columns.get(position, nothing)
        below = {place - first: kind for place, kind in kinds.items() if place >= first}
        yield _encode(Sent.of(texts[first:], below)) + b"\n"
