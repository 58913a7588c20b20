"""Reading a sheet: nothing lost, nothing altered, and a sentence for whatever cannot be read."""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from bulk_onboard import errors
from bulk_onboard.intake.workbook import read_sheet
from bulk_onboard.model.sheet import Sheet


def write_xlsx(path: Path, sheets: Mapping[str, Sequence[Sequence[str]]], hidden: Sequence[str] = ()) -> Path:
    """A workbook of texts, each row from column A on; empty texts are cells that do not exist."""
    workbook = xlsxwriter.Workbook(path)
    for name, grid in sheets.items():
        worksheet = workbook.add_worksheet(name)
        for row, cells in enumerate(grid):
            for column, text in enumerate(cells):
                if text:
                    worksheet.write_string(row, column, text)
        if name in hidden:
            worksheet.hide()
    workbook.close()
    return path


def read(path: Path, *, sheet: str | None = None, header_row: int = 1, encoding: str | None = None) -> Sheet:
    """The sheet, with the defaults of a job."""
    return read_sheet(path, sheet=sheet, header_row=header_row, encoding=encoding)


def refusal(path: Path, **how) -> str:
    """What reading the file complains about."""
    with pytest.raises(errors.WorkbookError) as caught:
        read(path, **how)
    return str(caught.value)


def test_cells_keep_their_text(tmp_path):
    """Leading zeros, long numbers, words that look like nothing, formulas as text and blanks survive exactly."""
    texts = ["0012345", "12345678901234567890", "NA", "None", "null", "1.23E+11", "=1+1", " x\u00a0", "TRUE", "नमस्ते"]
    path = write_xlsx(tmp_path / "a.xlsx", {"S": [["H"], *([text] for text in texts)]})

    sheet = read(path)

    assert [(number, (text,)) for number, text in enumerate(texts, 2)] == list(sheet.rows)


def test_numbers_keep_their_digits(tmp_path):
    """A whole number is its digits, beside blanks too."""
    workbook = openpyxl.Workbook()
    for row in (["PIN"], [560001], [None, "x"], [110001]):
        workbook.active.append(row)
    workbook.save(tmp_path / "a.xlsx")

    sheet = read(tmp_path / "a.xlsx")

    assert ((2, ("560001", "")), (3, ("", "x")), (4, ("110001", ""))) == sheet.rows


def test_sheet_says_where_it_comes_from(tmp_path):
    """Name, digest, header row and headers are those of the file."""
    path = write_xlsx(tmp_path / "a.xlsx", {"Firms": [["Key", "City"], ["k1", "Pune"]]})

    sheet = read(path)

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert Sheet(path, "Firms", digest, 1, ("Key", "City"), ((2, ("k1", "Pune")),)) == sheet


def test_sheet_that_begins_at_row_4(tmp_path):
    """Blank rows and columns before the data and between shift no number and no column."""
    grid = [[], [], [], ["", "", "Key", "City"], [], ["", "", "k1", "Pune"], ["", "", " ", "\u00a0"], ["", "", "k2"]]
    path = write_xlsx(tmp_path / "a.xlsx", {"S": grid})

    sheet = read(path, header_row=4)

    assert ("", "", "Key", "City") == sheet.headers
    assert ((6, ("", "", "k1", "Pune")), (8, ("", "", "k2", ""))) == sheet.rows


def test_content_beyond_the_headers_is_kept(tmp_path):
    """A cell in a column without header is still in its row."""
    path = write_xlsx(tmp_path / "a.xlsx", {"S": [["Key"], ["k1", "", "note"]]})

    sheet = read(path)

    assert ("Key", "", "") == sheet.headers
    assert ((2, ("k1", "", "note")),) == sheet.rows


def test_dimension_that_lies(tmp_path):
    """All rows are read, whatever the file claims about its size."""
    import zipfile

    honest = write_xlsx(tmp_path / "a.xlsx", {"S": [["Key"], ["k1"], ["k2"], ["k3"]]})
    path = tmp_path / "b.xlsx"
    with zipfile.ZipFile(honest) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b'ref="A1:A4"', b'ref="A1:A2"'))

    assert [2, 3, 4] == [number for number, _ in read(path).rows]


def test_macro_workbook_is_read(tmp_path):
    """An .xlsm is a workbook like any other."""
    path = write_xlsx(tmp_path / "a.xlsx", {"S": [["Key"], ["k1"]]}).rename(tmp_path / "a.xlsm")

    assert ((2, ("k1",)),) == read(path).rows


def test_several_sheets_with_rows_are_listed(tmp_path):
    """Where two visible sheets have rows, the user is asked which."""
    path = write_xlsx(tmp_path / "a.xlsx", {"May": [["Key"], ["k1"]], "June": [["Key"], ["k2"]]})

    assert f'{path} has several sheets with rows: "May", "June". Name the one to read: --sheet NAME.' == refusal(path)
    assert ((2, ("k2",)),) == read(path, sheet="june").rows


