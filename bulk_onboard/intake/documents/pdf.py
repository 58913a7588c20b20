"""What is wrong with a PDF, told from its bytes (reliability.md 4.4; ISO 32000-1, 7.5).

A magic number alone passes locked, empty and half files; a parser for each of 30,000 files would cost more than
everything else, and would have to be trusted with hostile ones. So the file is taken apart just far enough: the text
outside its streams, and the object streams inflated, bounded in number and size. What cannot be told is not said.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from bulk_onboard.intake.documents.archive import end_faults
from bulk_onboard.intake.documents.media_type import HEADER_REACH
from bulk_onboard.model.application import Fault

_END = b"%%EOF"
_NAME_ENDS = rb"(?![A-Za-z0-9_.-])"
_OBJECT = re.compile(rb"\d\s{1,4}\d{1,10}\s{1,4}obj\b")
_LINEARIZED = re.compile(rb"/Linearized\b[^>]*?/L\s+(\d{1,12})\b")
_STREAM = re.compile(rb">>\s*stream\r?\n")
_LENGTH = re.compile(rb"/Length\s+(\d{1,10})\b(?!\s+\d+\s+R)")
_STREAM_END = re.compile(rb"\s{0,4}endstream")
_OBJECT_STREAM = re.compile(rb"/Type\s*/ObjStm" + _NAME_ENDS)
_CROSS_REFERENCE = re.compile(rb"/Type\s*/XRef" + _NAME_ENDS)
_FLATE = re.compile(rb"/Filter\s*(?:\[\s*/Fl(?:ateDecode)?\s*\]|/Fl(?:ateDecode)?\b)")
_ENCRYPT = re.compile(rb"/Encrypt" + _NAME_ENDS)
_PAGE = re.compile(rb"/Type\s*/Page" + _NAME_ENDS + rb"|/MediaBox" + _NAME_ENDS)
_COUNT = re.compile(rb"/Count\s+(-?\d{1,10})")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_STRING = re.compile(rb"\([^()\\]*(?:\\.[^()\\]*)*\)?", re.DOTALL)  # unclosed ones too: no byte is read twice
_ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFiles?)" + _NAME_ENDS)
_ACTIVE_WORDS = {
    b"JavaScript": "a program (JavaScript)",
    b"JS": "a program (JavaScript)",
    b"Launch": "a command that starts a program",
    b"EmbeddedFile": "attached files",
    b"EmbeddedFiles": "attached files",
}

_MOST_INFLATED = 8 * 1024 * 1024  # bytes of all object streams of one file
_MOST_OBJECT_STREAMS = 1000


@dataclass(slots=True)
class _Inside:
    """What a PDF is made of, as far as it was taken apart.

    Attributes:
        text: everything outside the streams, and the object streams inflated.
        trailers: the dictionaries that say how to read the file.
        whole: whether nothing was left out that may hold a page.
    """

    text: bytes
    trailers: list[bytes]
    whole: bool = True


def pdf_faults(content: bytes) -> tuple[Fault, ...]:
    """Everything that is wrong with the bytes of a PDF; never raises."""
    return tuple(_faults(content))


def _faults(content: bytes) -> Iterator[Fault]:
    start = content.find(b"%PDF-", 0, HEADER_REACH)
    if start < 0:
        yield _damaged("it does not begin as one")
        return
    if start > 0:
        yield _damaged(f"{start:,} other bytes come before its beginning")
    if why := _why_cut(content):
        yield Fault("document-truncated", {"why": why})
        return
    yield from end_faults("PDF", content, content.rfind(_END) + len(_END))  # several ends are updates, and fine
    inside = _taken_apart(content)
    encrypted = any(map(_ENCRYPT.search, inside.trailers))
    if encrypted:
        yield Fault("document-encrypted")
    elif inside.whole and not _has_pages(inside.text):
        yield Fault("document-without-pages")
    if active := _active_content(inside.text):
        yield Fault("document-active-content", {"what": " and ".join(active)})


def _why_cut(content: bytes) -> str:
    """Why the file is taken for cut off; empty where its end is there."""
    end = content.rfind(_END)
    if end < 0:
        return "the mark of its end (%%EOF) is missing"
    if _OBJECT.search(content, end):
        return "it goes on after the mark of an end (%%EOF), and that part has none"
    linearized = _LINEARIZED.search(content, 0, HEADER_REACH)
    if linearized and int(linearized[1]) > len(content):
        return f"it should have {int(linearized[1]):,} bytes and has {len(content):,}"
    return ""


def _taken_apart(content: bytes) -> _Inside:
    """The text outside the streams, and what the object streams hold."""
    texts, trailers, packed, whole = [], [], [], True
    for text, begin, end in _pieces(content):
        texts.append(text)
        dictionary = text[text.rfind(b"obj") :] if begin else b""
        if _CROSS_REFERENCE.search(dictionary):
            trailers.append(dictionary)
        if _OBJECT_STREAM.search(dictionary):
            packed.append((dictionary, content[begin:end]))
        whole = whole and (not begin or end < len(content))
    outside = b" ".join(texts)
    trailers += [part.rpartition(b"trailer")[2] for part in outside.split(b"startxref") if b"trailer" in part]
    inflated, all_inflated = _inflated(packed)
    return _Inside(b" ".join([outside, *inflated]), trailers, whole and all_inflated)


def _inflated(packed: list[tuple[bytes, bytes]]) -> tuple[list[bytes], bool]:
    """Object streams inflated, and whether they are all of them: the first that resists ends the effort."""
    texts: list[bytes] = []
    left = _MOST_INFLATED
    for dictionary, data in packed[:_MOST_OBJECT_STREAMS]:
        if b"/Filter" not in dictionary:
            text = data[: left + 1]
        elif _FLATE.search(dictionary) and b"/Predictor" not in dictionary:
            text = _inflate(data, left + 1)
        else:
            text = b""
        left -= len(text)
        if not text or left < 0:
            return texts, False
        texts.append(_unescaped(text))
    return texts, len(packed) <= _MOST_OBJECT_STREAMS


def _inflate(data: bytes, limit: int) -> bytes:
    """At most `limit` bytes of what was deflated; empty where it is damaged, encrypted or cut off."""
    inflation = zlib.decompressobj()
    try:
        text = inflation.decompress(data, limit)
    except zlib.error:
        return b""
    return text if inflation.eof or len(text) == limit else b""


def _pieces(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The text up to each stream, names unescaped, and where that stream begins and ends; (0, 0) after the last."""
    at = 0
    while stream := _STREAM.search(content, at):
        text = _unescaped(content[at : stream.start() + 2])
        begin, at = stream.end(), _end_of_stream(content, text, stream.end())
        yield text, begin, at
    yield _unescaped(content[at:]), 0, 0


