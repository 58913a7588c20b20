"""Places as people write them: countries, the states and PIN codes of India, and addresses there.

A state's name counts in any spelling that leads to one state alone, whatever its case, blanks and signs, and so do the
letters of number plates.
"""

import difflib
import re
from collections.abc import Iterator
from functools import lru_cache

from bulk_onboard.model.finding import Finding
from bulk_onboard.model.indian_states import STATES, IndianState
from bulk_onboard.model.row import Row
from bulk_onboard.validation.marking import in_cell, shown_cell, shown_value

INDIA = "IN"
ADDRESS_COUNTRY = "address.country"
ADDRESS_STATE = "address.state"
POSTAL_CODE = "address.postal_code"


def is_in_india(row: Row) -> bool:
    """Return whether the row's address is in India, or names no country."""
    country = row.cells.get(ADDRESS_COUNTRY, INDIA)
    return country.upper() == INDIA or country_code(country) == INDIA


def state_of_address(row: Row) -> str:
    """Return the official name of the address's state; empty where it has none, or one that nobody knows."""
    text = row.cells.get(ADDRESS_STATE, "")
    return state_called(text) if text else ""


def address_findings(row: Row, state: str) -> Iterator[Finding]:
    """Yield what is wrong with state and PIN code of an address in India.

    A text longer than any state's name is another value out of place, and may tell of a person. A state in another
    script is left to people, since names are known in English only.

    Args:
        row: the row.
        state: as `state_of_address` returns it.
    """
    written = row.cells.get(ADDRESS_STATE, "")
    if written.isascii() and written and not state:
        near = nearest_state(written)
        nearest = f' Did you mean "{near}"?' if near else ""
        seen = shown_cell(written) if len(written) <= _LONGEST_NAME else shown_value(written)
        yield Finding("state-unknown", column=ADDRESS_STATE, seen=seen, details={"nearest": nearest})
    if postal_code := row.cells.get(POSTAL_CODE, ""):
        yield from _pin_code_findings(postal_code, state)


def _pin_code_findings(text: str, state: str) -> Iterator[Finding]:
    pin_code = pin_code_in(text)
    if not pin_code:
        yield in_cell("pin-code-wrong", POSTAL_CODE, text)
        return
    digits, states = states_of(pin_code)
    if state and states and state not in states:
        yield in_cell("pin-code-other-state", POSTAL_CODE, text, digits=digits, states=" or ".join(states), state=state)


# Countries, where the API wants two letters: India's neighbours and the commoner ones.

_COUNTRIES = (
    ("IN", "IND", "India", "Republic of India", "Bharat", "Hindustan", "भारत"),
    ("AE", "ARE", "United Arab Emirates", "UAE"),
    ("AU", "AUS", "Australia"),
    ("BD", "BGD", "Bangladesh"),
    ("BT", "BTN", "Bhutan"),
    ("CA", "CAN", "Canada"),
    ("CN", "CHN", "China"),
    ("DE", "DEU", "Germany"),
    ("FR", "FRA", "France"),
    ("GB", "GBR", "United Kingdom", "Great Britain", "England"),
    ("HK", "HKG", "Hong Kong"),
    ("ID", "IDN", "Indonesia"),
    ("JP", "JPN", "Japan"),
    ("KR", "KOR", "South Korea"),
    ("LK", "LKA", "Sri Lanka"),
    ("MM", "MMR", "Myanmar"),
    ("MV", "MDV", "Maldives"),
    ("MY", "MYS", "Malaysia"),
    ("NL", "NLD", "Netherlands"),
    ("NP", "NPL", "Nepal"),
    ("PK", "PAK", "Pakistan"),
    ("SA", "SAU", "Saudi Arabia"),
    ("SG", "SGP", "Singapore"),
    ("TH", "THA", "Thailand"),
    ("US", "USA", "United States", "United States of America", "America"),
)
_IGNORED = str.maketrans("", "", " .-_\u00a0")


def country_code(text: str) -> str:
    """Return the two letters of the country whose name or three letters this is; empty for anything else."""
    return _COUNTRY_CODES.get(_bare(text), "")


def _bare(text: str) -> str:
    return text.translate(_IGNORED).casefold()


_COUNTRY_CODES = {_bare(name): code for code, *names in _COUNTRIES for name in names}


# The states of India.

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

_LONGEST_NAME = max(len(name) for state in STATES for name in (state.name, *state.other_names))
_NO_LETTERS = re.compile(r"[^a-z]+")


def state_called(text: str) -> str:
    """Return the official name of the state meant; empty where none is."""
    return _CALLED.get(_letters(text), "")


def nearest_state(text: str) -> str:
    """Return the official name of the state that may be meant; empty where the text resembles none."""
    near = difflib.get_close_matches(_letters(text), [name for name in _CALLED if len(name) > 3], n=1, cutoff=0.8)
    return _CALLED[near[0]] if near else ""


def state_of_gst(digits: str) -> str:
    """Return the state whose GSTINs begin with these digits; empty where none does."""
    return _OF_GST.get(digits, "")


