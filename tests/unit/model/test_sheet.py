"""Names of workbooks, and some rows of a sheet."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulk_onboard.model.sheet import Merged, Sheet, SheetRow, Stored, WorkbookType, type_by_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.XLSX", WorkbookType.XLSX),
        ("a.xlsm", WorkbookType.XLSX),
        ("a.xlsx.tsv", WorkbookType.TEXT),
        ("a.toml", None),
        ("xlsx", None),
    ],
)
def test_ending_tells_the_type(name, expected):
    """The last ending counts, in whatever case; what is no workbook has no type."""
    assert expected == type_by_name(Path("folder") / name)


ROWS = st.lists(
    st.tuples(st.text(max_size=2), st.text(max_size=2), st.sampled_from([None, *Stored])), min_size=1, max_size=9
)


@settings(deadline=None)
@given(ROWS, st.data())
def test_some_rows_of_a_sheet_keep_numbers_cells_and_kinds(cells, data):
    """Row numbers have gaps where the file has blank rows."""
    rows = [
        SheetRow(3 * number, (one, other), {1: kind} if kind else {})
        for number, (one, other, kind) in enumerate(cells, 1)
    ]
    sheet = Sheet(Path("firms.xlsx"), "Firms", "", 2, ("A", "B")).with_rows(rows)
    places = sorted(data.draw(st.sets(st.integers(0, len(rows) - 1))))

    some = sheet.at(places)

    assert tuple(rows[place] for place in places) == some.rows
    assert (sheet.headers, sheet.header_row) == (some.headers, some.header_row)


def test_merged_cells_stay_where_some_of_their_rows_do():
    """Of others nothing can be said any more."""
    merged = (Merged(3, 4, 0, 0), Merged(5, 6, 0, 1), Merged(1, 9, 1, 1))
    rows = [SheetRow(number, ("x", "y")) for number in range(3, 8)]
    sheet = Sheet(Path("firms.xlsx"), "Firms", "", 2, ("A", "B"), merged=merged).with_rows(rows)

    assert (merged[0], merged[2]) == sheet.at([1, 4]).merged
    assert () == sheet.at([]).merged
