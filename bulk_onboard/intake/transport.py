"""What goes between a confined child and its parent: requests and answers as JSON, one value a line.

JSON and never a pickle: the child has read a file that may be hostile, and what it sends must be nothing but data.
Reading is answered by a `Head` and then a `SentColumn` for each header; writing by an `EditAnswer`, with the bytes of
the new workbook behind it where edits were asked for.
"""

import msgspec

from bulk_onboard.model.finding import Finding
from bulk_onboard.model.sheet import Edit, Merged, Stored

_SAMPLE = 1_000
"""Cells of a column that decide whether its texts are sent once each: the share that repeats is taken from them."""


class ReadRequest(msgspec.Struct, frozen=True):
    """Which sheet of which file to read; the file itself is the child's descriptor."""

    path: str
    sheet: str | None
    header_row: int
    encoding: str | None


class Head(msgspec.Struct, frozen=True):
    """All of a sheet but its columns, of which there is one for each header, in their order."""

    name: str
    sha256: str
    headers: tuple[str, ...]
    numbers: tuple[int, ...]
    merged: tuple[Merged, ...]
    findings: tuple[Finding, ...]


class SentColumn(msgspec.Struct, frozen=True, array_like=True):
    """The cells of one column, packed.

    Attributes:
        texts: the text of each cell; where texts repeat, each text once.
        codes: where texts repeat, the place in `texts` of each cell's; else None.
        kinds: how cells are stored that are no text, each kind with the places of its cells.
    """

    texts: list[str]
    codes: list[int] | None
    kinds: dict[Stored, list[int]]

    @classmethod
    def of(cls, texts: list[str], kinds: dict[int, Stored]) -> "SentColumn":
        """Pack the column."""
        by_kind: dict[Stored, list[int]] = {}
        for place, kind in kinds.items():
            by_kind.setdefault(kind, []).append(place)
        if 2 * len(set(texts[:_SAMPLE])) > len(texts[:_SAMPLE]):
            return cls(texts, None, by_kind)
        distinct = {text: code for code, text in enumerate(dict.fromkeys(texts))}
        return cls(list(distinct), [distinct[text] for text in texts], by_kind)


class EditRequest(msgspec.Struct, frozen=True):
    """What to write into which sheet of which file; the file itself is the child's descriptor.

    Attributes:
        sha256: digest of the file as it was read, hexadecimal.
        width: how many columns the sheet has.
        edits: the cells to write; None to be told the sheet's formulas instead.
    """

    path: str
    sheet: str
    header_row: int
    encoding: str | None
    sha256: str
    width: int
    edits: tuple[Edit, ...] | None = None


class EditAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the child says before the new workbook, or instead of one.

    Attributes:
        formulas: row number, position, and the formula.
        refused: by row number, why nothing of the row was written.
    """

    formulas: list[tuple[int, int, str]] = []
    refused: dict[int, str] = {}


encode = msgspec.json.Encoder().encode
read_request_of = msgspec.json.Decoder(ReadRequest).decode
head_of = msgspec.json.Decoder(Head).decode
column_of = msgspec.json.Decoder(SentColumn).decode
edit_request_of = msgspec.json.Decoder(EditRequest).decode
edit_answer_of = msgspec.json.Decoder(EditAnswer).decode
