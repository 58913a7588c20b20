"""What a check found, before it has its place in the sheet."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bulk_onboard.model.mask import masked

_CELL_LIMIT = 80
_VALUE_LIMIT = 3


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


def shown_cell(text: str) -> str:
    """A cell that says nothing of a person: masked all the same, at most 80 characters."""
    return _cut(masked(text), _CELL_LIMIT)


def shown_path(text: str) -> str:
    """A document's path; the end of a long one, where the file's name is."""
    return text if len(text) <= _CELL_LIMIT else "…" + text[1 - _CELL_LIMIT :]


def shown_value(text: str) -> str:
    """What an end user's value begins with: enough to find the cell, too little to tell the person."""
    return _cut(masked(text), _VALUE_LIMIT + 1)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
