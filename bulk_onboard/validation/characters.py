"""What stands in a cell unseen (reliability.md 4.2).

Rule: any script and any sign is welcome that people can see. What nobody sees is an error where it stands between
other characters, for it makes two texts differ that look the same; except where it belongs to the spelling, and
between the parts of an emoji. Blanks of an unusual kind are sent as they are, with a warning.
"""

import re
import unicodedata
from collections.abc import Iterator

from bulk_onboard.model.blank import looks_like_nothing
from bulk_onboard.model.joiner import JOINERS, may_be_joined
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import NUMBERS
from bulk_onboard.validation.trouble import Trouble, shown

_ORDINARY = str.maketrans("", "", " \t\r\n\u00a0")  # between and within numbers
_LINE_BREAKS = frozenset("\n\r\x0b\x0c\x85\u2028\u2029")
_SIGN_JOINER = "\u200d"
_PRESENTATION = frozenset("\ufe0e\ufe0f")  # as text, as emoji
_SIGNS_BESIDE_EMOJI = frozenset("#*0123456789‼⁉ℹ〰〽")
_TAGGED_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
"""A black flag and the letters, which nobody sees, of the part of a country that it is of: England's `gbeng`."""
_FIRST_TAG, _LAST_TAG = "\U000e0020", "\U000e007f"
_VISIBLE_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
_NO_FORMATS = re.compile(  # invisible, although Unicode calls them letters, marks and signs
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_BROKEN = "\ufffd"
_ESCAPE = re.compile("_x00[01][0-9A-F]_")  # how an xlsx file writes a control character
_ESCAPED_LINE_BREAKS = frozenset({"_x000A_", "_x000B_", "_x000C_", "_x000D_"})
_CONTROL_NAMES = {0: "NULL", 7: "BELL", 8: "BACKSPACE", 9: "TAB", 10: "LINE FEED", 11: "VERTICAL TAB",
                  12: "FORM FEED", 13: "CARRIAGE RETURN", 27: "ESCAPE", 127: "DELETE", 133: "NEXT LINE"}  # fmt: skip


def character_troubles(row: Row) -> Iterator[Trouble]:
    """What stands unseen in the cells of a row, the first of each kind in a cell, and what was done about it."""
    for column, text in row.cells.items():
        if text.isascii() and text.isprintable() and "_x" not in text:
            continue
        for code, position, character in _first_of_each(text):
            if not _is_welcome(code, column):
                details: dict[str, str | int] = {"position": position + 1, "character": character}
                yield Trouble(code, column, shown(column, text), details)
    left_out = dict(row.left_out)
    if unseen := "".join(filter(looks_like_nothing, row.cell(NUMBERS).translate(_ORDINARY))):
        left_out[NUMBERS] = left_out.get(NUMBERS, "") + unseen
    for column, chars in left_out.items():
        names = ", ".join(dict.fromkeys(described(char) for char in chars if char not in " \t\r\n"))
        yield Trouble("blanks-left-out", column, shown(column, row.cell(column)), {"characters": names})
    for column in row.converted:
        text = shown(NUMBERS, row.cell(column))
        yield Trouble("digits-converted", column, shown(NUMBERS, row.converted[column]), {"digits": text})


def described(char: str) -> str:
    """What a character is called: `U+200B ZERO WIDTH SPACE`."""
    name = unicodedata.name(char, "") or _CONTROL_NAMES.get(ord(char), "")
    return f"U+{ord(char):04X} {name}".rstrip()


def _is_welcome(code: str, column: str) -> bool:
    """Whether the column takes what others do not: of numbers the digits alone count, files have names with odd blanks.

    What makes a number unreadable is told with the number, and keeps no row out.
    """
    if column == NUMBERS:
        return True
    return code == "unusual-blank" and column.startswith(("document:", "kind:"))


def _first_of_each(text: str) -> Iterator[tuple[str, int, str]]:
    """Codes with the position, counted from 0, and the name of the first character that earns it."""
    seen = {""}
    if not text.isprintable() or _NO_FORMATS.search(text) or _BROKEN in text:
        for position, char in enumerate(text):
            if (code := _code(text, position)) not in seen:
                seen.add(code)
                yield code, position, described(char)
    if escape := _ESCAPE.search(text):
        code = "line-break" if escape[0] in _ESCAPED_LINE_BREAKS else "control-character"
        if code not in seen:
            yield code, escape.start(), escape[0]


def _code(text: str, position: int) -> str:
    """The code that a character earns; empty for one that is welcome."""
    char = text[position]
    category = unicodedata.category(char)
    if char in _LINE_BREAKS:
        return "line-break"
    if category == "Cc":
        return "control-character"
    if category in ("Cs", "Co") or char == _BROKEN or _is_no_character(char):
        return "broken-character"
    if category == "Zs" and char != " ":
        return "unusual-blank"
    if category == "Cf" or _NO_FORMATS.match(char):
        return "" if char in _VISIBLE_FORMATS or _belongs(text, position) else "invisible-character"
    return ""


def _is_no_character(char: str) -> bool:
    """Whether Unicode will never give it a meaning."""
    return "\ufdd0" <= char <= "\ufdef" or ord(char) & 0xFFFE == 0xFFFE


def _belongs(text: str, position: int) -> bool:
    """Whether what cannot be seen is part of a word's spelling or of an emoji."""
    char, before, after = text[position], text[:position][-1:], text[position + 1 :][:1]
    if char in JOINERS and before and may_be_joined(before):
        return True
    if char == _SIGN_JOINER:
        return _is_emoji(before) and _is_emoji(after)
    if _FIRST_TAG <= char <= _LAST_TAG:
        return any(flag.start() < position < flag.end() for flag in _TAGGED_FLAG.finditer(text))
    return char in _PRESENTATION and (_is_emoji(before) or before in _SIGNS_BESIDE_EMOJI)


def _is_emoji(char: str) -> bool:
    """Whether it is a sign, the colour of one's skin, or how the sign before it is to look."""
    if not char:
        return False
    is_pictograph = "\U0001f000" <= char <= "\U0001faff"  # also those this Python has not heard of
    return is_pictograph or char in _PRESENTATION or unicodedata.category(char) in ("So", "Sm")
