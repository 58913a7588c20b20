"""CIN, the number of a company: listed or not, industry, state, year, kind of company, serial number.

Industries are not judged: the list of their codes has changed too often.
"""

import re

from bulk_onboard.validation.india.states import state_of_letters

_SHAPE = re.compile(r"[LU][0-9]{5}([A-Z]{2})((?:18|19|20)[0-9]{2})([A-Z]{3})[0-9]{6}")
_KINDS = frozenset({"FLC", "FTC", "GAP", "GAT", "GOI", "NPL", "OPC", "PLC", "PTC", "SGC", "ULL", "ULT"})
_PARTS = (  # from, to, what must stand there, and how to say it
    (1, 6, re.compile(r"[0-9]{5}"), "characters 2 to 6 must be digits, the industry"),
    (6, 8, re.compile(r"[A-Z]{2}"), "characters 7 and 8 must be letters, the state"),
    (8, 12, re.compile(r"(?:18|19|20)[0-9]{2}"), "characters 9 to 12 must be a year"),
    (12, 15, re.compile(r"[A-Z]{3}"), "characters 13 to 15 must be letters, the kind of company"),
    (15, 21, re.compile(r"[0-9]{6}"), "the last six characters must be digits"),
)


def cin_fault(cin: str) -> str:
    """Why the 21 characters, which begin with L or U, can be no CIN, as the end of a sentence; empty where they can."""
    match = _SHAPE.fullmatch(cin)
    if not match:
        return next(words for first, last, part, words in _PARTS if not part.fullmatch(cin[first:last]))
    if not state_of_letters(match[1]):
        return f"no state has the letters {match[1]}"
    if match[3] not in _KINDS:
        return f"no kind of company has the letters {match[3]}"
    return ""
