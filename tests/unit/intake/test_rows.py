"""Rows and what they ask for."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.intake.rows import rows_of
from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import Columns, Merged, Sheet, SheetRow, Stored
from bulk_onboard.model.text import ordinary_digits, stripped

DEFAULTS = Combination("IN", "", "business")
TOKEN = "~abcdefghijklmn27"


def rows(headers, *cells, defaults=DEFAULTS, merged=()):
    """The rows of a sheet whose headers are our own names; a row is its texts, or texts and how they are stored."""
    numbered = [row if isinstance(row, SheetRow) else SheetRow(number, row) for number, row in enumerate(cells, 2)]
    sheet = Sheet(Path("firms.xlsx"), "Firms", "0" * 64, 1, headers, merged=tuple(merged)).with_rows(numbered)
    named = {header: header for header in headers if header}
    return rows_of(sheet, Columns({name: headers.index(name) for name in named}, named), defaults=defaults)


def test_cells_are_stripped_and_blank_ones_absent():
    """Outer blanks go; inner ones stay; columns without meaning are left out."""
    row = rows(("key", "", "email", "address.city"), ("\t001 ", "note", " \u00a0", "Navi  Mumbai\r\n"))[0]

    assert Row("Firms", 2, DEFAULTS, {"key": "001", "address.city": "Navi  Mumbai"}) == row


def test_order_and_numbers_are_the_sheets():
    """Every row comes once, in the sheet's order."""
    assert [(2, "b"), (3, "a"), (4, "")] == [
        (row.number, row.cell("key")) for row in rows(("key", "email"), ("b", ""), ("a", ""), ("", "x"))
    ]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("", "", ""), ("IN", "", "business")),
        ((" in ", "Local", "Business "), ("IN", "local", "business")),
        (("US", "Toll Free", "INDIVIDUAL"), ("US", "tollfree", "individual")),
        (("", "toll-free", ""), ("IN", "tollfree", "business")),
    ],
)
def test_combination_is_written_as_the_api_writes_it(cells, expected):
    """A row's own cells count, else the job's defaults."""
    assert Combination(*expected) == rows(("country_iso", "number_type", "user_type"), cells)[0].combination


def test_defaults_are_normalised_too():
    """A default may be written as freely as a cell."""
    defaults = Combination("in", "Toll Free", "Business")

    assert Combination("IN", "tollfree", "business") == rows(("key",), ("k",), defaults=defaults)[0].combination


@pytest.mark.parametrize(
    ("text", "kept", "left_out"),
    [
        ("\u00a0Acme\u200b", "Acme", "\u00a0\u200b"),
        ("\ufeff Acme", "Acme", "\ufeff "),
        ("\u200eAcme\u200e", "Acme", "\u200e\u200e"),
        ("\u202aAcme\u202c", "Acme", "\u202a\u202c"),
        ("\u2067 Acme\u2069 ", "Acme", "\u2067 \u2069 "),
        ("\u061cAcme\u202e\u2066", "Acme", "\u061c\u202e\u2066"),
        ("A\u00a0cme", "A\u00a0cme", None),
        (" Acmé ", "Acmé", None),
        ("Acme\x0b", "Acme", "\x0b"),
        ("രാജന്\u200d ", "രാജന്\u200d", None),
        ("राज\u200c\u200c", "राज\u200c", "\u200c"),
        ("\u200dAcme\u200d", "Acme", "\u200d\u200d"),
    ],
)
def test_what_looks_like_nothing_is_left_out_and_told(text, kept, left_out):
    """No-break blanks and marks without width go, a joiner that spells a word stays; the row says what went."""
    (row,) = rows(("business_name",), (text,))

    assert (kept, left_out) == (row.cell("business_name"), row.left_out.get("business_name"))


def test_half_a_character_becomes_the_sign_for_a_broken_one():
    """What no file, ledger or request could hold does not get further than this."""
    assert "Ac\ufffdme" == rows(("business_name",), ("Ac\ud83dme",))[0].cell("business_name")