def state_of_letters(letters: str) -> str:
    """Return the state that these letters of a CIN or a Udyam number mean; empty where none is."""
    return _OF_LETTERS.get(letters, "")


def may_be_registered_in(registered: str, state: str) -> bool:
    """Return whether a number of one state fits an office in the other.

    Papers of a state's former part may still bear the number of the state it was split from.
    """
    return registered == state or _SPLIT_FROM.get(state) == registered


def _written(state: IndianState) -> tuple[str, ...]:
    return (state.name, *state.other_names, *state.letters, *state.cin, *_ALSO_WRITTEN.get(state.name, ()))


@lru_cache(maxsize=4096)
def _letters(text: str) -> str:
    """Return the letters alone; `&` is and, and the words State and State of say nothing."""
    letters = _NO_LETTERS.sub("", text.casefold().replace("&", "and"))
    return letters.removeprefix("stateof").removesuffix("state") or letters


_CALLED = {_letters(text): state.name for state in STATES for text in _written(state)}
_OF_GST = {digits: state.name for state in STATES for digits in state.gst}
_OF_LETTERS = {letters: state.name for state in STATES for letters in (*state.letters, *state.cin)} | {
    "KR": "Karnataka"  # in a Udyam number
}


# PIN codes: six digits, of which the first two or three tell the state (the postal circles of India Post). Where a
# district lies across a border, or an enclave is served from its neighbour, all states concerned stand here, so that a
# contradiction is one. 9 is the army's and no state's; what is not in the table is not judged.

_PIN_CODE = re.compile(r"[1-9][0-9]{5}")
_GAPS = re.compile(r"[\s-]+")

_UP_UK = ("Uttar Pradesh", "Uttarakhand")
_GJ_DH = ("Gujarat", "Dadra and Nagar Haveli and Daman and Diu")
_BR_JH = ("Bihar", "Jharkhand")
_JK_LA = ("Jammu and Kashmir", "Ladakh")

_STATES_OF = {
    "11": ("Delhi",),
    **dict.fromkeys(("12", "13"), ("Haryana",)),
    **dict.fromkeys(("14", "15"), ("Punjab", "Chandigarh")),
    "16": ("Chandigarh", "Punjab", "Haryana"),
    "17": ("Himachal Pradesh",),
    **dict.fromkeys(("18", "19"), _JK_LA),
    **dict.fromkeys(("20", "21", "22", "23", "27", "28"), ("Uttar Pradesh",)),
    **dict.fromkeys(("24", "25", "26"), _UP_UK),
    **dict.fromkeys(("30", "31", "32", "33", "34"), ("Rajasthan",)),
    **dict.fromkeys(("36", "39"), _GJ_DH),
    **dict.fromkeys(("37", "38"), ("Gujarat",)),
    **dict.fromkeys(("40", "41", "42", "43", "44"), ("Maharashtra",)),
    "403": ("Goa",),
    **dict.fromkeys(("45", "46", "47", "48"), ("Madhya Pradesh",)),
    "49": ("Chhattisgarh",),
    "50": ("Telangana",),
    "507": ("Telangana", "Andhra Pradesh"),
    **dict.fromkeys(("51", "52", "53"), ("Andhra Pradesh",)),
    "533": ("Andhra Pradesh", "Puducherry"),
    **dict.fromkeys(("56", "57", "58", "59"), ("Karnataka",)),
    "60": ("Tamil Nadu", "Puducherry"),
    **dict.fromkeys(("61", "62", "63", "64"), ("Tamil Nadu",)),
    **dict.fromkeys(("67", "68", "69"), ("Kerala",)),
    "673": ("Kerala", "Puducherry"),
    "682": ("Kerala", "Lakshadweep"),
    **dict.fromkeys(("70", "71", "72", "73", "74"), ("West Bengal",)),
    "737": ("Sikkim",),
    "744": ("Andaman and Nicobar Islands",),
    **dict.fromkeys(("75", "76", "77"), ("Odisha",)),
    "78": ("Assam",),
    **dict.fromkeys(("790", "791", "792"), ("Arunachal Pradesh",)),
    **dict.fromkeys(("793", "794"), ("Meghalaya",)),
    "795": ("Manipur",),
    "796": ("Mizoram",),
    **dict.fromkeys(("797", "798"), ("Nagaland",)),
    "799": ("Tripura",),
    **dict.fromkeys(("80", "84", "85"), ("Bihar",)),
    **dict.fromkeys(("81", "82"), _BR_JH),
    "83": ("Jharkhand",),
}


def pin_code_in(text: str) -> str:
    """Return the six digits of a PIN code, which may have blanks and dashes between them; empty where it is none."""
    digits = text if text.isdigit() else _GAPS.sub("", text)
    return digits if _PIN_CODE.fullmatch(digits) else ""


def states_of(pin_code: str) -> tuple[str, tuple[str, ...]]:
    """Return the first digits, and the states where PIN codes begin so; both empty where nothing is known."""
    for digits in (pin_code[:3], pin_code[:2]):
        if digits in _STATES_OF:
            return digits, _STATES_OF[digits]
    return "", ()
