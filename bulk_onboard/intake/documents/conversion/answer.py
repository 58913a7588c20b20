"""The child that makes accepted PDFs of scans (`confined.dialogue`).

A question is a line with the media type, then the file's bytes; an answer is `Converted` as JSON. The least change that
fits is made: the picture in a PDF as it is, else in full size at a lower quality, else grey at 200 dpi.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from bulk_onboard.confined.dialogue import READY, questions
from bulk_onboard.confined.limits import shut_doors
from bulk_onboard.intake.documents import pdfium
from bulk_onboard.intake.documents.conversion import pictures, rendering
from bulk_onboard.intake.documents.conversion.pages import Kind, Page, pdf_of
from bulk_onboard.intake.documents.conversion.pictures import SMALL_DPI, CannotError, MissingPackageError
from bulk_onboard.model.application import DOCUMENT_LIMIT, STRICT_LIMIT
from bulk_onboard.model.documents import PDF
from bulk_onboard.units import format_count, format_size

FULL_QUALITIES = (90, 75)
"""Of JPEGs in full size and colour."""

GREY_QUALITIES = (85, 70, 55)
"""Of JPEGs in grey at 200 dpi; with less, small letters have a halo that touches the next one."""

_MADE_SMALL = (
    f"put into a PDF in grey at {SMALL_DPI} dpi",
    f"each page made a picture in grey at {SMALL_DPI} dpi, in which no text can be searched",
)
_THUMBNAIL_SIDE, _THUMBNAIL_QUALITY = 400, 70


class _Made(NamedTuple):
    pdf: bytes
    pages: int
    done: str


def answer(request: bytes, source: BinaryIO) -> Iterator[bytes]:  # noqa: ARG001 - there is nothing to ask at first
    """Return a line for each question, from a process that can open nothing else."""
    return answers(source)


def answers(source: BinaryIO, *, may_start_threads: bool = False) -> Iterator[bytes]:
    """Yield a line for each question, after all that it takes is loaded and the doors are shut."""
    pdfium.begin()
    pictures.begin()
    shut_doors(threads=may_start_threads)
    yield READY
    for question in questions(source):
        head, _, content = question.partition(b"\n")
        yield json.dumps(_answer(content, head.decode())).encode() + b"\n"


def _answer(content: bytes, media: str) -> dict[str, object]:
    try:
        made = converted(content, media)
        seen = rendering.look(made.pdf, _THUMBNAIL_SIDE)
    except CannotError as error:
        return {"why": str(error), "is_final": not isinstance(error, MissingPackageError)}
    thumbnail = pictures.thumbnail(seen.image, _THUMBNAIL_QUALITY)
    return {"pdf": _text(made.pdf), "thumbnail": _text(thumbnail), "pages": made.pages, "done": made.done}


def converted(content: bytes, media: str, *, limit: int = DOCUMENT_LIMIT, small_limit: int = STRICT_LIMIT) -> _Made:
    """Return a PDF of at most so many bytes; of `small_limit` where points must be coded anew anyway.

    Raises:
        CannotError: the file is damaged, or no PDF of it is small enough and legible.
    """
    if media == PDF and len(content) <= limit:  # what is wrong with it is its name
        return _Made(content, rendering.count_pages(content), "copied unchanged under a name that ends in .pdf")
    if media != PDF and (made := _in_full(content, media, limit, small_limit)):
        return made
    return _in_grey(content, media, small_limit)


def _in_full(content: bytes, media: str, limit: int, small_limit: int) -> _Made | None:
    """Return a PDF of a picture file in full size and colour; None where none is small enough.

    The second quality is tried only of files that are small themselves, such as photos of phones, packed anew.
    """
    for quality in FULL_QUALITIES if len(content) <= limit else FULL_QUALITIES[:1]:
        pages = list(pictures.whole_pages(content, media, quality))
        pdf = pdf_of(pages)
        if len(pdf) <= (limit if pages[0].is_as_it_was else small_limit):
            return _Made(pdf, len(pages), _put_into_a_pdf(pages, quality))
    return None


def _in_grey(content: bytes, media: str, limit: int) -> _Made:
    grey = list(rendering.small_pictures(content) if media == PDF else pictures.small_pictures(content, media))
    for quality in GREY_QUALITIES:
        pdf = pdf_of([pictures.encoded(picture, quality) for picture in grey])
        if len(pdf) <= limit:
            return _Made(pdf, len(grey), f"{_MADE_SMALL[media == PDF]} (JPEG quality {quality})")
    raise CannotError(
        f"its {format_count(len(grey), 'page')} would have {format_size(len(pdf))} even in grey at {SMALL_DPI} dpi; "
        f"at most {format_size(DOCUMENT_LIMIT)} are taken. Scan it again, or only the pages that count"
    )


def _put_into_a_pdf(pages: Sequence[Page], quality: int) -> str:
    """Return what was done to the points of the pages."""
    if pages[0].is_as_it_was:
        return "put into a PDF unchanged"
    if all(page.kind is Kind.BLACK_AND_WHITE for page in pages):
        return "put into a PDF in black and white as it was"
    return f"put into a PDF in full size, as a JPEG of quality {quality}"


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
