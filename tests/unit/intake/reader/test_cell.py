"""A value's text: what Excel shows, nothing lost."""

import datetime as dt

import pytest

from bulk_onboard.intake.reader.cell import stored_of, text_of, without_surrogates
from bulk_onboard.model.sheet import Stored


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
