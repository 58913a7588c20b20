"""A row of the workbook, and what judging made of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from bulk_onboard.model.application import Application
from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.sheet import (
    BO_KEY,
    CALLBACK_URL,
    COUNTRY_ISO,
    NUMBER_TYPE,
    SAYS_NOTHING_OF_A_PERSON,
    USER_TYPE,
    Stored,
)
from bulk_onboard.model.sparse import Sparse

_FILLED_DOWN = frozenset({COUNTRY_ISO, NUMBER_TYPE, USER_TYPE, "address.country", CALLBACK_URL})
"""Columns that say the same of all rows of most sheets."""

_CHECK_BOX = frozenset({"TRUE", "FALSE"})


class Row(msgspec.Struct, frozen=True, gc=False):
    """One non-blank row.

    Attributes:
        sheet: the sheet's name.
        number: the row number Excel shows.
        combination: its own cells, else the job's defaults, normalised; parts may be empty.
        cells: our name of a column to its text, outer blanks stripped; blank cells are absent.
        stored: our name of a column to how the file keeps its cell, where that is not as text.
        merged: our name of a column to the range (`B2:B4`) that its cell is merged into.
        left_out: our name of a column to what was stripped off its text, where that were not ordinary blanks alone.
        converted: our name of a column to its text before the digits of another script became ordinary ones.
    """

    sheet: str
    number: int
    combination: Combination
    cells: Mapping[str, str]
    stored: Mapping[str, Stored] = {}
    merged: Mapping[str, str] = {}
    left_out: Mapping[str, str] = {}
    converted: Mapping[str, str] = {}

    def cell(self, name: str) -> str:
        """The text of a column; empty where blank or absent."""
        return self.cells.get(name, "")

    def personal(self) -> tuple[str, ...]:
        """The texts of its cells that have no place in ledger or logs, even where somebody quotes them."""
        return tuple(
            text
            for name, text in self.cells.items()
            if name not in SAYS_NOTHING_OF_A_PERSON and not name.startswith(("kind:", BO_KEY))
        )

    @property
    def is_blank(self) -> bool:
        """Whether it holds nothing of a business: what is filled down a whole column, in rows yet to be written.

        These are the defaults of what rows ask for, check boxes, and the zeros of formulas that look at blank cells.
        """
        said = {*self.cells, *self.stored}.difference(_FILLED_DOWN)
        return not self.merged and all(name.startswith("kind:") or self._says_nothing(name) for name in said)

    def _says_nothing(self, name: str) -> bool:
        text, stored = self.cell(name), self.stored.get(name)
        if stored in (Stored.NUMBER, Stored.FORMATTED):
            return text == "0"
        return stored in (None, Stored.BOOLEAN) and text.upper() in _CHECK_BOX

    def filled_in(self, found: Mapping[str, str]) -> "Row":
        """The same row with these cells too."""
        return msgspec.structs.replace(self, cells={**self.cells, **found})


class Aside(StrEnum):
    """Why a row stands aside: it is counted and reported, and never sent itself."""

    DUPLICATE = "duplicate"
    EXAMPLE = "example"
    BLANK = "blank"


class JudgedRow(msgspec.Struct, frozen=True, gc=False):
    """A row with everything validation found out.

    Attributes:
        row: the row itself.
        application: what would be sent; None when an error keeps the row out.
        fingerprint: digest of its normalised content and documents, valid or not; hexadecimal.
        findings: all of them, in the order of the columns.
        duplicate_of: the number of the first row with the same key and content, where this is a second one.
        is_example: whether it is the template's example row, which is never sent.
        is_blank: whether it holds nothing but what is filled down a whole column, and is no business.
    """

    row: Row
    application: Application | None
    fingerprint: str
    findings: tuple[Finding, ...] = ()
    duplicate_of: int | None = None
    is_example: bool = False
    is_blank: bool = False

    @property
    def aside(self) -> Aside | None:
        """Why the row stands aside; None for one that is sent when it can be."""
        if self.is_example:
            return Aside.EXAMPLE
        if self.is_blank:
            return Aside.BLANK
        return None if self.duplicate_of is None else Aside.DUPLICATE

    @property
    def has_errors(self) -> bool:
        """Whether a finding keeps the row out."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    def with_findings(self, findings: tuple[Finding, ...], *, kept_out: bool) -> "JudgedRow":
        """The same row with other findings; nothing is sent of one that they keep out."""
        return msgspec.structs.replace(self, findings=findings, application=None if kept_out else self.application)

    def as_duplicate_of(self, number: int) -> "JudgedRow":
        """The same row as a second one of the row of this number."""
        return msgspec.structs.replace(self, application=None, duplicate_of=number)


class JudgedRows(Sparse[JudgedRow]):
    """The rows of a large sheet: told are those that may have something to say; a usual one is valid, and unlike any
    other row.

    Attributes:
        usual_size: bytes of all documents of the usual rows.
    """

    def __init__(
        self,
        length: int,
        told: Mapping[int, JudgedRow],
        make: Callable[[Sequence[int]], Iterable[JudgedRow]],
        *,
        usual_size: int,
    ) -> None:
        super().__init__(length, told, make)
        self.usual_size = usual_size
