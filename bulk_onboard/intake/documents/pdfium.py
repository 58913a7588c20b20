"""The child that opens PDFs (`confined.dialogue`), with the library that Chrome opens them with.

A question is a PDF's bytes, and one byte more that says whether its text is wanted; an answer is `Opened` as JSON. The
text itself stays here: only what a row can be compared with leaves (`model.paper`).
"""

import codecs
import ctypes
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import pypdfium2_raw as pdfium

from bulk_onboard.confined.dialogue import READY, questions
from bulk_onboard.confined.limits import shut_doors
from bulk_onboard.model.paper import paper_of

TEXT, NO_TEXT = b"t", b"-"

_PAGES_READ = 3  # certificates say on the first one whose they are; a letter may lie on top
_MOST_CHARACTERS = 20_000
_UNITS = "utf-16-le"  # an encoding is loaded from a file at first use
_LOCKED = (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY)

_MAY_BE_ACTIVE = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFile|ObjStm|[A-Za-z]*#[0-9A-Fa-f]{2})")
_ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFiles?)(?![A-Za-z0-9_.-])")
_STRING = re.compile(rb"\([^()\\]*(?:\\.[^()\\]*)*\)?", re.DOTALL)  # unclosed ones too: no byte is read twice
_WORDS = {
    b"JavaScript": "a program (JavaScript)",
    b"JS": "a program (JavaScript)",
    b"Launch": "a command that starts a program",
    b"EmbeddedFile": "attached files",
    b"EmbeddedFiles": "attached files",
}


def answer(request: bytes, source: BinaryIO) -> Iterator[bytes]:  # noqa: ARG001 - there is nothing to ask at first
    """Return a line for each question, from a process that can open nothing else."""
    begin()
    shut_doors()
    yield READY
    for question in questions(source):
        yield opened(question)


def begin() -> None:
    """Load what is needed later, while files can still be opened."""
    pdfium.FPDF_InitLibrary()
    codecs.lookup(_UNITS)


def opened(question: bytes) -> bytes:
    """Return the line that answers a question."""
    return json.dumps(_opened(question)).encode() + b"\n"


def _opened(question: bytes) -> dict[str, Any]:
    size = len(question) - 1
    document = pdfium.FPDF_LoadMemDocument64(question, size, None)
    if not document:
        return {"is_locked": pdfium.FPDF_GetLastError() in _LOCKED}
    try:
        pages = pdfium.FPDF_GetPageCount(document)
        told = {
            "is_open": True,
            "pages": pages,
            "has_first_page": bool(pdfium.FPDF_GetPageSizeByIndexF(document, 0, pdfium.FS_SIZEF())),
        }
        if _MAY_BE_ACTIVE.search(question, 0, size):
            told["active"] = _active(document)
        if question.endswith(TEXT):
            told["paper"] = paper_of(_text(document, min(pages, _PAGES_READ)))
        return told
    finally:
        pdfium.FPDF_CloseDocument(document)


def _text(document: Any, pages: int) -> str:
    """Return the text of the first pages, as far as there is any."""
    text = ""
    for number in range(pages):
        page = pdfium.FPDF_LoadPage(document, number)
        if page:
            text += _text_of(page, _MOST_CHARACTERS - len(text)) + "\n"
            pdfium.FPDF_ClosePage(page)
    return text


def _text_of(page: Any, most: int) -> str:
    read = pdfium.FPDFText_LoadPage(page)
    if not read:
        return ""
    count = min(pdfium.FPDFText_CountChars(read), most)
    units = (ctypes.c_ushort * (max(count, 0) + 1))()
    written = pdfium.FPDFText_GetText(read, 0, count, units) if count > 0 else 0
    pdfium.FPDFText_ClosePage(read)
    return bytes(units)[: 2 * max(written - 1, 0)].decode(_UNITS, "replace")


def _active(document: Any) -> list[str]:
    """Return what there is besides pages, in words; a name within a text, such as a link's address, does not count."""
    text = _STRING.sub(b"()", _without_streams(_written_anew(document)))
    return sorted({_WORDS[name] for name in _ACTIVE.findall(text)})


def _written_anew(document: Any) -> bytes:
    """Let pdfium write the document anew: nothing packed into streams but their own data, names in plain letters."""
    pieces: list[bytes] = []

    def write(_: Any, data: int, size: int) -> int:
        pieces.append(ctypes.string_at(data, size))
        return 1

    out = pdfium.FPDF_FILEWRITE(version=1)
    out.WriteBlock = type(out.WriteBlock)(write)
    pdfium.FPDF_SaveAsCopy(document, ctypes.byref(out), pdfium.FPDF_REMOVE_SECURITY)
    return b"".join(pieces)


def _without_streams(content: bytes) -> bytes:
    return b"".join(part.partition(b"stream\r\n")[0] for part in content.split(b"endstream"))