def _end_of_stream(content: bytes, text: bytes, begin: int) -> int:
    """Where a stream's data ends: by its length where that is told and true, else by the next mark."""
    lengths = _LENGTH.findall(text, text.rfind(b"obj"))
    told = begin + int(lengths[-1]) if lengths else 0
    if told and _STREAM_END.match(content, told):
        return told
    end = content.find(b"endstream", begin)
    return end if end >= 0 else len(content)


def _unescaped(text: bytes) -> bytes:
    return _ESCAPED.sub(lambda code: bytes.fromhex(code[1].decode()), text) if b"#" in text else text


def _has_pages(text: bytes) -> bool:
    """Whether there is a page, and a page tree, where one tells its count, that is not empty."""
    counts = _COUNT.findall(text)
    return bool(_PAGE.search(text)) and (not counts or any(int(count) > 0 for count in counts))


def _active_content(text: bytes) -> list[str]:
    """What there is besides pages, in words; a name within a text, such as a link's address, does not count."""
    if not _ACTIVE.search(text):
        return []
    return sorted({_ACTIVE_WORDS[name] for name in _ACTIVE.findall(_STRING.sub(b"()", text))})


def _damaged(why: str) -> Fault:
    return Fault("document-damaged", {"kind": "PDF", "why": why})
