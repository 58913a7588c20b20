"""The template's example row."""

import re

import pytest

from bulk_onboard.model.indian_states import STATES
from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.row import EXAMPLE, Row, is_example


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
