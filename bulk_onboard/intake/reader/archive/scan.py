"""One quick look over every part: it must be harmless, and it tells what a sheet's part may hold.

The rules: nothing but UTF-8 (calamine finds nothing at all in UTF-16, without a word); no `<!DOCTYPE`, so no entity
can expand; no CDATA in cells (calamine reads it as blank). A mark that is found tells that a second look is needed;
one that is not found tells that there is nothing to see, which is what keeps honest large sheets quick.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.reader.archive.container import Container, Part, damaged

ERRORS = (b'"e"', b"'e'")
FORMULAS = (b"<f",)
DATES = (b'"d"', b"'d'")
HIDDEN = (b"hidden",)
SURROGATES = (b"_x",)
PREFIXED = b"<worksheet"
"""Found where it is *missing* from a sheet's beginning: its elements may have a prefix, and `<f` would miss them."""

VALUES = (b"<v", b"<is")
"""What begins the value of a cell; counted, since calamine lets the last of two cells at one place win."""

SHEET = (*ERRORS, *FORMULAS, *DATES, *HIDDEN, *SURROGATES)
STRINGS = SURROGATES

_OVERLAP = 16
_DECLARATION = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_CDATA = b"<![CDATA["
_OTHER_ENCODING = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_XML_ENDINGS = (".xml", ".rels", ".vml")


class Found(NamedTuple):
    """What a part holds.

    Attributes:
        marks: those that were looked for and are there.
        values: how many cells may have one; counted only in a part with marks to look for.
    """

    marks: frozenset[bytes]
    values: int


def scan(container: Container, name: str, marks: Sequence[bytes] = ()) -> Found:
    """The marks found in a part, and how many values; WorkbookError for one that is dangerous or cannot be read.

    Args:
        container: the archive.
        name: the part's, in lower case.
        marks: what to look for, `SHEET` or `STRINGS` and more; a part with marks to look for holds cells.
    """
    part = container.parts[name]
    wanted = list(marks)
    found: set[bytes] = set()
    window, is_xml, values = b"", False, 0
    for piece in container.pieces(part):
        if not window:
            is_xml = _is_xml(name, piece) or bool(marks)
            if is_xml and piece.startswith(_OTHER_ENCODING):
                raise damaged(container.path, f"its part {part.name} is not UTF-8")
            if PREFIXED not in piece:
                found.add(PREFIXED)
        overlap = window[-_OVERLAP:]
        window = overlap + piece
        if marks:
            values += sum(window.count(value) - overlap.count(value) for value in VALUES)
        if is_xml and b"!" in window:
            _refuse_declarations(container, part, window, cells=bool(marks))
        for mark in [mark for mark in wanted if mark[:1] in window and mark in window]:
            found.add(mark)
            wanted.remove(mark)
    return Found(frozenset(found), values)


def _is_xml(name: str, begin: bytes) -> bool:
    return name.endswith(_XML_ENDINGS) or begin.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"<", b""}


def _refuse_declarations(container: Container, part: Part, window: bytes, *, cells: bool) -> None:
    if _DECLARATION.search(window):
        raise WorkbookError(
            f"{container.path} is refused: its part {part.name} declares a document type (DOCTYPE), which no "
            "spreadsheet program writes and which can blow up whoever reads it. Open it in Excel and save it anew."
        )
    if cells and _CDATA in window:
        raise damaged(container.path, f"its part {part.name} holds CDATA, which cannot be read faithfully")
