"""Reading a sheet: nothing lost, nothing altered, and a sentence for whatever cannot be read."""

import hashlib
import os
import resource
import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from bulk_onboard import errors
from bulk_onboard.confined.limits import Limits
from bulk_onboard.intake import workbook
from bulk_onboard.intake.workbook import read_sheet
from bulk_onboard.model.sheet import HOW_TO_FIX, Sheet, SheetRow, Stored
from tests.support.spreadsheets import row, text, texts
from tests.support.spreadsheets import write_xlsx as write_by_hand


def write_xlsx(path: Path, sheets: Mapping[str, Sequence[Sequence[str]]], hidden: Sequence[str] = ()) -> Path:
    """A workbook of texts, each row from column A on; empty texts are cells that do not exist."""
    book = xlsxwriter.Workbook(path)
    for name, grid in sheets.items():
        worksheet = book.add_worksheet(name)
        for number, cells in enumerate(grid):
            for column, word in enumerate(cells):
                if word:
                    worksheet.write_string(number, column, word)
        if name in hidden:
            worksheet.hide()
    book.close()
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

    assert [SheetRow(number, (text,)) for number, text in enumerate(texts, 2)] == list(sheet.rows)


def test_numbers_keep_their_digits(tmp_path):
    """A whole number is its digits, beside blanks too."""
    book = openpyxl.Workbook()
    for cells in (["PIN"], [560001], [None, "x"], [110001]):
        book.active.append(cells)
    book.save(tmp_path / "a.xlsx")

    sheet = read(tmp_path / "a.xlsx")

    assert ("560001", "x", "110001") == tuple("".join(line.cells) for line in sheet.rows)
    assert ({0: Stored.NUMBER}, {}, {0: Stored.NUMBER}) == tuple(line.stored for line in sheet.rows)


def test_sheet_says_where_it_comes_from(tmp_path):
    """Name, digest, header row and headers are those of the file."""
    path = write_xlsx(tmp_path / "a.xlsx", {"Firms": [["Key", "City"], ["k1", "Pune"]]})

    sheet = read(path)

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert Sheet(path, "Firms", digest, 1, ("Key", "City")).with_rows([SheetRow(2, ("k1", "Pune"))]) == sheet


def test_sheet_that_begins_at_row_4(tmp_path):
    """Blank rows and columns before the data and between shift no number and no column."""
    grid = [[], [], [], ["", "", "Key", "City"], [], ["", "", "k1", "Pune"], ["", "", " ", "\u00a0"], ["", "", "k2"]]
    path = write_xlsx(tmp_path / "a.xlsx", {"S": grid})

    sheet = read(path, header_row=4)

    assert ("", "", "Key", "City") == sheet.headers
    assert (SheetRow(6, ("", "", "k1", "Pune")), SheetRow(8, ("", "", "k2", ""))) == sheet.rows


def test_content_beyond_the_headers_is_kept(tmp_path):
    """A cell in a column without header is still in its row."""
    path = write_xlsx(tmp_path / "a.xlsx", {"S": [["Key"], ["k1", "", "note"]]})

    sheet = read(path)

    assert ("Key", "", "") == sheet.headers
    assert (SheetRow(2, ("k1", "", "note")),) == sheet.rows


def test_dimension_that_lies(tmp_path):
    """All rows are read, whatever the file claims about its size."""
    import zipfile

    honest = write_xlsx(tmp_path / "a.xlsx", {"S": [["Key"], ["k1"], ["k2"], ["k3"]]})
    path = tmp_path / "b.xlsx"
    with zipfile.ZipFile(honest) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b'ref="A1:A4"', b'ref="A1:A2"'))

    assert [2, 3, 4] == [line.number for line in read(path).rows]


def test_macro_workbook_is_read(tmp_path):
    """An .xlsm is a workbook like any other."""
    path = write_xlsx(tmp_path / "a.xlsx", {"S": [["Key"], ["k1"]]}).rename(tmp_path / "a.xlsm")

    assert (SheetRow(2, ("k1",)),) == read(path).rows


