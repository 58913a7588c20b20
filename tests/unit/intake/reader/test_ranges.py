"""Rows and columns in words."""

import pytest

from bulk_onboard.intake.reader.look import place_of
from bulk_onboard.intake.reader.ranges import columns_in_words, rows_in_words
from bulk_onboard.model.sheet import column_letters

LETTERS = [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA"), (16383, "XFD")]


def test_runs_are_told_together():
    """Single ones and runs, in their order."""
    assert "5–7, 12" == rows_in_words([12, 6, 5, 7])
    assert "C, F–G" == columns_in_words([2, 5, 6])
    assert "" == rows_in_words([])


def test_very_many_are_counted():
    """After a dozen runs the rest is a number."""
    assert rows_in_words(range(1, 61, 2)).endswith(", 21, 23 and 18 more")


@pytest.mark.parametrize(("position", "letters"), LETTERS)
def test_letters_and_positions(position, letters):
    """They are each other's reverse."""
    assert letters == column_letters(position)
    assert (6, position) == place_of(f"${letters}$7")


@pytest.mark.parametrize("reference", ["", "7", "A", "A0", "A1048577", "ZZZ1", "A1:B2", "A٣"])
def test_what_is_no_cell(reference):
    """Nothing outside of a sheet has a place."""
    assert place_of(reference) is None
