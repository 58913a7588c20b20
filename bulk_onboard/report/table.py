"""Tables as plain data, and the text a cell of the report may hold (reliability.md 4.5)."""

import re
from dataclasses import dataclass
from typing import TypeAlias

Cell: TypeAlias = str | int | None

LONGEST_TEXT = 32_767  # what a cell of a workbook holds
_CUT = " … (cut)"
_LINE_END = re.compile(r"\r\n?")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headers; every row is as wide as the headers."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def cell_text(text: str) -> str:
    """`text` as a workbook can keep it: no control characters or lone surrogates, what is too long visibly cut."""
    writable = _UNWRITABLE.sub("", _LINE_END.sub("\n", text))
    return writable if len(writable) <= LONGEST_TEXT else writable[: LONGEST_TEXT - len(_CUT)] + _CUT
