"""What an annotated copy was made from, kept in the copy itself, so that `merge` can tell who changed what.

A hidden sheet holds for each row its number, what `bo_key` said, and a digest of each cell: no text that the copy does
not hold anyway. A copy of a copy keeps what the first one was made from, since either file may be merged into.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from bulk_onboard.model.sheet import Sheet, SheetRow, Stored
from bulk_onboard.report.annotated.escapes import as_a_copy_holds

BASE_SHEET = "bo_base"
BASE_TITLE = "What this copy was made from; the verb merge reads it."

DIGEST = 6
"""Characters of a cell's digest: one changed cell in 69 billion is taken for the one it was."""

_PIECE = 30_000  # characters of a cell
_LARGEST = 64 << 20  # bytes unpacked; 200,000 rows of 40 columns
_PIECES_AT_MOST = 2_000


class BaseRow(NamedTuple):
    """A row as it was: its number, its `bo_key` in the copy, and its cells' digests one after the other."""

    number: int
    key: str
    digests: str

    def digest(self, position: int) -> str:
        """A cell's digest; a blank one's beyond the row's end."""
        return self.digests[position * DIGEST : (position + 1) * DIGEST] or BLANK


class Base(NamedTuple):
    """A workbook as it was when a copy was made from it.

    Attributes:
        workbook: the file's name.
        sha256: digest of its bytes, hexadecimal.
    """

    workbook: str
    sha256: str
    headers: tuple[str, ...]
    rows: tuple[BaseRow, ...]


def cell_digest(text: str, stored: Stored | None) -> str:
    """What tells a cell from what it was before, by its text as a copy can hold it, and by how the file keeps it."""
    digest = blake2b(f"{stored or ''}\0{as_a_copy_holds(text)}".encode(), digest_size=DIGEST).digest()
    return base64.urlsafe_b64encode(digest)[:DIGEST].decode()


BLANK = cell_digest("", None)


def row_digests(row: SheetRow) -> str:
    """The digests of the row's cells."""
    stored = row.stored
    return "".join(cell_digest(t, stored.get(p)) if t or p in stored else BLANK for p, t in enumerate(row.cells))


def base_of(sheet: Sheet, keys: Mapping[int, str]) -> Base:
    """The sheet as it is; `keys` are the texts of `bo_key` by row number."""
    rows = tuple(BaseRow(row.number, keys.get(row.number, ""), row_digests(row)) for row in sheet.rows)
    return Base(sheet.path.name, sheet.sha256, sheet.headers, rows)


def as_pieces(bases: Sequence[Base]) -> tuple[str, ...]:
    """Texts that a sheet's cells can hold; none where they would be too many."""
    packed = base64.b64encode(zlib.compress(json.dumps(bases, separators=(",", ":")).encode())).decode()
    pieces = tuple(packed[start : start + _PIECE] for start in range(0, len(packed), _PIECE))
    return pieces if len(pieces) <= _PIECES_AT_MOST else ()


def from_pieces(pieces: Iterable[str]) -> tuple[Base, ...]:
    """The bases in these texts, the oldest first; none where they are not whole."""
    try:
        packed = base64.b64decode("".join(pieces), validate=True)
        content = zlib.decompressobj().decompress(packed, _LARGEST)
        return tuple(_bases(json.loads(content)))
    except (binascii.Error, zlib.error, ValueError, TypeError, RecursionError):
        return ()


def with_base(bases: Sequence[Base], base: Base) -> tuple[Base, ...]:
    """The bases with one more, which takes the place of one of the same file."""
    return (*(each for each in bases if each.workbook != base.workbook), base)


def chosen(bases: Sequence[Base], workbook: Sheet) -> Base | None:
    """What the copy was made from where that is this workbook as it is now, else as it was under its name."""
    same = [base for base in bases if base.sha256 == workbook.sha256]
    named = [base for base in bases if base.workbook == workbook.path.name]
    return next(iter([*same, *reversed(named), *bases]), None)


def _bases(told: object) -> Iterator[Base]:
    """Whoever wrote it; TypeError or ValueError where it is not as ours."""
    if not isinstance(told, list):
        raise TypeError
    for workbook, sha256, headers, rows in told:
        known = tuple(BaseRow(int(number), str(key), str(digests)) for number, key, digests in rows)
        yield Base(str(workbook), str(sha256), tuple(map(str, headers)), known)
