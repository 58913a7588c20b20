"""Merged cells of a plain copy."""

import pytest

from bulk_onboard.model.sheet import Merged
from bulk_onboard.report.annotated.plain import disjoint

TALL, BESIDE, BELOW = Merged(2, 9, 0, 1), Merged(3, 4, 2, 3), Merged(10, 11, 0, 3)


def test_areas_apart_stay_as_they_are():
    """Side by side, one below the other, and each once."""
    assert [TALL, BESIDE, BELOW] == disjoint([BELOW, TALL, BESIDE, TALL])


@pytest.mark.parametrize("other", [Merged(9, 12, 1, 2), Merged(3, 3, 0, 0), Merged(2, 3, 0, 5), Merged(1, 2, 1, 1)])
def test_areas_that_overlap_are_one(other):
    """All cells are covered, and no area overlaps another any more."""
    found = disjoint([TALL, other])

    assert [Merged(min(2, other.first_row), max(9, other.last_row), 0, max(1, other.last_column))] == found


def test_areas_below_an_overlap_are_left_alone():
    """Only rows that share something are put together."""
    assert [Merged(2, 9, 0, 3), Merged(10, 11, 0, 3)] == disjoint([TALL, Merged(3, 4, 1, 3), BELOW])


def test_very_many_areas_take_no_time():
    """A long sheet may have one in every row."""
    areas = [Merged(row, row, 0, 1) for row in range(2, 100_000)] + [Merged(2, 100_000, 3, 3)]

    assert len(areas) == len(disjoint(areas))
