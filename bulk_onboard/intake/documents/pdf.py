"""What is wrong with a PDF: whether a reader opens it, and what no reader tells (ISO 32000-1, 7.5, File Structure).

Whether it opens is for pdfium to say, in a confined child (`pdfium.py`). Readers search for the beginning and ignore
what stands before it and behind the end, and they show part of a file that is cut off; so the two ends of the file are
looked at here.
"""

import re
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import msgspec

from bulk_onboard.confined.call import ConfinedError, Failure
from bulk_onboard.confined.dialogue import Dialogue
from bulk_onboard.confined.limits import Limits
from bulk_onboard.errors import StoppedError
from bulk_onboard.intake.documents.content import HEADER_REACH, end_findings
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.paper import Paper

_CHILD = "bulk_onboard.intake.documents.pdfium"
_LIMITS = Limits(memory=1 << 29, cpu_s=3600, wall_s=10.0, answer=1 << 20)
"""10 s for one document, which usually takes a millisecond; `cpu_s` is of all documents together."""

_LAST_PLACE = re.compile(rb"startxref\s+\d{1,15}(?:\s*%%?E?O?F?)?")
_END = b"%%EOF"
_OBJECT = re.compile(rb"\d\s{1,4}\d{1,10}\s{1,4}obj\b")
_MAY_BE_A_PAGE = re.compile(rb"/Type\s*/(?:Page(?!s)|ObjStm)|#[0-9A-Fa-f]{2}")
_LINEARIZED = re.compile(rb"/Linearized\b[^>]*?/L\s+(\d{1,12})\b")


class Opened(msgspec.Struct, frozen=True):
    """What came of opening a PDF.

    Attributes:
        is_open: whether it can be opened, without any password.
        is_locked: whether a password, or a key, is all that it lacks.
        pages: how many there are.
        has_first_page: whether the first one is really there.
        active: what there is besides pages, in words.
        paper: its text, where that was wanted and there is any.
        broke: what happened to the reader instead, as the end of a sentence; empty where nothing did.
    """

    is_open: bool = False
    is_locked: bool = False
    pages: int = 0
    has_first_page: bool = False
    active: tuple[str, ...] = ()
    paper: Paper | None = None
    broke: str = ""


_opened_of = msgspec.json.Decoder(Opened).decode


class PdfReader:
    """Opens PDFs, from any thread; its child process starts with the first one and lives to the end."""

    def __init__(self) -> None:
        self._child = Dialogue(_CHILD, _LIMITS, _opened_of)

    def __enter__(self) -> Self:
        self._child.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._child.__exit__(kind, error, traceback)

    def open(self, content: bytes, *, with_text: bool) -> Opened:
        """Open a PDF; StoppedError where none can be opened on this machine."""
        try:
            return self._child.ask(content, b"t" if with_text else b"-")
        except OSError as error:
            raise StoppedError(
                f"The documents cannot be read: the process that opens PDFs cannot be started ({error.strerror}). "
                "That is this machine's trouble, not a file's; fix it, and run again."
            ) from error
        except ConfinedError as error:
            if error.failure is Failure.START:
                raise StoppedError(
                    f"The documents cannot be read: the process that opens PDFs does not start ({error}). "
                    "Install bulk-onboard again, then run again."
                ) from error
            is_told = error.failure is not Failure.UNFORESEEN
            return Opened(broke=str(error) if is_told else f"it makes its reader break down ({error})")


def pdf_findings(content: bytes, opened: Opened) -> Iterator[Finding]:
    """Return everything that is wrong with a PDF."""
    start = content.find(b"%PDF-", 0, HEADER_REACH)
    if start < 0:
        yield _damaged("it does not begin as one")
        return
    if start > 0:
        yield _damaged(f"{start:,} other bytes come before its beginning")
    end = _end_of(content)
    if why := _why_cut(content, end, is_open=opened.is_open or opened.is_locked):
        yield Finding("document-truncated", details={"why": why})
        return
    yield from end_findings("PDF", content, end or len(content))
    yield from _faults_within(content, opened)


def _faults_within(content: bytes, opened: Opened) -> Iterator[Finding]:
    if opened.broke:
        yield _damaged(opened.broke)
    elif opened.is_locked:
        yield Finding("document-encrypted")
    elif not opened.is_open and _MAY_BE_A_PAGE.search(content):
        yield _damaged("no program for PDFs can open it")
    elif not opened.pages:
        yield Finding("document-without-pages")
    elif not opened.has_first_page:
        yield _damaged("its first page is not in it")
    if opened.active:
        yield Finding("document-active-content", details={"what": " and ".join(opened.active)})


def _end_of(content: bytes) -> int:
    """Return where the file ends by the last of its own marks; 0 without any. Several come from updates."""
    mark = content.rfind(_END)
    places = content.rfind(b"startxref")
    place = _LAST_PLACE.match(content, places) if places >= 0 else None
    return max(mark + len(_END) if mark >= 0 else 0, place.end() if place else 0)


def _why_cut(content: bytes, end: int, *, is_open: bool) -> str:
    """Say why the file is taken for cut off; empty where its ends look whole."""
    if not end and not is_open:
        return "the mark of its end (%%EOF) is missing"
    if end and _OBJECT.search(content, end):
        return "it goes on after the mark of an end (%%EOF), and that part has none"
    linearized = _LINEARIZED.search(content, 0, HEADER_REACH)
    if linearized and int(linearized[1]) > len(content):
        return f"it should have {int(linearized[1]):,} bytes and has {len(content):,}"
    return ""


def _damaged(why: str) -> Finding:
    return Finding("document-damaged", details={"kind": "PDF", "why": why})
