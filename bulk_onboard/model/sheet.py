"""The user's sheet as text, column by column, and edits to it.

Every reader of a workbook returns a `Sheet`. `merge` changes one with edits.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import NamedTuple

from bulk_onboard.frames import Frame, frame_of
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.requirements import FieldRequirement, Requirements

ACCOUNT = "account"
"""Which account a row belongs to; a column only of sheets that several accounts share."""

KEY = "key"
ALIAS = "alias"
NUMBERS = "numbers"
CALLBACK_URL = "callback_url"
COUNTRY_ISO = "country_iso"
NUMBER_TYPE = "number_type"
USER_TYPE = "user_type"
BUSINESS_NAME = "business_name"
LAST_NAME = "last_name"
REGISTRATION_NUMBER = "registration_number"

SAYS_NOTHING_OF_A_PERSON = frozenset({ACCOUNT, KEY, ALIAS, COUNTRY_ISO, NUMBER_TYPE, USER_TYPE, NUMBERS, CALLBACK_URL})
"""Columns whose cells need not be hidden, besides those of documents' kinds."""

BO_KEY = "bo_key"
ADDED_COLUMNS = (BO_KEY, "bo_state", "bo_problems", "bo_compliance_id")
"""What the annotated workbook adds at the far right; only `bo_key` is used when it is read again."""

SOME_ROWS_COLUMN = "bo_some_rows"
"""A column by which a copy is known that holds only the rows to fix, whatever it is saved as."""

HOW_TO_FIX = "How to fix"
"""The sheet that the annotated workbook adds; never read."""


MOST_ROWS = 200_000
"""Rows with content below the headers; more would take more memory than there is."""

LAST_ROW = 1_048_576
LAST_COLUMN = 16_384
"""Where any Excel sheet ends, counted from 1."""


def column_letters(position: int) -> str:
    """Return what Excel calls the column at a position, counted from 0: A, Z, AA."""
    prefix, last = divmod(position, 26)
    return (column_letters(prefix - 1) if prefix else "") + chr(ord("A") + last)


def document_column(document_type: str) -> str:
    """Return the name of the column that holds the path of a document of this type."""
    return f"document:{document_type}"


def kind_column(document_type: str) -> str:
    """Return the name of the column for the kind (passport …) of such a document."""
    return f"kind:{document_type}"


def field_column(document_type: str, field_name: str) -> str:
    """Return the name of the column for a field of such a document."""
    return f"field:{document_type}.{field_name}"


def fields_asked_for(requirements: Requirements) -> Iterator[tuple[str, FieldRequirement]]:
    """Yield every field of the end user and of documents, with our name of its column."""
    yield from ((field.name, field) for field in requirements.fields)
    for document in requirements.documents:
        yield from ((field_column(document.type, field.name), field) for field in document.fields)


class Stored(StrEnum):
    """How the file keeps a cell that it does not keep as text."""

    NUMBER = "number"
    FORMATTED = "formatted"
    """A number whose format shows more or other than its digits."""

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
        stored: by position, how the file keeps a cell that is no text.
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


