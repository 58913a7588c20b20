"""A row of the workbook, what judging made of it, and the template's example row.

A row is the example when both its Key and its registration number are the example's, whatever their case and
blanks. Who writes a business over it and forgets the Key has a row of their own, which is sent like any other.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar, overload

import msgspec

from bulk_onboard.model import sheet as ours
from bulk_onboard.model.application import Application
from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.requirements import Combination

T = TypeVar("T")

_FILLED_DOWN = frozenset(
    {ours.ACCOUNT, ours.COUNTRY_ISO, ours.NUMBER_TYPE, ours.USER_TYPE, "address.country", ours.CALLBACK_URL}
)
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
        left_out: our name of a column to what was stripped off its text, where that was more than ordinary blanks.
        converted: our name of a column to its text before the digits of another script became ordinary ones.
    """

    sheet: str
    number: int
    combination: Combination
    cells: Mapping[str, str]
    stored: Mapping[str, ours.Stored] = {}
    merged: Mapping[str, str] = {}
    left_out: Mapping[str, str] = {}
    converted: Mapping[str, str] = {}

    def cell(self, name: str) -> str:
        """Return the text of a column; empty where blank or absent."""
        return self.cells.get(name, "")

    def personal(self) -> tuple[str, ...]:
        """Return the texts of its cells that must not get into ledger or logs."""
        return tuple(
            text
            for name, text in self.cells.items()
            if name not in ours.SAYS_NOTHING_OF_A_PERSON and not name.startswith(("kind:", ours.BO_KEY))
        )

    @property
    def is_blank(self) -> bool:
        """Whether it holds only what is filled down a column before rows are written.

        That is: what rows ask for, check boxes, and zeros of formulas that refer to blank cells.
        """
        said = {*self.cells, *self.stored}.difference(_FILLED_DOWN)
        return not self.merged and all(name.startswith("kind:") or self._says_nothing(name) for name in said)

    def _says_nothing(self, name: str) -> bool:
        text, stored = self.cell(name), self.stored.get(name)
        if stored in (ours.Stored.NUMBER, ours.Stored.FORMATTED):
            return text == "0"
        return stored in (None, ours.Stored.BOOLEAN) and text.upper() in _CHECK_BOX

    def filled_in(self, found: Mapping[str, str]) -> "Row":
        """Return the row with these cells too."""
        return msgspec.structs.replace(self, cells={**self.cells, **found})

    def as_texts(self, texts: Mapping[str, str]) -> "Row":
        """Return the row with these texts in cells that its file keeps as something else."""
        stored = {name: kept for name, kept in self.stored.items() if name not in texts}
        return msgspec.structs.replace(self, cells={**self.cells, **texts}, stored=stored)


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
        is_blank: whether it holds only what is filled down a whole column; see `Row.is_blank`.
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
        """Return the row with these findings instead.

        Nothing is sent of a row that is kept out.
        """
        return msgspec.structs.replace(self, findings=findings, application=None if kept_out else self.application)

    def as_duplicate_of(self, number: int) -> "JudgedRow":
        """Return the row as a duplicate of the row with this number."""
        return msgspec.structs.replace(self, application=None, duplicate_of=number)


_BLOCK = 256


class LazySequence(Sequence[T]):
    """A long sequence that makes its usual items when they are first asked for.

    Args:
        length: how many items there are altogether.
        notable: the items with something to report, by place, in order.
        make: makes the usual items at these places. It is asked for a block of neighbours at a time.
    """

    def __init__(self, length: int, notable: Mapping[int, T], make: Callable[[Sequence[int]], Iterable[T]]) -> None:
        self.notable = notable
        self._length, self._make = length, make
        self._made: dict[int, T] = {}

    @property
    def usual_count(self) -> int:
        """How many items have nothing to report."""
        return self._length - len(self.notable)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return map(self._at, range(self._length))

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T, ...]: ...
    def __getitem__(self, place: int | slice) -> T | tuple[T, ...]:
        places = range(self._length)[place]
        return self._at(places) if isinstance(places, int) else tuple(map(self._at, places))

    def _at(self, place: int) -> T:
        if place in self.notable:
            return self.notable[place]
        if place not in self._made:
            start = place - place % _BLOCK
            places = [each for each in range(start, min(start + _BLOCK, self._length)) if each not in self.notable]
            self._made |= zip(places, self._make(places), strict=True)
        return self._made[place]


def notable_in(items: Iterable[T]) -> Iterable[T]:
    """Return the items with something to report.

    All items of a sequence that is not lazy.
    """
    return items.notable.values() if isinstance(items, LazySequence) else items


def placed_in(items: Sequence[T]) -> Iterable[tuple[int, T]]:
    """Return the items with something to report, each with its place among all, the first being 0."""
    return items.notable.items() if isinstance(items, LazySequence) else enumerate(items)


def usual_count(items: Sequence[object]) -> int:
    """Return how many items `notable_in` leaves out."""
    return items.usual_count if isinstance(items, LazySequence) else 0


class JudgedRows(LazySequence[JudgedRow]):
    """The rows of a large sheet.

    A usual row is valid and shares neither key nor number with any other row.

    Attributes:
        usual_size: bytes of all documents of the usual rows.
    """

    def __init__(
        self,
        length: int,
        notable: Mapping[int, JudgedRow],
        make: Callable[[Sequence[int]], Iterable[JudgedRow]],
        *,
        usual_size: int,
    ) -> None:
        super().__init__(length, notable, make)
        self.usual_size = usual_size


def example_path(document_type: str) -> str:
    """Return the path that the example has for a document of this type.

    Nothing needs to lie there.
    """
    return f"example/{document_type}.pdf"


_KINDS = {
    "identity_proof": "passport",
    "address_proof": "utility_bill",
    "business_registration": "certificate_of_incorporation",
}

EXAMPLE: Mapping[str, str] = MappingProxyType(
    {
        ours.KEY: "EXAMPLE",
        ours.ALIAS: "Main branch",
        ours.BUSINESS_NAME: "Example Traders Private Limited",
        ours.REGISTRATION_NUMBER: "U00000KA2020PTC000000",
        "email": "compliance@example.com",
        "address.line1": "1, Example Road",
        "address.line2": "2nd Floor",
        "address.city": "Bengaluru",
        "address.state": "Karnataka",
        "address.postal_code": "560001",
        "address.country": "IN",
        ours.COUNTRY_ISO: "IN",
        ours.NUMBER_TYPE: "local",
        ours.USER_TYPE: "business",
        **{ours.document_column(document_type): example_path(document_type) for document_type in _KINDS},
        **{ours.kind_column(document_type): kind for document_type, kind in _KINDS.items()},
        ours.NUMBERS: "911100000001, 911100000002",
        ours.CALLBACK_URL: "https://example.com/reviews",
    }
)
"""Our name of a column to its text. No industry has the code 00000 and no company the serial number 000000, no phone
number in New Delhi begins with 0, and example.com is reserved (RFC 2606), so nobody is meant."""


def is_example(row: Row) -> bool:
    """Return whether the row is the template's example, which is never sent."""
    return names_example(row.cell(ours.KEY), row.cell(ours.REGISTRATION_NUMBER))


def names_example(key: str, registration_number: str) -> bool:
    """Return whether Key and registration number are the example's."""
    return _bare(key) == _KEY and _bare(registration_number) == _REGISTRATION_NUMBER


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


_KEY, _REGISTRATION_NUMBER = _bare(EXAMPLE[ours.KEY]), _bare(EXAMPLE[ours.REGISTRATION_NUMBER])
