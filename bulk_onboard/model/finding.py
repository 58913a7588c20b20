"""Findings: what is wrong in the user's data, or worth a warning, as values.

A finding's code is stable. Its words stand in `model/catalogue.py`, from which messages, the report and the
documentation are made. The job may rule, by code, that a finding is an error, a warning or none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bulk_onboard.model.catalogue import CATALOGUE, Severity

OFF = "off"

ANY_CODE = "any"
"""What `retry_refused` says in place of a code, for whatever the API refused."""

VERY_MANY = 100
"""A finding that more rows than this have in common is shown once, with how many they are."""

Rulings = Mapping[str, str]
"""What the job says of findings: a code to `off`, `warning` or `error`; codes it does not name stay as they are."""

NO_RULINGS: Rulings = {}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or worth a warning, with its place.

    A check leaves out what it does not know of the place, and names the column as we do; `at` fills in the rest.

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
    sheet: str = ""
    row: int = 0
    column: str = ""
    seen: str = ""
    details: Mapping[str, str | int] = field(default_factory=dict)
    ruled: Severity | None = None

    @property
    def severity(self) -> Severity:
        """Error or warning: as the job rules, else as the catalogue says."""
        return self.ruled or CATALOGUE[self.code].severity

    @property
    def title(self) -> str:
        """Its short name."""
        return CATALOGUE[self.code].title

    @property
    def problem(self) -> str:
        """What is wrong, a sentence."""
        return CATALOGUE[self.code].problem.format_map(self.details)

    @property
    def fix(self) -> str:
        """How to fix it, a sentence."""
        return CATALOGUE[self.code].fix.format_map(self.details)

    def data(self) -> dict[str, str | int]:
        """Return it as `--json` prints it."""
        return {
            "code": self.code,
            "title": self.title,
            "severity": self.severity,
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "seen": self.seen,
            "problem": self.problem,
            "fix": self.fix,
        }

    def at(self, sheet: str, row: int, column: str = "") -> "Finding":
        """Return the finding at this place; `column` is the header the user wrote."""
        return replace(self, sheet=sheet, row=row, column=column)


def ruled(findings: Iterable[Finding], rulings: Rulings) -> tuple[Finding, ...]:
    """Return the findings as severe as the job rules, without those it turns off."""
    if not rulings:
        return tuple(findings)
    return tuple(
        replace(finding, ruled=Severity(ruling)) if (ruling := rulings.get(finding.code)) else finding
        for finding in findings
        if rulings.get(finding.code) != OFF
    )
