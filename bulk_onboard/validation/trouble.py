"""What a check found, before it has its place in the sheet."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bulk_onboard.model.mask import masked
from bulk_onboard.model.sheet import ALIAS, CALLBACK_URL, COUNTRY_ISO, KEY, NUMBER_TYPE, NUMBERS, USER_TYPE

_CELL_LIMIT = 80
_VALUE_LIMIT = 3
_PERSON_IN_PATH = re.compile(r"(?<!\d)\d{4}([\s_-]?)\d{4}([\s_-]?)(\d{4})(?!\d)")
_SAYS_NOTHING_OF_A_PERSON = frozenset({KEY, ALIAS, COUNTRY_ISO, NUMBER_TYPE, USER_TYPE, NUMBERS, CALLBACK_URL})


@dataclass(frozen=True, slots=True)
class Trouble:
    """A finding without its place.

    Attributes:
        code: of the finding.
        column: our name of the column; empty for the row as a whole.
        seen: the cell's text, fit to be shown.
        details: what the finding's words need.
    """

    code: str
    column: str = ""
    seen: str = ""
    details: Mapping[str, str | int] = field(default_factory=dict)


def shown(column: str, text: str) -> str:
    """The text of a cell as far as its column lets it be shown."""
    if column == CALLBACK_URL:
        return shown_cell(text.partition("?")[0])  # what follows may be a secret of the receiver's
    if column.startswith("document:"):
        return shown_path(text)
    if column in _SAYS_NOTHING_OF_A_PERSON or column.startswith("kind:"):
        return shown_cell(text)
    return shown_value(text)


def shown_cell(text: str) -> str:
    """A cell that says nothing of a person: masked all the same, at most 80 characters."""
    return _cut(masked(_visible(text)), _CELL_LIMIT)


def shown_path(text: str) -> str:
    """A document's path without numbers like a person's; the end of a long one, where the file's name is."""
    path = _PERSON_IN_PATH.sub(r"XXXX\1XXXX\2\3", _visible(text))
    return path if len(path) <= _CELL_LIMIT else "…" + path[1 - _CELL_LIMIT :]


def shown_value(text: str) -> str:
    """What an end user's value begins with: enough to find the cell, too little to tell the person."""
    return _cut(masked(_visible(text)), _VALUE_LIMIT + 1)


def _visible(text: str) -> str:
    """Without what cannot be seen and might hide a number from the mask or play tricks on a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " for char in text if char.isprintable() or char.isspace())


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
