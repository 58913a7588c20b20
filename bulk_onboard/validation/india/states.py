"""The states of India as people write them.

Rule: a name counts in any spelling that leads to one state alone, whatever its case, blanks and signs, and so do the
letters of number plates. Papers of a state's former part may still bear the number of the state it was split from.
"""

import difflib
import re
from functools import lru_cache

from bulk_onboard.model.indian_states import STATES, IndianState

_NO_LETTERS = re.compile(r"[^a-z]+")
_ALSO_WRITTEN = {
    "Andhra Pradesh": ("Andhra", "Andra Pradesh"),
    "Andaman and Nicobar Islands": ("Andaman", "A and N Islands"),
    "Arunachal Pradesh": ("Arunachal",),
    "Chhattisgarh": ("Chhatisgarh", "Chattishgarh", "Chhattishgarh"),
    "Dadra and Nagar Haveli and Daman and Diu": ("Daman", "Diu", "Silvassa", "DNHDD", "DNH and DD"),
    "Delhi": ("Delhi NCT", "Delhi NCR", "NCR", "NCR Delhi", "New Delhi NCT", "Government of NCT of Delhi"),
    "Himachal Pradesh": ("Himachal",),
    "Jammu and Kashmir": ("J and K", "Jammu Kashmir", "Jammu", "Kashmir"),
    "Karnataka": ("KR", "Karnatka", "Karnatak"),
    "Ladakh": ("Leh Ladakh",),
    "Lakshadweep": ("Lakshadweep Islands",),
    "Maharashtra": ("Maharastra",),
    "Meghalaya": ("Meghalya",),
    "Odisha": ("Odissa",),
    "Puducherry": ("Pondichery", "Puduchery"),
    "Telangana": ("Telengana", "Telangana State"),
    "Uttarakhand": ("Uttrakhand", "Uttarkhand", "Uttranchal"),
    "West Bengal": ("W Bengal", "Paschim Banga"),
}
_SPLIT_FROM = {  # part -> the state whose numbers its older papers bear
    "Telangana": "Andhra Pradesh",
    "Chhattisgarh": "Madhya Pradesh",
    "Jharkhand": "Bihar",
    "Uttarakhand": "Uttar Pradesh",
    "Ladakh": "Jammu and Kashmir",
}

LONGEST_NAME = max(len(name) for state in STATES for name in (state.name, *state.other_names))


def state_called(text: str) -> str:
    """The official name of the state meant; empty where none is."""
    return _CALLED.get(_letters(text), "")


def nearest_state(text: str) -> str:
    """The official name of the state that may be meant; empty where the text resembles none."""
    near = difflib.get_close_matches(_letters(text), [name for name in _CALLED if len(name) > 3], n=1, cutoff=0.8)
    return _CALLED[near[0]] if near else ""


def state_of_gst(digits: str) -> str:
    """The state whose GSTINs begin with these digits; empty where none does."""
    return _OF_GST.get(digits, "")


def state_of_letters(letters: str) -> str:
    """The state that these letters of a CIN or a Udyam number mean; empty where none is."""
    return _OF_LETTERS.get(letters, "")


def may_be_registered_in(registered: str, state: str) -> bool:
    """Whether a number of one state fits an office in the other."""
    return registered == state or _SPLIT_FROM.get(state) == registered


def _written(state: IndianState) -> tuple[str, ...]:
    return (state.name, *state.other_names, *state.letters, *state.cin, *_ALSO_WRITTEN.get(state.name, ()))


@lru_cache(maxsize=4096)
def _letters(text: str) -> str:
    """The letters alone; `&` is and, and the words State and State of say nothing."""
    letters = _NO_LETTERS.sub("", text.casefold().replace("&", "and"))
    return letters.removeprefix("stateof").removesuffix("state") or letters


_CALLED = {_letters(text): state.name for state in STATES for text in _written(state)}
_OF_GST = {digits: state.name for state in STATES for digits in state.gst}
_OF_LETTERS = {letters: state.name for state in STATES for letters in (*state.letters, *state.cin)} | {
    "KR": "Karnataka"  # in a Udyam number
}
