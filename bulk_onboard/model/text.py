"""What a row has of a cell's text: the one rule for whoever makes rows, and for whoever looks at whole columns."""

import re

from bulk_onboard.model.blank import looks_like_nothing
from bulk_onboard.model.joiner import JOINERS, may_be_joined
from bulk_onboard.model.sheet import NUMBERS

DIGITS_ARE_DUE = frozenset({"address.postal_code", NUMBERS})
"""Columns in which digits of other scripts become ordinary ones."""

_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")  # no file, ledger or request can hold one


def text_in(cell: str) -> str:
    """What a row has of a cell: half a character as the sign for a broken one, nothing that looks like nothing."""
    return stripped(cell if cell.isascii() else whole(cell))


def whole(cell: str) -> str:
    """The text with half a character as the sign for a broken one."""
    return _HALF_A_CHARACTER.sub("\ufffd", cell)


def stripped(text: str) -> str:
    """The text without what looks like nothing at its ends; a joiner that belongs to the spelling stays."""
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
    """The text with the digits of any script as 0 to 9, and its full-width signs as those one types."""
    if text.isascii() or not any(char.isdecimal() for char in text):
        return text
    return "".join(map(_ordinary, text))


def _ordinary(char: str) -> str:
    if char.isdecimal():
        return str(int(char))
    return chr(ord(char) - 0xFEE0) if "\uff01" <= char <= "\uff5e" else char
