"""Characters and letters in the cells of a row: those nobody sees, those that look like others, those destroyed."""

import re
import unicodedata
from collections.abc import Iterator

from bulk_onboard.model.finding import Finding
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import CALLBACK_URL, NUMBERS, REGISTRATION_NUMBER
from bulk_onboard.model.text import JOINERS, looks_like_nothing, may_be_joined
from bulk_onboard.validation.marking import in_cell, shown

# Characters that nobody sees. Any script and any sign is welcome that people can see. An invisible character between
# others is an error, for it makes two texts differ that look the same; except where it belongs to the spelling, and
# between the parts of an emoji. Blanks of an unusual kind are sent as they are, with a warning.

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


def character_findings(row: Row) -> Iterator[Finding]:
    """Yield what stands unseen in the cells of a row, the first of each kind in a cell, and what was done about it."""
    for column, text in row.cells.items():
        if text.isascii() and text.isprintable() and "_x" not in text:
            continue
        for code, position, character in _first_of_each(text):
            if not _is_welcome(code, column):
                yield in_cell(code, column, text, position=position + 1, character=character)
    left_out = dict(row.left_out)
    if unseen := "".join(filter(looks_like_nothing, row.cell(NUMBERS).translate(_ORDINARY))):
        left_out[NUMBERS] = left_out.get(NUMBERS, "") + unseen
    for column, chars in left_out.items():
        names = ", ".join(dict.fromkeys(described(char) for char in chars if char not in " \t\r\n"))
        yield in_cell("blanks-left-out", column, row.cell(column), characters=names)
    for column, written in row.converted.items():
        details = {"digits": shown(NUMBERS, row.cell(column))}
        yield Finding("digits-converted", column=column, seen=shown(NUMBERS, written), details=details)


def described(char: str) -> str:
    """Return what a character is called: `U+200B ZERO WIDTH SPACE`."""
    name = unicodedata.name(char, "") or _CONTROL_NAMES.get(ord(char), "")
    return f"U+{ord(char):04X} {name}".rstrip()


def _is_welcome(code: str, column: str) -> bool:
    """Return whether the column may hold what others may not.

    Of phone numbers only the digits count, and what makes one unreadable is said with it. Files have names with odd
    blanks.
    """
    if column == NUMBERS:
        return True
    return code == "unusual-blank" and column.startswith(("document:", "kind:"))


def _first_of_each(text: str) -> Iterator[tuple[str, int, str]]:
    """Yield codes with the position, counted from 0, and the name of the first character they apply to."""
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
    """Return the code for a character; empty for one that is welcome."""
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


# Letters that look like others. Any alphabet is welcome, but not two of them within one word where one is Latin: nobody
# means that. In a registration number only the letters and digits of ASCII are meant.

_WORD = re.compile(r"[^\W\d_]+")
_NOT_WORDS = ("document:", "kind:", "callback_url", "email")  # an e-mail address has rules of its own
_LOOK_LATIN = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "FULLWIDTH")


def letter_findings(row: Row) -> Iterator[Finding]:
    """Yield the first letter of each cell that looks like another and is not; for rows that are not all ASCII."""
    for column, text in row.cells.items():
        if text.isascii() or column.startswith(_NOT_WORDS):
            continue
        position = _outside_ascii(text) if column == REGISTRATION_NUMBER else _mixed_in(text)
        if position is not None:
            yield in_cell(
                "look-alike-letters", column, text, position=position + 1, character=described(text[position])
            )


def _outside_ascii(text: str) -> int | None:
    return next((place for place, char in enumerate(text) if char.isalnum() and not char.isascii()), None)


def _mixed_in(text: str) -> int | None:
    """Return the position of the first letter that only looks Latin, in a word that has Latin ones too."""
    for word in _WORD.finditer(text):
        if word[0].isascii():
            continue
        alphabets = [unicodedata.name(char, "").partition(" ")[0] for char in word[0]]
        if "LATIN" in alphabets:
            for place, alphabet in enumerate(alphabets, word.start()):
                if alphabet in _LOOK_LATIN:
                    return place
    return None


# Letters that were destroyed on the way from one program to another. A program that cannot write a letter writes a
# question mark for it, and one that reads UTF-8 as something else shows two or three odd characters for each letter.
# Nobody can be certain, so it is a warning: a name may end in a question mark, and a single one at a word's end is left
# alone.

_NO_NAMES = ("document:", "kind:", CALLBACK_URL, NUMBERS, "bo_key")
_READ_AS = ("cp1252", "latin-1", "mac-roman", "cp437", "cp850")
"""What UTF-8 is read as by mistake: on Windows, by old programs, on old Macs, at the command line."""

_LATIN_LEADS = (0xC2, 0xC3, 0xC4, 0xC5)
"""The first bytes of signs and of letters with accents, of which one alone tells; other alphabets come in runs."""

_QUESTION_MARKS = re.compile(r"\?{2,}|[^\W\d_][?\u00bf][^\W\d_]|(?<!\S)\?[^\W\d_]")
_ESCAPES = re.compile(r"&(?:#[0-9]{2,6}|#x[0-9a-f]{2,5}|[a-z]{2,8});|\\u[0-9a-f]{4}|=\?[\w-]+\?[bq]\?", re.IGNORECASE)


def _characters(codec: str, first: int, last: int) -> str:
    """Return what the codec makes of these bytes, for a regular expression; a byte that it lacks stays itself."""
    found = []
    for byte in range(first, last + 1):
        try:
            found.append(bytes([byte]).decode(codec))
        except UnicodeDecodeError:
            found.append(chr(byte))
    return re.escape("".join(found))


def _misread(codec: str) -> str:
    """Return what matches a letter of UTF-8, or a run of letters, that was read with this codec."""
    more = f"[{_characters(codec, 0x80, 0xBF)}]"
    latin = f"[{_characters(codec, _LATIN_LEADS[0], _LATIN_LEADS[-1])}]{more}"
    other = f"(?:[{_characters(codec, 0xC6, 0xDF)}]{more}){{2,}}"
    long = f"[{_characters(codec, 0xE0, 0xEF)}]{more}(?!(?<=\u00a0)[«»]){more}"
    longest = f"[{_characters(codec, 0xF0, 0xF4)}]{more}{{3}}"
    return f"{longest}|{long}|{other}|{latin}"


_MISREAD = re.compile("|".join(map(_misread, _READ_AS)))

_IN_ASCII = (
    (_QUESTION_MARKS, "There are question marks where letters may have been"),
    (_ESCAPES, "There are letters written as code, such as &amp; for an ampersand"),
)
_CAUSES = (*_IN_ASCII, (_MISREAD, "There are odd characters where letters may have been, as in Itâ€™s for It’s"))


def lost_letter_findings(row: Row, joined: str) -> Iterator[Finding]:
    """Yield the first sign of lost letters in each cell; `joined` is all their text."""
    if not _may_have_lost_any(joined):
        return
    for column, text in row.cells.items():
        if column.startswith(_NO_NAMES) or not _may_have_lost_any(text):
            continue
        for sign, what in _IN_ASCII if text.isascii() else _CAUSES:
            if sign.search(text):
                yield in_cell("letters-lost", column, text, what=what)
                break


def _may_have_lost_any(text: str) -> bool:
    return not text.isascii() or "?" in text or "&" in text or "\\" in text
