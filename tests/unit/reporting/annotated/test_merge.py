"""Copy and workbook against what both come from: what is taken, what is told, and which row is which."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bulk_onboard.model.sheet import Edit, Merged, Sheet, SheetRow, Stored, edited_sheet
from bulk_onboard.reporting.annotated.base import Base, as_pieces, base_of, chosen, from_pieces, with_base
from bulk_onboard.reporting.annotated.merge import Known, Merge, Side, merge

HEADERS = ("Key", "Number", "City")
ROWS = (("K-1", "N-1", "Bengaluru"), ("K-2", "N-2", "Mysuru"), ("", "N-3", "Hampi"))
OURS = ("bo_key", "bo_state", "bo_problems", "bo_compliance_id")


def sheet(rows: Sequence[Sequence[str]] = ROWS, headers: Sequence[str] = HEADERS, sha256: str = "aa") -> Sheet:
    """A workbook's sheet with these rows; an empty one is a blank row."""
    numbered = [SheetRow(number, tuple(cells)) for number, cells in enumerate(rows, 2) if cells]
    return Sheet(Path("b.xlsx"), "Sheet1", sha256, 1, tuple(headers)).with_rows(numbered)


def copied(rows: Sequence[Sequence[str]], headers: Sequence[str] = HEADERS, keys: Sequence[str] = ()) -> Sheet:
    """The copy's sheet: with the columns that it has in addition, `bo_key` among them."""
    filled = [(*cells, key, "invalid", "Error", "") for cells, key in zip(rows, keys or [""] * len(rows), strict=True)]
    return sheet(filled, (*headers, *OURS), sha256="copy")


def made(
    copy: Sheet, workbook: Sheet | None = None, *, before: Sheet | None = None, keys: Sequence[str] = (), **known: Known
) -> Merge:
    """What a merge would do; the workbook is as it was unless it is given."""
    before = before or sheet()
    base = base_of(before, dict(enumerate(keys, 2)))
    records = {int(row.removeprefix("row")): each for row, each in known.items()}
    return merge(base, Side(copy, naming=(0, 1)), Side(workbook or before, naming=(0, 1)), records)


def test_only_what_the_copy_changed_is_taken() -> None:
    """Also a cell that was cleared; the columns that every copy gets are nobody's."""
    found = made(copied([("K-1", "N-1", "Mandya"), ("K-2", "N-2", ""), ROWS[2]]))

    assert [Edit(2, 2, "Mandya"), Edit(3, 2, "")] == found.edits
    assert ([], []) == (found.left, found.notes)


def test_workbook_that_was_changed_keeps_what_only_it_changed() -> None:
    """Another cell, another row, a row more: all stays, and the copy's cell goes to the row that it belongs to."""
    now = sheet([("K-9", "N-9", "new"), ("K-2", "N-2", "Mandya"), ("K-1", "N-1 x", "Bengaluru"), ROWS[2]], sha256="bb")

    found = made(copied([("K-1", "N-1", "Tumkur"), ROWS[1], ROWS[2]]), now)

    assert ([Edit(4, 2, "Tumkur")], []) == (found.edits, found.left)


def test_cell_that_both_changed_keeps_all_of_its_row_back() -> None:
    """The row may be half of one thing and half of another else."""
    headers = (*HEADERS, "State")
    before = sheet([("K-1", "N-1", "Bengaluru", "Karnataka")], headers)
    now = sheet([("K-1", "N-1", "Mandya", "Karnataka")], headers, sha256="bb")

    found = made(copied([("K-1", "N-11", "Tumkur", "Karnataka")], headers), now, before=before)

    assert [] == found.edits
    assert [
        "Row 2 is left as it is. City: copy and workbook were both changed, and say different things."
    ] == found.left


def dated(rows: Sequence[Sequence[str]], *numbers: int, sha256: str = "aa") -> Sheet:
    """A sheet whose last column is kept as a date in these rows."""
    plain = sheet(rows, sha256=sha256)
    return plain.with_rows(row._replace(stored={2: Stored.DATE} if row.number in numbers else {}) for row in plain.rows)


