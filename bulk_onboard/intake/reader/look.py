"""What a second look at a sheet's XML finds beyond the values."""

import re
from dataclasses import dataclass, field

from bulk_onboard.model.sheet import LAST_COLUMN, LAST_ROW, Merged, Stored

Place = tuple[int, int]
"""Row and column, both counted from 0."""

_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")


@dataclass(slots=True)
class Look:
    """What was found.

    Attributes:
        errors: the code an error cell shows.
        uncalculated: cells with a formula and no result.
        texts: what a cell holds of which calamine leaves something out.
        digits: how many digits are shown of a number, at least, by a format of zeros.
        hidden_rows: first and last of each run.
        hidden_columns: first and last of each run.
        double: a cell that stands there twice with a value, the first of them; empty where there is none.
        merged: merged cells, as the model counts them; only where calamine does not tell them.
    """

    errors: dict[Place, str] = field(default_factory=dict)
    uncalculated: set[Place] = field(default_factory=set)
    texts: dict[Place, str] = field(default_factory=dict)
    digits: dict[Place, int] = field(default_factory=dict)
    hidden_rows: list[Place] = field(default_factory=list)
    hidden_columns: list[Place] = field(default_factory=list)
    double: str = ""
    merged: list[Merged] = field(default_factory=list)

    def stored(self) -> dict[Place, Stored]:
        """How the cells are kept of which calamine tells nothing."""
        return dict.fromkeys(self.errors, Stored.ERROR) | dict.fromkeys(self.uncalculated, Stored.UNCALCULATED)


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
