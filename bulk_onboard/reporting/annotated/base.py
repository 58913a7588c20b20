"""What an annotated copy was made from, where it goes, and how texts survive in it.

A hidden sheet holds for each row its number, what `bo_key` said, and a digest of each cell: no text that the copy does
not hold anyway. A copy of a copy keeps what the first one was made from, since either file may be merged into.

A copy says inside when it was made, and the file system says when it was last written; as long as both are the same
instant nobody has saved it since, and it may be replaced. Any other stays, and the next free name is taken.

Excel writes `_x0001_` for a character that XML cannot hold, and `_x005F_x0001_` for a text that only reads like that.
openpyxl neither decodes nor encodes, but drops each `x005F_`. XlsxWriter encodes, save where two such texts share an
underscore, and takes a text from `<r>` to `</r>` for markup.
"""

import base64
import binascii
import itertools
import json
import os
import re
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, NamedTuple
from xml.sax.saxutils import escape
from zipfile import BadZipFile, ZipFile

from bulk_onboard.model.sheet import Sheet, SheetRow, Stored
from bulk_onboard.reporting.table import CUT, LONGEST_TEXT

_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_NO_XML = re.compile("[\x00-\x08\x0b-\x1f]")
_NO_CHARACTER = re.compile("[\ud800-\udfff\ufffe\uffff]")
_TEXT_ELEMENT = re.compile(rb"<(?:\w+:)?t\b[^>]*>[^<]*</")
_DROPPED, _DROPPED_ONCE = b"x005F_", b"x005Fx005F__"


def escaped(text: str) -> str:
    """Return the text as Excel escapes it."""
    text = _LOOKS_ESCAPED.sub("_x005F_", text)
    return _NO_XML.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


def as_openpyxl_reads(xml: bytes) -> bytes:
    """Return a part of the file such that openpyxl finds its texts as they are."""
    if _DROPPED not in xml:
        return xml
    return _TEXT_ELEMENT.sub(lambda match: match[0].replace(_DROPPED, _DROPPED_ONCE), xml)


def as_a_copy_holds(text: str) -> str:
    """Return the text with what no file can hold replaced, and visibly cut where it is too long for a cell."""
    text = _NO_CHARACTER.sub("\ufffd", text)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - len(CUT)] + CUT


def as_xlsxwriter_writes(text: str) -> str:
    """Return what to hand to XlsxWriter so that the file holds the text as `as_a_copy_holds` has it.

    Control characters stay, unlike in what we write ourselves, since a finding may be about them.
    """
    if text.isprintable() and "_x" not in text and not text.startswith("<r>") and len(text) <= LONGEST_TEXT:
        return text  # nearly every text
    text = as_a_copy_holds(text)
    if not _LOOKS_ESCAPED.search(text) and not text.startswith("<r>"):
        return text
    markup = f'<r><t xml:space="preserve">{escape(escaped(text)).replace("_", "&#95;")}</t></r>'
    return markup if len(markup) <= LONGEST_TEXT else f" {text[: LONGEST_TEXT - 1]}"


BASE_SHEET = "bo_base"
BASE_TITLE = "What this copy was made from; the command merge reads it."

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
        """Return a cell's digest; a blank one's beyond the row's end."""
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
    """Return a digest of a cell's text as a copy can hold it, and of how the file keeps it."""
    digest = blake2b(f"{stored or ''}\0{as_a_copy_holds(text)}".encode(), digest_size=DIGEST).digest()
    return base64.urlsafe_b64encode(digest)[:DIGEST].decode()


BLANK = cell_digest("", None)


def row_digests(row: SheetRow) -> str:
    """Return the digests of the row's cells, one after the other."""
    stored = row.stored
    return "".join(cell_digest(t, stored.get(p)) if t or p in stored else BLANK for p, t in enumerate(row.cells))


def base_of(sheet: Sheet, keys: Mapping[int, str]) -> Base:
    """Return the sheet as it is; `keys` are the texts of `bo_key` by row number."""
    rows = tuple(BaseRow(row.number, keys.get(row.number, ""), row_digests(row)) for row in sheet.rows)
    return Base(sheet.path.name, sheet.sha256, sheet.headers, rows)


