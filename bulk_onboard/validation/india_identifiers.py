"""Identifiers of India: registration numbers of businesses, and the Aadhaar, which is a person's.

What a registration number is meant to be is told by its shape, so that a slip in it is seen as one: 21 characters from
L or U on are a CIN, 15 with a state and letters a GSTIN, ten from three letters on a PAN, AAA-1234 is an LLPIN, and F
with five digits the FCRN of a foreign company. A TAN registers nobody. Case, blanks and dashes do not matter.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

from stdnum import luhn, verhoeff

from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import numbers_in
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import ALIAS, KEY, NUMBERS, REGISTRATION_NUMBER
from bulk_onboard.validation.india_places import may_be_registered_in, state_of_gst, state_of_letters
from bulk_onboard.validation.marking import in_cell

# CIN, the number of a company: listed or not, industry, state, year, kind of company, serial number. Industries are not
# judged: the list of their codes has changed too often.

_CIN = re.compile(r"[LU][0-9]{5}([A-Z]{2})((?:18|19|20)[0-9]{2})([A-Z]{3})[0-9]{6}")
_COMPANIES = frozenset({"FLC", "FTC", "GAP", "GAT", "GOI", "NPL", "OPC", "PLC", "PTC", "SGC", "ULL", "ULT"})
_CIN_PARTS = (  # from, to, what must stand there, and how to say it
    (1, 6, re.compile(r"[0-9]{5}"), "characters 2 to 6 must be digits, the industry"),
    (6, 8, re.compile(r"[A-Z]{2}"), "characters 7 and 8 must be letters, the state"),
    (8, 12, re.compile(r"(?:18|19|20)[0-9]{2}"), "characters 9 to 12 must be a year"),
    (12, 15, re.compile(r"[A-Z]{3}"), "characters 13 to 15 must be letters, the kind of company"),
    (15, 21, re.compile(r"[0-9]{6}"), "the last six characters must be digits"),
)


def why_no_cin(cin: str) -> str:
    """Return why 21 characters from L or U on can be no CIN, as the end of a sentence; empty where they can."""
    match = _CIN.fullmatch(cin)
    if not match:
        return next(words for first, last, part, words in _CIN_PARTS if not part.fullmatch(cin[first:last]))
    if not state_of_letters(match[1]):
        return f"no state has the letters {match[1]}"
    if match[3] not in _COMPANIES:
        return f"no kind of company has the letters {match[3]}"
    return ""


# PAN, the number of the income tax department: five letters, four digits, a letter. The fourth letter tells what its
# holder is. The last one is a check letter, but how it is made is not published.

_PAN = re.compile(r"[A-Z]{5}[0-9]{4}[A-Z]")
HOLDERS = "ABCEFGHJKLPT"


def why_no_pan(pan: str) -> str:
    """Return why ten characters can be no PAN, as the end of a sentence; empty where they can."""
    if not _PAN.fullmatch(pan):
        return "a PAN is five letters, four digits and a letter"
    if pan[3] not in HOLDERS:
        return f"no kind of holder has {pan[3]} as the fourth letter"
    if pan[5:9] == "0000":
        return "its four digits are never 0000"
    return ""


# GSTIN, the number of the goods and services tax: state, PAN, a count, mostly Z, and a check digit, which makes every
# slip of one character show. Numbers without the Z are those of special taxpayers, such as who deducts tax at source;
# they hold no PAN.

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NO_STATES = ("97", "99")  # other territory, the centre itself
_GSTIN = re.compile(r"[0-9]{2}[0-9A-Z]{13}")


def why_no_gstin(gstin: str) -> str:
    """Return why fifteen characters can be no GSTIN, as the end of a sentence; empty where they can."""
    if not _GSTIN.fullmatch(gstin):
        return "a GSTIN begins with the two digits of its state"
    if not state_of_gst(gstin[:2]) and gstin[:2] not in NO_STATES:
        return f"no state has the number {gstin[:2]}"
    if gstin[13] == "Z" and (why := why_no_pan(gstin[2:12])):
        return f"the ten characters after the state must be a PAN, and {why}"
    if luhn.checksum(gstin, DIGITS) != 0:
        return "its last character, the check digit, does not fit the others"
    return ""


# Udyam, the number of a small or medium enterprise: UDYAM-KR-03-0012345, with state and district.

_UDYAM = re.compile(r"UDYAM([A-Z]{2})[0-9]{2}[0-9]{7}")


def why_no_udyam(udyam: str) -> str:
    """Return why what begins with UDYAM can be no such number, as the end of a sentence; empty where it can.

    Blanks and dashes are left out already.
    """
    match = _UDYAM.fullmatch(udyam)
    if not match:
        return "two letters, two digits and seven digits must follow"
    if not state_of_letters(match[1]):
        return f"no state has the letters {match[1]}"
    return ""


# Registration numbers, whatever their kind.


class _Kind(NamedTuple):
    """A kind of number: its shape, the code for one that cannot be right, why it cannot, and its state."""

    shape: re.Pattern[str]
    code: str
    why_not: Callable[[str], str]
    state: Callable[[str], str]


def _nothing(_number: str) -> str:
    return ""


_KINDS = (
    _Kind(re.compile(r"[LU][0-9A-Z]{20}"), "cin-wrong", why_no_cin, lambda cin: state_of_letters(cin[6:8])),
    _Kind(re.compile(r"UDYAM.*"), "udyam-wrong", why_no_udyam, lambda udyam: state_of_letters(udyam[5:7])),
    _Kind(re.compile(r"F[0-9]{5}(?:[A-Z]{2}[0-9]{4}F[A-Z]{2}[0-9]{6})?"), "", _nothing, _nothing),  # FCRN
    _Kind(
        re.compile(r"(?=.?[0-9])[0-9A-Z]{2}(?=[0-9]{0,4}[A-Z])[0-9A-Z]{13}"),  # state in digits, PAN in letters
        "gstin-wrong",
        why_no_gstin,
        lambda gstin: state_of_gst(gstin[:2]),
    ),
    _Kind(re.compile(r"[A-Z]{4}[0-9]{5}[A-Z]"), "tan-instead", lambda tan: "it is a TAN", _nothing),
    _Kind(re.compile(r"[A-Z]{3}[0-9A-Z]{7}"), "pan-wrong", why_no_pan, _nothing),
    _Kind(re.compile(r"F?[A-Z]{3}[0-9]{4}"), "", _nothing, _nothing),  # LLPIN, FLLPIN
)
_GAPS = re.compile(r"[\s\-\u2010-\u2015]+")


def registration_findings(row: Row, state: str) -> Iterator[Finding]:
    """Yield what is wrong with the registration number of a row; `state` is its address's, empty where unknown."""
    text = row.cells.get(REGISTRATION_NUMBER, "")
    if not text:
        return
    number = text if text.isalnum() and text.isupper() else _GAPS.sub("", text).upper()
    kind = next((kind for kind in _KINDS if kind.shape.fullmatch(number)), None)
    if kind is None:
        yield in_cell("registration-number-unknown", REGISTRATION_NUMBER, text)
    elif why := kind.why_not(number):
        yield in_cell(kind.code, REGISTRATION_NUMBER, text, why=why)
    elif state and (registered := kind.state(number)) and not may_be_registered_in(registered, state):
        yield in_cell("registration-other-state", REGISTRATION_NUMBER, text, registered=registered, state=state)


