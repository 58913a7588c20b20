"""Udyam, the number of a small or medium enterprise: UDYAM-KR-03-0012345, with state and district."""

import re

from bulk_onboard.validation.india.states import state_of_letters

_SHAPE = re.compile(r"UDYAM([A-Z]{2})[0-9]{2}[0-9]{7}")


def udyam_fault(udyam: str) -> str:
    """Why what begins with UDYAM can be no such number, as the end of a sentence; empty where it can.

    Blanks and dashes are left out already.
    """
    match = _SHAPE.fullmatch(udyam)
    if not match:
        return "two letters, two digits and seven digits must follow"
    if not state_of_letters(match[1]):
        return f"no state has the letters {match[1]}"
    return ""
