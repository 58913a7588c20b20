"""The parts of a workbook, whatever their namespace prefixes: small ones as lists of elements, large ones followed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol
from xml.parsers import expat


class Element(NamedTuple):
    """An element's name and attributes without prefixes."""

    name: str
    attributes: Mapping[str, str]


def local(name: str) -> str:
    """The name without its prefix."""
    return name.rpartition(":")[2]


def elements_of(content: bytes) -> Iterator[Element]:
    """Every element in the order of its start; `expat.ExpatError` for what is no XML."""
    found: list[Element] = []
    parser = new_parser()
    parser.StartElementHandler = lambda name, attributes: found.append(
        Element(local(name), {local(key): text for key, text in attributes.items()})
    )
    if content:
        parser.Parse(content, True)
    return iter(found)


class Watcher(Protocol):
    """Who is told of each element, and may listen to text by setting the parser's handler."""

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
    """A parser that gives text whole, not line by line; document types were refused before it (`scan`)."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    return parser
