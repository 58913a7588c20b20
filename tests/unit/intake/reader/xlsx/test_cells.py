"""What calamine reads as blank and is not; what is hidden."""

import pytest

from bulk_onboard.intake.reader.look import Look
from bulk_onboard.intake.reader.xlsx.cells import second_look
from bulk_onboard.intake.reader.xlsx.styles import zeros_of
from tests.support.spreadsheets import MAIN, cell, row, styles, worksheet


def look(data: str, before: str = "", **zeros: int) -> Look:
    """At a sheet of these rows."""
    return second_look([worksheet(data, before).encode()], {name.removeprefix("s"): n for name, n in zeros.items()})


@pytest.mark.parametrize("code", ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!"])
def test_errors_keep_their_sign(code):
    """An error's code is found, computed or typed."""
    found = look(row(2, cell("B2", code, kind="e"), cell("C2", code, kind="e", formula="<f>1/0</f>")))

    assert {(1, 1): code, (1, 2): code} == found.errors


@pytest.mark.parametrize(
    "written",
    [
        '<c r="A1"><f>1+1</f></c>',
        '<c r="A1"><f>1+1</f><v></v></c>',
        '<c r="A1"><f>1+1</f><v/></c>',
        '<c r="A1" t="str"><f>1+1</f></c>',
        '<c r="A1"><f t="shared" si="0"/></c>',
        '<c r="A1"><f t="array" ref="A1:A2">B1:B2</f><v/></c>',
    ],
)
def test_formulas_without_a_result(written):
    """However it is written: shared, array, with an empty value or none."""
    assert {(0, 0)} == look(row(1, written)).uncalculated


@pytest.mark.parametrize(
    "written",
    [
        '<c r="A1"><f>1+1</f><v>2</v></c>',
        '<c r="A1" t="str"><f>""</f><v></v></c>',
        '<c r="A1" t="str"><f>""</f><v/></c>',
        '<c r="A1" t="b"><f t="shared" si="0"/><v>0</v></c>',
        '<c r="A1" s="3"/>',
        '<c r="A1" t="inlineStr"><is><t></t></is></c>',
    ],
)
def test_what_is_calculated_or_blank(written):
    """A formula whose result is the empty text is calculated; a styled blank cell is nothing."""
    found = look(row(1, written))

    assert (set(), {}) == (found.uncalculated, found.errors)


def test_any_prefix():
    """Elements are found whatever their namespace is called."""
    data = '<x:row r="3" hidden="true"><x:c r="B3" t="e"><x:v>#N/A</x:v></x:c><x:c r="C3"><x:f>1</x:f></x:c></x:row>'
    part = f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{data}</x:sheetData></x:worksheet>'

    found = second_look([part.encode()], {})

    assert ({(2, 1): "#N/A"}, {(2, 2)}, [(2, 2)]) == (found.errors, found.uncalculated, found.hidden_rows)


def test_cells_without_reference():
    """They follow the one before, as calamine reads them."""
    found = look('<row><c><v>1</v></c><c t="e"><v>#N/A</v></c></row><row><c><f>1</f></c></row>')

    assert ({(0, 1): "#N/A"}, {(1, 0)}) == (found.errors, found.uncalculated)


def test_hidden_rows_and_columns():
    """Runs of columns, single rows."""
    columns = '<cols><col min="2" max="3" width="9" hidden="1"/><col min="5" max="99999" hidden="1"/></cols>'

    found = look(row(4, attributes='hidden="1"') + row(5, attributes='hidden="0"'), columns)

    assert ([(1, 2), (4, 16_383)], [(3, 3)]) == (found.hidden_columns, found.hidden_rows)


def test_formats_of_zeros():
    """Only such formats in use on numbers matter, and only those of cells, not of cell styles."""
    assert {"2": 6, "4": 3} == zeros_of(styles("000000", "0.00", "000;-000", "0").encode())

    found = look(row(1, cell("A1", "12", style=2), cell("B1", "12"), cell("C1", "1", kind="s", style=2)), s2=6)

    assert {(0, 0): 6} == found.digits


def test_pieces_may_end_anywhere():
    """A part that comes in pieces is the same part."""
    part = worksheet(row(2, cell("B2", "#N/A", kind="e"))).encode()

    assert {(1, 1): "#N/A"} == second_look([part[i : i + 1] for i in range(len(part))], {}).errors
