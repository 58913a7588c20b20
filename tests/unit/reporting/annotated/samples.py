"""A user's workbook, its sheet as it is read, and findings about it."""

import hashlib
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill

from bulk_onboard.model.finding import Finding
from bulk_onboard.model.sheet import Columns, Sheet, SheetRow
from bulk_onboard.reporting.annotated.annotation import Annotation, Part, make_annotation
from bulk_onboard.reporting.annotated.styled import annotated
from tests.unit.reporting.samples import decision, ledger_state, status

HEADERS = ("Key", "Email", "Remarks")
COLUMNS = Columns({"key": 0, "email": 1}, {"key": "Key", "email": "Email"})
CREATED = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)


def workbook(change: Any = None) -> bytes:
    """Two rows under dark headers; `change` is done to the openpyxl workbook before it is saved."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Sheet1"
    sheet.append(HEADERS)
    for cell in sheet[1]:
        cell.fill, cell.font = PatternFill("solid", fgColor="FF112233"), Font(color="FFFFFFFF")
    sheet.append(("K-2", "not an address", "one"))
    sheet.append(("K-3", "b@example.com", "two"))
    if change:
        change(book)
    return saved(book)


def saved(book: Any) -> bytes:
    """The workbook's bytes."""
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def opened(content: bytes) -> Any:
    """The workbook in these bytes."""
    return openpyxl.load_workbook(io.BytesIO(content))


def sheet_of(headers: Iterable[str] = HEADERS, rows: int = 2, path: str = "b.xlsx") -> Sheet:
    """What a reader makes of the workbook."""
    headers = tuple(headers)
    cells = [SheetRow(n, (f"K-{n}", f"{n}@example.com", *[""] * (len(headers) - 2))) for n in range(2, rows + 2)]
    return Sheet(Path(path), "Sheet1", hashlib.sha256(b"").hexdigest(), 1, headers).with_rows(cells)


def annotation(
    found: Mapping[int, Iterable[Finding]], others: Iterable[Finding] = (), sheet: Sheet | None = None
) -> Annotation:
    """The annotation of the sheet with these findings by row."""
    sheet = sheet or sheet_of()
    decisions = [decision(row.number, key=row.cells[0], findings=found.get(row.number, ())) for row in sheet.rows]
    return make_annotation(sheet, [Part(COLUMNS, status(decisions, ledger_state(), others))])


def email(row: int = 2) -> Finding:
    """An error about a cell."""
    return Finding("email-invalid", "Sheet1", row, "Email", details={"why": "it has no @"})


def whole_row(row: int = 2) -> Finding:
    """A warning about a row."""
    return Finding("duplicate", "Sheet1", row, details={"other": 9})


def copy_of(content: bytes, *found: Finding) -> Any:
    """The annotated copy of the workbook, opened."""
    return opened(annotated_bytes(content, *found))


def annotated_bytes(content: bytes, *found: Finding) -> bytes:
    """The annotated copy of the workbook."""
    by_row: dict[int, list[Finding]] = {}
    for finding in found:
        by_row.setdefault(finding.row, []).append(finding)
    return annotated(content, annotation(by_row), CREATED)[0]


def note(text: str) -> Comment:
    """A comment of the user's."""
    return Comment(text, "Asha")
