"""Csv files: nothing guessed, no row swallowed, no value shifted."""

import csv
import io
import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulk_onboard import errors
from bulk_onboard.intake.delimited import LONGEST_CELL, read_records
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.sheet import LAST_ROW, MOST_ROWS

MEND = (
    "Correct the quotation marks there, or import the file into Excel with every column as text, and save it as .xlsx."
)


def read(content: bytes | str, *, name: str = "firms.csv", header_row: int = 1, encoding: str | None = None):
    """The rows and findings of a file with this content; text is UTF-8."""
    raw = content.encode() if isinstance(content, str) else content
    return read_records(Path(name), raw, encoding=encoding, header_row=header_row)


def rows(content: bytes | str, **how) -> list[list[str]]:
    """The rows, those of the headers and above included."""
    return read(content, **how).rows


def refusal(content: bytes | str, **how) -> str:
    """What reading the content complains about."""
    with pytest.raises(errors.WorkbookError) as caught:
        read(content, **how)
    return str(caught.value)


def rows_or_refusal(content: bytes | str) -> list[list[str]] | str:
    """What comes of the content, whichever it is."""
    try:
        return rows(content)
    except errors.WorkbookError as error:
        return str(error)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding):
    """Unicode with its mark is read, anything else by its name."""
    named = None if encoding.startswith("utf") else encoding

    assert [["Key", "City"], ["001", "Köln"]] == rows("Key,City\n001,Köln\n".encode(encoding), encoding=named)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_the_header_lines(delimiter):
    """Comma, semicolon, tab and bar are told from the header row; other signs in other rows change nothing."""
    table = [["A, b; c | d\t"], ["Key", "Street, No", "City"], ["k1", "a;b|c\td,e", ""]]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(table)

    assert table == rows(text.getvalue(), header_row=2)


def test_delimiter_splits_into_known_names():
    """Known names count for more than many cells."""
    text = "Key;Business Name;Notes (a, b, c, d, e)\nk1;Acme;x\n"

    assert [["Key", "Business Name", "Notes (a, b, c, d, e)"], ["k1", "Acme", "x"]] == rows(text)


def test_tsv_means_tab():
    """A file's name that ends in .tsv says how it is delimited."""
    assert [["Key, a, b", "City"], ["k1", "x"]] == rows("Key, a, b\tCity\nk1\tx\n", name="firms.TSV")


def test_single_column():
    """A header line without delimiter is one column."""
    assert [["Key"], ["k1"], [""], ["k2"]] == rows("Key\nk1\n\nk2\n")


@pytest.mark.parametrize("line", ["sep=;", "SEP=;\r", '"sep=;"', "\ufeffsep=;"])
def test_separator_line(line):
    """A first line that names the delimiter is understood and, as in Excel, no row."""
    assert [["Key, a, b", "City"], ["k1", "x"]] == rows(f"{line}\nKey, a, b;City\nk1;x\n")


def test_line_and_row_are_both_named():
    """Where an editor's line number is not Excel's row number, messages have both."""
    assert "line 3 (row 2) has 3" in refusal("sep=;\nKey;City\nk1;x;y\n")
    assert "line 4 (row 3) has 3" in refusal('Key,City\nk1,"12 MG Road,\nIndiranagar"\nk2,x,y\n')
    assert "line 2 has 3" in refusal("Key,City\nk1,x,y\n")


def test_row_numbers_are_excels():
    """A cell over two lines is in one row, a blank line is one, and line ends of all kinds may be mixed."""
    text = 'Key,Street\r\nk1,"12 MG Road,\r\nIndiranagar"\r\n\r\n,\n \r\nk2,x\rk3,"a\rb"\nk4,y'

    assert [
        ["Key", "Street"],
        ["k1", "12 MG Road,\r\nIndiranagar"],
        ["", ""],
        ["", ""],
        [" ", ""],
        ["k2", "x"],
        ["k3", "a\rb"],
        ["k4", "y"],
    ] == rows(text)


def test_only_line_ends_end_lines():
    """Signs that some programs take for a line's end stay in their cell."""
    assert ["k1", "a\x0bb\x0cc\x85d\u2028e"] == rows("Key,City\nk1,a\x0bb\x0cc\x85d\u2028e\n")[1]


@pytest.mark.parametrize("text", ["Key,City,,\nk1,x,,\n", "Key,City,,,\nk1,x\n", "Key,City,,\nk1,x,\n"])
def test_delimiters_at_the_end(text):
    """Blank cells beyond the headers are left out where the header row has as many, and other rows too."""
    assert [["Key", "City"], ["k1", "x"]] == rows(text)


