"""The user's sheet as text: the one shape in which a workbook leaves its reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

KEY = "key"
ALIAS = "alias"
NUMBERS = "numbers"
CALLBACK_URL = "callback_url"
COUNTRY_ISO = "country_iso"
NUMBER_TYPE = "number_type"
USER_TYPE = "user_type"
BUSINESS_NAME = "business_name"
REGISTRATION_NUMBER = "registration_number"

SAYS_NOTHING_OF_A_PERSON = frozenset({KEY, ALIAS, COUNTRY_ISO, NUMBER_TYPE, USER_TYPE, NUMBERS, CALLBACK_URL})
"""Columns whose cells need not be hidden, besides those of documents' kinds."""

BO_KEY = "bo_key"
ADDED_COLUMNS = (BO_KEY, "bo_state", "bo_problems", "bo_compliance_id")
"""What the annotated workbook adds at the far right; only `bo_key` is heeded when it is read again."""

HOW_TO_MEND = "How to mend"
"""The sheet that the annotated workbook adds; never read."""


MOST_ROWS = 200_000
"""Rows with content below the headers; more would take more memory than there is (reliability.md 4.1)."""

LAST_ROW = 1_048_576
LAST_COLUMN = 16_384
"""Where any Excel sheet ends, counted from 1."""


def column_letters(position: int) -> str:
    """What Excel calls the column at a position, counted from 0: A, Z, AA."""
    prefix, last = divmod(position, 26)
    return (column_letters(prefix - 1) if prefix else "") + chr(ord("A") + last)


def document_column(document_type: str) -> str:
    """The name of the column that holds the path of a document of this type."""
    return f"document:{document_type}"


def kind_column(document_type: str) -> str:
    """The name of the column that holds the kind (passport, utility_bill …) of a document of this type."""
    return f"kind:{document_type}"


class Stored(StrEnum):
    """How the file keeps a cell that it does not keep as text."""

    NUMBER = "number"
    FORMATTED = "formatted"
    """A number that its format shows otherwise than by its digits."""

    DATE = "date"
    BOOLEAN = "boolean"
    ERROR = "error"
    UNCALCULATED = "uncalculated"


NOTHING_STORED: Mapping[int, Stored] = MappingProxyType({})


class SheetRow(NamedTuple):
    """One non-blank row.

    Attributes:
        number: the row number Excel shows.
        cells: as wide as the headers; text as it stands in the file, a number with all its digits (`12`, `1.5`,
            `1.2345678901234E+17`), a date in ISO form, TRUE or FALSE, an error's own sign (`#N/A`).
        stored: by position, how a cell is kept that is no text.
    """

    number: int
    cells: tuple[str, ...]
    stored: Mapping[int, Stored] = NOTHING_STORED


class Merged(NamedTuple):
    """Merged cells: rows by number and columns by position, each from first to last."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


class Remark(NamedTuple):
    """Something worth saying of the sheet as a whole: the code of a finding, and what its words need."""

    code: str
    details: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet, every cell as text.

    Attributes:
        path: the workbook's file.
        name: the sheet's name; the file's stem for csv.
        sha256: digest of the workbook's bytes, hexadecimal.
        header_row: the row number of the headers, as Excel shows it.
        headers: the header texts, as the user wrote them.
        rows: every non-blank row below the headers.
        merged: merged cells that reach below the headers.
        remarks: what the reader noticed about the file or the sheet as a whole.
    """

    path: Path
    name: str
    sha256: str
    header_row: int
    headers: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    merged: tuple[Merged, ...] = ()
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """Which of the sheet's columns means what.

    Attributes:
        positions: our name of a column (`registration_number`, `address.city`, `document:identity_proof` …)
            to its position in the sheet's `headers`.
        headers: our name of a column to the header the user wrote, for messages.
    """

    positions: Mapping[str, int]
    headers: Mapping[str, str]

    def header(self, name: str) -> str:
        """What the user calls the column; our own name where the sheet has no such column."""
        return self.headers.get(name, name)