@pytest.mark.parametrize(
    ("day", "numbers", "taken"),
    [("2026-03-31", (2,), True), ("2026-03-31", (), False), ("13:00:00", (2,), False)],
    ids=["day for day", "day for text", "time for day"],
)
def test_date_is_taken_in_place_of_a_date_alone(day: str, numbers: tuple[int, ...], taken: bool) -> None:
    """A document's field may be kept as a date; elsewhere Excel made one of a text that is lost."""
    before = dated([("K-1", "N-1", "2026-03-30"), *ROWS[1:]], *numbers)
    copy = dated([("K-1", "N-1", day), *ROWS[1:]], 2, sha256="copy")

    found = made(copy, before=before)

    assert ([Edit(2, 2, day, Stored.DATE)] if taken else []) == found.edits
    assert (
        [] == found.left
        if taken
        else found.left[0].endswith("the copy has a date there. Write the value itself, as text.")
    )


def test_date_in_a_column_for_dates_is_taken_as_its_text() -> None:
    """As the API asks for it; a day that the workbook has already changes nothing."""
    before = sheet([("K-1", "N-1", "30/03/2026"), ("K-2", "N-2", "31/03/2026"), ROWS[2]])
    copy = dated([("K-1", "N-1", "2026-03-31"), ("K-2", "N-2", "2026-03-31"), ROWS[2]], 2, 3, sha256="copy")
    texts = {(2, 2): "31/03/2026", (3, 2): "31/03/2026"}

    found = merge(base_of(before, {}), Side(copy, naming=(0, 1), dates=texts), Side(before, naming=(0, 1)), {})

    assert ([Edit(2, 2, "31/03/2026")], []) == (found.edits, found.left)


def test_row_without_a_key_is_known_by_its_number_in_the_sheet() -> None:
    """Where half of it still says what it said; else nobody knows which it is."""
    alike = made(copied([ROWS[0], ROWS[1], ("", "N-33", "Hampi")]))
    other = made(copied([ROWS[0], ROWS[1], ("", "N-33", "Gadag")]))

    assert [Edit(4, 1, "N-33")] == alike.edits
    assert [] == other.edits
    assert 2 == len(other.left)
    assert "may be a new one or one of the workbook's" in other.left[1]


def test_bo_key_knows_a_row_whatever_else_was_changed() -> None:
    """It is made for that."""
    keys = ("K-1", "K-2", "~abcdefgh23456777")

    found = made(copied([("", "N-33", "Gadag"), ROWS[1], ROWS[0]], keys=(keys[2], keys[1], keys[0])), keys=keys)

    assert ([Edit(4, 1, "N-33"), Edit(4, 2, "Gadag")], []) == (found.edits, found.left)


@pytest.mark.parametrize(
    ("by", "cells", "is_named"),
    [
        ((0, 1), ("", "N-33", "Hampi"), True),
        ((0,), ("", "N-33", "Hampi"), False),
        ((0, 1), ("", "N-3", "Gadag"), False),
    ],
)
def test_record_that_would_not_be_known_any_more_gets_its_token(
    by: tuple[int, ...], cells: tuple[str, str, str], is_named: bool
) -> None:
    """Where a column changes by which the ledger knows it; else it would be filed as a new business."""
    known = Known("abcdefgh23456777", frozenset(by))

    found = made(copied([ROWS[0], ROWS[1], cells]), row4=known)

    token = [Edit(4, 3, "~abcdefgh23456777"), Edit(1, 3, "bo_key")] if is_named else []
    assert token == found.edits[1:]


def test_formulas_keep_their_place() -> None:
    """The same formula has another result; where the copy has a value or another formula, the row is left."""
    base = base_of(sheet(), {})
    copy = copied([("K-1", "N-1", "x"), ("K-2", "N-2", "y"), ("", "N-3", "z")])
    theirs, ours = {(2, 2): "A2", (3, 2): "A3&1"}, {(2, 2): "A2", (3, 2): "A3", (4, 2): "A4"}

    found = merge(base, Side(copy, theirs, (0, 1)), Side(sheet(), ours, (0, 1)), {})

    assert [Edit(2, 2, "x", is_result=True)] == found.edits
    assert 2 == sum("a formula there, which is not replaced" in each for each in found.left)


