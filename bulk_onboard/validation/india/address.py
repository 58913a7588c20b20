"""Addresses in India: the state, the PIN code, and whether one belongs to the other."""

from collections.abc import Iterator

from bulk_onboard.model.row import Row
from bulk_onboard.validation.india.pin_codes import pin_code_in, states_of
from bulk_onboard.validation.india.states import LONGEST_NAME, nearest_state, state_called
from bulk_onboard.validation.trouble import Trouble, shown_cell, shown_value

_STATE = "address.state"
_POSTAL_CODE = "address.postal_code"


def state_of_address(row: Row) -> str:
    """The official name of the state an address says; empty where it says none, or one that nobody knows."""
    text = row.cells.get(_STATE, "")
    return state_called(text) if text else ""


def address_troubles(row: Row, state: str) -> Iterator[Trouble]:
    """What is wrong with the address of a row; `state` as `state_of_address` has it.

    What is longer than any state's name is another value out of place, and may tell of a person. A state in another
    script is left to people: names are known in English only.
    """
    written = row.cells.get(_STATE, "")
    if written.isascii() and written and not state:
        near = nearest_state(written)
        nearest = f' Did you mean "{near}"?' if near else ""
        seen = shown_cell(written) if len(written) <= LONGEST_NAME else shown_value(written)
        yield Trouble("state-unknown", _STATE, seen, {"nearest": nearest})
    if postal_code := row.cells.get(_POSTAL_CODE, ""):
        yield from _pin_code_troubles(postal_code, state)


def _pin_code_troubles(text: str, state: str) -> Iterator[Trouble]:
    pin_code = pin_code_in(text)
    if not pin_code:
        yield Trouble("pin-code-wrong", _POSTAL_CODE, shown_value(text))
        return
    digits, states = states_of(pin_code)
    if state and states and state not in states:
        details = {"digits": digits, "states": " or ".join(states), "state": state}
        yield Trouble("pin-code-other-state", _POSTAL_CODE, shown_value(text), details)
