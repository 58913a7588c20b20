"""A plain copy of the one sheet, annotated: for formats that cannot be written again, and for very long sheets.

Every cell is text as it was read, in its own place: row and column are those of the file (reliability.md 4.5).
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from bulk_onboard.model.sheet import ADDED_COLUMNS, HOW_TO_MEND, Sheet
from bulk_onboard.report.annotated import looks
from bulk_onboard.report.annotated.annotation import Annotation, Mark
from bulk_onboard.report.annotated.looks import COMMENT_WIDTH, comment_height
from bulk_onboard.report.annotated.mends import AUTHOR, GUIDE, HEADERS, NOT_KEPT, TITLE, Mend, uncommented
from bulk_onboard.report.table import cell_text

COMMENTS_AT_MOST = 2_000
_LONGEST_NAME = 31  # characters of a sheet's name
_NOT_IN_A_NAME = str.maketrans(dict.fromkeys("[]:*?/\\", "_"))
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_NARROWEST, _WIDEST = 10, 40  # characters
_LOOKED_AT = 1_000  # rows that the widths are made for


def write_plain(
    file: BinaryIO, folder: Path, *, sheet: Sheet, annotation: Annotation, notes: Sequence[str], created: datetime
) -> None:
    """Write the copy; `folder` is for temporary files, `created` when the copy says that it was made."""
    import xlsxwriter  # noqa: PLC0415 - costs time that only an annotated copy should pay

    book = xlsxwriter.Workbook(file, {**_OPTIONS, "tmpdir": str(folder)})
    book.set_properties({"created": created.replace(tzinfo=None)})
    look = _Looks(book)
    left_out = _write_sheet(book, look, sheet, annotation)
    _write_guide(book, look, annotation.mends, (*notes, *uncommented(left_out)))
    book.close()


class _Looks:
    """The looks of cells; a workbook keeps every one that it was ever given."""

    def __init__(self, book: Any) -> None:
        text = {"num_format": "@", "valign": "top"}
        ours = {"bold": True, "font_color": f"#{looks.HEADER_INK}", "bg_color": f"#{looks.HEADER_PAPER}"}
        self.text = book.add_format(text)
        self.told = book.add_format({**text, "text_wrap": True})
        self.header = book.add_format({"num_format": "@", "bold": True, "bottom": 1})
        self.ours = book.add_format({**ours, "num_format": "@"})
        self.title = book.add_format({"bold": True, "font_size": 16, "font_color": f"#{looks.TITLE_INK}"})
        self.heading = book.add_format({"bold": True, "font_size": 12, "font_color": f"#{looks.TITLE_INK}"})
        self.marked = {
            severity: book.add_format({**text, "bg_color": f"#{paper}"}) for severity, paper in looks.PAPER.items()
        }
        self.severity = {
            severity: book.add_format({**text, "bold": True, "bg_color": f"#{paper}", "font_color": f"#{ink}"})
            for (severity, paper), ink in zip(looks.PAPER.items(), looks.INK.values(), strict=True)
        }


def _write_sheet(book: Any, look: _Looks, sheet: Sheet, annotation: Annotation) -> int:
    """Write the sheet itself from top to bottom; how many comments there was no room for."""
    page = book.add_worksheet(_sheet_name(sheet.name))
    _set_columns(page, sheet, annotation)
    page.freeze_panes(annotation.header_row, 0)
    marks: defaultdict[int, dict[int, Mark]] = defaultdict(dict)
    for mark in annotation.marks:
        marks[mark.row][mark.position] = mark
    commented = set(sorted(annotation.marks, key=lambda mark: mark.severity != "error")[:COMMENTS_AT_MOST])
    results = dict(annotation.results)
    rows = ((annotation.header_row, sheet.headers), *((row.number, row.cells) for row in sheet.rows))
    for number, cells in rows:
        is_header = number == annotation.header_row
        ours = dict(zip(annotation.added, ADDED_COLUMNS if is_header else results.get(number, ()), strict=False))
        usual, usual_ours = (look.header, look.ours) if is_header else (look.text, look.told)
        marked = marks[number]
        texts = {position: text for position, text in enumerate(cells) if position not in annotation.added} | ours
        for position in sorted(texts.keys() | marked.keys()):
            cell_look = usual_ours if position in annotation.added else usual
            if position in marked:
                cell_look = look.marked[marked[position].severity]
            _write(page, number - 1, position, texts.get(position, ""), cell_look)
        for mark in commented.intersection(marked.values()):
            _comment(page, mark)
    return len(annotation.marks) - len(commented)


def _comment(page: Any, mark: Mark) -> None:
    size = {"x_scale": COMMENT_WIDTH / 128, "y_scale": comment_height(mark.text) / 74}  # of XlsxWriter's own box
    page.write_comment(mark.row - 1, mark.position, mark.text, {"author": AUTHOR, **size})


def _set_columns(page: Any, sheet: Sheet, annotation: Annotation) -> None:
    for position, header in enumerate(sheet.headers):
        longest = max(
            (len(row.cells[position]) for row in sheet.rows[:_LOOKED_AT] if position < len(row.cells)), default=0
        )
        page.set_column(position, position, max(_NARROWEST, len(header) + 2, min(longest + 2, _WIDEST)))
    for position, width in zip(annotation.added, looks.ADDED_WIDTHS, strict=True):
        page.set_column(position, position, width)


def _write_guide(book: Any, look: _Looks, mends: Sequence[Mend], notes: Sequence[str]) -> None:
    page = book.add_worksheet(HOW_TO_MEND)
    page.hide_gridlines(2)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    for position, width in enumerate(looks.MEND_WIDTHS):
        page.set_column(position, position, width)
    page.write_string(0, 0, TITLE, look.title)
    for row, line in enumerate(GUIDE, start=1):
        page.write_string(row, 0, line)
    row = len(GUIDE) + 2
    for position, header in enumerate(HEADERS):
        page.write_string(row, position, header, look.ours)
    for row, mend in enumerate(mends, start=row + 1):  # noqa: B020 - it goes on below
        page.set_row(row, looks.mend_height(mend))
        page.write_number(row, 0, mend.times, look.text)
        for position, text in enumerate(mend[1:], start=1):
            _write(page, row, position, text, look.severity[mend.severity] if position == 1 else look.told)
    page.write_string(row + 2, 0, NOT_KEPT, look.heading)
    for place, note in enumerate(notes, start=row + 3):
        page.write_string(place, 0, cell_text(note))


def _write(page: Any, row: int, position: int, text: str, look: Any) -> None:
    if text:
        page.write_string(row, position, cell_text(text), look)
    else:
        page.write_blank(row, position, None, look)


def _sheet_name(name: str) -> str:
    """The name as Excel allows it: a csv's sheet is called like the file."""
    allowed = cell_text(name).translate(_NOT_IN_A_NAME).strip("'")[:_LONGEST_NAME]
    return allowed if allowed and allowed.casefold() not in (HOW_TO_MEND.casefold(), "history") else "Sheet1"
