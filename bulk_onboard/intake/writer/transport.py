"""What goes between the writer and its parent: one question; then a line, and the new workbook behind it."""

import msgspec

from bulk_onboard.model.edit import Edit


class Asked(msgspec.Struct, frozen=True):
    """What to write into which sheet of which file; the file itself is the child's descriptor.

    Attributes:
        sha256: digest of the file as it was read, hexadecimal.
        width: how many columns the sheet has.
        edits: None to be told the sheet's formulas.
    """

    path: str
    sheet: str
    header_row: int
    encoding: str | None
    sha256: str
    width: int
    edits: tuple[Edit, ...] | None = None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to say.

    Attributes:
        formulas: row number, position, and the formula.
        refused: by row number, why nothing of it was written.
    """

    formulas: list[tuple[int, int, str]] = []
    refused: dict[int, str] = {}


encode = msgspec.json.Encoder().encode
asked_of = msgspec.json.Decoder(Asked).decode
done_of = msgspec.json.Decoder(Done).decode
