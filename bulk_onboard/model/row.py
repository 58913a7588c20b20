"""A row of the workbook, and what judging made of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from bulk_onboard.model.application import Application
from bulk_onboard.model.finding import Finding, Severity
from bulk_onboard.model.requirements import Combination


@dataclass(frozen=True, slots=True)
class Row:
    """One non-blank row.

    Attributes:
        sheet: the sheet's name.
        number: the row number Excel shows.
        combination: its own cells, else the job's defaults, normalised; parts may be empty.
        cells: our name of a column to its text, outer blanks stripped; blank cells are absent.
    """

    sheet: str
    number: int
    combination: Combination
    cells: Mapping[str, str]

    def cell(self, name: str) -> str:
        """The text of a column; empty where blank or absent."""
        return self.cells.get(name, "")


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A row with everything validation found out.

    Attributes:
        row: the row itself.
        application: what would be sent; None when an error keeps the row out.
        fingerprint: digest of its normalised content and documents, valid or not; hexadecimal.
        findings: all of them, in the order of the columns.
        duplicate_of: the number of the first row with the same key and content, where this is a second one.
    """

    row: Row
    application: Application | None
    fingerprint: str
    findings: tuple[Finding, ...] = ()
    duplicate_of: int | None = None

    @property
    def has_errors(self) -> bool:
        """Whether a finding keeps the row out."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)
