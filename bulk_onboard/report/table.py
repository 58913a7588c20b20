"""Tables as plain data, and the text a cell of the report may hold."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

Cell: TypeAlias = str | int | None
Line: TypeAlias = tuple[Cell, ...]

LONGEST_TEXT = 32_767  # what a cell of a workbook holds
CUT = " … (cut)"
_LINE_END = re.compile(r"\r\n?")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headers; every row is as wide as the headers, and they can be gone through again."""

    headers: tuple[str, ...]
    rows: Iterable[Line]


@dataclass(frozen=True, slots=True)
class MadeAnew:
    """Rows that are made whenever they are gone through, so that nobody holds those of a large table all at once."""

    make: Callable[[], Iterator[Line]]

    def __iter__(self) -> Iterator[Line]:
        return self.make()


def cell_text(text: str) -> str:
    """`text` as a workbook can keep it: no control characters or lone surrogates, what is too long visibly cut.

    A text from `<r>` on gets a blank before it, since XlsxWriter would take it for markup and write it as it is.
    """
    if text.startswith("<r>"):
        text = f" {text}"
    if text.isprintable() and len(text) <= LONGEST_TEXT:  # nearly every text; this is asked for every cell
        return text
    writable = _UNWRITABLE.sub("", _LINE_END.sub("\n", text))
    return writable if len(writable) <= LONGEST_TEXT else writable[: LONGEST_TEXT - len(CUT)] + CUT
