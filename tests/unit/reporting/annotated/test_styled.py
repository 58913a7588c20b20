"""The user's own workbook, annotated: what is added, what is kept, and what goes again."""

import io
import re
import zipfile
from dataclasses import replace

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Alignment, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table

from bulk_onboard.model.finding import Finding
from bulk_onboard.model.sheet import SheetRow
from bulk_onboard.reporting.annotated.book import load
from bulk_onboard.reporting.annotated.styled import annotated
from tests.unit.reporting.annotated.samples import (
    CREATED,
    HEADERS,
    annotated_bytes,
    annotation,
    copy_of,
    email,
    note,
    opened,
    saved,
    sheet_of,
    whole_row,
    workbook,
)

COPIED = "xl/worksheets/sheet2.xml"  # the user's own sheet, behind How to fix
RED, YELLOW, DARK_YELLOW = "FFFFC9C4", "FFFFEFA8", "FF8A6100"


def paper(cell):
    """The colour of a cell's fill; empty for none."""
    return cell.fill.fgColor.rgb if cell.fill.fill_type else ""


def test_bad_cells_are_filled_and_commented():
    """Errors red, warnings yellow, each with what is wrong and what to do."""
    sheet = copy_of(workbook(), email(2), whole_row(3))["Sheet1"]

    assert (RED, YELLOW, "") == (paper(sheet["B2"]), paper(sheet["A3"]), paper(sheet["B3"]))
    assert "This cannot be an e-mail address: it has no @.\nCorrect the address" in sheet["B2"].comment.text
    assert "bulk-onboard" == sheet["B2"].comment.author


def test_mark_under_light_text_is_dark():
    """A white header stays readable."""
    unknown = Finding("unknown-column", "Sheet1", 1, "Remarks", details={"nearest": ""})

    copy = opened(annotated(workbook(), annotation({}, [unknown]), CREATED)[0])

    assert DARK_YELLOW == paper(copy["Sheet1"]["C1"])


def test_columns_are_added_at_the_far_right():
    """Headers and a text for every row; cells are text."""
    sheet = copy_of(workbook(), email(2))["Sheet1"]

    assert ["bo_key", "bo_state", "bo_problems", "bo_compliance_id"] == [cell.value for cell in sheet[1][3:]]
    assert ["K-2", "invalid"] == [cell.value for cell in sheet[2][3:5]]
    assert ["K-3", "not sent", None, None] == [cell.value for cell in sheet[3][3:]]
    assert {"@"} == {cell.number_format for cell in sheet[2][3:]}


def test_no_formula_comes_from_data():
    """A Key that reads like a formula stays a text."""
    made = annotation({2: [email()]})
    first = made.results[0]
    made = replace(made, results=(first._replace(texts=first.texts._replace(key="=1+1")),))

    sheet = opened(annotated(workbook(), made, CREATED)[0])["Sheet1"]

    assert ("s", "=1+1") == (sheet["D2"].data_type, sheet["D2"].value)


def test_users_comment_stands_above_ours():
    """And is all that stays when the trouble is gone."""

    def change(book):
        book.worksheets[0]["B2"].comment = note("call them first")

    marked = annotated_bytes(workbook(change), email(2))
    fixed = copy_of(marked)

    text = opened(marked)["Sheet1"]["B2"].comment.text
    assert text.startswith("call them first\n\n— bulk-onboard —\nError: ")
    assert "call them first" == fixed["Sheet1"]["B2"].comment.text


def test_marks_do_not_pile_up():
    """Annotated again with the same findings the copy is the same: one comment, one set of columns, one sheet."""
    once = annotated_bytes(workbook(), email(2), whole_row(2))
    twice = annotated_bytes_again(once)

    first, second = opened(once), opened(twice)
    assert first.sheetnames == second.sheetnames == ["How to fix", "Sheet1", "bo_base"]
    assert first["Sheet1"].dimensions == second["Sheet1"].dimensions
    for row in first["Sheet1"].iter_rows():
        for cell in row:
            other = second["Sheet1"][cell.coordinate]
            assert (cell.value, paper(cell)) == (other.value, paper(other))
            assert (cell.comment and cell.comment.text) == (other.comment and other.comment.text)


