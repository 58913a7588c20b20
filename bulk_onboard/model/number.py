"""Phone numbers as people write them, and as the API's addresses have them: digits alone (wire.md 11, 21)."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

CALLING_CODES: Mapping[str, str] = MappingProxyType({"IN": "91"})
"""What a number of a country begins with, where that is known."""

_BETWEEN = re.compile(r"[,;\r\n]+")
_SIGNS = re.compile(r"[\s().\u2010-\u2015-]+")
_NUMBER = re.compile(r"\+?([0-9]{8,15})")  # E.164 allows 15 digits; with the country's, hardly a number has less than 8


def written_numbers(cell: str) -> Iterator[str]:
    """Each number of a cell as it is written there; comma, semicolon and line break separate them."""
    return filter(None, (text.strip() for text in _BETWEEN.split(cell)))


def digits_of(written: str) -> str:
    """The number's digits, country first; empty for what is no number."""
    match = _NUMBER.fullmatch(_SIGNS.sub("", written))
    return match[1] if match else ""


def numbers_in(cell: str) -> tuple[str, ...]:
    """The digits of each number of a cell, each once, in their order; what is no number is left out."""
    return tuple(dict.fromkeys(filter(None, map(digits_of, written_numbers(cell)))))
