"""PAN, the number of the income tax department: five letters, four digits, a letter.

The fourth letter tells what its holder is. The last one is a check letter, but how it is made is not published.
"""

import re

_SHAPE = re.compile(r"[A-Z]{5}[0-9]{4}[A-Z]")
HOLDERS = "ABCEFGHJKLPT"


def pan_fault(pan: str) -> str:
    """Why the ten characters can be no PAN, as the end of a sentence; empty where they can."""
    if not _SHAPE.fullmatch(pan):
        return "a PAN is five letters, four digits and a letter"
    if pan[3] not in HOLDERS:
        return f"no kind of holder has {pan[3]} as the fourth letter"
    if pan[5:9] == "0000":
        return "its four digits are never 0000"
    return ""
