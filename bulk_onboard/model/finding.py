"""Findings: troubles in the user's data, as values.

A finding's code is stable; its words live in `model/catalogue/`, from which messages, the report and the documentation
are made. What is a warning there, and some of what is an error, can be ruled otherwise by the job, by code.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bulk_onboard.model.catalogue import CATALOGUE
from bulk_onboard.model.kind import Severity

OFF = "off"

VERY_MANY = 100
"""The same trouble in more rows than this is told once, with how many there are."""

Rulings = Mapping[str, str]
"""What the job says of findings: a code to `off`, `warning` or `error`; codes it says nothing of stay as they are."""

NO_RULINGS: Rulings = {}


@dataclass(frozen=True, slots=True)
class Finding:
    """One trouble, with its place.

    Attributes:
        code: a key of `CATALOGUE`.
        sheet: the sheet's name.
        row: the row number Excel shows.
        column: the header the user wrote; empty for the row as a whole.
        seen: the cell's text, masked where sensitive; empty where there is nothing to show.
        details: what the words of the catalogue need.
        ruled: what the job says it is; None for what the catalogue says.
    """

    code: str
    sheet: str
    row: int
    column: str = ""
    seen: str = ""
    details: Mapping[str, str | int] = field(default_factory=dict)
    ruled: Severity | None = None

    @property
    def severity(self) -> Severity:
        """Error or warning: the job's word, else the catalogue's."""
        return self.ruled or CATALOGUE[self.code].severity

    @property
    def title(self) -> str:
        """What it is called."""
        return CATALOGUE[self.code].title

    @property
    def problem(self) -> str:
        """What is wrong, a sentence."""
        return CATALOGUE[self.code].problem.format_map(self.details)

    @property
    def mend(self) -> str:
        """How to mend it, a sentence."""
        return CATALOGUE[self.code].mend.format_map(self.details)


def ruled(findings: Iterable[Finding], rulings: Rulings) -> tuple[Finding, ...]:
    """The findings as the job wants them: without those it switched off, the others as severe as it says."""
    if not rulings:
        return tuple(findings)
    return tuple(
        replace(finding, ruled=Severity(ruling)) if (ruling := rulings.get(finding.code)) else finding
        for finding in findings
        if rulings.get(finding.code) != OFF
    )
