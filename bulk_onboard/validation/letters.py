"""Letters that look like others (reliability.md 4.2).

Rule: any alphabet is welcome, but not two of them within one word, where one is Latin: nobody means that. In a
registration number only the letters and digits of ASCII are meant.
"""

import re
import unicodedata
from collections.abc import Iterator

from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import REGISTRATION_NUMBER
from bulk_onboard.validation.characters import described
from bulk_onboard.validation.trouble import Trouble, shown

_WORD = re.compile(r"[^\W\d_]+")
_ELSEWHERE = ("document:", "kind:", "callback_url", "email")  # an e-mail address has rules of its own
_LOOK_LATIN = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "FULLWIDTH")


def letter_troubles(row: Row) -> Iterator[Trouble]:
    """The first letter of a cell that looks like another and is not; for rows that are not ASCII throughout."""
    for column, text in row.cells.items():
        if text.isascii() or column.startswith(_ELSEWHERE):
            continue
        position = _outside_ascii(text) if column == REGISTRATION_NUMBER else _mixed_in(text)
        if position is not None:
            details: dict[str, str | int] = {"position": position + 1, "character": described(text[position])}
            yield Trouble("look-alike-letters", column, shown(column, text), details)


def _outside_ascii(text: str) -> int | None:
    return next((place for place, char in enumerate(text) if char.isalnum() and not char.isascii()), None)


def _mixed_in(text: str) -> int | None:
    """The position of the first letter that only looks Latin, in a word that has Latin ones too."""
    for word in _WORD.finditer(text):
        if word[0].isascii():
            continue
        alphabets = [unicodedata.name(char, "").partition(" ")[0] for char in word[0]]
        if "LATIN" in alphabets:
            for place, alphabet in enumerate(alphabets, word.start()):
                if alphabet in _LOOK_LATIN:
                    return place
    return None
