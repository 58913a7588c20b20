"""What an .xlsx tells beyond its values: errors, formulas without a result, codes, what is hidden."""

import pytest

from bulk_onboard.intake.reader.number_format import formats_of, number_format
from bulk_onboard.intake.reader.sheet_rows import XmlExtras
from bulk_onboard.intake.reader.xlsx import extras_of
from bulk_onboard.intake.reader.xml import elements_of
from bulk_onboard.model.sheet import Stored
from tests.support.spreadsheets import MAIN, cell, row, styles, worksheet


def look(data: str, before: str = "", **formats: str) -> XmlExtras:
    """At a sheet of these rows; a style `s2` has the format of this code."""
    known = {name.removeprefix("s"): number_format(code) for name, code in formats.items()}
    return extras_of([worksheet(data, before).encode()], {name: found for name, found in known.items() if found})


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

    found = extras_of([part.encode()], {})

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


def test_formats_that_show_more_than_digits():
    """Only those matter, and dates are calamine's."""
    codes = ("000000", "0", "@", "000;-000", "General", "yyyy-mm", "[Red]0", "[$-409]d/m", "&quot;K&quot;0", "#,##0")

    assert ["2", "5", "10", "11"] == list(formats_of(elements_of(styles(*codes).encode())))


@pytest.mark.parametrize(
    ("code", "number", "shown"),
    [
        ("000000", "12", "000012"),
        ('"K-"00000', "42", "K-00042"),
        ("\\K\\-00000", "42", "K-00042"),
        ("K-00000", "42", "K-00042"),
        ("00\\-000", "42", "00-042"),
        ("00\\-000", "1234567", "1234-567"),
        ('000"-"0000', "12345", "001-2345"),
        ("0000-0000", "12345678", "1234-5678"),
        ("##\\-##", "5", "-5"),
        ('[$-409]"K"000', "7", "K007"),
        ("[Blue]000;[Red]-000", "7", "007"),
        ('"No. "0', "7", "No. 7"),
        ('0"/26"', "7", "7/26"),
        ('"K-"General', "42", "K-42"),
        ('"K "???', "7", "K   7"),
        ("0000_)", "7", "0007"),
        ('"say ""K"""00', "7", "say K07"),
        ("000;;", "7", "007"),
    ],
)
def test_code_that_a_format_shows_is_the_text(code, number, shown):
    """Digits fill the places from the right, and more digits than places stand in the first."""
    found = look(
        row(1, cell("A1", number, style=2), cell("B1", number), cell("C1", number, kind="s", style=2)), s2=code
    )

    assert ({(0, 0): shown}, {}) == (found.texts, found.kinds)


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("#,##0", "42"),
        ("0.00", "42"),
        ("0%", "42"),
        ("0.0E+00", "42"),
        ("# ?/?", "42"),
        ("00/00", "1234"),
        ('[$₹-4009]" "0', "42"),
        ("00\\ 000", "12345"),
        ("[<=9999999]0000-0000;(000) 0000-0000", "12345678"),
        (";;;", "42"),
        ('"same"', "42"),
        ('_(* "K"0_)', "42"),
        ('"K"@', "42"),
        ('000;-000;"none"', "0"),
        ("000", "-7"),
    ],
)
def test_number_that_is_shown_otherwise_is_known_for_that(code, number):
    """Dividers, decimals, conditions: what is shown is the number all the same, or nobody can tell it here."""
    found = look(row(1, cell("A1", number, style=2)), s2=code)

    assert ({}, {(0, 0): Stored.FORMATTED}) == (found.texts, found.kinds)


@pytest.mark.parametrize(("code", "number"), [("000", "1.5"), ("000", "1E+20"), ("000", "1234"), ("0_)", "7")])
def test_number_that_is_no_code_stays_a_number(code, number):
    """What is not whole is judged as the number that it is; and what is shown may be the digits alone."""
    found = look(row(1, cell("A1", number, style=2)), s2=code)

    assert ({}, {}) == (found.texts, found.kinds)


@pytest.mark.parametrize("value", ["2020-03-01T00:00:00.000Z", "2020-03-01T05:30:00+05:30", "2020-03-01", "T12:00"])
def test_date_in_iso_form_is_a_date(value):
    """Whether or not it has a time zone."""
    assert {(0, 0): Stored.DATE} == look(row(1, cell("A1", value, kind="d"))).kinds


def test_pieces_may_end_anywhere():
    """A part that comes in pieces is the same part."""
    part = worksheet(row(2, cell("B2", "#N/A", kind="e"))).encode()

    assert {(1, 1): "#N/A"} == extras_of([part[i : i + 1] for i in range(len(part))], {}).errors
