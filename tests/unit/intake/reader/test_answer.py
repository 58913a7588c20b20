"""What the child answers: each row once, and refusals of what is too much."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.reader.answer import lines_of
from bulk_onboard.intake.transport import ReadRequest
from bulk_onboard.intake.workbook import sheet_of
from bulk_onboard.model.sheet import Sheet, SheetRow
from bulk_onboard.model.text import looks_like_nothing
from tests.support.spreadsheets import cell, row, text, texts, worksheet, write_zip, xlsx_parts


def read(content: bytes, name: str = "a.xlsx", header_row: int = 1) -> tuple[Sheet, list[SheetRow]]:
    """The answer, taken apart."""
    sheet = sheet_of(Path(name), header_row, lines_of(ReadRequest(name, None, header_row, None), content))
    return sheet, list(sheet.rows)


def written(grid: Sequence[Sequence[str]]) -> bytes:
    """A workbook of texts; empty texts are cells that do not exist."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate(grid):
            for column, word in enumerate(cells):
                if word:
                    sheet.write_string(number, column, word)
    return file.getvalue()


def test_too_many_rows(tmp_path):
    """More rows with content than the limit are refused, with their number."""
    rows = (row(number, cell(f"A{number}", "1")) for number in range(1, 200_003))
    path = write_zip(tmp_path / "a.xlsx", xlsx_parts({"S": worksheet("".join(rows))}))

    with pytest.raises(WorkbookError, match=r"has 200,001 rows with content, more than 200,000. Divide it"):
        read(path.read_bytes())


def test_row_of_nothing_but_errors_is_kept(tmp_path):
    """Errors, formulas without a result and blanks look alike to calamine; only the blanks are left out."""
    data = (
        texts(["Key"], ["k1"])
        + row(3, cell("B3", "#REF!", kind="e"))
        + row(4, '<c r="A4"><f>1+1</f></c>')
        + row(5, '<c r="A5" s="1"/>')
        + row(6, text("A6", "k2"))
    )
    path = write_zip(tmp_path / "a.xlsx", xlsx_parts({"S": worksheet(data)}))

    head, rows = read(path.read_bytes())

    assert ("Key", "") == head.headers
    assert [(2, ("k1", ""), {}), (3, ("", "#REF!"), {1: "error"}), (4, ("", ""), {0: "uncalculated"})] == rows[:3]
    assert [6] == [line.number for line in rows[3:]]


CELL = st.sampled_from(["", "", "", " ", "\u00a0", "0012", "NA", "1.23E+11", "=1+1"]) | st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=5
)
GRID = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width) | st.just([""] * width), max_size=8)
)


@settings(deadline=None, max_examples=150)
@example(above=0, left=0, grid=[["", ""], ["", "\u00ad"]])
@given(above=st.integers(0, 3), left=st.integers(0, 3), grid=GRID)
def test_no_row_is_lost(above, left, grid):
    """Whatever the blank rows and columns are: each row with content comes once, under its number, with its cells."""
    headers = [""] * left + ["Key"]
    rows = [[""] * left + row for row in grid]

    head, found = read(written([[]] * above + [headers, *rows]), header_row=above + 1)

    expected = [(n, trimmed(row)) for n, row in enumerate(rows, above + 2) if not is_blank(row)]
    assert expected == [(n, trimmed(row)) for n, row, _ in found]
    assert headers == trimmed(head.headers)
    assert {len(head.headers)} >= {len(row.cells) for row in found}


def is_blank(cells: Sequence[str]) -> bool:
    """Whether nobody sees anything in the row."""
    return all(map(looks_like_nothing, "".join(cells)))


def trimmed(cells: Sequence[str]) -> list[str]:
    """The cells up to the last one that holds more than blanks."""
    return list(cells[: max((i for i, cell in enumerate(cells, 1) if cell.strip()), default=0)])
