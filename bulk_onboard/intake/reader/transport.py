"""What goes between the reader and its parent: one question; then a head and the columns, one JSON line each.

JSON and no pickle: the child has read a hostile file, and what it gives back must be nothing but text.
"""

import msgspec

from bulk_onboard.model.finding import Finding
from bulk_onboard.model.sheet import Merged, Stored

_SAMPLE = 1_000
"""Cells that a column is known by: as many of them as differ, about as many do below."""


class Asked(msgspec.Struct, frozen=True):
    """Which sheet of which file; the file itself is the child's descriptor."""

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


class Sent(msgspec.Struct, frozen=True, array_like=True):
    """A column on its way.

    Attributes:
        texts: of its cells; where they repeat, each text once.
        codes: where they repeat, the place in `texts` of each cell's; else none.
        kinds: how cells are kept that are no text, each with the places of those that are.
    """

    texts: list[str]
    codes: list[int] | None
    kinds: dict[Stored, list[int]]

    @classmethod
    def of(cls, texts: list[str], kinds: dict[int, Stored]) -> "Sent":
        """The column, packed."""
        by_kind: dict[Stored, list[int]] = {}
        for place, kind in kinds.items():
            by_kind.setdefault(kind, []).append(place)
        if 2 * len(set(texts[:_SAMPLE])) > len(texts[:_SAMPLE]):
            return cls(texts, None, by_kind)
        distinct = {text: code for code, text in enumerate(dict.fromkeys(texts))}
        return cls(list(distinct), [distinct[text] for text in texts], by_kind)

    def unpacked(self) -> list[str]:
        """The text of each cell; equal ones are one object."""
        return self.texts if self.codes is None else list(map(self.texts.__getitem__, self.codes))


asked_of = msgspec.json.Decoder(Asked).decode
head_of = msgspec.json.Decoder(Head).decode
sent_of = msgspec.json.Decoder(Sent).decode
