"""What goes between the reader and its parent: one question; then a head and batches of rows, one JSON line each."""

import msgspec

from bulk_onboard.model.sheet import Merged, Remark, SheetRow


class Asked(msgspec.Struct, frozen=True):
    """Which sheet of which file; the file itself is the child's descriptor."""

    path: str
    sheet: str | None
    header_row: int
    encoding: str | None


class Head(msgspec.Struct, frozen=True):
    """All of a sheet but its rows, which follow in their order."""

    name: str
    sha256: str
    headers: tuple[str, ...]
    merged: tuple[Merged, ...]
    remarks: tuple[Remark, ...]


ROWS_A_LINE = 1_000

asked_of = msgspec.json.Decoder(Asked).decode
head_of = msgspec.json.Decoder(Head).decode
rows_of = msgspec.json.Decoder(list[SheetRow]).decode
