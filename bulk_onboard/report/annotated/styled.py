"""The user's own workbook, annotated by openpyxl: styles, widths, formulas, drop-downs and other sheets are kept.

Runs in a child process with limits, since openpyxl reads what others wrote.
"""

import hashlib
import importlib
import warnings
from collections.abc import Iterator
from datetime import datetime
from importlib.util import find_spec
from typing import Any, BinaryIO

from openpyxl import Workbook

from bulk_onboard.confined.limits import shut_doors
from bulk_onboard.errors import WorkbookError
from bulk_onboard.report.annotated.annotation import Annotation, answer_pieces, read_request, uncommented
from bulk_onboard.report.annotated.book import Loaded, load, save
from bulk_onboard.report.annotated.marking import fit_comments, mark, unmark, write_base, write_columns, write_guide


def answer(request: bytes, source: BinaryIO) -> Iterator[bytes]:
    """The annotated copy of the workbook in `source`; for `confined`.

    Raises:
        WorkbookError: the file is not the one that was judged.
    """
    _import_all()
    shut_doors()
    asked = read_request(request)
    content = source.read()
    if hashlib.sha256(content).hexdigest() != asked.sha256:
        raise WorkbookError("it was changed after it was read")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        copy, notes = annotated(content, asked.annotation, asked.created)
    yield from answer_pieces(copy, notes)


def annotated(content: bytes, annotation: Annotation, created: datetime) -> tuple[bytes, tuple[str, ...]]:
    """The workbook in `content` with the annotation in it, and sentences about what it lacks.

    Args:
        created: when the copy says that it was made, in whole seconds.
    """
    loaded = load(content)
    book = loaded.book
    sheet = book[annotation.sheet]
    unmark(book, sheet)
    write_columns(sheet, annotation)
    left_out = mark(sheet, annotation.marks)
    notes = (*_lacks(loaded), *uncommented(left_out))
    write_guide(book, annotation.mends, notes)
    write_base(book, annotation.base)
    fit_comments(book)
    _show(book, sheet)
    book.properties.created = created.replace(tzinfo=None)
    return save(loaded), notes


def _import_all() -> None:
    """Whatever is imported only when it is needed: no file can be opened any more by then."""
    empty = save(Loaded(Workbook(), {}, (), uncalculated=False))
    load(empty)
    if find_spec("PIL"):
        importlib.import_module("PIL.Image").preinit()


def _lacks(loaded: Loaded) -> Iterator[str]:
    if loaded.lost:
        yield f"This copy lacks what could not be kept: {'; '.join(loaded.lost)}. Your own file has it still."
    if loaded.uncalculated:
        yield (
            "Some formulas have no result in this copy. Open it in Excel and save it once before running it, "
            "if formulas stand in columns that are sent."
        )


def _show(book: Any, sheet: Any) -> None:
    """Open the workbook at the sheet; two sheets that are selected together would be changed together."""
    if sheet.sheet_state == "visible":
        book.active = sheet
        for each in book.worksheets:
            each.sheet_view.tabSelected = each is sheet
