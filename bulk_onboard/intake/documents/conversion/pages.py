"""Write a PDF whose pages are pictures (ISO 32000-1, 7.5 and 8.9).

Pictures that are JPEGs go in as they are. Nothing else is in the file: no date, no name, no program; so it is byte for
byte alike whenever it is made of the same pictures.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

POINTS_AN_INCH = 72

_UPRIGHT = 1

_PLACED: Mapping[int, tuple[int, int, int, int, int, int]] = {
    1: (1, 0, 0, 1, 0, 0),
    2: (-1, 0, 0, 1, 1, 0),
    3: (-1, 0, 0, -1, 1, 1),
    4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1),
    6: (0, -1, 1, 0, 0, 1),
    7: (0, 1, 1, 0, 0, 0),
    8: (0, 1, -1, 0, 1, 0),
}
"""How a picture fills a page of 1 × 1, by its orientation in EXIF: a matrix as PDF writes it."""


class Kind(StrEnum):
    """What the data of a picture is."""

    COLOUR = "/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode"
    GREY = "/DeviceGray/BitsPerComponent 8/Filter/DCTDecode"
    BLACK_AND_WHITE = "/DeviceGray/BitsPerComponent 1/Filter/FlateDecode"


class Page(NamedTuple):
    """A picture that fills one page.

    Attributes:
        data: a JPEG; of a black and white one its rows, a bit for each point, 0 for black.
        size: width and height in points of the picture, as stored.
        dpi: points an inch across and down, as stored; they make the page's size.
        orientation: how EXIF says that it is to be turned or mirrored, from 1 (not at all) to 8.
        is_as_it_was: whether its points were not coded anew.
    """

    data: bytes
    kind: Kind
    size: tuple[int, int]
    dpi: tuple[float, float]
    orientation: int = _UPRIGHT
    is_as_it_was: bool = False


def pdf_of(pages: Sequence[Page]) -> bytes:
    """Return a PDF of these pages."""
    content, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(_objects(pages), 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    count = len(places) + 1
    return bytes(content) + end % (count, table, count, len(content))


def _objects(pages: Sequence[Page]) -> Iterator[bytes]:
    """Yield the catalogue, the list of pages, and for each page itself, what it shows, and its picture."""
    yield b"<</Type/Catalog/Pages 2 0 R>>"
    numbers = range(3, 3 + 3 * len(pages), 3)
    kids = " ".join(f"{number} 0 R" for number in numbers)
    yield f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode()
    for number, page in zip(numbers, pages, strict=True):
        width, height = _size_on_paper(page)
        yield (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width:.2f} {height:.2f}]/Contents {number + 1} 0 R"
            f"/Resources<</XObject<</P {number + 2} 0 R>>>>>>"
        ).encode()
        a, b, c, d, e, f = _PLACED[page.orientation]
        matrix = (a * width, b * height, c * width, d * height, e * width, f * height)
        yield _stream("", f"{' '.join(f'{value:.2f}' for value in matrix)} cm /P Do".encode())
        across, down = page.size
        yield _stream(
            f"/Type/XObject/Subtype/Image/Width {across}/Height {down}/ColorSpace{page.kind}",
            zlib.compress(page.data, 9) if page.kind is Kind.BLACK_AND_WHITE else page.data,
        )


def _size_on_paper(page: Page) -> tuple[float, float]:
    """Return width and height of the page, as it is seen, in the points of PDF."""
    width, height = (POINTS_AN_INCH * size / dpi for size, dpi in zip(page.size, page.dpi, strict=True))
    return (width, height) if page.orientation in range(1, 5) else (height, width)


def _stream(entries: str, data: bytes) -> bytes:
    return f"<<{entries}/Length {len(data)}>>\nstream\n".encode() + data + b"\nendstream"
