"""Letters that were destroyed on the way from one program to another.

Rule: a program that cannot write a letter writes a question mark for it, and one that reads UTF-8 as something else
shows two or three odd characters for each letter. Nobody can tell for certain, so it is a warning: a name may end in a
question mark, and one question mark by itself at a word's end is left alone.
"""

import re
from collections.abc import Iterator

from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import CALLBACK_URL, NUMBERS
from bulk_onboard.validation.trouble import Trouble, shown

_ELSEWHERE = ("document:", "kind:", CALLBACK_URL, NUMBERS, "bo_key")
_READ_AS = ("cp1252", "latin-1", "mac-roman", "cp437", "cp850")
"""What UTF-8 is read as by mistake: on Windows, by old programs, on old Macs, at the command line."""

_LATIN_LEADS = (0xC2, 0xC3, 0xC4, 0xC5)
"""The first bytes of signs and of letters with accents, of which one alone tells; other alphabets come in runs."""

_QUESTION_MARKS = re.compile(r"\?{2,}|[^\W\d_][?\u00bf][^\W\d_]|(?<!\S)\?[^\W\d_]")
_ESCAPES = re.compile(r"&(?:#[0-9]{2,6}|#x[0-9a-f]{2,5}|[a-z]{2,8});|\\u[0-9a-f]{4}|=\?[\w-]+\?[bq]\?", re.IGNORECASE)


def _characters(codec: str, first: int, last: int) -> str:
    """What the codec makes of these bytes, as part of a regular expression; a byte that it has not stays itself."""
    found = []
    for byte in range(first, last + 1):
        try:
            found.append(bytes([byte]).decode(codec))
        except UnicodeDecodeError:
            found.append(chr(byte))
    return re.escape("".join(found))


def _misread(codec: str) -> str:
    """What matches a letter of UTF-8, or a run of letters, that was read with this codec."""
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


def lost_letter_troubles(row: Row, joined: str) -> Iterator[Trouble]:
    """The first sign of lost letters in each cell; `joined` is all their text."""
    if not _may_have_lost_any(joined):
        return
    for column, text in row.cells.items():
        if column.startswith(_ELSEWHERE) or not _may_have_lost_any(text):
            continue
        for sign, what in _IN_ASCII if text.isascii() else _CAUSES:
            if sign.search(text):
                yield Trouble("letters-lost", column, shown(column, text), {"what": what})
                break


def _may_have_lost_any(text: str) -> bool:
    return not text.isascii() or "?" in text or "&" in text or "\\" in text
