"""The user's sheet as text: the one shape in which a workbook leaves its reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

KEY = "key"
ALIAS = "alias"
NUMBERS = "numbers"
CALLBACK_URL = "callback_url"
COUNTRY_ISO = "country_iso"
NUMBER_TYPE = "number_type"
USER_TYPE = "user_type"
BUSINESS_NAME = "business_name"
REGISTRATION_NUMBER = "registration_number"


def document_column(document_type: str) -> str:
    """The name of the column that holds the path of a document of this type."""
    return f"document:{document_type}"


def kind_column(document_type: str) -> str:
    """The name of the column that holds the kind (passport, utility_bill …) of a document of this type."""
    return f"kind:{document_type}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet, every cell as text.

    Attributes:
        path: the workbook's file.
        name: the sheet's name; the file's stem for csv.
        sha256: digest of the workbook's bytes, hexadecimal.
        header_row: the row number of the headers, as Excel shows it.
        headers: the header texts, as the user wrote them.
        rows: every non-blank row below the headers: its row number and its cells, as wide as `headers`.
    """

    path: Path
    name: str
    sha256: str
    header_row: int
    headers: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


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
