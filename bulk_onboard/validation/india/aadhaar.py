"""Aadhaar, the number of a person, which does not belong into the papers of a business (reliability.md 5.3).

Rule: twelve digits by themselves, or three groups of four, not beginning with 0 or 1, whose last is the check digit of
the others (Verhoeff). One number in ten of any other kind passes that too, so columns that hold numbers are left out.
"""

import re
import unicodedata
from collections.abc import Iterator

from stdnum import verhoeff

from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import NUMBERS, REGISTRATION_NUMBER
from bulk_onboard.validation.trouble import Trouble, shown

_GAP = r"[\s\-\u2010-\u2015]"
_BY_ITSELF = re.compile(
    rf"(?<![\w+])(?<!\d{{4}}{_GAP})\d{{4}}(?P<gap>{_GAP}?)\d{{4}}(?P=gap)\d{{4}}(?!\w)(?!{_GAP}\d{{4}}(?!\d))"
)
_PERHAPS_IN_ASCII = re.compile(r"[2-9][0-9]{3}[\s-]?[0-9]{4}[\s-]?[0-9]{4}")  # found at a glance
_DIGITS_ARE_DUE = frozenset({REGISTRATION_NUMBER, NUMBERS, "address.postal_code", "email", "bo_key"})
_NEITHER_SENT_NOR_KEPT = ("document:", "kind:")


def aadhaar_troubles(row: Row, joined: str) -> Iterator[Trouble]:
    """A trouble for each cell with a number that may be an Aadhaar; `joined` is all their text, divided by `|`."""
    if joined.isascii() and not _PERHAPS_IN_ASCII.search(joined):
        return
    for column, text in row.cells.items():
        if column in _DIGITS_ARE_DUE or column.startswith(_NEITHER_SENT_NOR_KEPT):
            continue
        if any(_may_be_aadhaar(match[0]) for match in _BY_ITSELF.finditer(text)):
            yield Trouble("aadhaar-number", column, shown(column, text))


def _may_be_aadhaar(text: str) -> bool:
    digits = "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())
    return digits[0] not in "01" and digits != digits[::-1] and verhoeff.checksum(digits) == 0
