"""What a check found, before it has its place in the sheet."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bulk_onboard.model.mask import masked, masked_path, visible
from bulk_onboard.model.sheet import CALLBACK_URL, SAYS_NOTHING_OF_A_PERSON

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


def shown(column: str, text: str) -> str:
    """The text of a cell as far as its column lets it be shown."""
    if column == CALLBACK_URL:
        return shown_cell(text.partition("?")[0])  # what follows may be a secret of the receiver's
    if column.startswith("document:"):
        return masked_path(text)
    if column in SAYS_NOTHING_OF_A_PERSON or column.startswith("kind:"):
        return shown_cell(text)
    return shown_value(text)


def shown_cell(text: str) -> str:
    """A cell that says nothing of a person: masked all the same, at most 80 characters."""
    return _cut(masked(visible(text)), _CELL_LIMIT)


def shown_value(text: str) -> str:
    """What an end user's value begins with: enough to find the cell, too little to tell the person."""
    return _cut(masked(visible(text)), _VALUE_LIMIT + 1)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip("…") + "…"