@dataclass(frozen=True)
class Sheet:
    """One sheet, every cell as text, column by column.

    Attributes:
        path: the workbook's file.
        name: the sheet's name; the file's stem for csv.
        sha256: digest of the workbook's bytes, hexadecimal.
        header_row: the row number of the headers, as Excel shows it.
        headers: the header texts, as the user wrote them.
        numbers: the row number of every non-blank row below the headers, as Excel shows it.
        texts: for each header the cells below it, one for each of `numbers`.
        kinds: by position of the column, then by place among `numbers`: how the file keeps a cell that is no text.
        merged: merged cells that reach below the headers.
        findings: what the reader noticed about the file or the sheet as a whole; without a place.
    """

    path: Path
    name: str
    sha256: str
    header_row: int
    headers: tuple[str, ...]
    numbers: tuple[int, ...] = ()
    texts: tuple[Sequence[str], ...] = ()
    kinds: Mapping[int, Mapping[int, Stored]] = field(default_factory=dict)
    merged: tuple[Merged, ...] = ()
    findings: tuple[Finding, ...] = ()

    def with_rows(self, rows: Iterable[SheetRow]) -> "Sheet":
        """Return the sheet with these rows instead, each as wide as the headers."""
        rows = tuple(rows)
        kinds: dict[int, dict[int, Stored]] = {}
        for place, row in enumerate(rows):
            for position, stored in row.stored.items():
                kinds.setdefault(position, {})[place] = stored
        columns = zip(*(row.cells for row in rows), strict=True) if rows else ((),) * len(self.headers)
        return replace(self, numbers=tuple(row.number for row in rows), texts=tuple(columns), kinds=kinds)

    @property
    def has_some_rows_only(self) -> bool:
        """Whether it is a copy that holds only the rows to fix.

        The others are in another file.
        """
        return any(header.strip().casefold() == SOME_ROWS_COLUMN for header in self.headers)

    @property
    def height(self) -> int:
        """How many rows there are below the headers."""
        return len(self.numbers)

    @cached_property
    def rows(self) -> tuple[SheetRow, ...]:
        """Every row, made when first asked for; working on columns saves that time."""
        return self.rows_at(range(self.height))

    def rows_at(self, places: Sequence[int]) -> tuple[SheetRow, ...]:
        """Return the rows at these places among `numbers`, in their order."""
        stored: dict[int, dict[int, Stored]] = {}
        wanted = places if isinstance(places, range) else set(places)
        for position, kinds in self.kinds.items():
            for place in kinds.keys() if len(wanted) == self.height else kinds.keys() & wanted:
                stored.setdefault(place, {})[position] = kinds[place]
        if len(places) == self.height:
            cells: Iterable[tuple[str, ...]] = zip(*self.texts, strict=True)
        else:
            cells = (tuple([column[place] for column in self.texts]) for place in places)
        numbers = self.numbers
        return tuple(
            [
                SheetRow(numbers[place], texts, stored.get(place, NOTHING_STORED))
                for place, texts in zip(places, cells, strict=True)
            ]
        )

    def at(self, places: Sequence[int]) -> "Sheet":
        """Return the sheet with the rows at these places alone, which keep their numbers; the places must ascend."""
        numbers = tuple([self.numbers[place] for place in places])
        kinds = {
            position: kept
            for position, kinds in self.kinds.items()
            if (kept := {new: kinds[place] for new, place in enumerate(places) if place in kinds})
        }

        def has_rows(merged: Merged) -> bool:
            at = bisect_left(numbers, merged.first_row)
            return at < len(numbers) and numbers[at] <= merged.last_row

        return replace(
            self,
            numbers=numbers,
            texts=tuple([tuple([column[place] for place in places]) for column in self.texts]),
            kinds=kinds,
            merged=tuple(filter(has_rows, self.merged)),
        )

    @cached_property
    def frame(self) -> Frame:
        """The cells as a frame of texts: rows by Excel's row number, columns by header."""
        return frame_of(self.texts, headers=self.headers, numbers=self.numbers)


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
        """Return the user's header of the column.

        Our own name where the sheet has no such column.
        """
        return self.headers.get(name, name)


class Edit(NamedTuple):
    """A cell that is to get another text.

    Attributes:
        row: the row number Excel shows; it may lie below the last row.
        position: of the column, counted from 0; it may lie to the right of the last one.
        stored: how the file is to keep it, None for text; else the text is that of a number, or TRUE or FALSE.
        is_result: whether the cell keeps its formula, and this is the formula's new result.
    """

    row: int
    position: int
    text: str
    stored: Stored | None = None
    is_result: bool = False


def edited_sheet(sheet: Sheet, edits: Iterable[Edit]) -> Sheet:
    """Return the sheet with these edits made."""
    by_row: dict[int, dict[int, Edit]] = {}
    for edit in edits:
        by_row.setdefault(edit.row, {})[edit.position] = edit
    reach = max((edit.position + 1 for cells in by_row.values() for edit in cells.values()), default=0)
    width = max(len(sheet.headers), reach)
    headers = _edited(SheetRow(sheet.header_row, sheet.headers), by_row.get(sheet.header_row, {}), width).cells
    rows = {row.number: row for row in sheet.rows}
    for number in by_row.keys() - rows.keys() - {sheet.header_row}:
        rows[number] = SheetRow(number, ())
    edited = (_edited(rows[number], by_row.get(number, {}), width) for number in sorted(rows))
    return replace(sheet, headers=headers).with_rows(edited)


def _edited(row: SheetRow, edits: Mapping[int, Edit], width: int) -> SheetRow:
    cells = [*row.cells, *[""] * (width - len(row.cells))]
    stored = dict(row.stored)
    for position, edit in edits.items():
        cells[position] = edit.text
        stored.pop(position, None)
        if edit.stored:
            stored[position] = edit.stored
    return SheetRow(row.number, tuple(cells), stored)


class WorkbookType(StrEnum):
    """A type of workbook, named by its usual ending."""

    XLSX = ".xlsx"
    XLS = ".xls"
    XLSB = ".xlsb"
    ODS = ".ods"
    TEXT = ".csv"


WORKBOOK_ENDINGS: Mapping[str, WorkbookType] = {
    ".xlsx": WorkbookType.XLSX,
    ".xlsm": WorkbookType.XLSX,
    ".xls": WorkbookType.XLS,
    ".xlsb": WorkbookType.XLSB,
    ".ods": WorkbookType.ODS,
    ".csv": WorkbookType.TEXT,
    ".tsv": WorkbookType.TEXT,
}
"""Endings of names in lower case, and the type that such a file should be."""


def type_by_name(path: PurePath) -> WorkbookType | None:
    """Return the type that a file should be by its name, whatever its case.

    None for no workbook.
    """
    return WORKBOOK_ENDINGS.get(path.suffix.lower())
