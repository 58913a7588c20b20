"""How a check says what it found, and how that gets its place in the sheet.

A check yields findings that name the column as we do. A Marker adds sheet, row and the header the user wrote. Of a cell
that may tell of a person only the first characters are shown.
"""

import math
from collections.abc import Iterable, Mapping
from functools import cached_property

from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import Finding, Rulings, ruled
from bulk_onboard.model.mask import masked, masked_path, visible
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import CALLBACK_URL, SAYS_NOTHING_OF_A_PERSON, Columns

_CELL_LIMIT = 80
_VALUE_LIMIT = 3


def in_cell(code: str, column: str, text: str, /, **details: str | int) -> Finding:
    """Return a finding about a cell with this text, of which as much is shown as its column allows."""
    return Finding(code, column=column, seen=shown(column, text), details=details)


def shown(column: str, text: str) -> str:
    """Return what may be shown of the text of a cell in this column."""
    if column == CALLBACK_URL:
        return shown_cell(text.partition("?")[0])  # what follows may be a secret of the receiver's
    if column.startswith("document:"):
        return masked_path(text)
    if column in SAYS_NOTHING_OF_A_PERSON or column.startswith("kind:"):
        return shown_cell(text)
    return shown_value(text)


def shown_cell(text: str) -> str:
    """Return the text of a cell that should tell nothing of a person, masked, at most 80 characters."""
    return _cut(masked(visible(text)), _CELL_LIMIT)


def shown_value(text: str) -> str:
    """Return the first three characters of an end user's value: enough to find the cell, not the person."""
    return _cut(masked(visible(text)), _VALUE_LIMIT + 1)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip("…") + "…"


class Marker:
    """Puts findings on the rows of one sheet; build it once for all of them."""

    def __init__(self, columns: Columns, rulings: Rulings) -> None:
        self._columns = columns
        self._rulings = rulings

    def placed(self, row: Row, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Return a row's findings at their places, as the job rules.

        Those about the row as a whole come first, then those of the sheet's columns in their order, then those of
        columns that the sheet lacks.
        """
        positions, header = self._columns.positions, self._columns.header
        found = sorted(findings, key=lambda each: positions.get(each.column, math.inf) if each.column else -1)
        return ruled(
            (each.at(row.sheet, row.number, header(each.column) if each.column else "") for each in found),
            self._rulings,
        )

    def mark(self, one: JudgedRow, findings: Iterable[Finding]) -> JudgedRow:
        """Return a judged row with these findings too; an error keeps the row out."""
        more = self.placed(one.row, findings)
        if not more:
            return one
        kept_out = any(finding.severity is Severity.ERROR for finding in more)
        together = tuple(sorted((*more, *one.findings), key=self._place))
        return one.with_findings(together, kept_out=kept_out)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        """By header, the position of each column."""
        return {self._columns.header(name): position for name, position in self._columns.positions.items()}

    def _place(self, finding: Finding) -> float:
        return self._places.get(finding.column, math.inf) if finding.column else -1
