"""What openpyxl leaves out when it reads a workbook and writes it again: found in the file, named for people.

Pictures are kept where Pillow is installed, all but those in Windows' own vector formats.
"""

import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from zipfile import ZipFile

_PARTS: Mapping[str, str] = {  # a pattern of part names to what is lost with such a part
    r"xl/vbaProject\.bin": "macros",
    r"xl/threadedComments/": "the threads of comments (their text stays as notes)",
    r"xl/(ctrlProps|activeX)/": "buttons and other form controls",
    r"xl/slicer": "slicers",
    r"xl/timeline": "timelines",
    r"xl/diagrams/": "SmartArt",
    r"xl/embeddings/": "embedded objects",
    r"xl/(connections|queryTables/|model/)": "data connections",
    r"xl/charts/chartEx": "charts of the newer kinds",
    r"xl/richData/": "pictures and data types inside cells",
    r"customXml/item": "custom XML data",
    r"docMetadata/": "the sensitivity label",
    r"_xmlsignatures/": "digital signatures",
}
_IN_SHEETS: Mapping[bytes, str] = {
    b":sparklineGroup": "sparklines",
    b"x14:conditionalFormatting": "data bars and icon sets of Excel 2010 and later",
    b"x14:dataValidation": "drop-downs that take their words from another sheet",
}
_SHAPE = re.compile(rb"<(?:\w+:)?(?:sp|cxnSp|grpSp)[ >]")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_DRAWING = re.compile(r"xl/drawings/[^/]+\.xml")
_PICTURE = re.compile(r"xl/media/")
_VECTOR = re.compile(r"xl/media/.*\.(emf|wmf|svg)", re.IGNORECASE)


def unkept(archive: ZipFile) -> list[str]:
    """What the workbook has and a copy made by openpyxl has not, each once."""
    return list(dict.fromkeys((*_lost_parts(archive), *_lost_inside(archive))))


def _lost_parts(archive: ZipFile) -> Iterator[str]:
    pictures = _VECTOR if find_spec("PIL") else _PICTURE
    for name in archive.namelist():
        for pattern, lost in _PARTS.items():
            if re.match(pattern, name):
                yield lost
        if pictures.match(name):
            yield "pictures"


def _lost_inside(archive: ZipFile) -> Iterator[str]:
    for name in archive.namelist():
        if _DRAWING.fullmatch(name) and _SHAPE.search(archive.read(name)):
            yield "text boxes and shapes"
        if _SHEET.fullmatch(name):
            content = archive.read(name)
            yield from (lost for sign, lost in _IN_SHEETS.items() if sign in content)
