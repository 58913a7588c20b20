"""The plain copy of one sheet: its cells, merged ones too, read back as they were."""

from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO

import pytest

from bulk_onboard.intake.workbook import read_sheet
from bulk_onboard.model.sheet import Merged, SheetRow, Stored
from bulk_onboard.reporting.annotated.plain import COMMENTS_AT_MOST, CellValue, Formula, disjoint, kept, write_plain
from tests.unit.reporting.annotated.samples import CREATED, annotation, email, opened, sheet_of, whole_row


def written(sheet, made, folder, notes=("It is plain.",)):
    """The copy, opened."""
    stream = BytesIO()
    write_plain(stream, folder, sheet=sheet, annotation=made, notes=notes, created=CREATED)
    return opened(stream.getvalue())


def test_every_cell_stands_where_it_stood(tmp_path):
    """Rows and columns are those of the file, blank ones included; no text becomes a number or a formula."""
    rows = (SheetRow(5, ("007", "=1+1", "#N/A")), SheetRow(8, ("K-8", "", "")))
    sheet = replace(sheet_of(), header_row=3).with_rows(rows)

    copy = written(sheet, annotation({8: [email(8)]}, sheet=sheet), tmp_path)["Sheet1"]

    assert ["Key", "Email", "Remarks", "bo_key"] == [cell.value for cell in copy[3][:4]]
    assert [("007", "s"), ("=1+1", "s"), ("#N/A", "s")] == [(cell.value, cell.data_type) for cell in copy[5][:3]]
    assert (None, "K-8") == (copy["A6"].value, copy["A8"].value)
    assert {"@"} == {cell.number_format for cell in copy[5]}


KINDS = (Stored.NUMBER, Stored.FORMATTED, Stored.DATE, Stored.BOOLEAN, Stored.ERROR, Stored.UNCALCULATED)


CELLS = ("71", "1234", "2026-01-02", "TRUE", "#N/A", "", "text")


def read(sheet, folder):
    """The plain copy, as the next run reads it."""
    copy = folder / "copy.xlsx"
    stream = BytesIO()
    made = annotation({2: [email()]}, sheet=sheet)
    write_plain(stream, folder, sheet=sheet, annotation=made, notes=(), created=CREATED)
    copy.write_bytes(stream.getvalue())
    return read_sheet(copy, sheet=None, header_row=1, encoding=None)


def test_every_kind_of_cell_is_read_as_it_was(tmp_path):
    """A marked one among them."""
    stored = dict(enumerate(KINDS))
    sheet = sheet_of([f"H{n}" for n in range(len(CELLS))]).with_rows([SheetRow(2, CELLS, stored)])

    (row,) = read(sheet, tmp_path).rows

    assert (CELLS, stored) == (row.cells[: len(CELLS)], row.stored)


def test_merged_cells_are_merged(tmp_path):
    """Where they were; what stood in a covered cell stands there still."""
    sheet = replace(sheet_of(), merged=(Merged(2, 3, 0, 0), Merged(3, 3, 1, 2)))

    copy = read(sheet, tmp_path)

    assert {Merged(2, 3, 0, 0), Merged(3, 3, 1, 2)} == set(copy.merged)
    assert ["K-2", "K-3"] == [row.cells[0] for row in copy.rows]


@pytest.mark.parametrize(
    "text", ["a\x01b", "\rb", "_x000D_", "_x005F_x0041_", "<r>a</r>", "<r>& <</r>", "a\u0085", "=1+1", "'x", "\ufffd"]
)
def test_text_is_read_as_it_was(tmp_path, text):
    """Characters that no XML holds, and what the writer would take for markup, escapes or formulas."""
    sheet = sheet_of().with_rows((SheetRow(2, ("K-2", text, text)),))

    assert ("K-2", text, text) == read(sheet, tmp_path).rows[0].cells[:3]


def test_marks_comments_and_columns_are_there(tmp_path):
    """As in the user's own file."""
    sheet = sheet_of()
    copy = written(sheet, annotation({2: [email()], 3: [whole_row(3)]}), tmp_path)["Sheet1"]

    assert ["FFFFC9C4", "FFFFEFA8"] == [copy[cell].fill.fgColor.rgb for cell in ("B2", "A3")]
    assert "it has no @" in copy["B2"].comment.text
    assert ["K-2", "invalid"] == [cell.value for cell in copy[2][3:5]]


