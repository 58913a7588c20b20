"""GSTIN, the number of the goods and services tax: state, PAN, a count, mostly Z, and a check digit.

The check digit makes every slip of one character show. Numbers without the Z are those of special taxpayers, such as
who deducts tax at source; they hold no PAN.
"""

import re

from stdnum import luhn

from bulk_onboard.validation.india.pan import pan_fault
from bulk_onboard.validation.india.states import state_of_gst

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHAPE = re.compile(r"[0-9]{2}[0-9A-Z]{13}")
NO_STATES = ("97", "99")  # other territory, the centre itself


def gstin_fault(gstin: str) -> str:
    """Why the fifteen characters can be no GSTIN, as the end of a sentence; empty where they can."""
    if not _SHAPE.fullmatch(gstin):
        return "a GSTIN begins with the two digits of its state"
    if not state_of_gst(gstin[:2]) and gstin[:2] not in NO_STATES:
        return f"no state has the number {gstin[:2]}"
    if gstin[13] == "Z" and (fault := pan_fault(gstin[2:12])):
        return f"the ten characters after the state must be a PAN, and {fault}"
    if luhn.checksum(gstin, DIGITS) != 0:
        return "its last character, the check digit, does not fit the others"
    return ""
