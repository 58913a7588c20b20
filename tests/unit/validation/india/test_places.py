"""Addresses in India."""

import pytest

from bulk_onboard.model.indian_states import STATES
from bulk_onboard.validation.india_places import state_called, state_of_gst, state_of_letters, states_of


@pytest.mark.parametrize("pin_code", ["560001", "560 001", "560-001", "110001", "900001"])
def test_six_digits_are_a_pin_code(judged, pin_code):
    """Blanks and dashes between them do not matter."""
    assert {} == judged(address__postal_code=pin_code)


@pytest.mark.parametrize("pin_code", ["56001", "5600011", "060001", "56000O", "5600 0", "SW1A"])
def test_anything_else_is_none(judged, pin_code):
    """A PIN code that lost a digit, or has a letter, is told."""
    assert {"pin-code-wrong"} == judged(address__postal_code=pin_code).keys()


@pytest.mark.parametrize(
    ("pin_code", "state"),
    [
        ("560001", "Karnataka"),
        ("160017", "Chandigarh"),
        ("160055", "Punjab"),
        ("194101", "Ladakh"),
        ("248001", "Uttarakhand"),
        ("244001", "UP"),
        ("403001", "Goa"),
        ("500001", "Telangana"),
        ("507114", "Andhra Pradesh"),
        ("605001", "Pondicherry"),
        ("673310", "Puducherry"),
        ("682555", "Lakshadweep"),
        ("737101", "Sikkim"),
        ("744101", "Andaman & Nicobar"),
        ("396230", "Dadra and Nagar Haveli"),
        ("793001", "Meghalaya"),
        ("814112", "Jharkhand"),
        ("900056", "Delhi"),
        ("999999", "Goa"),
    ],
)
def test_pin_code_of_the_state_is_fine(judged, pin_code, state):
    """Also where an enclave is served from its neighbour, and for the army everywhere."""
    assert {} == judged(address__postal_code=pin_code, address__state=state)


@pytest.mark.parametrize(
    ("pin_code", "state", "problem"),
    [
        ("560001", "Kerala", "PIN codes that begin with 56 are in Karnataka, and the address says Kerala."),
        ("403001", "MH", "PIN codes that begin with 403 are in Goa, and the address says Maharashtra."),
        (
            "244001",
            "Delhi",
            "PIN codes that begin with 24 are in Uttar Pradesh or Uttarakhand, and the address says Delhi.",
        ),
    ],
)
def test_pin_code_of_another_state_is_told_with_both(judged, pin_code, state, problem):
    """The sentence says where the code belongs."""
    (finding,) = judged(address__postal_code=pin_code, address__state=state).values()

    assert ("pin-code-other-state", problem) == (finding.code, finding.problem)


@pytest.mark.parametrize(
    "state",
    ["KARNATAKA", " tamil  nadu", "Tamilnadu", "J&K", "Orissa", "29-Karnataka", "Delhi NCR", "State of Goa", "TS",
     "कर्नाटक", "Dadra & Nagar Haveli and Daman & Diu", "Telangana State"],
)  # fmt: skip
def test_states_are_known_however_they_are_written(judged, state):
    """Case, blanks, signs, former names and the letters of number plates; another script is left to people."""
    assert {} == judged(address__state=state)


@pytest.mark.parametrize(
    ("state", "nearest"),
    [
        ("Karnatakka", ' Did you mean "Karnataka"?'),
        ("Tamil Nad", ' Did you mean "Tamil Nadu"?'),
        ("Bengaluru", ""),
        ("12", ""),
    ],
)
def test_unknown_state_is_told_with_the_nearest_one(judged, state, nearest):
    """A slip is told with what may be meant, a city without."""
    (finding,) = judged(address__state=state, address__postal_code="560001").values()

    assert f"No state or union territory of India is called this.{nearest}" == finding.problem


@pytest.mark.parametrize(
    ("state", "seen"), [("Bengaluru", "Bengaluru"), ("c/o Ravi Kumar, 4th Cross, Indiranagar, Bengaluru", "c/o…")]
)
def test_state_too_long_for_any_is_hardly_shown(judged, state, seen):
    """What was written into the wrong column may tell of a person."""
    assert seen == judged(address__state=state)["state-unknown"].seen


@pytest.mark.parametrize("country", ["US", "Nepal"])
def test_addresses_abroad_are_not_judged(judged, country):
    """A company in another country has another kind of postal code."""
    assert {} == judged(address__country=country, address__postal_code="94105-1", address__state="California")


@pytest.mark.parametrize("country", ["IN", "in", "India"])
def test_address_is_in_india_however_that_is_written(judged, country):
    """A country that is to be mended is India all the same."""
    assert {"pin-code-wrong"} == judged(address__country=country, address__postal_code="1").keys()


def test_every_name_and_code_leads_to_its_own_state():
    """No spelling, number or pair of letters is claimed by two."""
    for state in STATES:
        assert {state.name} == {state_called(text) for text in (state.name, *state.other_names, *state.letters)}
        assert {state.name} == {state_of_gst(digits) for digits in state.gst}
        assert {state.name} == {state_of_letters(letters) for letters in (*state.letters, *state.cin)}


def test_every_state_has_pin_codes_and_no_other_names_stand_there():
    """The table of PIN codes knows all states by their official names."""
    named = {name for digits in range(100, 1000) for name in states_of(f"{digits}001")[1]}

    assert {state.name for state in STATES} == named