def test_columns_of_an_annotated_sheet_are_overwritten(tmp_path):
    """What stood in them is gone."""
    sheet = sheet_of(("Key", "Email", "bo_key", "bo_state", "bo_problems", "bo_compliance_id"))
    sheet = sheet.with_rows([SheetRow(2, ("K-2", "", "old", "old", "old", "old"))])

    copy = written(sheet, annotation({2: [email()]}, sheet=sheet), tmp_path)["Sheet1"]

    assert ["K-2", None, "K-2", "invalid"] == [cell.value for cell in copy[2][:4]]
    assert 6 == copy.max_column
    assert "old" not in [cell.value for cell in copy[2]]


def test_first_sheet_tells_how_to_fix(tmp_path):
    """The same lines as in the user's own file, and why the copy is plain."""
    copy = written(sheet_of(), annotation({2: [email()]}), tmp_path)["How to fix"]

    cells = [cell.value for row in copy.iter_rows() for cell in row if cell.value]
    assert "How to fix this workbook" == cells[0]
    assert {"Not an e-mail address", "It is plain."} <= set(cells)


def test_too_many_comments_are_counted(tmp_path):
    """Every cell is filled, some have no comment, and that is said."""
    rows = COMMENTS_AT_MOST + 5
    sheet = sheet_of(rows=rows)

    copy = written(sheet, annotation({row.number: [email(row.number)] for row in sheet.rows}, sheet=sheet), tmp_path)

    page = copy["Sheet1"]
    assert COMMENTS_AT_MOST == sum(page.cell(row, 2).comment is not None for row in range(2, rows + 2))
    assert {"FFFFC9C4"} == {page.cell(row, 2).fill.fgColor.rgb for row in range(2, rows + 2)}
    assert any(str(cell.value).startswith("5 marked cells") for row in copy["How to fix"].iter_rows() for cell in row)


def test_name_of_a_csv_becomes_one_that_excel_allows(tmp_path):
    """A sheet that is called like a file may have too long a name, or signs that a sheet's name cannot have."""
    sheet = replace(sheet_of(), name="a[1]/" + "x" * 40)

    assert ["How to fix", "a_1__" + "x" * 26, "bo_base"] == written(
        sheet, annotation({2: [email()]}), tmp_path
    ).sheetnames


DAY, MOMENT, HOURS = "yyyy\\-mm\\-dd", "yyyy\\-mm\\-dd\\ hh:mm:ss", "[h]:mm:ss"


LOST = CellValue(Formula("=#VALUE!", "#VALUE!"))


@pytest.mark.parametrize(
    ("text", "stored", "written"),
    [
        ("560001", Stored.NUMBER, CellValue(560001.0)),
        ("1234", Stored.FORMATTED, CellValue(1234.0, "#,##0")),
        ("1.2345678901234E+17", Stored.NUMBER, CellValue(1.2345678901234e17)),
        ("-0.5", Stored.NUMBER, CellValue(-0.5)),
        ("2026-01-02", Stored.DATE, CellValue(datetime.fromisoformat("2026-01-02"), DAY)),
        ("2026-01-02 03:04:05", Stored.DATE, CellValue(datetime.fromisoformat("2026-01-02 03:04:05"), MOMENT)),
        ("36:05:00", Stored.DATE, CellValue(timedelta(hours=36, minutes=5), HOURS)),
        ("6:05:00", Stored.DATE, CellValue(timedelta(hours=6, minutes=5), HOURS)),
        ("06:05:00", Stored.DATE, CellValue(timedelta(hours=6, minutes=5), "hh:mm:ss")),
        ("TRUE", Stored.BOOLEAN, CellValue(True)),
        ("FALSE", Stored.BOOLEAN, CellValue(False)),
        ("#N/A", Stored.ERROR, CellValue(Formula("=#N/A", "#N/A"))),
        ("", Stored.UNCALCULATED, CellValue(Formula("=NA()", ""))),
    ],
)
def test_cell_is_kept_as_the_file_keeps_it(text, stored, written):
    """The same kind, and a format that shows the same."""
    assert written == kept(text, stored)


