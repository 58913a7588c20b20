"""Values as the text Excel shows, and rows and columns in words."""

import datetime as dt

import pytest

from bulk_onboard.intake.reader.sheet_rows import (
    columns_in_words,
    rows_in_words,
    stored_of,
    text_of,
    without_surrogates,
)
from bulk_onboard.intake.reader.xlsx import place_of
from bulk_onboard.model.sheet import Stored, column_letters


@pytest.mark.parametrize(
    ("value", "expected", "stored"),
    [
        ("0012", "0012", None),
        (560001.0, "560001", Stored.NUMBER),
        (7, "7", Stored.NUMBER),
        (0.5, "0.5", Stored.NUMBER),
        (0.1 + 0.2, "0.3", Stored.NUMBER),
        (-0.0, "0", Stored.NUMBER),
        (999999999999999.0, "999999999999999", Stored.NUMBER),
        (1e15, "1E+15", Stored.NUMBER),
        (123456789012345678.0, "1.23456789012346E+17", Stored.NUMBER),
        (1e-7, "1E-07", Stored.NUMBER),
        (True, "TRUE", Stored.BOOLEAN),
        (False, "FALSE", Stored.BOOLEAN),
        (dt.date(2020, 1, 2), "2020-01-02", Stored.DATE),
        (dt.datetime(2020, 1, 2, 3, 4, 5), "2020-01-02 03:04:05", Stored.DATE),  # noqa: DTZ001 - sheets have no zone
        (dt.time(18, 1), "18:01:00", Stored.DATE),
        (dt.timedelta(hours=36, minutes=5), "36:05:00", Stored.DATE),
        (dt.timedelta(hours=-1), "-1:00:00", Stored.DATE),
    ],
)
def test_values(value, expected, stored):
    """Each type has its text, and says how it is kept."""
    assert (expected, stored) == (text_of(value), stored_of(value))


def test_half_characters():
    """Two halves make a character; a lone one becomes the sign for what cannot be read; other text stays."""
    assert "a😀b" == without_surrogates("a_xD83D__xDE00_b")
    assert "a\ufffdb" == without_surrogates("a_xd83d_b")
    assert "_x0041_ 😀" == without_surrogates("_x0041_ 😀")


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
