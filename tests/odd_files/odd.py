"""What a row of the tables says: an odd file, how it is odd, and what must come of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.odd_files.handwritten import Cell, Cells, Page, parts, zipped
from tests.support.businesses import HEADERS, business

Make = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Odd:
    """One odd file.

    Attributes:
        name: what it is called.
        how: how it is odd.
        make: its bytes.
        finds: all findings that must come, and no other, as `code row column`.
        refused: words of the sentence that refuses it; empty where it is read.
        rows: the rows that hold something: each must be judged once, under this number.
        reads: what cells must read as, by `row column`.
        flags: what the user says on the command line.
    """

    name: str
    how: str
    make: Make
    finds: Sequence[str] = ()
    refused: str = ""
    rows: Sequence[int] = (2,)
    reads: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, Any] = field(default_factory=dict)


def good(number: int = 1, **other: Cell | str) -> list[Cell | str]:
    """The cells of a good row, in the order of `HEADERS`; `other` replaces some by header, underscores for blanks."""
    cells: Mapping[str, Any] = business(number) | {name.replace("_", " "): cell for name, cell in other.items()}
    return [cells.get(header, "") for header in HEADERS]


def sheet(*rows: Cells, **page: Any) -> Page:
    """A sheet with the usual headers over these rows; the rest as for `Page`."""
    return Page([HEADERS, *rows], **page)


def book(*pages: Page, **more: Any) -> Make:
    """A workbook of these sheets."""
    return lambda: zipped(parts(*pages, **more))


def row(number: int = 1, **other: Cell | str) -> Make:
    """A workbook of one row, good but for the cells given."""
    return book(sheet(good(number, **other)))
