"""Cells written into a worksheet's part: only their bytes change."""

import random

import pytest

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.writer.xlsx import edited_part, formulas_in_part
from bulk_onboard.model.sheet import Edit, Stored

HEAD = '<?xml version="1.0"?><worksheet xmlns="m"><cols><col min="1" max="2" width="9"/></cols>'
LOOK = ' s="7"'
TAIL = '<mergeCells count="1"><mergeCell ref="A9:B9"/></mergeCells></worksheet>'


def written(data: str, *edits: Edit, head: str = HEAD, tail: str = TAIL) -> str:
    """The rows as they are once the edits are made; what stands around them must not have changed."""
    text = edited_part(f"{head}{data}{tail}".encode(), edits).decode()
    assert text.startswith(head)
    assert text.endswith(tail)
    return text[len(head) : len(text) - len(tail)]


def new(reference: str, text: str, style: str = "") -> str:
    """A cell as it is written."""
    return f'<c r="{reference}"{style} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


@pytest.mark.parametrize(
    ("before", "edit", "after"),
    [
        ('<c r="A1" t="s"><v>0</v></c>', Edit(1, 0, "x"), new("A1", "x")),
        ('<c r="A1" s="4" t="s"><v>0</v></c>', Edit(1, 0, "x"), new("A1", "x", ' s="4"')),
        ('<c r="A1" s="4"/>', Edit(1, 0, "x"), new("A1", "x", ' s="4"')),
        ('<c s="4" vm="1" r="A1"><v>1</v></c>', Edit(1, 0, ""), '<c r="A1" s="4"/>'),
        ('<c r="A1"><v>1</v></c>', Edit(1, 0, "560002", Stored.NUMBER), '<c r="A1"><v>560002</v></c>'),
        ('<c r="A1"><v>1</v></c>', Edit(1, 0, "TRUE", Stored.BOOLEAN), '<c r="A1" t="b"><v>1</v></c>'),
        ('<c r="A1"><v>1</v></c>', Edit(1, 0, 'a<b&"c'), new("A1", 'a&lt;b&amp;"c')),
        ('<c r="A1"><v>1</v></c>', Edit(1, 0, "_x0041_\r"), new("A1", "_x005F_x0041__x000D_")),
        ("<c><v>1</v></c>", Edit(1, 0, "x"), new("A1", "x")),
        ('<c r="A1" q="&gt;/>"><v>1</v></c>', Edit(1, 0, "x"), new("A1", "x", ' q="&gt;/&gt;"')),
    ],
)
def test_cell_is_written_anew_and_keeps_its_look(before: str, edit: Edit, after: str) -> None:
    """A text, a number, a truth value or nothing; whatever the cell was before."""
    rest = '<c r="B1" t="str"><f>A1</f><v>old</v></c>'
    assert f'<sheetData><row r="1">{after}{rest}</row></sheetData>' == written(
        f'<sheetData><row r="1">{before}{rest}</row></sheetData>', edit
    )


def test_cell_that_was_not_there_finds_its_place_and_the_look_of_the_one_above() -> None:
    """Before, between and behind the others of its row; the row's span is not right any more."""
    before = '<row r="1"><c r="B1" s="7"/></row><row r="2" spans="1:3"><c r="A2"/><c r="C2"/></row>'
    cells = f'<c r="A2"/>{new("B2", "x", LOOK)}<c r="C2"/>{new("D2", "y")}'
    after = f'<row r="1"><c r="B1" s="7"/></row><row r="2">{cells}</row>'

    assert f"<sheetData>{after}</sheetData>" == written(
        f"<sheetData>{before}</sheetData>", Edit(2, 1, "x"), Edit(2, 3, "y")
    )


@pytest.mark.parametrize(
    ("before", "number", "after"),
    [
        ('<row r="1"/><row r="4"/>', 2, '<row r="1"/>{}<row r="4"/>'),
        ('<row r="1"/><row r="4"/>', 5, '<row r="1"/><row r="4"/>{}'),
        ("<row><c/></row><row><c/></row>", 3, "<row><c/></row><row><c/></row>{}"),
    ],
)
def test_row_that_was_not_there_finds_its_place(before: str, number: int, after: str) -> None:
    """Among the others, by number; rows without one count on."""
    made = f'<row r="{number}">{new(f"A{number}", "x")}</row>'

    assert f"<sheetData>{after.format(made)}</sheetData>" == written(
        f"<sheetData>{before}</sheetData>", Edit(number, 0, "x")
    )