def test_result_that_the_copy_lost_is_lost_only_where_the_row_changed() -> None:
    """A program that does not calculate saved the copy: elsewhere what the workbook has is right still."""
    copy = copied([("K-1", "N-11", ""), ("K-2", "N-2", ""), ROWS[2]], keys=("K-1", "K-2", ""))
    rows = [row._replace(stored={2: Stored.UNCALCULATED}) for row in copy.rows[:2]]
    lost = copy.with_rows((*rows, copy.rows[2]))
    formulas = {(2, 2): "A2", (3, 2): "A3"}

    found = merge(
        base_of(sheet(), {2: "K-1", 3: "K-2"}), Side(lost, formulas, (0, 1)), Side(sheet(), formulas, (0, 1)), {}
    )

    assert [Edit(2, 1, "N-11"), Edit(2, 2, "", Stored.UNCALCULATED, is_result=True)] == found.edits


@pytest.mark.parametrize("stored", [Stored.DATE, Stored.ERROR, Stored.UNCALCULATED])
def test_what_is_no_value_is_not_taken(stored: Stored) -> None:
    """Nor what cannot be written, as one of several merged cells."""
    copy = copied([("K-1", "N-1", "x"), *ROWS[1:]])
    rows = (copy.rows[0]._replace(stored={2: stored}), *copy.rows[1:])
    spoiled = copy.with_rows(rows)
    merged = replace(sheet(), sha256="aa", merged=(Merged(2, 2, 1, 2),))

    assert [] == made(spoiled).edits
    assert [
        "Row 2 is left as it is. City: it is one of the merged cells B2:C2 of the workbook. Unmerge them there."
    ] == (made(copy, merged, before=merged).left)


def test_rows_and_columns_of_the_copy_alone_are_added() -> None:
    """Below and behind; those that both have in addition are there already."""
    copy = copied([*(("", *cells) for cells in ROWS), ("n", "K-4", "N-4", "Gadag")], ("Note", *HEADERS))

    found = made(copy)
    again = made(copy, edited_sheet(sheet(), found.edits))

    edits = [Edit(5, 3, "n"), Edit(5, 0, "K-4"), Edit(5, 1, "N-4"), Edit(5, 2, "Gadag"), Edit(1, 3, "Note")]
    assert edits == found.edits
    assert ([], []) == (again.edits, again.left)


def test_renamed_header_is_the_same_column() -> None:
    """Its cells are taken; the header is for the user, since it says what the column means."""
    found = made(copied([("K-1", "N-1", "x"), *ROWS[1:]], ("Key", "Number", "Town")))

    assert [Edit(2, 2, "x")] == found.edits
    assert 'The copy calls the column "City" "Town".' in found.left[0]


def test_what_is_gone_from_one_of_them_is_told() -> None:
    """A row of the copy, and a changed one of the workbook."""
    from_copy = made(copied([ROWS[0], ROWS[2]]))
    from_workbook = made(copied([("K-1", "N-1", "x"), *ROWS[1:]]), sheet([(), *ROWS[1:]], sha256="bb"))

    assert ["Row 3 of the workbook is not in the copy, and stays. Delete in the workbook what is not to be sent."] == (
        from_copy.left
    )
    assert ([], 1) == (from_workbook.edits, len(from_workbook.left))
    assert "the workbook has no such row any more" in from_workbook.left[0]


def test_two_rows_with_one_bo_key_are_not_taken_for_one() -> None:
    """Somebody copied the row and left its name in it."""
    keys = ("~abcdefgh23456777", "", "")
    rows = [ROWS[0], ROWS[1], ROWS[2], ("K-4", "N-4", "Gadag")]

    found = made(copied(rows, keys=(*keys, keys[0])), keys=keys)

    assert [] == found.edits
    assert "Row 5 of the copy may be a new one" in found.left[0]


def test_base_survives_in_texts_and_damage_is_none() -> None:
    """What is not whole, or not ours, is no base."""
    base = base_of(sheet(), {2: "K-1"})
    pieces = as_pieces([base])

    assert (base,) == from_pieces(pieces)
    assert () == from_pieces([*pieces, "x"]) == from_pieces(["aGVsbG8="]) == from_pieces([])


def test_base_is_of_the_workbook_as_it_is_else_as_it_was_under_its_name() -> None:
    """A copy of a copy knows both."""
    first, second = (Base(name, name, (), ()) for name in ("b.xlsx", "b.annotated.xlsx"))
    bases = with_base(with_base((), first), second)

    assert second == chosen(bases, sheet(sha256="b.annotated.xlsx"))
    assert first == chosen(bases, sheet(sha256="other"))
    assert chosen((), sheet()) is None
    assert (first, second._replace(sha256="new")) == with_base(bases, second._replace(sha256="new"))