def test_several_sheets_with_rows_are_listed(tmp_path):
    """Where two visible sheets have rows, the user is asked which."""
    path = write_xlsx(tmp_path / "a.xlsx", {"May": [["Key"], ["k1"]], "June": [["Key"], ["k2"]]})

    assert f'{path} has several sheets with rows: "May", "June". Name the one to read: --sheet NAME.' == refusal(path)
    assert (SheetRow(2, ("k2",)),) == read(path, sheet="june").rows


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


def test_own_sheet_is_left_out(tmp_path):
    """The sheet that the annotated copy adds is read only when it is named."""
    sheets = {"New": [["Key"], ["k1"]], HOW_TO_FIX.upper(): [["What"], ["to do"]]}
    path = write_xlsx(tmp_path / "a.xlsx", sheets)

    assert "New" == read(path).name
    assert HOW_TO_FIX.upper() == read(path, sheet=HOW_TO_FIX).name


def test_very_hidden_sheets_and_chart_sheets_do_not_compete(tmp_path):
    """Only what a person can see, and what has cells, is asked about."""
    book = openpyxl.Workbook()
    book.active.append(["Key"])
    book.active.append(["k1"])
    book.create_chartsheet("Chart")
    book.create_sheet("Secret").append(["Key"])
    book["Secret"].append(["k2"])
    book["Secret"].sheet_state = "veryHidden"
    book.save(tmp_path / "a.xlsx")

    assert "Sheet" == read(tmp_path / "a.xlsx").name
    assert "k2" == read(tmp_path / "a.xlsx", sheet="Secret").rows[0].cells[0]
    assert 'has no sheet "Chart"' in refusal(tmp_path / "a.xlsx", sheet="Chart")


def test_paths_that_are_no_workbooks(tmp_path):
    """Missing, a folder, a pipe, a strange ending, a lock file: each has its sentence, and none is waited for."""
    (tmp_path / "folder.xlsx").mkdir()
    os.mkfifo(tmp_path / "pipe.xlsx")
    (tmp_path / "~$a.xlsx").write_bytes(b"user")
    (tmp_path / "a.docx").write_bytes(b"PK")

    assert "There is no workbook" in refusal(tmp_path / "none.xlsx")
    assert "There is no workbook" in refusal(tmp_path / "a.docx" / "none.xlsx")
    assert "that is not a file" in refusal(tmp_path / "folder.xlsx")
    assert "that is not a file" in refusal(tmp_path / "pipe.xlsx")
    assert f"Name the workbook itself: {tmp_path / 'a.xlsx'}." in refusal(tmp_path / "~$a.xlsx")
    assert "has none of the endings that are read" in refusal(tmp_path / "a.docx")
    assert "cannot be read: File name too long" in refusal(tmp_path / f"{'x' * 300}.xlsx")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_without_permission(tmp_path):
    """A file we may not read is said to be one."""
    path = write_xlsx(tmp_path / "a.xlsx", {"S": [["Key"], ["k1"]]})
    path.chmod(0)

    assert "cannot be read: Permission denied" in refusal(path)


def test_file_that_changes_while_it_is_read(tmp_path):
    """Half of an old file and half of a new one is no workbook; neither is one that was replaced or removed."""
    path = write_xlsx(tmp_path / "a.xlsx", {"S": [["Key"], ["k1"]]})
    sentence = f"{path} was changed while it was read. Wait until it is saved, and run again."

    def change_after_start(change) -> str:
        reading = threading.Thread(target=change)
        with workbook._opened(path) as source:
            begun = os.fstat(source.fileno())
            reading.start()
            reading.join()
            with pytest.raises(errors.WorkbookError) as caught:
                workbook._refuse_changed(path, source, begun)
        return str(caught.value)

    assert sentence == change_after_start(lambda: path.write_bytes(path.read_bytes() + b"x"))
    assert sentence == change_after_start(lambda: shutil.copy(path, tmp_path / "b").replace(path))
    assert sentence == change_after_start(path.unlink)


