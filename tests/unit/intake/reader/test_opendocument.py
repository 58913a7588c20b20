"""What an .ods tells beyond its values, written as LibreOffice writes it."""

import pytest

from bulk_onboard.intake.reader.opendocument import extras_of
from bulk_onboard.model.sheet import Merged, Stored

NAMES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
)
ERROR = (
    '<table:table-cell table:formula="of:=NA()" office:value-type="string" calcext:value-type="error" {}>'
    "<text:p>#N/A</text:p></table:table-cell>"
)


def look(rows: str):
    """At the sheet S of a file that has another one before it."""
    other = f'<table:table table:name="T"><table:table-row>{ERROR.format("")}</table:table-row></table:table>'
    content = f'<office:body {NAMES}>{other}<table:table table:name="S">{rows}</table:table></office:body>'
    return extras_of([content.encode()], "S")


def row(*cells: str, attributes: str = "") -> str:
    """A row of cells."""
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def test_errors_keep_their_sign():
    """Behind repeated rows and cells too; those of other sheets are not ours."""
    blank = '<table:table-cell table:number-columns-repeated="3"/>'
    found = look(
        row(blank, attributes='table:number-rows-repeated="4"')
        + row(blank, ERROR.format('table:number-columns-repeated="2"'))
    )

    assert {(4, 3): "#N/A", (4, 4): "#N/A"} == found.errors


def test_formulas_without_a_result():
    """A formula that gave the empty text has an empty paragraph; one that was never calculated has none."""
    empty = '<table:table-cell table:formula="of:=&quot;&quot;"><text:p/></table:table-cell>'
    never = '<table:table-cell table:formula="of:=1+1"/>'
    done = '<table:table-cell table:formula="of:=1+1" office:value-type="float" office:value="2"/>'

    assert {(0, 1)} == look(row(empty, never, done)).uncalculated


def test_formula_with_a_comment():
    """The text of a comment is no result and no part of one."""
    comment = "<office:annotation><text:p>Look!</text:p></office:annotation>"
    never = f'<table:table-cell table:formula="of:=1+1">{comment}</table:table-cell>'
    wrong = ERROR.replace("<text:p>", f"{comment}<text:p>").format("")

    found = look(row(never, wrong))

    assert ({(0, 0)}, {(0, 1): "#N/A"}) == (found.uncalculated, found.errors)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<text:p>a<text:tab/>b</text:p>", "a\tb"),
        ("<text:p>a<text:line-break/>b</text:p>", "a\nb"),
        ('<text:p>a<text:s text:c="3"/>b<text:span>c<text:tab/></text:span></text:p><text:p>d</text:p>', "a   bc\t\nd"),
    ],
)
def test_tabs_and_line_breaks_are_text(content, expected):
    """Nothing of a text is lost, however it is written."""
    cell = (
        f'<table:table-cell office:value-type="string" table:number-columns-repeated="2">{content}</table:table-cell>'
    )

    assert {(0, 0): expected, (0, 1): expected} == look(row(cell)).texts


def test_texts_that_are_told_already():
    """Where calamine has the whole text, it is left to calamine."""
    plain = '<table:table-cell office:value-type="string"><text:p>a<text:s/>b</text:p></table:table-cell>'
    valued = (
        '<table:table-cell office:value-type="string" office:string-value="q"><text:p>a<text:tab/>b</text:p>'
        "</table:table-cell>"
    )

    assert {} == look(row(plain, valued)).texts


def number(value: str, shown: str, kind: str = "float") -> str:
    """A cell with a number and what is shown of it."""
    paragraph = f"<text:p>{shown}</text:p>"
    return f'<table:table-cell office:value-type="{kind}" office:value="{value}">{paragraph}</table:table-cell>'


@pytest.mark.parametrize(
    ("value", "shown"),
    [("123", "000123"), ("42", "K-00042"), ("42.0", "K-00042"), ("12345", "12-345"), ("0", "000"), ("7", "No. 7"),
     ("42", "K-00042 ")],
)  # fmt: skip
def test_code_that_a_format_shows_is_the_text(value, shown):
    """It is the number's own paragraph."""
    found = look(row(number(value, shown)))

    assert ({(0, 0): shown.strip()}, {}) == (found.texts, found.kinds)


@pytest.mark.parametrize(
    ("value", "shown", "kind"),
    [("1234", "1,234", "float"), ("1234", "1.234", "float"), ("1234", "1\u202f234", "float"), ("42", "42.00", "float"),
     ("42", "42,00", "float"), ("42", "4.2E+01", "float"), ("42", "", "float"), ("42", "4200%", "percentage"),
     ("42", "₹42", "currency"), ("-7", "(7)", "float"), ("42", "Rs. 42", "currency"),
     ("1234567", "12,34,567.00", "float")],
)  # fmt: skip
def test_number_that_is_shown_otherwise_is_known_for_that(value, shown, kind):
    """Dividers, decimals, a currency."""
    found = look(row(number(value, shown, kind)))

    assert ({}, {(0, 0): Stored.FORMATTED}) == (found.texts, found.kinds)


@pytest.mark.parametrize(
    ("value", "shown"), [("42", "42"), ("42.0", "42.0"), ("42.0", "42"), ("0.5", "0,50"), ("1.5", "2"), ("-7", "-7")]
)
def test_number_that_is_no_code_stays_a_number(value, shown):
    """What is not whole is judged as the number that it is."""
    found = look(row(number(value, shown)))

    assert ({}, {}) == (found.texts, found.kinds)


@pytest.mark.parametrize(
    "value",
    [
        'date" office:date-value="2020-03-01',
        'date" office:date-value="2020-03-01T00:00:00.000Z',
        'time" office:time-value="PT36H00M00S',
    ],
)
def test_dates_and_durations_are_known_by_their_type(value):
    """Whatever calamine makes of them."""
    cell = f'<table:table-cell office:value-type="{value}"><text:p>01.03.20</text:p></table:table-cell>'

    assert {(0, 0): Stored.DATE} == look(row(cell)).kinds


def test_hidden_and_merged():
    """Collapsed and filtered rows, collapsed columns, spans."""
    columns = '<table:table-column table:number-columns-repeated="2"/><table:table-column table:visibility="collapse"/>'
    spans = 'table:number-columns-spanned="2" table:number-rows-spanned="3"'
    wide = f"<table:table-cell {spans}><text:p>x</text:p></table:table-cell>"
    found = look(
        columns + row(wide, attributes='table:visibility="collapse"') + row(attributes='table:visibility="filter"')
    )

    assert ([(2, 2)], [(0, 0), (1, 1)]) == (found.hidden_columns, found.hidden_rows)
    assert [Merged(1, 3, 0, 1)] == found.merged


def test_repeats_that_never_end():
    """A hostile repeat is bounded."""
    found = look(
        row(ERROR.format('table:number-columns-repeated="999999"'), attributes='table:number-rows-repeated="2"')
    )

    assert 2_000 == len(found.errors)
