"""The states of India."""

from collections import Counter

import pytest

from bulk_onboard.model.indian_states import STATES


def test_all_are_there():
    """28 states and 8 union territories, each once."""
    assert 36 == len({state.name for state in STATES}) == len(STATES)


@pytest.mark.parametrize("register", ["gst", "letters", "cin", "other_names"])
def test_code_leads_to_one_state(register):
    """No register gave one code to two of them."""
    codes = Counter(code for state in STATES for code in getattr(state, register))

    assert [] == [code for code, times in codes.items() if times > 1]


def test_every_number_of_the_tax_office_is_there():
    """A GSTIN begins with 01 to 38, and each of these is somebody's."""
    assert {f"{number:02d}" for number in range(1, 39)} == {number for state in STATES for number in state.gst}


def test_other_names_are_nobody_elses_own():
    """What one is also called is no other's name."""
    assert not {state.name for state in STATES} & {name for state in STATES for name in state.other_names}
