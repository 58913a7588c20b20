"""Csv files: nothing guessed, no row swallowed, no value shifted."""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulk_onboard import errors
from bulk_onboard.intake.workbook import read_sheet


def read(path: Path, content: bytes, *, header_row: int = 1, encoding: str | None = None):
    """The sheet of a csv file with this content."""
    path.write_bytes(content)
    return read_sheet(path, sheet=None, header_row=header_row, encoding=encoding)


@pytest.fixture
def file(tmp_path):
    """Where the csv file lies."""
    return tmp_path / "firms.csv"


@pytest.fixture
def refusal(file):
    """What reading the content complains about."""

    def complaint(content: bytes, **how) -> str:
        with pytest.raises(errors.WorkbookError) as caught:
            read(file, content, **how)
        return str(caught.value)

    return complaint


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read(file, encoding):
    """UTF-8 with or without mark and UTF-16 with its mark need no word from the user."""
    sheet = read(file, "Key,City\n001,Köln\n".encode(encoding))

    assert "firms" == sheet.name
    assert ("Key", "City") == sheet.headers
    assert ((2, ("001", "Köln")),) == sheet.rows


def test_other_encodings_are_asked_for(file, refusal):
    """What is not UTF-8 is never guessed; with its name it is read."""
    content = "Key,City\nk1,Köln\n".encode("cp1252")

    assert (
        f'{file} is not UTF-8 text (line 2). Save it in Excel as "CSV UTF-8", '
        "or name the encoding it has, such as --encoding cp1252."
    ) == refusal(content)
    assert ((2, ("k1", "Köln")),) == read(file, content, encoding="cp1252").rows
    assert "There is no encoding klingon." in refusal(content, encoding="klingon")
    assert "holds NUL characters" in refusal("Key\nk1\n".encode("utf-16-le"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_the_header_lines(file, delimiter):
    """Comma, semicolon, tab and bar are told from the header row; other signs in later cells change nothing."""
    rows = [["Title"], ["Key", "Street, No", "City"], ["k1", "a;b|c\td,e", ""]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)

    sheet = read(file, text.getvalue().encode(), header_row=2)

    assert ("Key", "Street, No", "City") == sheet.headers
    assert ((3, ("k1", "a;b|c\td,e", "")),) == sheet.rows


def test_single_column(file):
    """A header line without delimiter is one column."""
    assert ((2, ("k1",)), (4, ("k2",))) == read(file, b"Key\nk1\n\nk2\n").rows


def test_row_numbers_are_excels(file):
    """A cell over two lines is in one row, a blank line is one, an old Mac's line end ends one."""
    sheet = read(file, b'Key,Street\r\nk1,"12 MG Road,\r\nIndiranagar"\r\n\r\n,\r\nk2,x\rk3,y')

    assert ((2, ("k1", "12 MG Road,\r\nIndiranagar")), (5, ("k2", "x")), (6, ("k3", "y"))) == sheet.rows


def test_short_and_blank_ends_are_no_trouble(file):
    """Missing cells at the end of a row are blank, delimiters at the end of a row add none."""
    assert ((2, ("k1", "")), (3, ("k2", "x"))) == read(file, b"Key,City,,\nk1\nk2,x,,,,\n").rows


@pytest.mark.parametrize("headers", [b"Key,Name,City", b"Key,Name,City,"])
def test_unquoted_comma_is_an_error(file, refusal, headers):
    """A cell beyond the headers means that the row's values have shifted."""
    complaint = refusal(headers + b"\nk1,Acme,Pune\nk2,Acme, Inc,Pune\n")

    assert f"Row 3 of {file} has more cells than there are headers (3)." in complaint


@pytest.mark.parametrize(
    "rows",
    [
        b'k1,"Acme,Pune\nk2,Borax,Goa\n',
        b'k1,"Acme" Ltd,Pune\n',
        b'k1,"Acme,Pune\nk2,Borax,Goa\nk3,Corex",Delhi\n',
    ],
    ids=["never closed", "closed too early", "closed two rows later"],
)
def test_quotation_marks_swallow_no_rows(file, refusal, rows):
    """A quotation mark out of place is an error that names the row where it begins."""
    complaint = refusal(b"Key,Name,City\nk0,Zero,Agra\n" + rows)

    assert complaint.startswith(f"Row 3 of {file} breaks the rules of csv: ")
    assert complaint.endswith("Correct the quotation marks there, or open the file in Excel and save it as .xlsx.")


def test_cell_without_end_in_the_header(refusal):
    """A quotation mark that the header line never closes is an error, however long the file is."""
    assert "Row 1 of" in refusal(b'Key,"City\n' + b"k,x\n" * 50_000)


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@settings(deadline=None, max_examples=150)
@given(
    rows=st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    bom=st.booleans(),
)
def test_no_row_is_lost(rows, delimiter, bom):
    """Whatever the cells hold, each row with content comes once, under its number, with its cells."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["Key", "City"], *rows])
    with tempfile.TemporaryDirectory() as folder:
        sheet = read(Path(folder) / "a.csv", text.getvalue().encode("utf-8-sig" if bom else "utf-8"))

    expected = [(n, tuple(row)) for n, row in enumerate(rows, 2) if any(cell.strip() for cell in row)]
    assert expected == [(n, tuple(cells)) for n, cells in sheet.rows]