def test_stray_cell_far_away(tmp_path):
    """One cell at the end of the sheet is one sentence that names it as the likely cause; a blank one is nothing."""
    data = texts(["Key", "City"], ["k1", "Pune"])
    far = write_by_hand(tmp_path / "a.xlsx", data + row(1048576, text("XFD1048576", "x")))
    beyond = write_by_hand(tmp_path / "e.xlsx", data + row(99_999_999, text("A99999999", "x")))
    styled = write_by_hand(tmp_path / "c.xlsx", data + row(1048576, '<c r="XFD1048576" s="1"/>'))
    deep = write_by_hand(tmp_path / "d.xlsx", data + row(1048576, text("A1048576", "k2")))

    cause = "it needs more than 1.5 GiB of memory. A stray cell far below or beside the data may be why. Copy its rows"
    for path in (far, beyond):
        assert f"{path} cannot be read: {cause}" in refusal(path)
    assert [2] == [line.number for line in read(styled).rows]
    assert [2, 1048576] == [line.number for line in read(deep).rows]


@pytest.mark.slow
def test_more_cells_than_are_read(tmp_path):
    """Where far too many columns are claimed, it is said where the data ends."""
    data = texts(["Key", "City"], ["k1", "Pune"])
    wide = write_by_hand(tmp_path / "b.xlsx", data + "".join(row(n, text(f"XFD{n}", "x")) for n in range(3, 1_300)))

    ends = "while its data ends at row 1299 and column B. In Excel delete all rows below and all columns"
    assert f"claims 1,299 rows × 16,384 columns, {ends}" in refusal(wide)


def test_limits_hold_for_every_type(tmp_path):
    """A text file that takes too long is not called a damaged archive."""
    path = tmp_path / "a.csv"
    path.write_text("Key\nk1\n")

    with pytest.raises(errors.WorkbookError) as caught:
        read_sheet(path, sheet=None, header_row=1, encoding=None, limits=Limits(wall_s=0.0))

    assert f"{path} cannot be read: it takes more than 0 s. Copy its rows" in str(caught.value)


def test_memory_and_time_are_bounded(tmp_path):
    """A workbook that needs more than it may have costs one sentence that says what to do."""
    data = texts(["Key"], ["k1"]) + row(10_000, text("AHP10000", "x"))
    path = write_by_hand(tmp_path / "a.xlsx", data)

    def refused(limits: Limits) -> str:
        with pytest.raises(errors.WorkbookError) as caught:
            read_sheet(path, sheet=None, header_row=1, encoding=None, limits=limits)
        return str(caught.value)

    advice = "A stray cell far below or beside the data may be why. Copy its rows into a new workbook"
    assert f"cannot be read: it needs more than 256.0 MiB of memory. {advice}" in refused(Limits(memory=256 << 20))
    assert f"cannot be read: it takes more than 0 s. {advice}" in refused(Limits(wall_s=0.0))


def test_machine_without_file_descriptors_is_not_the_files_fault(tmp_path):
    """Where no process can be started, or not even the file be opened, a sentence says so, and no bug is claimed."""
    path = write_xlsx(tmp_path / "a.xlsx", {"S": [["Key"], ["k1"]]})
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(3)]

    def stopped(left: int) -> str:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(taken) + 1 + left, hard))
        try:
            with pytest.raises(errors.StoppedError) as caught:
                read(path)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return str(caught.value)

    try:
        why = "Too many open files"
        assert f"{path} cannot be read: no process can be started for it ({why}). That is this machine's" in stopped(3)
        assert f"{path} cannot be read: {why}. That is this machine's trouble" in stopped(0)
    finally:
        for descriptor in taken:
            os.close(descriptor)