def annotated_bytes_again(content):
    """The copy of a copy, whose sheet is read with the added columns in it."""
    headers = (*HEADERS, "bo_key", "bo_state", "bo_problems", "bo_compliance_id")
    return annotated(content, annotation({2: [email(2), whole_row(2)]}, sheet=sheet_of(headers)), CREATED)[0]


@pytest.mark.parametrize(
    "fill",
    [
        PatternFill(),
        PatternFill("solid", fgColor="FFDDEEFF"),
        PatternFill("solid", fgColor=openpyxl.styles.colors.Color(theme=4, tint=0.5)),
        PatternFill("solid", fgColor=openpyxl.styles.colors.Color(indexed=5)),
    ],
    ids=["none", "rgb", "theme", "indexed"],
)
def test_fixed_cell_gets_its_own_fill_back(fill):
    """Whatever colour it had; also in a row that was moved meanwhile."""

    def change(book):
        book.worksheets[0]["B2"].fill = fill

    marked = opened(annotated_bytes(workbook(change), email(2)))
    marked["Sheet1"].move_range("B2:B2", rows=3)
    fixed = copy_of(saved(marked))["Sheet1"]["B5"]

    before = opened(workbook(change))["Sheet1"]["B2"].fill.fgColor
    after = fixed.fill.fgColor
    assert fill.fill_type == fixed.fill.fill_type
    assert (before.type == "theme" and before == after) or paper(fixed)[2:] in (
        before.rgb[2:] if before.type == "rgb" and fill.fill_type else "",
        "FFFF00",
    )


def test_program_that_forgets_the_covered_colour_leaves_the_cell_readable():
    """Without it a cell has no paper, or some dark one under light text."""
    unknown = Finding("unknown-column", "Sheet1", 1, "Remarks", details={"nearest": ""})
    marked = annotated(workbook(), annotation({2: [email()]}, [unknown]), CREATED)[0]
    forgetful = opened(marked)
    for cell, colour in (("B2", RED), ("C1", DARK_YELLOW)):
        forgetful["Sheet1"][cell].fill = PatternFill("solid", fgColor=colour, bgColor="FFFFFFCC")

    sheet = copy_of(saved(forgetful))["Sheet1"]

    assert ("", "FF44546A") == (paper(sheet["B2"]), paper(sheet["C1"]))


def test_merged_cells_carry_their_mark_in_their_first_cell():
    """The others can hold no comment."""

    def change(book):
        book.worksheets[0].merge_cells("A2:A3")

    sheet = copy_of(workbook(change), Finding("merged-cells", "Sheet1", 3, "Key", details={"range": "A2:A3"}))["Sheet1"]

    assert RED == paper(sheet["A2"])
    assert "Unmerge A2:A3" in sheet["A2"].comment.text


def test_what_the_workbook_has_is_kept():
    """Widths, drop-downs, other sheets, panes, rich text, notes, dates and results of formulas."""
    marked = CellRichText("a ", TextBlock(InlineFont(b=True), "bold"), " word")

    def change(book):
        sheet = book.worksheets[0]
        sheet.column_dimensions["A"].width, sheet.freeze_panes = 31, "A2"
        sheet["C2"], sheet["C3"] = marked, 45000.123456789
        sheet["C3"].number_format = "yyyy-mm-dd"
        choice = DataValidation(type="list", formula1='"a,b"')
        choice.add("B2:B9")
        sheet.add_data_validation(choice)
        book.create_sheet("Mine")["A1"] = "=1+1"

    content = with_result(workbook(change))
    copy = annotated_bytes(content, email(2))

    book = openpyxl.load_workbook(io.BytesIO(copy), rich_text=True)
    sheet = book["Sheet1"]
    assert (31, "A2") == (sheet.column_dimensions["A"].width, sheet.freeze_panes)
    assert '"a,b"' == sheet.data_validations.dataValidation[0].formula1
    assert marked == sheet["C2"].value
    assert "=1+1" == book["Mine"]["A1"].value
    assert 2 == openpyxl.load_workbook(io.BytesIO(copy), data_only=True)["Mine"]["A1"].value
    with zipfile.ZipFile(io.BytesIO(copy)) as archive:
        assert b"<v>45000.123456789</v>" in archive.read(COPIED)


