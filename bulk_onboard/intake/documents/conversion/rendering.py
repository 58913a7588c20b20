"""Pages of a PDF as pictures, drawn by pdfium as a viewer shows them.

A page that is a scan gets no more points than the scan has. Text in letters that are not in the file would be drawn in
others, since a confined child can open no fonts; such a PDF is left alone.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pypdfium2_raw as pdfium

from bulk_onboard.intake.documents.conversion.pages import POINTS_AN_INCH
from bulk_onboard.intake.documents.conversion.pictures import (
    MOST_PAGES,
    MOST_POINTS,
    SMALL_DPI,
    CannotError,
    Picture,
    from_points,
    size_on_paper,
    too_many_pages,
)

_WHITE = 0xFFFFFFFF
_WIDEST = 100_000  # in points of PDF
_MOST_OBJECTS = 100_000
_DEEPEST = 8  # forms within forms
_NAME = 256
_BUILT_IN = ("Helvetica", "Times", "Courier", "Arial", "Symbol", "ZapfDingbats")
"""Letters that pdfium draws by itself."""

_NOT_DRAWN = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)


class _Content(NamedTuple):
    """What a page shows: the finest scan's points an inch, 0.0 for none, and whether anything else is on it."""

    scan_dpi: float
    has_more: bool


def small_pictures(content: bytes) -> Iterator[Picture]:
    """Yield the pages of a PDF in grey, with `SMALL_DPI` at most.

    Raises:
        CannotError: it cannot be drawn as its author meant it, or has too many pages.
    """
    with _open(content) as document:
        count = pdfium.FPDF_GetPageCount(document)
        if count > MOST_PAGES:
            raise CannotError(too_many_pages(count))
        for number in range(count):
            with _page(document, number) as page:
                yield _small(page)


def count_pages(content: bytes) -> int:
    """Return how many pages a PDF has; CannotError where it cannot be opened."""
    with _open(content) as document:
        return int(pdfium.FPDF_GetPageCount(document))


def look(content: bytes, longest_side: int) -> Picture:
    """Return the first page in colours, so large."""
    with _open(content) as document, _page(document, 0) as page:
        width, height = _size(page)
        scale = longest_side / max(width, height)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        return Picture(_drawn(page, size, grey=False), (0.0, 0.0))


def _small(page: Any) -> Picture:
    width, height = _size(page)
    on_paper = size_on_paper(width / POINTS_AN_INCH, height / POINTS_AN_INCH)
    shown = _content_of(page)
    size, dpi = [], []
    for inches, own_inches in zip(on_paper, (width / POINTS_AN_INCH, height / POINTS_AN_INCH), strict=True):
        points = SMALL_DPI * inches
        if shown.scan_dpi and not shown.has_more:
            points = min(points, shown.scan_dpi * own_inches)
        size.append(max(1, round(points)))
        dpi.append(size[-1] / inches)
    return Picture(_drawn(page, (size[0], size[1]), grey=True), (dpi[0], dpi[1]))


def _content_of(page: Any) -> _Content:
    """Return what the page shows; CannotError where its text would look different here."""
    scan_dpi, has_more = 0.0, False
    for seen, (item, kind) in enumerate(_objects(page)):
        if seen >= _MOST_OBJECTS:
            raise CannotError("there is more on a page than can be looked through. Scan it")
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            facts = pdfium.FPDF_IMAGEOBJ_METADATA()
            if pdfium.FPDFImageObj_GetImageMetadata(item, page, facts):
                scan_dpi = max(scan_dpi, facts.horizontal_dpi, facts.vertical_dpi)
        elif kind != pdfium.FPDF_PAGEOBJ_TEXT:
            has_more = True
        elif pdfium.FPDFTextObj_GetTextRenderMode(item) not in _NOT_DRAWN:
            has_more = True
            _check_letters(pdfium.FPDFTextObj_GetFont(item))
    return _Content(scan_dpi, has_more)


def _objects(page: Any) -> Iterator[tuple[Any, int]]:
    """Yield all that is on a page, each with its kind; of a form what is in it."""
    for at in range(pdfium.FPDFPage_CountObjects(page)):
        yield from _parts(pdfium.FPDFPage_GetObject(page, at), _DEEPEST)


def _parts(item: Any, depth: int) -> Iterator[tuple[Any, int]]:
    kind = pdfium.FPDFPageObj_GetType(item)
    if kind != pdfium.FPDF_PAGEOBJ_FORM:
        yield item, kind
    elif depth:
        for at in range(pdfium.FPDFFormObj_CountObjects(item)):
            yield from _parts(pdfium.FPDFFormObj_GetObject(item, at), depth - 1)


def _check_letters(font: Any) -> None:
    if not font or pdfium.FPDFFont_GetIsEmbedded(font) == 1:
        return
    name = ctypes.create_string_buffer(_NAME)
    pdfium.FPDFFont_GetBaseFontName(font, name, _NAME)
    if not name.value.decode("utf-8", "replace").rpartition("+")[2].startswith(_BUILT_IN):
        raise CannotError("it has text in a font that is not in it, and would look different. Print it to a new PDF")


def _size(page: Any) -> tuple[float, float]:
    """Return width and height as the page is seen, in the points of PDF."""
    width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
    if not (0 < width < _WIDEST and 0 < height < _WIDEST):
        raise CannotError("a page of it has no size")
    return width, height


def _drawn(page: Any, size: tuple[int, int], *, grey: bool) -> Any:
    width, height = size
    if width * height > MOST_POINTS:
        raise CannotError("a page of it is larger than paper is")
    form = pdfium.FPDFBitmap_Gray if grey else pdfium.FPDFBitmap_BGRx
    bitmap = pdfium.FPDFBitmap_CreateEx(width, height, form, None, 0)
    if not bitmap:
        raise MemoryError
    try:
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, _WHITE)
        pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, pdfium.FPDF_ANNOT)
        stride = pdfium.FPDFBitmap_GetStride(bitmap)
        points = ctypes.string_at(pdfium.FPDFBitmap_GetBuffer(bitmap), stride * height)
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)
    return from_points(points, size, stride, grey=grey)


@contextmanager
def _open(content: bytes) -> Iterator[Any]:
    document = pdfium.FPDF_LoadMemDocument64(content, len(content), None)
    if not document:
        raise CannotError("no program for PDFs can open it")
    try:
        yield document
    finally:
        pdfium.FPDF_CloseDocument(document)


@contextmanager
def _page(document: Any, number: int) -> Iterator[Any]:
    page = pdfium.FPDF_LoadPage(document, number)
    if not page:
        raise CannotError(f"its page {number + 1} cannot be opened")
    try:
        yield page
    finally:
        pdfium.FPDF_ClosePage(page)
