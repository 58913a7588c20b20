"""Text of a cell: strip what is invisible, normalise digits, keep joiners.

ZERO WIDTH NON-JOINER and ZERO WIDTH JOINER choose between forms of a letter in the scripts of India and in those
written like Arabic. There, and only there, one may follow a letter or a sign, also at the end of a word (Malayalam).
"""

import re
import unicodedata

from bulk_onboard.model.sheet import NUMBERS

ORDINARY_BLANKS = " \t\r\n"
_MARKS_OF_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_WITHOUT_WIDTH = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff") | _MARKS_OF_DIRECTION


def looks_like_nothing(char: str) -> bool:
    """Return whether the character is whitespace or has no width."""
    return char.isspace() or char in _WITHOUT_WIDTH


JOINERS = "\u200c\u200d"

_SCRIPTS = re.compile(
    "[\u0600-\u0dff"  # Arabic and its kin, then the scripts of India from Devanagari to Sinhala
    "\u1000-\u109f\u1780-\u18af\ua800-\uabff"  # Myanmar, Khmer, Mongolian, the smaller Indic ones
    "\U00011000-\U00011fff\U0001e900-\U0001e95f]"
)


def may_be_joined(letter: str) -> bool:
    """Return whether a joiner may follow this character."""
    return _SCRIPTS.match(letter) is not None and unicodedata.category(letter)[0] in "LM"


DIGITS_ARE_DUE = frozenset({"address.postal_code", NUMBERS})
"""Columns in which digits of other scripts become 0 to 9."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # no file, ledger or request can hold one


def text_in(cell: str) -> str:
    """Return a cell's text for a row: stripped, with U+FFFD for each lone surrogate."""
    return stripped(cell if cell.isascii() else whole(cell))


def whole(cell: str) -> str:
    """Return the text with U+FFFD for each lone surrogate."""
    return _LONE_SURROGATE.sub("\ufffd", cell)


def stripped(text: str) -> str:
    """Strip whitespace and zero-width characters.

    A joiner that belongs to the last letter stays.
    """
    if text.isascii():
        return text.strip()
    start, end = 0, len(text)
    while start < end and looks_like_nothing(text[start]):
        start += 1
    while end > start and looks_like_nothing(text[end - 1]):
        end -= 1
    if text[end : end + 1] in JOINERS and end > start and may_be_joined(text[end - 1]):
        end += 1
    return text[start:end]


def ordinary_digits(text: str) -> str:
    """Return the text with digits of any script as 0 to 9, full-width signs as ASCII."""
    if text.isascii() or not any(char.isdecimal() for char in text):
        return text
    return "".join(map(_ordinary, text))


def _ordinary(char: str) -> str:
    if char.isdecimal():
        return str(int(char))
    return chr(ord(char) - 0xFEE0) if "\uff01" <= char <= "\uff5e" else char