@pytest.mark.parametrize("delimiter", list(",;\t|"))
@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["k;n;a", "1;Acme;", "2;Borax; Block 7;", "3;Corex;"], "line 3 has 4"),
        (["k;n;a", "1;Acme, Inc;;"], "line 2 has 4"),
        (["k;n;a", "1;Acme; Inc;", "2;Borax; Inc;"], "line 2 has 4, line 3 has 4"),
        (["k;n;a;", "1;Acme;x", "2;Borax; Block 7;", "3;Corex;y"], "line 3 has 4"),
        (["k;n;a;;", "1;Acme;x;;", "2;Borax; Block 7;x;;"], "line 3 has 6"),
        (["k;n;a", "1;Acme;", "2;;;", ";;;;;", "3;Corex;"], "line 3 has 4"),
    ],
)
def test_blank_cell_too_many_means_a_shift(lines, told, delimiter):
    """A row wider than the header row or than most others has shifted, also where the cells it ends in are blank."""
    text = "".join(f"{line}\n" for line in lines).replace(",", "").replace(";", delimiter)

    assert f"rows with more or fewer cells: {told}. " in refusal(text)


def test_blank_row_of_any_width_is_a_blank_row():
    """Delimiters alone shift nothing."""
    assert [["Key", "City"], ["k1", "x"], ["", ""]] == rows("Key,City\nk1,x\n,,,,\n")


@pytest.mark.parametrize("mark", ["\ufeff", "\ufeff\ufeff"])
@pytest.mark.parametrize("delimiter", list(",;\t|"))
def test_byte_order_marks_are_no_part_of_a_cell(mark, delimiter):
    """Before any line or cell, as in files put behind or beside each other, they are left out and counted."""
    text = f'{mark}"Key",City\n{mark}"k1",x\nk2,{mark}"y"\nk3,z\n'.replace(",", delimiter)

    records = read(text.encode("utf-8-sig"))

    assert [["Key", "City"], ["k1", "x"], ["k2", "y"], ["k3", "z"]] == records.rows
    assert (Finding("byte-order-marks", details={"count": 3}),) == records.findings


def test_byte_order_mark_of_a_file_in_another_encoding():
    """UTF-8's mark, read as cp1252, is one all the same; UTF-16 has its own."""
    assert ["k1", "é"] == rows('Key,City\nï»¿"k1",é\n'.encode("cp1252"), encoding="cp1252")[1]
    assert ["k1", "x"] == rows('\ufeffKey,City\n\ufeff"k1",x\n'.encode("utf-16-le"))[1]


def test_one_mark_where_it_belongs_is_nothing_to_tell():
    """Excel writes one before every CSV UTF-8."""
    assert () == read("Key,City\nk1,x\n".encode("utf-8-sig")).findings


@pytest.mark.parametrize("headers", ["Key,Name,City", "Key,Name,City,"])
def test_unquoted_delimiter(headers):
    """A cell beyond the headers means that the row's values have shifted."""
    complaint = refusal(headers + "\nk1,Acme,Pune\nk2,Acme, Inc,Pune\n")

    assert (
        "firms.csv has 3 headers and rows with more or fewer cells: line 3 has 4. Put cells that hold the delimiter in "
        "quotation marks and give every row all its delimiters, or import the file into Excel with every column as "
        "text, and save it as .xlsx."
    ) == complaint


def test_lost_delimiter():
    """A row too short is an error as well: which cell it lacks cannot be known."""
    complaint = refusal("Key,Name,City\nk1,AcmePune\nk2,Acme,Pune\n")

    assert "cells: line 2 has 2. Which cells are missing cannot be known." in complaint
    assert "Excel leaves out the last ones where they are blank: save the workbook as .xlsx, or fill in" in complaint


def test_all_misfits_are_told():
    """Several rows that do not fit are one error, which names the first and counts the others."""
    complaint = refusal("Key,Name,City\n" + "k1,Acme,Pune\nk1,Acme\n" * 9)

    assert "line 3 has 2, line 5 has 2, line 7 has 2, line 9 has 2, line 11 has 2, and 4 more differ. " in complaint


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('k1,"Acme,Pune\nk2,Borax,Goa\n', "a quotation mark is opened and never closed"),
        ('k1,"Acme" Ltd,Pune\n', "a quotation mark closes a cell before its end"),
        ('k1,"Acme,Pune\nk2,"Borax",Goa\n', "a quotation mark closes a cell before its end"),
        ('k1,"Acme,Pune\nk2,Borax,Goa\nk3,Corex",Delhi\n', "a quotation mark makes one cell of several rows"),
        ('k1,Acme,"Pune\nk2,Borax,Goa"\n', "a quotation mark makes one cell of several rows"),
        ('Acme,"Pune,x\nBorax,Goa,x\nCorex,Agra",x\n', "a quotation mark makes one cell of several rows"),
        ('k1,"Acme\nk2,Borax\nk10,Corex",Delhi\n', "a quotation mark makes one cell of several rows"),
        ('k1,"Acme\nKey,City\n",Delhi\n', "a quotation mark makes one cell of several rows"),
        ('k1, "Acme, Inc"\n', "a blank stands between a delimiter and a quotation mark"),
        ('k1,  "Acme",Pune\n', "a blank stands between a delimiter and a quotation mark"),
        ('k1,="Acme, Inc"\n', 'a cell that begins with =" holds a delimiter'),
    ],
)
def test_quotation_marks_shift_nothing(body, reason):
    """A quotation mark out of place is an error that names the line where its row begins."""
    complaint = refusal('Key,Name,City\nk0,"Z\nero",Agra\n' + body)

    assert f"Line 4 (row 3) of firms.csv breaks the rules of csv: {reason}. {MEND}" == complaint