# Aadhaar, the number of a person, which does not belong into the papers of a business: twelve digits by themselves, or
# three groups of four, not beginning with 0 or 1, whose last is the check digit of the others (Verhoeff). One number in
# ten of any other kind passes that too, so columns that hold numbers are left out, and so are the row's own phone
# numbers anywhere, and in Key and alias whatever may be a phone number of India.

_GAP = r"[\s\-\u2010-\u2015]"
_BY_ITSELF = re.compile(
    rf"(?<![\w+])(?<!\d{{4}}{_GAP})\d{{4}}(?P<gap>{_GAP}?)\d{{4}}(?P=gap)\d{{4}}(?!\w)(?!{_GAP}\d{{4}}(?!\d))"
)
_PERHAPS_IN_ASCII = re.compile(r"[2-9][0-9]{3}[\s-]?[0-9]{4}[\s-]?[0-9]{4}")  # found at a glance
_HOLD_DIGITS = frozenset({REGISTRATION_NUMBER, NUMBERS, "address.postal_code", "email", "bo_key"})
_NAMES = (KEY, ALIAS)
_PHONE_NUMBER = re.compile(r"91[1-9][0-9]{9}")
_NEITHER_SENT_NOR_KEPT = ("document:", "kind:")
_ASKS_FOR_A_NUMBER = re.compile(r"field:.*(?:aadha+r|number)", re.IGNORECASE)  # the API's own wish


def aadhaar_findings(row: Row, joined: str) -> Iterator[Finding]:
    """Yield a finding for each cell with what may be an Aadhaar; `joined` is all their text, divided by `|`."""
    if joined.isascii() and not _PERHAPS_IN_ASCII.search(joined):
        return
    for column, text in row.cells.items():
        if column in _HOLD_DIGITS or column.startswith(_NEITHER_SENT_NOR_KEPT) or _ASKS_FOR_A_NUMBER.match(column):
            continue
        found = [digits for match in _BY_ITSELF.finditer(text) if _may_be_aadhaar(digits := _digits(match[0]))]
        if found and any(not _is_phone_number(digits, column, text, row) for digits in found):
            yield in_cell("aadhaar-number", column, text)


def _digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())


def _is_phone_number(digits: str, column: str, text: str, row: Row) -> bool:
    """Return whether the digits are one of the row's phone numbers, or in Key and alias look like one of India."""
    if digits in numbers_in(row.cell(NUMBERS)):
        return True
    return column in _NAMES and digits in text and _PHONE_NUMBER.fullmatch(digits) is not None


def _may_be_aadhaar(digits: str) -> bool:
    return digits[0] not in "01" and digits != digits[::-1] and verhoeff.checksum(digits) == 0