def with_result(content):
    """The workbook as Excel saves it: the formula of its second sheet with its result."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            new.writestr(name, re.sub(rb"(<f>1\+1</f>)<v(?: ?/>|></v>)", rb"\1<v>2</v>", old.read(name)))
    return stream.getvalue()


def test_formula_without_a_result_is_told():
    """The next read would find nothing in its cell."""

    def change(book):
        book.worksheets[0]["C2"] = "=1+1"

    _, notes = annotated(workbook(change), annotation({2: [email()]}), CREATED)

    assert ["Some formulas have no result"] == [note[:28] for note in notes]


def with_texts(content, old, new):
    """The workbook with one text in all its parts put in the place of another."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(stream, "w") as after:
        for name in before.namelist():
            after.writestr(name, before.read(name).replace(old, new))
    return stream.getvalue()


def part_of(content, name):
    """One part of a workbook."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


def test_excels_escapes_are_kept():
    """In shared texts, rich ones and our own: a copy of the copy reads like the first file."""

    def change(book):
        book.worksheets[0]["C2"] = "PLACE"
        book.worksheets[0]["C3"] = CellRichText("one ", TextBlock(InlineFont(b=True), "PLACE"))

    original = with_texts(workbook(change), b"PLACE", b"_x005F_x000D_ literal x005F_ and _x0041_ _x0001_")
    copy = annotated_bytes(original, email(2))

    for content in (copy, annotated_bytes(copy, email(2))):
        xml = part_of(content, COPIED)
        assert 2 == xml.count(b">_x005F_x000D_ literal x005F_ and _x0041_ _x0001_<")


def test_what_only_looks_escaped_is_escaped_in_our_own_texts():
    """A Key in bo_key is read again."""
    sheet = sheet_of().with_rows([SheetRow(2, ("_x0041_", "", ""))])

    copy = annotated(workbook(), annotation({2: [email()]}, sheet=sheet), CREATED)[0]

    assert b">_x005F_x0041_<" in part_of(copy, COPIED)


def test_sheet_how_to_fix_tells_each_kind():
    """Its lines, what the copy lacks, and no formula among them."""
    sheet = copy_of(workbook(), email(2), email(3))["How to fix"]

    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert "How to fix this workbook" == rows[0][0]
    assert any(row[:3] == [2, "error", "Not an e-mail address"] and row[6] == "2, 3" for row in rows)


def test_how_to_fix_leads_to_the_cells_and_back():
    """It is seen first; a row's state leads to its first line, the errors' before the warnings'."""
    book = copy_of(workbook(), whole_row(2), email(2))
    sheet, guide = book["Sheet1"], book["How to fix"]

    links = {cell.value: cell.hyperlink.location for row in guide.iter_rows() for cell in row if cell.hyperlink}
    line = next(cell.row for row in guide.iter_rows() for cell in row if cell.hyperlink)
    assert ("How to fix", 0) == (book.active.title, book.index(guide))
    assert {"B2": "'Sheet1'!B2", "A2": "'Sheet1'!A2"} == links
    assert (f"'How to fix'!A{line}", None) == (sheet["E2"].hyperlink.location, sheet["E3"].hyperlink)


def test_state_is_coloured_by_what_it_means():
    """The word says it, too."""
    sheet = copy_of(workbook(), email(2))["Sheet1"]

    assert [("invalid", "FFFCE4D6"), ("not sent", "FFEDEDED")] == [
        (sheet[c].value, paper(sheet[c])) for c in ("E2", "E3")
    ]