def test_sheet_without_rows_does_not_compete(tmp_path):
    """A page of instructions and a hidden sheet leave the one with rows."""
    sheets = {"Read me": [["Fill in the other one."]], "Old": [["Key"], ["k0"]], "New": [["Key"], ["k1"]]}
    path = write_xlsx(tmp_path / "a.xlsx", sheets, hidden=["Old"])

    assert "New" == read(path).name
    assert "Old" == read(path, sheet="Old").name


def test_unknown_sheet_is_named_with_the_others(tmp_path):
    """A sheet that is not there is an error with those that are; for csv too."""
    path = write_xlsx(tmp_path / "a.xlsx", {"May": [["Key"], ["k1"]]})
    (tmp_path / "b.csv").write_text("Key\nk1\n")

    assert f'{path} has no sheet "July". It has: "May".' == refusal(path, sheet="July")
    assert 'has no sheet "July". It has: "b".' in refusal(tmp_path / "b.csv", sheet="July")


def test_headers_elsewhere_are_pointed_at(tmp_path):
    """Where the header row is blank, the first row that is not is suggested; beyond the sheet's end too."""
    path = write_xlsx(tmp_path / "a.xlsx", {"S": [[], [], ["Key"], ["k1"]]})

    sentence = f'of sheet "S" in {path} holds no headers. If they are in row 3, say so: --header-row 3.'
    assert f"Row 1 {sentence}" == refusal(path)
    assert f"Row 9 {sentence}" == refusal(path, header_row=9)


def test_empty_workbooks(tmp_path):
    """No content, no visible content, no bytes: each has its sentence."""
    blank = write_xlsx(tmp_path / "a.xlsx", {"S": []})
    chart = openpyxl.Workbook()
    chart.create_chartsheet()
    chart.active.sheet_state = "hidden"
    chart.save(tmp_path / "b.xlsx")
    (tmp_path / "c.csv").write_bytes(b"")
    (tmp_path / "d.csv").write_bytes(b"\n\n")

    assert "No visible sheet" in refusal(blank)
    assert "No visible sheet" in refusal(tmp_path / "b.xlsx")
    assert "is empty (0 bytes)" in refusal(tmp_path / "c.csv")
    assert "No visible sheet" in refusal(tmp_path / "d.csv")


def test_files_that_are_no_workbooks(tmp_path):
    """Missing, folder, wrong ending, wrong content, damaged: each has its sentence."""
    (tmp_path / "folder.xlsx").mkdir()
    for name, content in {
        "old.xls": b"\xd0\xcf\x11\xe0rest",
        "locked.xlsx": b"\xd0\xcf\x11\xe0rest",
        "text.xlsx": b"Key,City\n",
        "torn.xlsx": b"PK\x03\x04 and then nothing",
        "excel.csv": b"PK\x03\x04 and so on",
    }.items():
        (tmp_path / name).write_bytes(content)

    assert "There is no workbook" in refusal(tmp_path / "none.xlsx")
    assert "There is no workbook" in refusal(tmp_path / "folder.xlsx")
    assert "Open it in Excel and save it as .xlsx or .csv." in refusal(tmp_path / "old.xls")
    assert "protected by a password" in refusal(tmp_path / "locked.xlsx")
    assert "is no Excel workbook" in refusal(tmp_path / "text.xlsx")
    assert "is damaged" in refusal(tmp_path / "torn.xlsx")
    assert "Name it .xlsx." in refusal(tmp_path / "excel.csv")


CELL = st.sampled_from(["", "", "", " ", "\u00a0", "0012", "NA", "1.23E+11", "=1+1"]) | st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=5
)
GRID = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width) | st.just([""] * width), max_size=8)
)


@settings(deadline=None, max_examples=150)
@given(above=st.integers(0, 3), left=st.integers(0, 3), grid=GRID)
def test_no_row_is_lost(above, left, grid):
    """Whatever the blank rows and columns are: each row with content comes once, under its number, with its cells."""
    headers = [""] * left + ["Key"]
    rows = [[""] * left + row for row in grid]
    with tempfile.TemporaryDirectory() as folder:
        path = write_xlsx(Path(folder) / "a.xlsx", {"S": [[]] * above + [headers, *rows]})

        sheet = read(path, header_row=above + 1)

    expected = [(n, trimmed(row)) for n, row in enumerate(rows, above + 2) if trimmed(row)]
    assert expected == [(n, trimmed(row)) for n, row in sheet.rows]
    assert headers == trimmed(sheet.headers)
    assert {len(sheet.headers)} >= {len(row) for _, row in sheet.rows}


def trimmed(cells: Sequence[str]) -> list[str]:
    """The cells up to the last one that holds more than blanks."""
    return list(cells[: max((i for i, cell in enumerate(cells, 1) if cell.strip()), default=0)])
