"""Phone numbers as people write them, and as the API's addresses have them: digits alone.

See docs/design/wire.md, Requests.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from bulk_onboard.model.blank import looks_like_nothing

CALLING_CODES: Mapping[str, str] = MappingProxyType({"IN": "91"})
"""What a number of a country begins with, where that is known."""

_BETWEEN = re.compile(r"[,;\r\n]+")
_SIGNS = re.compile(r"[\s().\u2010-\u2015-]+")
_TRUNK_ZERO = re.compile(r"(?<=[0-9])[\s.-]*\(0\)")
"""The zero that is dialled within a country only, as E.123 has it written beside the country's code: +44 (0)20 …"""

_AS_DIALLED = re.compile(r"^(?:00(?=[1-9])|0(?=91[1-9][0-9]{9}$))")
"""What is dialled before a country's code: 00, or in India a single zero where a number of ten digits follows."""

_INDIAN_TRUNK_ZERO = re.compile(r"^910(?=[1-9][0-9]{9}$)")
"""India's code and the trunk zero: no Indian number begins with 0, and with it this one would have eleven digits."""

_NUMBER = re.compile(r"(?!910)[0-9]{8,15}")
"""E.164 allows 15 digits; with the country's, hardly a number has less than 8. No Indian one begins with 0."""


def written_numbers(cell: str) -> Iterator[str]:
    """Each number of a cell as it is written there; comma, semicolon and line break separate them."""
    return filter(None, (text.strip() for text in _BETWEEN.split(cell)))


def digits_of(written: str) -> str:
    """The number's digits, country first, without what is dialled before them; empty for what is no number."""
    text = written if written.isascii() else "".join(char for char in written if not looks_like_nothing(char))
    text = _SIGNS.sub("", _TRUNK_ZERO.sub("", text))
    digits = _INDIAN_TRUNK_ZERO.sub("91", _AS_DIALLED.sub("", text.removeprefix("+")))
    return digits if _NUMBER.fullmatch(digits) else ""


def numbers_in(cell: str) -> tuple[str, ...]:
    """The digits of each number of a cell, each once, in their order; what is no number is left out."""
    return tuple(dict.fromkeys(filter(None, map(digits_of, written_numbers(cell)))))
