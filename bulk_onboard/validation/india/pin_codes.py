"""PIN codes: six digits, of which the first two or three tell the state (the postal circles of India Post).

Rule: where a district lies across a border, or an enclave is served from its neighbour, all states concerned stand
here, so that a contradiction is one. 9 is the army's and no state's; what is not in the table is not judged.
"""

import re

_SHAPE = re.compile(r"[1-9][0-9]{5}")
_GAPS = re.compile(r"[\s-]+")

_UP_UK = ("Uttar Pradesh", "Uttarakhand")
_GJ_DH = ("Gujarat", "Dadra and Nagar Haveli and Daman and Diu")
_BR_JH = ("Bihar", "Jharkhand")
_JK_LA = ("Jammu and Kashmir", "Ladakh")

_STATES = {
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
    """The six digits of a PIN code, as which blanks and dashes between them count too; empty where it is none."""
    digits = text if text.isdigit() else _GAPS.sub("", text)
    return digits if _SHAPE.fullmatch(digits) else ""


def states_of(pin_code: str) -> tuple[str, tuple[str, ...]]:
    """The first digits, and the states where PIN codes begin so; both empty where nothing is known."""
    for digits in (pin_code[:3], pin_code[:2]):
        if digits in _STATES:
            return digits, _STATES[digits]
    return "", ()
