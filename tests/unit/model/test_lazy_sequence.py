"""A lazy sequence reads like the whole one, and makes only the items that are asked for."""

from collections.abc import Sequence

import pytest

from bulk_onboard.model.row import LazySequence, notable_in, usual_count

LENGTH = 1_000
NOTABLE = {3: "notable 3", 700: "notable 700"}


@pytest.fixture
def made() -> list[int]:
    """The places that were made, in order."""
    return []


@pytest.fixture
def lazy(made: list[int]) -> LazySequence[str]:
    """A thousand items, two of which are notable."""

    def make(places: Sequence[int]) -> list[str]:
        made.extend(places)
        return [f"usual {place}" for place in places]

    return LazySequence(LENGTH, NOTABLE, make)


def test_it_reads_like_the_whole_sequence(lazy: LazySequence[str]) -> None:
    """Item by item, from the end, in slices and over and over."""
    whole = [NOTABLE.get(place, f"usual {place}") for place in range(LENGTH)]

    assert (whole[3], whole[4], whole[-1], LENGTH) == (lazy[3], lazy[4], lazy[-1], len(lazy))
    assert tuple(whole[2:900:7]) == lazy[2:900:7]
    assert whole == list(lazy) == list(lazy)
    with pytest.raises(IndexError):
        lazy[LENGTH]


def test_asking_for_notable_items_makes_nothing(lazy: LazySequence[str], made: list[int]) -> None:
    """Neither does counting the others."""
    assert (["notable 3", "notable 700"], 998) == (list(notable_in(lazy)), usual_count(lazy))
    assert ("notable 700", []) == (lazy[700], made)


def test_each_usual_item_is_made_once(lazy: LazySequence[str], made: list[int]) -> None:
    """However often it is asked for, and together with its neighbours."""
    assert lazy[5] is lazy[5]
    assert list(range(256)) == sorted([*made, 3])
    list(lazy)
    assert sorted(made) == [place for place in range(LENGTH) if place not in NOTABLE]


def test_all_items_of_any_other_sequence_are_notable() -> None:
    """Nothing is usual in it."""
    assert (["a", "b"], 0) == (list(notable_in(["a", "b"])), usual_count(["a", "b"]))
