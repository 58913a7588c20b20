"""The XML in a workbook's parts: one quick look over each before anything parses it, and then its elements.

`scan` refuses what could hurt or would be misread: a part that is not UTF-8 (calamine finds nothing in UTF-16, without
a word), a `<!DOCTYPE`, so that no entity can expand or fetch anything, and CDATA in cells (calamine reads it as blank).
It also tells whether a sheet's XML may say more than its values: without any of the marks there is nothing to see,
which keeps ordinary large sheets quick.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol
from xml.parsers import expat

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.reader.container import Container, damaged

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
    """Return the marks found in a part, and how many values.

    Args:
        container: the archive.
        name: the part's, in lower case.
        marks: what to look for, `SHEET` or `STRINGS` and more; a part with marks to look for holds cells.

    Raises:
        WorkbookError: the part is dangerous or cannot be read.
    """
    part = container.parts[name].filename
    wanted = list(marks)
    found: set[bytes] = set()
    window, is_xml, values = b"", False, 0
    for piece in container.pieces(name):
        if not window:
            is_xml = _is_xml(name, piece) or bool(marks)
            if is_xml and piece.startswith(_OTHER_ENCODING):
                raise damaged(container.path, f"its part {part} is not UTF-8")
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


def _refuse_declarations(container: Container, part: str, window: bytes, *, cells: bool) -> None:
    if _DECLARATION.search(window):
        raise WorkbookError(
            f"{container.path} is refused: its part {part} declares a document type (DOCTYPE), which no "
            "spreadsheet program writes and which can blow up whoever reads it. Open it in Excel and save it again."
        )
    if cells and _CDATA in window:
        raise damaged(container.path, f"its part {part} holds CDATA, which cannot be read faithfully")


# -- elements


class Element(NamedTuple):
    """An element's name and attributes without prefixes."""

    name: str
    attributes: Mapping[str, str]


def local(name: str) -> str:
    """Return the name without its prefix."""
    return name.rpartition(":")[2]


def elements_of(content: bytes) -> Iterator[Element]:
    """Return every element in the order of its start; `expat.ExpatError` for what is no XML."""
    found: list[Element] = []
    parser = new_parser()
    parser.StartElementHandler = lambda name, attributes: found.append(
        Element(local(name), {local(key): text for key, text in attributes.items()})
    )
    if content:
        parser.Parse(content, True)
    return iter(found)


class Watcher(Protocol):
    """Is told of each element, and may listen to text by setting the parser's handler."""

    parser: expat.XMLParserType

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""


def follow(pieces: Iterable[bytes], watcher: Watcher) -> None:
    """Tell the watcher of every element of a part that comes in pieces; `expat.ExpatError` for what is no XML."""
    watcher.parser = parser = new_parser()
    parser.StartElementHandler = watcher.start
    parser.EndElementHandler = watcher.end
    for piece in pieces:
        parser.Parse(piece, False)
    parser.Parse(b"", True)


def new_parser() -> expat.XMLParserType:
    """Make a parser that gives text whole, not line by line; `scan` has refused document types before it."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    return parser
