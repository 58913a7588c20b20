"""What a second look at a sheet's XML finds beyond the values."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from bulk_onboard.model.sheet import LAST_COLUMN, LAST_ROW, Merged, Stored

Place = tuple[int, int]
"""Row and column, both counted from 0."""

_MOST_DIGITS = 10**15
_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)
_DECIMALS = re.compile(r"[.,]0+$")
_DIVIDERS = re.compile(r"[.,]")
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")


@dataclass(slots=True)
class Look:
    """What was found.

    Attributes:
        errors: the code an error cell shows.
        uncalculated: cells with a formula and no result.
        texts: what a cell holds of which calamine leaves something out, and the code that is shown of a number.
        kinds: how a cell is kept, where its value tells otherwise or less.
        hidden_rows: first and last of each run.
        hidden_columns: first and last of each run.
        double: a cell that stands there twice with a value, the first of them; empty where there is none.
        merged: merged cells, as the model counts them; only where calamine does not tell them.
    """

    errors: dict[Place, str] = field(default_factory=dict)
    uncalculated: set[Place] = field(default_factory=set)
    texts: dict[Place, str] = field(default_factory=dict)
    kinds: dict[Place, Stored] = field(default_factory=dict)
    hidden_rows: list[Place] = field(default_factory=list)
    hidden_columns: list[Place] = field(default_factory=list)
    double: str = ""
    merged: list[Merged] = field(default_factory=list)

    def note_number(self, places: Iterable[Place], value: str, shown: str | None) -> None:
        """What is shown of a number in these places, if it is a whole one; None where that is not known.

        A code such as K-00042 is the text that is meant. Where it is the number all the same, spelt with dividers,
        decimals or a currency, the number is.
        """
        number = whole_number(value.removeprefix("-"))
        if not number or shown in (number, value):
            return
        if not shown or value.startswith("-") or _is_spelt(shown, number):
            self.kinds |= dict.fromkeys(places, Stored.FORMATTED)
        else:
            self.texts |= dict.fromkeys(places, shown)


def whole_number(value: str) -> str:
    """The digits of a whole number as a file writes it, up to the fifteen that it keeps; empty for any other."""
    try:
        number = float(value)
    except ValueError:
        return ""
    return f"{number:.0f}" if 0 <= number < _MOST_DIGITS and number.is_integer() else ""


def _is_spelt(shown: str, number: str) -> bool:
    """Whether it is the number itself, with dividers, decimals that are zeros, currency signs, or as a power of ten."""
    text = "".join(char for char in shown if char not in "'’+" and unicodedata.category(char) not in ("Sc", "Zs"))
    if text.endswith("%") or _SCIENTIFIC.fullmatch(text):
        return True
    return number in (_DIVIDERS.sub("", text), _DIVIDERS.sub("", _DECIMALS.sub("", text)))


def place_of(reference: str) -> Place | None:
    """`C5` is (4, 2); None for what is no cell of any sheet."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        return None
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - 64
    row = int(match[2])
    return (row - 1, column - 1) if 1 <= row <= LAST_ROW and column <= LAST_COLUMN else None