@pytest.mark.parametrize(
    "street",
    [
        "12 MG Road,\nIndiranagar, Bengaluru",
        "Flat 5,\nBLOCK-00000012, Pune",
        "Flat 5,\n560001, Bengaluru",
        'The "Oaks",\nStreet 5',
        'said, ""no""',
    ],
)
def test_lawful_cells_are_read(street):
    """An address over several lines, with commas and quotation marks of its own, is one cell."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["Key", "Street", "City", "State"], ["CUST-0017", street, "Pune", ""]])

    assert [["CUST-0017", street, "Pune", ""]] == rows(text.getvalue())[1:]


def test_quotation_mark_never_closed_in_the_header():
    """A quotation mark that the header line never closes is an error, however long the file is."""
    complaint = refusal('Key,"City\n' + "k,x\n" * 300_000)

    assert "Line 1 of firms.csv breaks the rules of csv: a cell is longer than 1,000,000 characters" in complaint


def test_long_cells():
    """A cell may be far longer than Excel's, but not endless."""
    assert [["k1", "x" * 200_000]] == rows("Key,City\nk1," + "x" * 200_000)[1:]
    assert "Line 2 of firms.csv" in refusal("Key,City\nk1," + "x" * (LONGEST_CELL + 1))


@pytest.mark.slow
def test_too_many_rows():
    """Blank rows do not count towards the most there may be; one row more than that is an error."""
    text = "Key\n" + "\n" * 1000 + "k\n" * MOST_ROWS

    assert 1 + 1000 + MOST_ROWS == len(rows(text))
    assert refusal(text + "k\n").startswith("firms.csv has more than 200,000 rows, or 1,048,576 with the blank ones.")
    assert "1,048,576" in refusal("Key\n" + "\n" * LAST_ROW)


def test_text_wrapped_for_excel():
    """Cells that tell Excel to leave them alone are unwrapped, and one finding counts them."""
    records = read('Key,City,State\n="00123","=""0 """"4"""" """,="a"&"b"\n="",x,"=""7\n8"""\n')

    assert [["00123", '0 "4" ', '="a"&"b"'], ["", "x", "7\n8"]] == records.rows[1:]
    assert (Finding("unwrapped-text", details={"count": 4}),) == records.findings
    assert () == read("Key,City\nk1,=x\n").findings


@pytest.mark.parametrize(
    "text",
    [
        "Firms of the north\nAs of today\nKey;Business Name;City\nk1;Acme;Pune\n",
        "Firms, north\n,\nKey,Business Name,City\nk1,Acme,Pune\n",
    ],
    ids=["split otherwise", "too wide"],
)
def test_title_above_the_headers(text):
    """Where the header row given holds a title, the error says which row holds headers."""
    assert (
        "Row 1 of firms.csv does not hold the headers of the rows below. Row 3 holds Key, Business Name, City: "
        "if these are the headers, say so: --header-row 3."
    ) == refusal(text)


def test_header_row_too_far_down():
    """A header row that is one of the data is told too, if the rows do not fit it."""
    assert "say so: --header-row 1." in refusal("Key,City,Note\nk1,Pune,\nk2,Goa,x\n", header_row=2)


def test_blank_header_row():
    """Where the header row is blank, rows are given as they are, for the reader to say where the headers may be."""
    assert [[], ["Key", "City"], ["k1"]] == rows("\nKey,City\nk1\n")
    assert [["Key", "City"]] == rows("Key,City\n", header_row=5)
    assert [] == rows("\ufeff")


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@settings(deadline=None, max_examples=200)
@given(
    cells=st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_no_row_is_lost(cells, delimiter, encoding, end):
    """Whatever the cells hold, each row comes once, in its place, with its cells."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator=end).writerows(
        [["Key", "City"], *cells]
    )

    outcome = rows_or_refusal(text.getvalue().encode(encoding))

    if isinstance(outcome, str):  # strict rules may refuse what only looks odd, but never read it otherwise
        assert "a quotation mark makes one cell of several rows" in outcome or '="' in outcome
    else:
        assert cells == outcome[1:]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(['"', ",", "\n", "\r", "a1", "b2", " ", "=", ";"]), max_size=30))
def test_every_line_is_in_one_row(pieces):
    """A file is refused, or its rows hold all its lines, in order, and nothing else."""
    text = "Key,City,State\n" + "".join(pieces)

    outcome = rows_or_refusal(text)

    if isinstance(outcome, str):
        assert re.search(r"[Ll]ine \d+", outcome) or "--header-row" in outcome
    else:
        cells = "".join(itertools.chain.from_iterable(outcome))
        assert [sign for sign in text if sign in "ab12;"] == [sign for sign in cells if sign in "ab12;"]
