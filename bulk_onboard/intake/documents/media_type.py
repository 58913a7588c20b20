"""What a file really is, by its first bytes; its name does not matter (reliability.md 4.4).

PDF and PNG are looked into further elsewhere; the others are recognised so that a finding can say what was sent
instead, and how to make a PDF of that.
"""

import re
from collections.abc import Iterable

from bulk_onboard.model import file_type as types

HEADER_REACH = 1024  # within so many bytes readers look for the beginning of a PDF, and we for signs of text

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (rb"%PDF-", types.PDF),
    (rb"\x89PNG", types.PNG),
    (rb"\xff\xd8\xff", types.JPEG),
    (rb"GIF8[79]a", types.GIF),
    (rb"II\*\0|MM\0\*", types.TIFF),
    (rb"RIFF....WEBP", types.WEBP),
    (rb"BM....\0\0\0\0", types.BMP),
    (rb"\0\0\0\x0cjP  \r\n", types.JPEG_2000),
    (rb"....ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", types.HEIC),
    (rb"....ftypavi[fs]", types.AVIF),
    (rb"....ftyp", types.VIDEO),
    (rb"PK(?:\x03\x04|\x05\x06)", types.ZIP),
    (rb"Rar!\x1a\x07", types.RAR),
    (rb"7z\xbc\xaf\x27\x1c", types.SEVEN_ZIP),
    (rb"\x1f\x8b\x08", types.GZIP),
    (rb"\xd0\xcf\x11\xe0", types.DOC),
    (rb"\{\\rtf", types.RTF),
    (rb"%!PS|\xc5\xd0\xd3\xc6", types.POSTSCRIPT),
    (rb"L\0\0\0\x01\x14\x02\0", types.SHORTCUT),
)
_SIGNS = tuple((re.compile(signature, re.DOTALL), told) for signature, told in _SIGNATURES)

_IN_ZIP = (
    (b"word/document", types.DOCX),
    (b"xl/workbook", types.XLSX),
    (b"ppt/presentation", types.PPTX),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", types.ODT),
    (b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", types.ODS),
    (b"FixedDocSeq", types.XPS),
)
_IN_OLE = tuple(
    (name.encode("utf-16-le"), told)
    for name, told in (
        ("EncryptedPackage", types.LOCKED_OFFICE),
        ("Workbook", types.XLS),
        ("PowerPoint Document", types.PPT),
        ("__properties_version", types.MAIL),
    )
)
_FAMILIES = {types.ZIP: _IN_ZIP, types.DOC: _IN_OLE}
"""Types that hold others: what is written in the content tells which."""

_HTML = re.compile(rb"\s*(?:<!doctype html|<html|<head|<body|<script|<!--)", re.IGNORECASE)
_MARKS_OF_TEXT = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def media_type(content: bytes) -> str:
    """The type that the content tells; empty where it is none of those people send.

    A PDF may begin later than it should: its type is told all the same, and what comes before is a fault of it.
    """
    told = next((told for sign, told in _SIGNS if sign.match(content)), "")
    if told:
        return _member(content, _FAMILIES.get(told, ())) or told
    if content.find(b"%PDF-", 0, HEADER_REACH) >= 0:
        return types.PDF
    return _type_of_text(content[:HEADER_REACH])


def _member(content: bytes, family: Iterable[tuple[bytes, str]]) -> str:
    return next((told for mark, told in family if mark in content), "")


def _type_of_text(head: bytes) -> str:
    """HTML, SVG or plain text, by the head of the content; empty where it is no text."""
    if head.startswith(_MARKS_OF_TEXT[1:]):
        return types.TEXT
    text = head.removeprefix(_MARKS_OF_TEXT[0])
    if not text or _CONTROL.search(text):
        return ""
    if _HTML.match(text):
        return types.HTML
    if text.lstrip().startswith(b"<") and b"<svg" in text:
        return types.SVG
    return types.TEXT