def test_empty_row_is_opened() -> None:
    """It keeps its height and its look."""
    wanted = f'<sheetData><row r="2" ht="30">{new("A2", "x")}</row></sheetData>'

    assert wanted == written('<sheetData><row r="2" ht="30" spans="1:9" /></sheetData>', Edit(2, 0, "x"))


def test_names_may_have_a_prefix() -> None:
    """What is written has the same."""
    head, tail = '<x:worksheet xmlns:x="m">', "</x:worksheet>"
    made = '<x:c r="A1" t="inlineStr"><x:is><x:t xml:space="preserve">y</x:t></x:is></x:c>'

    assert f'<x:sheetData><x:row r="1">{made}</x:row></x:sheetData>' == written(
        '<x:sheetData><x:row r="1"><x:c r="A1"/></x:row></x:sheetData>', Edit(1, 0, "y"), head=head, tail=tail
    )


@pytest.mark.parametrize(
    ("edit", "after"),
    [
        (Edit(1, 0, "new", None, is_result=True), ' t="str"><f ref="A1:A2">B1&amp;"x"</f><v>new</v>'),
        (Edit(1, 0, "", None, is_result=True), ' t="str"><f ref="A1:A2">B1&amp;"x"</f><v></v>'),
        (Edit(1, 0, "7", Stored.NUMBER, is_result=True), '><f ref="A1:A2">B1&amp;"x"</f><v>7</v>'),
        (Edit(1, 0, "#N/A", Stored.ERROR, is_result=True), ' t="e"><f ref="A1:A2">B1&amp;"x"</f><v>#N/A</v>'),
        (Edit(1, 0, "", Stored.UNCALCULATED, is_result=True), '><f ref="A1:A2">B1&amp;"x"</f>'),
    ],
)
def test_formula_stays_where_it_is_its_result_that_changes(edit: Edit, after: str) -> None:
    """The result is of any kind, or none."""
    before = '<c r="A1" s="2" t="str"><f ref="A1:A2">B1&amp;"x"</f><v>old</v></c>'

    assert f'<sheetData><row r="1"><c r="A1" s="2"{after}</c></row></sheetData>' == written(
        f'<sheetData><row r="1">{before}</row></sheetData>', edit
    )


def test_formulas_are_found_with_all_cells_that_have_one() -> None:
    """A shared one, and the cells of an array formula, that has it with its first."""
    data = (
        '<sheetData><row r="1"><c r="A1"><f>B1+1</f><v>2</v></c><c r="B1"><f t="shared" si="0"/></c></row>'
        '<row r="2"><c r="A2"><f t="array" ref="A2:A3">C1:C2</f></c></row></sheetData>'
    )

    assert {(1, 0): "B1+1", (1, 1): "", (2, 0): "C1:C2", (3, 0): ""} == formulas_in_part(f"{HEAD}{data}{TAIL}".encode())


@pytest.mark.parametrize(
    "data",
    [
        "<sheetData/>",
        '<sheetData><row r="1"><c r="A2"/></row></sheetData>',
        '<sheetData><row r="1"/><row r="1"/></sheetData>',
        '<sheetData><row r="x"/></sheetData>',
        "<sheetData><row></sheetData>",
    ],
)
def test_odd_sheet_is_refused(data: str) -> None:
    """Rather than written into at a guess."""
    with pytest.raises(WorkbookError):
        written(data, Edit(1, 0, "x"))


def test_any_cells_in_any_order() -> None:
    """By dice: what is written is there, at its place, in the order that a sheet must have."""
    dice = random.Random(7)
    for _ in range(200):
        cells = {(dice.randrange(1, 6), dice.randrange(5)) for _ in range(8)}
        rows = {row: sorted(p for r, p in cells if r == row) for row in sorted({r for r, _ in cells})}
        data = "".join(
            f'<row r="{row}">' + "".join(f'<c r="{"ABCDE"[p]}{row}"><v>0</v></c>' for p in places) + "</row>"
            for row, places in rows.items()
        )
        edits = {(dice.randrange(1, 8), dice.randrange(6)) for _ in range(dice.randrange(1, 9))}

        text = written(f"<sheetData>{data}</sheetData>", *(Edit(row, p, "1", Stored.NUMBER) for row, p in edits))

        wanted: dict[int, list[str]] = {}
        for row, place in sorted(cells | edits):
            value = 1 if (row, place) in edits else 0
            wanted.setdefault(row, []).append(f'<c r="{"ABCDEF"[place]}{row}"><v>{value}</v></c>')
        whole = "".join(f'<row r="{row}">{"".join(each)}</row>' for row, each in wanted.items())
        assert f"<sheetData>{whole}</sheetData>" == text
