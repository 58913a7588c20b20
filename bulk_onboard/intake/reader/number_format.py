"""Number formats that show more of a number than its digits: `000000` zeros before it, `"K-"00000` a whole code.

What such a cell shows is what people take for its value, and what a copy saved as csv holds. A format is followed where
it puts digits and signs in their places. Of one that divides thousands, has decimals or shows one number in several
ways only that much is known. Dates are left to calamine.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_MOST_DIGITS = 10**15
_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)
_DECIMALS = re.compile(r"[.,]0+$")
_DIVIDERS = re.compile(r"[.,]")

_BUILT_IN = {
    **dict.fromkeys(("2", "4", "10", "39", "40", "43", "44"), "0.00"),
    **dict.fromkeys(("3", "37", "38", "41", "42"), "#,##0"),
    **dict.fromkeys(("9", "11", "12", "13", "48"), "0%"),
}
"""Formats that every program knows by number, so that no file spells them out, each by one that does as much.

Those that show the digits alone, and dates, are left out."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_(?P<wide>.)|\*(?P<repeated>.)'
    r"|\[\$(?P<currency>[^\]-]*)[^\]]*\]|\[(?P<bracket>[^\]]*)\]"
    r"|(?P<general>general|standard)|(?P<digit>[0#?])|(?P<sign>.)",
    re.IGNORECASE | re.DOTALL,
)
_COLOUR = re.compile(r"black|blue|cyan|green|magenta|red|white|yellow|colou?r ?[0-9]+", re.IGNORECASE)
_OF_DATES = frozenset("ymdhsYMDHS")
_WITH_A_MEANING = frozenset(".,%/@EeGgBb")
_GENERAL = "General"


class NumberFormat(NamedTuple):
    """What a format does with a whole number.

    Attributes:
        pieces: texts, and the places of digits as `0`, `#` or `?`, each with whether it is such a place; `General`
            is the place of all of them. None where it does anything else.
        is_for_zero: whether zero is shown in the same way.
    """

    pieces: tuple[tuple[str, bool], ...] | None
    is_for_zero: bool = True

    def shown(self, number: str) -> str | None:
        """Return what is shown of a number of these digits; None where that is not known."""
        if self.pieces is None or not number.isdecimal() or (number == "0" and not self.is_for_zero):
            return None
        left = list(number.lstrip("0"))
        places = sum(is_place for _, is_place in self.pieces)
        shown: list[str] = []
        for text, is_place in reversed(self.pieces):
            if not is_place:
                shown.append(text)
                continue
            places -= 1
            if text == _GENERAL:
                shown.append(number)
            elif not places:
                shown.append("".join(left) or _INSTEAD[text])
            else:
                shown.append(left.pop() if left else _INSTEAD[text])
        return "".join(reversed(shown)).strip()


_INSTEAD = {"0": "0", "#": "", "?": " "}
_AS_IT_IS = ((_GENERAL, True),), (("0", True),), (("#", True),)


def formats_of(styles: Iterable[tuple[str, Mapping[str, str]]]) -> Mapping[str, NumberFormat]:
    """Return by a style's number, as cells name it, its format, where that shows more than the digits.

    Args:
        styles: name and attributes of each element of `xl/styles.xml`, whose `cellXfs` are counted from 0.
    """
    codes = dict(_BUILT_IN)
    formats: dict[str, NumberFormat] = {}
    count: int | None = None
    for name, attributes in styles:
        if name == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name in {"cellXfs", "cellStyleXfs", "cellStyles", "dxfs"}:
            count = 0 if name == "cellXfs" else None
        elif name == "xf" and count is not None:
            code = codes.get(attributes.get("numFmtId", ""), "")
            if code and (found := number_format(code)):
                formats[str(count)] = found
            count += 1
    return formats


def number_format(code: str) -> NumberFormat | None:
    """Return what the format of this code does; None for one that shows the digits alone, and for dates."""
    pieces: list[tuple[str, bool]] = []
    sections, is_simple = 1, True
    for match in _TOKEN.finditer(code):
        kind, text = match.lastgroup or "", match[match.lastgroup or 0]
        if kind == "sign" and text == ";":
            sections += 1
        elif sections > 1:
            continue
        elif kind == "sign" and text in _OF_DATES:
            return None
        elif kind == "bracket":
            if text and set(text) <= _OF_DATES:
                return None
            is_simple = is_simple and _COLOUR.fullmatch(text) is not None
        elif kind == "repeated" or (kind == "sign" and text in _WITH_A_MEANING):
            is_simple = False
        elif kind in ("digit", "general"):
            pieces.append((_GENERAL if kind == "general" else text, True))
        else:
            pieces.append((" " if kind == "wide" else text, False))
    if code == "@" or (is_simple and tuple(piece for piece in pieces if piece[0].strip()) in _AS_IT_IS):
        return None
    places = [text for text, is_place in pieces if is_place]
    is_known = is_simple and places and (_GENERAL not in places or len(places) == 1)
    return NumberFormat(tuple(pieces) if is_known else None, is_for_zero=sections < 3)


def whole_number(value: str) -> str:
    """Return the digits of a whole number as a file writes it, up to the fifteen that it keeps; empty for any other."""
    try:
        number = float(value)
    except ValueError:
        return ""
    return f"{number:.0f}" if 0 <= number < _MOST_DIGITS and number.is_integer() else ""


def is_spelt(shown: str, number: str) -> bool:
    """Whether a text is the number itself, with dividers, zero decimals, currency signs, or as a power of ten."""
    text = "".join(char for char in shown if char not in "'’+" and unicodedata.category(char) not in ("Sc", "Zs"))
    if text.endswith("%") or _SCIENTIFIC.fullmatch(text):
        return True
    return number in (_DIVIDERS.sub("", text), _DIVIDERS.sub("", _DECIMALS.sub("", text)))
