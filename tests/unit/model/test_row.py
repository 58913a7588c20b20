"""The template's example row, and a sequence that makes its items when asked."""

import re
from collections.abc import Sequence

import pytest

from bulk_onboard.model.indian_states import STATES
from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.row import EXAMPLE, LazySequence, Row, is_example, notable_in, usual_count


def row(**changes):
    """The example, some of its cells written over; None makes one blank."""
    cells = {name: text for name, text in (EXAMPLE | changes).items() if text is not None}
    return Row("Businesses", 2, Combination("IN", "local", "business"), cells)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"key": "example"},
        {"key": " Ex ample"},
        {"registration_number": "u00000ka2020ptc000000"},
        {"registration_number": "U00000 KA 2020 PTC 000000"},
        {"business_name": "Something else", "address.city": None},
    ],
)
def test_example_is_known_again(changes):
    """Case, blanks and the other cells do not matter."""
    assert is_example(row(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"key": None},
        {"key": "EXAMPLE-1"},
        {"registration_number": "U00000KA2020PTC000001"},
        {"registration_number": None},
        {"key": None, "registration_number": None},
    ],
)
def test_business_written_over_the_example_is_a_row(changes):
    """Who forgets one of the two when writing over it has a row of their own."""
    assert not is_example(row(**changes))


def test_nobody_is_meant():
    """The example has an industry and a serial number that nobody has, and addresses that lead nowhere."""
    assert re.fullmatch(r"U00000KA\d{4}PTC000000", EXAMPLE["registration_number"])
    assert EXAMPLE["email"].endswith("@example.com")
    assert EXAMPLE["callback_url"].startswith("https://example.com/")
    assert re.fullmatch(r"(91110\d{7}(, )?)+", EXAMPLE["numbers"])
    assert EXAMPLE["address.state"] in {state.name for state in STATES}


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
