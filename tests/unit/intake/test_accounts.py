"""Whose the rows of a sheet are that several accounts share."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulk_onboard.intake.accounts import silent_places, split_rows
from bulk_onboard.model.row import EXAMPLE
from bulk_onboard.model.sheet import Columns, Merged, Sheet, SheetRow, Stored

HEADERS = {
    "account": "Customer",
    "key": "Key",
    "business_name": "Business Name",
    "registration_number": "CIN",
    "number_type": "Number Type",
}
COLUMNS = Columns({name: position for position, name in enumerate(HEADERS)}, HEADERS)
ACCOUNTS = ("acme", "beta-2", "own")


def sheet_of(*cells, first=2, **more) -> Sheet:
    """A sheet with these cells in the columns, from row `first` on."""
    rows = [SheetRow(number, tuple(texts)) for number, texts in enumerate(cells, first)]
    return Sheet(Path("firms.xlsx"), "Firms", "0" * 64, 1, tuple(HEADERS.values()), **more).with_rows(rows)


def named(*names) -> Sheet:
    """A sheet with a business in each row, which names these accounts."""
    return sheet_of(*((name, f"K-{n}", f"Firm {n}", f"U{n}", "local") for n, name in enumerate(names)))


def split(sheet, accounts=ACCOUNTS, elsewhere=()):
    """Row numbers by account, and the codes of the findings by row number."""
    found = split_rows(sheet, COLUMNS, accounts, elsewhere)
    numbers = {account: [sheet.numbers[place] for place in places] for account, places in found.places.items()}
    return numbers, {finding.row: finding.code for finding in found.unassigned}


@pytest.mark.parametrize("written", ["acme", "ACME", "  Acme ", "acme\u00a0", "\uff21\uff43\uff4d\uff45", "\u200bacme"])
def test_a_row_belongs_to_the_account_that_it_names(written):
    """Case, blanks, width of characters and what nobody sees make no difference."""
    assert ({"acme": [2]}, {}) == split(named(written))


def test_the_rows_of_accounts_may_be_mixed():
    """Each keeps the row number of the file."""
    assert ({"acme": [2, 4], "own": [3]}, {}) == split(named("acme", "own", "ACME"))


def test_a_row_that_names_no_account_is_told():
    """It says what to write, and where."""
    sheet = named("acme", " ")
    (finding,) = split_rows(sheet, COLUMNS, ACCOUNTS, ()).unassigned

    assert ("account-missing", "Firms", 3, "Customer", "") == (
        finding.code, finding.sheet, finding.row, finding.column, finding.seen,
    )  # fmt: skip
    assert "Write into its cell: acme, beta-2 or own." == finding.fix


def test_a_misspelt_account_is_told_with_the_nearest():
    """It shows what the cell says."""
    (finding,) = split_rows(named("beta2"), COLUMNS, ACCOUNTS, ()).unassigned

    assert ("account-unknown", "beta2") == (finding.code, finding.seen)
    assert finding.problem.endswith('Did you mean "beta-2"?')


def test_an_account_with_a_workbook_of_its_own_takes_no_rows_here():
    """The row would be filed by nobody, so it is told."""
    (finding,) = split_rows(named("Own"), COLUMNS, ("acme",), ("own",)).unassigned

    assert "account-unknown" == finding.code
    assert finding.problem.endswith('The account "own" has a workbook of its own.')


def test_of_very_many_accounts_some_are_named():
    """The sentence stays readable."""
    (finding,) = split_rows(named("x"), COLUMNS, [f"a{n}" for n in range(200)], ()).unassigned

    assert finding.fix.endswith("a9 or 190 more.")


def test_a_merged_account_cell_is_told():
    """Of merged cells only the first has a value; Excel shows it over all of them."""
    merged = (Merged(2, 3, 0, 0),)
    rows = (("acme", "1", "A", "U1", "local"), ("", "2", "B", "U2", "local"))
    (finding,) = split_rows(sheet_of(*rows, merged=merged), COLUMNS, ACCOUNTS, ()).unassigned

    assert "account-missing" == finding.code
    assert "merged cells A2:A3" in finding.problem


def test_headers_in_the_middle_are_told_as_such():
    """No account is called like the header above it; a business whose cell says so is another matter."""
    rows = [tuple(HEADERS.values()), ("Customer", "K", "Firm", "U1", "local")]

    assert ({}, {2: "headers-again", 3: "account-unknown"}) == split(sheet_of(*rows))


def test_the_example_and_blank_rows_are_nobodys():
    """Also where they name an account, or no account that there is; none of them is told."""
    example = [EXAMPLE.get(name, "") for name in HEADERS]
    rows = [["acme", *example[1:]], ["nobody", *example[1:]], ["acme", "", "", "", "local"], ["", "", "", "", "local"]]

    assert ({}, {}) == split(sheet_of(*rows))


def test_a_row_of_zeros_and_check_boxes_is_blank_by_how_it_is_kept():
    """A formula that refers to blank cells is 0; the text 0 is somebody's Key."""
    cells = ("acme", "0", "", "FALSE", "")
    kept = SheetRow(2, cells, {1: Stored.NUMBER})
    blank = sheet_of().with_rows([kept])

    assert {0} == silent_places(blank, COLUMNS)
    assert set() == silent_places(sheet_of(cells), COLUMNS)


CELLS = st.sampled_from(["", " ", "acme", "ACME ", "Beta-2", "own", "nobody", "0", "TRUE", "EXAMPLE", "U1", "local"])


@settings(deadline=None)
@given(st.lists(st.tuples(*[CELLS] * len(HEADERS)), max_size=12))
def test_every_row_is_one_accounts_or_told_or_says_nothing(cells):
    """No row is in two places, and none is in no place; each account's sheet has the cells of the file."""
    sheet = sheet_of(*cells, first=7)
    found = split_rows(sheet, COLUMNS, ACCOUNTS[:2], ACCOUNTS[2:])
    silent = [sheet.numbers[place] for place in silent_places(sheet, COLUMNS)]
    told = [finding.row for finding in found.unassigned]
    own = {account: sheet.at(places) for account, places in found.places.items()}

    assert sorted(sheet.numbers) == sorted([*silent, *told, *(n for each in own.values() for n in each.numbers)])
    whole = {row.number: row for row in sheet.rows}
    assert all(row == whole[row.number] for each in own.values() for row in each.rows)
    assert all(row.cells[0].strip().casefold() == account for account, each in own.items() for row in each.rows)