@pytest.mark.parametrize(
    ("text", "stored"),
    [("#SPILL!", Stored.ERROR), ("", Stored.ERROR), ("1066-10-14", Stored.DATE), ("someday", Stored.DATE)],
)
def test_what_cannot_be_kept_is_an_error(text, stored):
    """Never a text, which would be sent."""
    assert LOST == kept(text, stored)


def test_number_that_is_none_is_an_error():
    """No cell can hold it."""
    assert CellValue(Formula("=#NUM!", "#NUM!")) == kept("NAN", Stored.NUMBER) == kept("INF", Stored.NUMBER)


TALL, BESIDE, BELOW = Merged(2, 9, 0, 1), Merged(3, 4, 2, 3), Merged(10, 11, 0, 3)


def test_areas_apart_stay_as_they_are():
    """Side by side, one below the other, and each once."""
    assert [TALL, BESIDE, BELOW] == disjoint([BELOW, TALL, BESIDE, TALL])


@pytest.mark.parametrize("other", [Merged(9, 12, 1, 2), Merged(3, 3, 0, 0), Merged(2, 3, 0, 5), Merged(1, 2, 1, 1)])
def test_areas_that_overlap_are_one(other):
    """All cells are covered, and no area overlaps another any more."""
    found = disjoint([TALL, other])

    assert [Merged(min(2, other.first_row), max(9, other.last_row), 0, max(1, other.last_column))] == found


def test_areas_below_an_overlap_are_left_alone():
    """Only rows that share something are put together."""
    assert [Merged(2, 9, 0, 3), Merged(10, 11, 0, 3)] == disjoint([TALL, Merged(3, 4, 1, 3), BELOW])


def test_very_many_areas_take_no_time():
    """A long sheet may have one in every row."""
    areas = [Merged(row, row, 0, 1) for row in range(2, 100_000)] + [Merged(2, 100_000, 3, 3)]

    assert len(areas) == len(disjoint(areas))


def test_clerk_sees_names_and_results_first(tmp_path):
    """Key is frozen beside the results, there is a filter, and links lead from list to cell, and from row to list."""
    sheet = sheet_of()
    book = written(sheet, annotation({2: [email()]}, sheet=sheet), tmp_path)
    page, guide = book["Sheet1"], book["How to fix"]

    assert ("How to fix", "A1:G3") == (book.active.title, page.auto_filter.ref)
    assert (1, 1, "E2") == (page.sheet_view.pane.xSplit, page.sheet_view.pane.ySplit, page.sheet_view.pane.topLeftCell)
    (link,) = [cell for row in guide.iter_rows() for cell in row if cell.hyperlink]
    assert ("B2", "'Sheet1'!B2") == (link.value, link.hyperlink.location)
    assert f"'How to fix'!A{link.row}" == page["E2"].hyperlink.location
    assert "FFFCE4D6" == page["E2"].fill.fgColor.rgb


def test_prints_in_landscape_with_headers_and_page_numbers(tmp_path):
    """One page wide where that can be read, else so many that it can, with the names on each."""
    narrow = written(sheet_of(), annotation({2: [email()]}), tmp_path)
    wide_sheet = sheet_of(["Key", *(f"A long header, number {n:02}" for n in range(20))])
    wide = written(wide_sheet, annotation({2: [email()]}, sheet=wide_sheet), tmp_path)["Sheet1"]

    for page in narrow.worksheets[:2]:
        assert ("landscape", 1, 0) == (
            page.page_setup.orientation,
            page.page_setup.fitToWidth or 1,
            page.page_setup.fitToHeight,
        )
        assert "Page &P of &N" == page.oddFooter.right.text
    assert "$1:$1" == narrow["Sheet1"].print_title_rows
    assert (3, "$A:$A") == (wide.page_setup.fitToWidth, wide.print_title_cols)


def test_row_is_as_high_as_its_problems_need(tmp_path):
    """LibreOffice would write them over the next row."""
    sheet = sheet_of()
    copied = written(sheet, annotation({2: [email(), whole_row()]}, sheet=sheet), tmp_path)["Sheet1"]

    assert 45 <= copied.row_dimensions[2].height
    assert copied.row_dimensions[3].height is None
