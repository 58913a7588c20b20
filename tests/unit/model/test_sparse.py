"""A sparse sequence is like the whole one, and makes of it only what is asked for."""

from collections.abc import Sequence

import pytest

from bulk_onboard.model.row import Sparse, told_of, usual_of

LENGTH = 1_000
TOLD = {3: "told 3", 700: "told 700"}


@pytest.fixture
def made() -> list[int]:
    """The places that were made, in order."""
    return []


@pytest.fixture
def sparse(made: list[int]) -> Sparse[str]:
    """A thousand items, two of which there is something to tell of."""

    def make(places: Sequence[int]) -> list[str]:
        made.extend(places)
        return [f"usual {place}" for place in places]

    return Sparse(LENGTH, TOLD, make)


def test_it_reads_like_the_whole_sequence(sparse: Sparse[str]) -> None:
    """Item by item, from the end, in slices and over and over."""
    whole = [TOLD.get(place, f"usual {place}") for place in range(LENGTH)]

    assert (whole[3], whole[4], whole[-1], LENGTH) == (sparse[3], sparse[4], sparse[-1], len(sparse))
    assert tuple(whole[2:900:7]) == sparse[2:900:7]
    assert whole == list(sparse) == list(sparse)
    with pytest.raises(IndexError):
        sparse[LENGTH]


def test_what_there_is_to_tell_makes_nothing(sparse: Sparse[str], made: list[int]) -> None:
    """Neither does how many others there are."""
    assert (["told 3", "told 700"], 998) == (list(told_of(sparse)), usual_of(sparse))
    assert ("told 700", []) == (sparse[700], made)


def test_each_item_is_made_once_and_none_of_those_to_tell(sparse: Sparse[str], made: list[int]) -> None:
    """However often it is asked for, and together with its neighbours."""
    assert sparse[5] is sparse[5]
    assert list(range(256)) == sorted([*made, 3])
    list(sparse)
    assert sorted(made) == [place for place in range(LENGTH) if place not in TOLD]


def test_of_any_other_sequence_all_is_told() -> None:
    """Nothing is usual in it."""
    assert (["a", "b"], 0) == (list(told_of(["a", "b"])), usual_of(["a", "b"]))
