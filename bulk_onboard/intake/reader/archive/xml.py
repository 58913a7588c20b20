"""The small parts of a workbook as lists of elements, whatever their namespace prefixes."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple
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


def new_parser() -> expat.XMLParserType:
    """A parser that gives text whole, not line by line; document types were refused before it (`scan`)."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    return parser