def as_pieces(bases: Sequence[Base]) -> tuple[str, ...]:
    """Return the bases as texts that a sheet's cells can hold; none where they would be too many."""
    packed = base64.b64encode(zlib.compress(json.dumps(bases, separators=(",", ":")).encode())).decode()
    pieces = tuple(packed[start : start + _PIECE] for start in range(0, len(packed), _PIECE))
    return pieces if len(pieces) <= _PIECES_AT_MOST else ()


def from_pieces(pieces: Iterable[str]) -> tuple[Base, ...]:
    """Return the bases in these texts, the oldest first; none where they are not whole."""
    try:
        packed = base64.b64decode("".join(pieces), validate=True)
        content = zlib.decompressobj().decompress(packed, _LARGEST)
        return tuple(_bases(json.loads(content)))
    except (binascii.Error, zlib.error, ValueError, TypeError, RecursionError):
        return ()


def with_base(bases: Sequence[Base], base: Base) -> tuple[Base, ...]:
    """Return the bases with one more, which takes the place of one of the same file."""
    return (*(each for each in bases if each.workbook != base.workbook), base)


def only_rows(base: Base, keys: Collection[str]) -> Base:
    """Return the base with the rows alone that have one of these texts in `bo_key`."""
    return base._replace(rows=tuple(row for row in base.rows if row.key and row.key in keys))


def chosen(bases: Sequence[Base], workbook: Sheet) -> Base | None:
    """Return the base that is this workbook as it is now, else as it was under its name, else the oldest."""
    same = [base for base in bases if base.sha256 == workbook.sha256]
    named = [base for base in bases if base.workbook == workbook.path.name]
    return next(iter([*same, *reversed(named), *bases]), None)


def _bases(content: object) -> Iterator[Base]:
    """Yield the bases; TypeError or ValueError where somebody else wrote the sheet."""
    if not isinstance(content, list):
        raise TypeError
    for workbook, sha256, headers, rows in content:
        known = tuple(BaseRow(int(number), str(key), str(digests)) for number, key, digests in rows)
        yield Base(str(workbook), str(sha256), tuple(map(str, headers)), known)


_CREATED = re.compile(rb"<dcterms:created[^>]*>([0-9T:-]+)Z</dcterms:created>")
_PROPERTIES = "docProps/core.xml"
_LONGEST_PROPERTIES = 1 << 16
_COPIES_AT_MOST = 100


def places(workbook: Path, stem: str) -> Iterator[Path]:
    """Yield where the annotated copy may go, the first choice first."""
    for number in itertools.islice(itertools.count(1), _COPIES_AT_MOST):
        path = workbook.with_name(f"{stem}.annotated{'' if number == 1 else f'-{number}'}.xlsx")
        if not os.path.lexists(path) or (not _is_same(path, workbook) and is_untouched(path)):
            yield path


def copies(workbook: Path, stem: str) -> list[Path]:
    """Return the annotated copies beside the workbook, the one that was changed last first; not the workbook itself.

    None are known of a folder that may not be looked into.
    """
    name = re.compile(rf"{re.escape(stem)}\.annotated(?:-[0-9]+)?\.xlsx", re.IGNORECASE)
    try:
        found = [path for path in workbook.parent.iterdir() if name.fullmatch(path.name) and path.is_file()]
        changed = {path: path.stat().st_mtime_ns for path in found if not _is_same(path, workbook)}
    except OSError:
        return []
    return sorted(changed, key=changed.__getitem__, reverse=True)


def is_untouched(path: Path) -> bool:
    """Return whether the file is an annotated copy as we left it."""
    try:
        written = path.lstat().st_mtime_ns
        with ZipFile(path) as archive, archive.open(_PROPERTIES) as file:
            created = _CREATED.search(file.read(_LONGEST_PROPERTIES))
        if created is None:
            return False
        made = datetime.fromisoformat(created[1].decode()).replace(tzinfo=UTC)
    except (OSError, BadZipFile, ValueError, KeyError, NotImplementedError, RuntimeError):
        return False
    return written == int(made.timestamp()) * 1_000_000_000


def seal(file: BinaryIO, created: datetime) -> None:
    """Give a written file the instant at which it says that it was made; whole seconds."""
    file.flush()
    instant = int(created.timestamp()) * 1_000_000_000
    os.utime(file.fileno(), ns=(instant, instant))


def _is_same(path: Path, other: Path) -> bool:
    return path.resolve() == other.resolve() or (path.exists() and other.exists() and path.samefile(other))
