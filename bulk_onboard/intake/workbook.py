"""Read the user's sheet as text.

The rule: nothing is lost and nothing is altered. Every cell arrives as the text it holds, every row that holds
something arrives once, under the number Excel shows; whatever would break that is an error that says what to do.
The file is read once, so what is judged is what the digest names.
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bulk_onboard import errors
from bulk_onboard.intake import delimited
from bulk_onboard.model.sheet import Sheet

if TYPE_CHECKING:
    import pandas as pd

EXCEL_ENDINGS = (".xlsx", ".xlsm")
CSV_ENDING = ".csv"

Grid = Sequence[Sequence[str]]
"""A sheet from its very first cell on, blank rows and columns included, so that positions are Excel's."""

_AS_TEXT: Mapping[str, Any] = {"header": None, "dtype": str, "keep_default_na": False, "na_filter": False}
"""Without any one of these, pandas turns 0012345 into a number or NA into nothing (facts.md)."""

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"


def read_sheet(path: Path, *, sheet: str | None, header_row: int, encoding: str | None) -> Sheet:
    """The one sheet that the job is about (reliability.md 4.1, 4.3).

    Args:
        path: an .xlsx, .xlsm or .csv file; the content of a csv is one sheet, called like the file.
        sheet: its name, hidden or not; None for the only visible one that holds rows.
        header_row: the row number of the headers.
        encoding: of a csv file; None for UTF-8, or UTF-16 with its mark.

    Raises:
        WorkbookError: it cannot be read, or it does not say which sheet or which headers are meant.
    """
    content = _read_content(path)
    ending = path.suffix.lower()
    if ending in EXCEL_ENDINGS:
        grids = _read_excel(path, content, sheet)
    elif ending == CSV_ENDING:
        grids = _read_csv(path, content, encoding, header_row)
    else:
        raise errors.WorkbookError(f"{path} is neither .xlsx nor .csv. Open it in Excel and save it as .xlsx or .csv.")
    name = _choose(path, grids, sheet, header_row)
    return _cut_out(path, name, hashlib.sha256(content).hexdigest(), header_row, grids[name])


def _read_content(path: Path) -> bytes:
    if not path.is_file():
        raise errors.WorkbookError(f"There is no workbook {path}. Correct the path.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise errors.WorkbookError(
            f"The workbook {path} cannot be read: {error.strerror}. Give yourself permission to read it, "
            "or copy it anew."
        ) from None
    if not content:
        raise errors.WorkbookError(f"The workbook {path} is empty (0 bytes). Save or copy it again.")
    return content


def _read_excel(path: Path, content: bytes, sheet: str | None) -> Mapping[str, Grid]:
    """The named sheet where there is one of this name, else every visible one."""
    if content.startswith(_OLE):
        raise errors.WorkbookError(
            f"{path} is protected by a password, or an old .xls under another name. "
            "Save it in Excel as .xlsx without a password."
        )
    if not content.startswith(_ZIP):
        raise errors.WorkbookError(
            f"{path} is no Excel workbook, though its name ends in {path.suffix}. "
            "Open it in Excel and save it as .xlsx, or give it the ending it should have."
        )
    import pandas as pd  # noqa: PLC0415 - costs 0.6 s, which only reading a workbook should pay

    try:
        with pd.ExcelFile(io.BytesIO(content), engine="calamine") as book:
            names = _named_or_visible(book, sheet)
            frames = pd.read_excel(book, sheet_name=names, **_AS_TEXT) if names else {}
    except Exception as error:  # a damaged file makes the reader raise whatever it likes (reliability.md 4)
        raise errors.WorkbookError(
            f"{path} is damaged: Excel's format, but it cannot be read ({type(error).__name__}). "
            "Open it in Excel and save it anew."
        ) from error
    return {name: list(zip(*(frame[c].tolist() for c in frame), strict=True)) for name, frame in frames.items()}


def _named_or_visible(book: "pd.ExcelFile", sheet: str | None) -> list[str]:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum  # noqa: PLC0415 - comes with pandas' engine

    reader: Any = book.book
    pages = [page for page in reader.sheets_metadata if page.typ == SheetTypeEnum.WorkSheet]
    named = [page.name for page in pages if sheet is not None and page.name.casefold() == sheet.casefold()]
    return named or [page.name for page in pages if page.visible == SheetVisibleEnum.Visible]


def _read_csv(path: Path, content: bytes, encoding: str | None, header_row: int) -> Mapping[str, Grid]:
    if content.startswith((_ZIP, _OLE)):
        raise errors.WorkbookError(f"{path} is an Excel workbook, though its name ends in .csv. Name it .xlsx.")
    return {path.stem: delimited.read_records(path, content, encoding=encoding, header_row=header_row)}


def _choose(path: Path, grids: Mapping[str, Grid], sheet: str | None, header_row: int) -> str:
    """The name of the one sheet that is meant.

    A sheet with nothing below its headers, such as a page of instructions, does not compete with one that has rows;
    where none has any, the first one is meant: a workbook yet to be filled in.
    """
    if sheet is not None:
        for name in grids:
            if name.casefold() == sheet.casefold():
                return name
        raise errors.WorkbookError(f'{path} has no sheet "{sheet}". It has: {_listed(grids)}.')
    filled = [name for name, grid in grids.items() if any(not _is_blank(row) for row in grid[header_row:])]
    if len(filled) > 1:
        raise errors.WorkbookError(
            f"{path} has several sheets with rows: {_listed(filled)}. Name the one to read: --sheet NAME."
        )
    begun = filled or [name for name, grid in grids.items() if not all(map(_is_blank, grid))]
    if not begun:
        raise errors.WorkbookError(f"No visible sheet of {path} holds anything. Is it the right file?")
    return begun[0]


def _cut_out(path: Path, name: str, sha256: str, header_row: int, grid: Grid) -> Sheet:
    headers = grid[header_row - 1] if header_row <= len(grid) else ()
    if _is_blank(headers):
        first = next((number for number, row in enumerate(grid, 1) if not _is_blank(row)), None)
        hint = "" if first is None else f" If they are in row {first}, say so: --header-row {first}."
        raise errors.WorkbookError(f'Row {header_row} of sheet "{name}" in {path} holds no headers.{hint}')
    rows = [(number, row) for number, row in enumerate(grid[header_row:], header_row + 1) if not _is_blank(row)]
    width = max(map(_width, (headers, *(row for _, row in rows))))
    return Sheet(
        path=path,
        name=name,
        sha256=sha256,
        header_row=header_row,
        headers=tuple(headers[:width]),
        rows=tuple((number, tuple(row[:width])) for number, row in rows),
    )


def _is_blank(row: Sequence[str]) -> bool:
    return not any(cell and not cell.isspace() for cell in row)


def _width(row: Sequence[str]) -> int:
    """How many cells there are up to the last one that holds something."""
    return next((i for i in range(len(row), 0, -1) if row[i - 1] and not row[i - 1].isspace()), 0)


def _listed(names: Mapping[str, Grid] | Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names) or "no visible one"
