"""Aadhaar, the number of a person, which does not belong into the papers of a business (reliability.md 5.3).

Rule: twelve digits by themselves, or three groups of four, not beginning with 0 or 1, whose last is the check digit of
the others (Verhoeff). One number in ten of any other kind passes that too, so columns that hold numbers are left out,
and so are the row's own phone numbers anywhere, and in Key and alias whatever may be a phone number of India.
"""

import re
import unicodedata
from collections.abc import Iterator

from stdnum import verhoeff

from bulk_onboard.model.number import numbers_in
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import ALIAS, KEY, NUMBERS, REGISTRATION_NUMBER
from bulk_onboard.validation.trouble import Trouble, shown

_GAP = r"[\s\-\u2010-\u2015]"
_BY_ITSELF = re.compile(
    rf"(?<![\w+])(?<!\d{{4}}{_GAP})\d{{4}}(?P<gap>{_GAP}?)\d{{4}}(?P=gap)\d{{4}}(?!\w)(?!{_GAP}\d{{4}}(?!\d))"
)
_PERHAPS_IN_ASCII = re.compile(r"[2-9][0-9]{3}[\s-]?[0-9]{4}[\s-]?[0-9]{4}")  # found at a glance
_DIGITS_ARE_DUE = frozenset({REGISTRATION_NUMBER, NUMBERS, "address.postal_code", "email", "bo_key"})
_NAMES = (KEY, ALIAS)
_PHONE_NUMBER = re.compile(r"91[1-9][0-9]{9}")
_NEITHER_SENT_NOR_KEPT = ("document:", "kind:")


def aadhaar_troubles(row: Row, joined: str) -> Iterator[Trouble]:
    """A trouble for each cell with a number that may be an Aadhaar; `joined` is all their text, divided by `|`."""
    if joined.isascii() and not _PERHAPS_IN_ASCII.search(joined):
        return
    for column, text in row.cells.items():
        if column in _DIGITS_ARE_DUE or column.startswith(_NEITHER_SENT_NOR_KEPT):
            continue
        found = [digits for match in _BY_ITSELF.finditer(text) if _may_be_aadhaar(digits := _digits(match[0]))]
        if found and any(not _is_phone_number(digits, column, text, row) for digits in found):
            yield Trouble("aadhaar-number", column, shown(column, text))


def _digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())


def _is_phone_number(digits: str, column: str, text: str, row: Row) -> bool:
    """Whether the digits are one of the row's numbers, or stand alone, as a phone number does, where a row is named."""
    if digits in numbers_in(row.cell(NUMBERS)):
        return True
    return column in _NAMES and digits in text and _PHONE_NUMBER.fullmatch(digits) is not None


def _may_be_aadhaar(digits: str) -> bool:
    return digits[0] not in "01" and digits != digits[::-1] and verhoeff.checksum(digits) == 0
