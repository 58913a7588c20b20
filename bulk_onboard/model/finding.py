"""Findings: troubles in the user's data, as values.

A finding's code is stable; its words live in the one table below, from which messages, the report and the
documentation are made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """An error keeps the row out; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class FindingKind:
    """The words of one code; `problem` and `mend` are templates over a finding's details."""

    code: str
    severity: Severity
    title: str
    problem: str
    mend: str


def _error(code: str, title: str, problem: str, mend: str) -> FindingKind:
    return FindingKind(code, Severity.ERROR, title, problem, mend)


def _warning(code: str, title: str, problem: str, mend: str) -> FindingKind:
    return FindingKind(code, Severity.WARNING, title, problem, mend)


CATALOGUE: Mapping[str, FindingKind] = {
    kind.code: kind
    for kind in (
        _error(
            "row-without-identity",
            "Row without identity",
            "The row has neither a Key nor a registration number, so it cannot be told from other rows.",
            "Fill in the registration number, or give the row a Key of its own.",
        ),
        _error(
            "key-too-long",
            "Key too long",
            "The Key is too long: {length} characters, and at most {limit} are kept.",
            "Give the row a shorter Key.",
        ),
        _error(
            "not-offered",
            "Not offered by the API",
            "The API offers no {combination} numbers.",
            "Correct number country, number type and user type, or leave the row out.",
        ),
        _error(
            "number-type-missing",
            "Number type missing",
            "The row does not say which type of number the business needs.",
            "Write local or mobile into the Number Type column, or set number_type in the job file.",
        ),
        _error(
            "field-missing",
            "Required field missing",
            "{label} is required and the cell is blank.",
            "Fill in the cell.",
        ),
        _error(
            "field-too-short",
            "Field too short",
            "{label} is too short: {length} of at least {limit} characters.",
            "Write it out in full.",
        ),
        _error(
            "field-too-long",
            "Field too long",
            "{label} is too long: {length} characters, and the API takes at most {limit}.",
            "Shorten it to what the documents of the business show.",
        ),
        _error(
            "alias-looks-like-token",
            "Alias ends like a token",
            "The alias ends in ~ and 16 letters or digits, as the names that this tool makes do.",
            "Choose another alias, or leave the cell blank.",
        ),
        _error(
            "callback-url-not-https",
            "Callback URL is not https",
            "The API calls back over https only.",
            "Write an address that begins with https://, or leave the cell blank.",
        ),
        _error(
            "document-missing",
            "Required document missing",
            "{title} is required and the cell is blank.",
            "Write the document's path into the cell, relative to the documents folder.",
        ),
        _error(
            "document-not-found",
            "Document not found",
            "There is no such file in the documents folder.",
            "Put the file there, or correct the path in the cell.",
        ),
        _error(
            "document-outside",
            "Document outside the documents folder",
            "The path leads out of the documents folder, or through a link.",
            "Copy the file into the documents folder and write its path relative to that folder.",
        ),
        _error(
            "document-not-a-file",
            "Document is not a file",
            "The path names a folder or something else that is not a plain file.",
            "Write the path of the scan itself.",
        ),
        _error(
            "document-unreadable",
            "Document cannot be read",
            "The file is there, but reading it is not permitted or fails.",
            "Give yourself permission to read it, or copy it anew.",
        ),
        _error(
            "document-empty",
            "Document is empty",
            "The file has no content (0 bytes).",
            "Scan or copy it again.",
        ),
        _error(
            "document-too-large",
            "Document too large",
            "The file has {size} bytes; the API takes at most {limit} (5 MiB).",
            "Scan it again at a lower resolution, or in grey.",
        ),
        _error(
            "document-wrong-type",
            "Document is not a PNG or PDF",
            "By its content the file is {found}, not a PNG or PDF; its name does not matter.",
            "Export it as PDF or PNG; changing the ending of its name is not enough.",
        ),
        _error(
            "document-kind-not-accepted",
            "Kind of document not accepted",
            "{title} may be: {accepted}.",
            "Write one of these kinds, or choose a document of such a kind.",
        ),
        _error(
            "document-changed",
            "Document changed since it was checked",
            "The file was replaced or changed between the check and the sending, so the row was not sent.",
            "Run again: the new file is then checked and sent.",
        ),
        _error(
            "record-twice",
            "Two records at the API",
            "The API holds {count} records of this row: {ids}.",
            "Keep the oldest, {keep}. {delete}",
        ),
        _error(
            "key-conflict",
            "Same key, different content",
            "Row {other} has the same key with different content, so neither is sent.",
            "Delete the wrong row, or give the rows different keys.",
        ),
        _warning(
            "duplicate",
            "Same row twice",
            "Row {other} has the same key and content; this one is not sent again.",
            "Nothing needs to be done; delete the row if you like.",
        ),
        _warning(
            "unknown-column",
            "Unknown column",
            "No column of this name is known, so it is ignored{nearest}.",
            "Correct the header, map it under [columns] in the job file, or leave it if it is your own note.",
        ),
    )
}


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
    """

    code: str
    sheet: str
    row: int
    column: str = ""
    seen: str = ""
    details: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """Error or warning, by code."""
        return CATALOGUE[self.code].severity

    @property
    def problem(self) -> str:
        """What is wrong, a sentence."""
        return CATALOGUE[self.code].problem.format_map(self.details)

    @property
    def mend(self) -> str:
        """How to mend it, a sentence."""
        return CATALOGUE[self.code].mend.format_map(self.details)
