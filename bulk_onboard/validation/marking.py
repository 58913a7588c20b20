"""More about rows that were judged already: what only shows when rows are compared."""

import math
from collections.abc import Sequence

from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import Finding, Rulings, ruled
from bulk_onboard.model.row import JudgedRow
from bulk_onboard.model.sheet import Columns
from bulk_onboard.validation.trouble import Trouble


class Marker:
    """Adds findings to rows of one sheet; build it once for all of them."""

    def __init__(self, columns: Columns, rulings: Rulings) -> None:
        self._columns = columns
        self._rulings = rulings
        self._places = {columns.header(name): position for name, position in columns.positions.items()}

    def mark(self, one: JudgedRow, troubles: Sequence[Trouble]) -> JudgedRow:
        """The row with these findings too, save those the job has switched off; an error keeps the row out.

        Findings about the row as a whole come first, then those of the columns.
        """
        sheet, number = one.row.sheet, one.row.number
        found = [Finding(t.code, sheet, number, self._header(t.column), t.seen, t.details) for t in troubles]
        more = ruled(found, self._rulings)
        if not more:
            return one
        kept_out = any(finding.severity is Severity.ERROR for finding in more)
        findings = tuple(sorted((*more, *one.findings), key=self._place))
        return one.with_findings(findings, kept_out=kept_out)

    def _header(self, column: str) -> str:
        return self._columns.header(column) if column else ""

    def _place(self, finding: Finding) -> float:
        return self._places.get(finding.column, math.inf) if finding.column else -1