@pytest.mark.parametrize(
    ("column", "text", "kept"),
    [
        ("address.postal_code", "५६०००१", "560001"),
        ("address.postal_code", "５６０ ００１", "560 001"),
        ("numbers", "＋９１１１、 ９１１２", "+9111、 9112"),
        ("numbers", "＋x", "＋x"),
        ("business_name", "Studio ９", "Studio ９"),
        ("registration_number", "９११", "９११"),
    ],
)
def test_digits_of_any_script_are_digits_where_digits_are_due(column, text, kept):
    """Postal codes and numbers are sent in ordinary digits, and the row remembers what was written."""
    (row,) = rows((column,), (text,))

    assert (kept, text if kept != text else None) == (row.cell(column), row.converted.get(column))


def test_how_a_cell_is_stored_goes_with_its_name():
    """Also a blank cell may be stored in a way worth telling; columns without meaning are not."""
    kept = {0: Stored.NUMBER, 1: Stored.ERROR, 2: Stored.UNCALCULATED}

    (row,) = rows(("key", "", "email"), SheetRow(2, ("12", "#N/A", ""), kept))

    assert {"key": Stored.NUMBER, "email": Stored.UNCALCULATED} == row.stored
    assert {"key": "12"} == row.cells


def test_how_bo_key_is_stored_does_not_matter():
    """A key that an annotated workbook repeats may be a number there, or merged: it is not judged."""
    (row,) = rows(("key", "bo_key"), SheetRow(2, ("K-1", "17.5"), {1: Stored.NUMBER}), merged=[Merged(2, 3, 1, 1)])

    assert ({"key": "K-1"}, {}, {}) == (row.cells, row.stored, row.merged)


def test_each_row_knows_the_merged_cells_it_is_part_of():
    """A range counts for every row and column it covers, below the headers, and for those with a meaning."""
    merged = [Merged(2, 3, 0, 1), Merged(1, 2, 3, 3), Merged(5, 9, 0, 0)]

    first, second, third = rows(
        ("key", "", "email", "alias"), ("1", "", "", "a"), ("", "x", "e", ""), ("3", "", "", ""), merged=merged
    )

    assert [{"key": "A2:B3", "alias": "D1:D2"}, {"key": "A2:B3"}, {}] == [first.merged, second.merged, third.merged]


def test_many_ranges_over_the_same_rows_cost_no_more_than_one():
    """A sheet made to be slow, with thousands of ranges over thousands of rows, is read in no time."""
    sheet = [SheetRow(number, ("k",)) for number in range(2, 5_002)]
    merged = [Merged(2, 5_001, 0, column) for column in range(5_000)]

    assert {"A2:A5001"} == {row.merged["key"] for row in rows(("key",), *sheet, merged=merged)}


@pytest.mark.parametrize(
    ("key", "bo_key", "expected"),
    [
        ("K-1", TOKEN, {"key": "K-1", "bo_key": TOKEN}),
        ("", f" {TOKEN} ", {"bo_key": TOKEN}),
        ("", "K-2", {"key": "K-2"}),
        ("K-1", "K-2", {"key": "K-1"}),
        ("K-1", "~short", {"key": "K-1"}),
        ("K-1", "", {"key": "K-1"}),
    ],
)
def test_bo_key_of_an_annotated_workbook_is_heeded(key, bo_key, expected):
    """A token stays beside the Key; any other text is the Key of a row that has none."""
    assert expected == rows(("key", "bo_key"), (key, bo_key))[0].cells


UNSEEN = st.sampled_from(" \t\n\u00a0\u200b\u200c\u200d\ufeff\u202e\u2003\x0bकന്aé")


@given(st.text(UNSEEN | st.characters(), max_size=12))
def test_stripping_twice_changes_nothing_more(text):
    """What was stripped begins and ends with something, or is blank."""
    once = stripped(text)

    assert once == stripped(once)
    assert once in text
    assert once.strip() == once


@given(st.text(max_size=12))
def test_only_digits_and_their_company_are_converted(text):
    """The text keeps its length, and all of its digits are ordinary ones afterwards."""
    plain = ordinary_digits(text)

    assert len(text) == len(plain)
    assert all(char.isascii() for char in plain if char.isdecimal())