def test_names_and_headers_stay_in_view_beside_the_results():
    """There is a filter over all of it."""
    sheet = copy_of(workbook(), email(2))["Sheet1"]

    pane = sheet.sheet_view.pane
    assert (1, 1, "E2", "A1:G3") == (pane.xSplit, pane.ySplit, pane.topLeftCell, sheet.auto_filter.ref)


def test_prints_in_landscape_with_headers_and_page_numbers():
    """One page wide, since there is little to print."""
    sheet = copy_of(workbook(), email(2))["Sheet1"]

    assert ("landscape", 1, 0, "$1:$1") == (
        sheet.page_setup.orientation,
        sheet.page_setup.fitToWidth,
        sheet.page_setup.fitToHeight,
        sheet.print_title_rows,
    )
    assert "Page &P of &N" == sheet.oddFooter.right.text


def test_users_own_view_and_print_settings_win():
    """Panes, filter, footer and page are theirs; a table has a filter of its own."""

    def change(book):
        sheet = book.worksheets[0]
        sheet.freeze_panes, sheet.auto_filter.ref, sheet.print_area = "A2", "A1:B3", "A1:B3"
        sheet.oddFooter.center.text = "Ours"

    def as_table(book):
        book.worksheets[0].add_table(Table(displayName="Ours", ref="A1:C3"))

    sheet = copy_of(workbook(change), email(2))["Sheet1"]
    assert ("A2", "A1:B3", "'Sheet1'!$A$1:$B$3") == (sheet.freeze_panes, sheet.auto_filter.ref, sheet.print_area)
    assert ("Ours", None, None) == (
        sheet.oddFooter.center.text,
        sheet.page_setup.orientation,
        sheet.print_title_rows,
    )
    assert copy_of(workbook(as_table), email(2))["Sheet1"].auto_filter.ref is None


def test_texts_of_a_high_row_stand_at_its_top():
    """Where the user has not put them elsewhere; a row as high as any stays as it is."""

    def change(book):
        book.worksheets[0]["C2"].alignment = Alignment(vertical="bottom")

    sheet = copy_of(workbook(change), email(2), whole_row(2))["Sheet1"]

    assert ["top", "bottom", None] == [sheet[place].alignment.vertical for place in ("B2", "C2", "B3")]
    assert "top" == sheet["F2"].alignment.vertical


def test_sheet_of_the_users_own_is_left_alone():
    """Though it is called like ours."""

    def change(book):
        book.create_sheet("How to fix")["A1"] = "my own notes"

    copy = copy_of(workbook(change), email(2))

    assert ("my own notes", 3) == (copy["How to fix"]["A1"].value, len(copy.sheetnames))


def test_width_of_a_whole_range_of_columns_is_divided():
    """Excel calls a file damaged in which two widths stand for one column."""

    def change(book):
        whole = book.worksheets[0].column_dimensions["A"]
        whole.min, whole.max, whole.width = 1, 16_384, 11

    copy = annotated_bytes(workbook(change), email(2))

    with zipfile.ZipFile(io.BytesIO(copy)) as archive:
        columns = re.findall(rb'<col [^>]*min="(\d+)" max="(\d+)"', archive.read(COPIED))
    spans = sorted((int(first), int(last)) for first, last in columns)
    assert [(1, 3), (4, 4), (5, 5), (6, 6), (7, 7), (8, 16_384)] == spans


def test_row_grows_with_its_problems_and_shrinks_again():
    """A height that an earlier annotation gave goes with the problems."""
    marked = annotated_bytes(workbook(), email(2), whole_row(2))

    again = annotated_bytes(marked)

    assert 30 <= opened(marked)["Sheet1"].row_dimensions[2].height
    assert opened(again)["Sheet1"].row_dimensions[2].height is None


def test_copy_says_when_it_was_made():
    """By that it is known again as untouched."""
    assert CREATED.replace(tzinfo=None) == copy_of(workbook(), email(2)).properties.created


def test_damaged_workbook_raises():
    """Whoever asked writes a plain copy then."""
    with pytest.raises(zipfile.BadZipFile):
        load(workbook()[:-100])
