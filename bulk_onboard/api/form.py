"""A multipart form as it goes out (wire.md D1): few pieces, and no document copied.

A library's writer hands each boundary, header and line break to the system by itself, seventeen calls a record; here
all that stands between two documents is one piece.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bulk_onboard.api.exchange import Part

_SLICE = 256 * 1024  # of a document at a time, so that other calls have their turn
_ESCAPED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


@dataclass(frozen=True, slots=True)
class Form:
    """A form's bytes; `boundary` stands in none of the parts, as it is thrown by dice each time."""

    boundary: str
    pieces: tuple[bytes, ...] = field(repr=False)

    @property
    def content_type(self) -> str:
        """What the header says."""
        return f"multipart/form-data; boundary={self.boundary}"

    @property
    def size(self) -> int:
        """Bytes altogether."""
        return sum(map(len, self.pieces))

    def slices(self) -> Iterator[memoryview]:
        """All of it in order; nothing longer than other calls can wait for."""
        for piece in self.pieces:
            view = memoryview(piece)
            for start in range(0, len(view), _SLICE):
                yield view[start : start + _SLICE]


def form_of(parts: tuple[Part, ...], boundary: str) -> Form:
    """The form of these parts; at least one."""
    between = f"--{boundary}\r\n"
    pieces: list[bytes] = []
    for part in parts:
        pieces += (f"{between}{_head(part)}\r\n\r\n".encode(), part.body)
        between = f"\r\n--{boundary}\r\n"
    return Form(boundary, (*pieces, f"\r\n--{boundary}--\r\n".encode()))


def _head(part: Part) -> str:
    """A part's own headers, without the blank line."""
    head = f'Content-Disposition: form-data; name="{_quotable(part.name)}"'
    if part.file_name:
        head += f'; filename="{_quotable(part.file_name)}"'
    return f"{head}\r\nContent-Type: {part.media_type}" if part.media_type else head


def _quotable(name: str) -> str:
    return name.translate(_ESCAPED)
