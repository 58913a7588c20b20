"""Documents by name: paths, file types, and the pattern that names follow.

A file's content decides what it is; its ending only tells what its owner thinks it is. The words for a type are for
people who are not programmers.

A pattern is a path below the documents folder, such as `{registration_number}/{type}.*`. A name in braces stands for
that cell of the row, `{type}` and `{title}` for the document; `*` stands for any text and `?` for one character, in
the last part only, so that a row's folder is always one.
"""

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import NamedTuple

from bulk_onboard.model.requirements import Contract

_ELSEWHERE = re.compile(r"[/~]|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*:/|file:", re.IGNORECASE)


def with_slashes(path: str) -> str:
    """Return the path with `/` between its names, as `\\` is taken for it."""
    return path.replace("\\", "/")


def begins_elsewhere(slashed: str) -> bool:
    """Return whether a path begins at a root, drive, share or home, or is an address."""
    return bool(_ELSEWHERE.match(slashed))


def readable(name: str) -> str:
    """Return a file's name as a text that any encoding and any JSON can hold.

    Bytes that are no UTF-8 become `\\xe9`. Python keeps bytes of a name that it cannot decode as lone surrogates, which
    nothing else understands.
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


PDF = "application/pdf"
PNG = "image/png"
JPEG = "image/jpeg"
ACCEPTED_TYPES: Mapping[Contract, frozenset[str]] = {
    Contract.BETA: frozenset({PDF, PNG}),
    Contract.RELEASED: frozenset({PDF, PNG, JPEG}),
}
"""Media types that the API takes (docs/design/wire.md, Files)."""

ACCEPTED_WORDS: Mapping[Contract, str] = {Contract.BETA: "PNG or PDF", Contract.RELEASED: "PDF, PNG or JPEG"}
"""These types as people read them."""

GIF = "image/gif"
BMP = "image/bmp"
TIFF = "image/tiff"
WEBP = "image/webp"
HEIC = "image/heic"
AVIF = "image/avif"
JPEG_2000 = "image/jp2"
SVG = "image/svg+xml"
VIDEO = "video/mp4"
DOC = "application/msword"
XLS = "application/vnd.ms-excel"
PPT = "application/vnd.ms-powerpoint"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
LOCKED_OFFICE = "application/x-locked-office"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
RTF = "application/rtf"
XPS = "application/vnd.ms-xpsdocument"
POSTSCRIPT = "application/postscript"
MAIL = "application/vnd.ms-outlook"
HTML = "text/html"
TEXT = "text/plain"
ZIP = "application/zip"
RAR = "application/vnd.rar"
SEVEN_ZIP = "application/x-7z-compressed"
GZIP = "application/gzip"
SHORTCUT = "application/x-ms-shortcut"


class FileType(NamedTuple):
    """Words of one type.

    Attributes:
        found: what it is, as the end of "the file is …".
        endings: of the names of such files, the usual one first; lower case, with the dot.
        how: a sentence that says how to make a PDF or PNG of it.
    """

    found: str
    endings: tuple[str, ...]
    how: str


_PRINT = "print it to a PDF (Windows: the printer Microsoft Print to PDF; Mac: the button PDF in the print window)"
_CONVERT = "The command convert makes a PDF of it, and of all like it; or"
_PICTURE = f"Open it and {_PRINT}, or save it as PNG with Paint or Preview."
_BROWSED = f"Open it in a web browser and {_PRINT}."
_CONVERTED = f"{_CONVERT} open it and {_PRINT}."
_UNPACK = "Unpack it first, then write the path of the scan that was in it; each document is one file."
_WORD = "Open it in Word, choose File, Save As, and there the type PDF."
_EXCEL = "Open it in Excel, choose File, Save As, and there the type PDF; see that the PDF shows the right sheet."
_SLIDES = "Open it in PowerPoint, choose File, Save As, and there the type PDF."
_LIBRE = "Open it in LibreOffice and choose File, Export As, Export as PDF."

FILE_TYPES: Mapping[str, FileType] = {
    PDF: FileType("a PDF", (".pdf",), ""),
    PNG: FileType("a PNG image", (".png", ".apng"), ""),
    JPEG: FileType("a JPEG image", (".jpg", ".jpeg", ".jpe", ".jfif"), _CONVERTED),
    GIF: FileType("a GIF image", (".gif",), _CONVERTED),
    BMP: FileType("a BMP image", (".bmp", ".dib"), _CONVERTED),
    TIFF: FileType(
        "a TIFF image",
        (".tif", ".tiff"),
        f"{_CONVERT} open it and {_PRINT}, all its pages; next time let the scanner save a PDF.",
    ),
    WEBP: FileType("a WebP image", (".webp",), _CONVERTED),
    AVIF: FileType("an AVIF image", (".avif",), _BROWSED),
    HEIC: FileType(
        "a HEIC photo, as iPhones take them",
        (".heic", ".heif"),
        f"{_CONVERT} on the iPhone open the photo, tap Share, then Print, spread two fingers on the preview, tap Share "
        f"again and save that PDF to Files; or open it on a computer and {_PRINT}.",
    ),
    JPEG_2000: FileType("a JPEG 2000 image", (".jp2", ".jpf", ".jpx"), _PICTURE),
    SVG: FileType("an SVG drawing", (".svg",), _BROWSED),
    VIDEO: FileType(
        "a video", (".mp4", ".mov", ".m4v"), "Take a photo or a scan of the document, and make a PDF of it."
    ),
    DOC: FileType("an old Word document", (".doc",), _WORD),
    DOCX: FileType("a Word document", (".docx", ".docm"), _WORD),
    XLS: FileType("an old Excel workbook", (".xls",), _EXCEL),
    XLSX: FileType("an Excel workbook", (".xlsx", ".xlsm"), _EXCEL),
    PPT: FileType("an old PowerPoint presentation", (".ppt",), _SLIDES),
    PPTX: FileType("a PowerPoint presentation", (".pptx",), _SLIDES),
    LOCKED_OFFICE: FileType(
        "a Word, Excel or PowerPoint file locked with a password",
        (),
        "Open it with its password, choose File, Save As, and there the type PDF.",
    ),
    ODT: FileType("an OpenDocument text", (".odt",), _LIBRE),
    ODS: FileType("an OpenDocument spreadsheet", (".ods",), _LIBRE),
    RTF: FileType("an RTF text", (".rtf",), _WORD),
    XPS: FileType("an XPS document", (".xps", ".oxps"), f"Open it in the XPS Viewer and {_PRINT}."),
    POSTSCRIPT: FileType(
        "a PostScript or EPS file", (".eps", ".ps"), "Export it as PDF from the program that made it."
    ),
    MAIL: FileType("an e-mail", (".msg", ".eml"), "Open the e-mail, save the attachment, and write the path of that."),
    HTML: FileType(
        "a web page",
        (".html", ".htm"),
        "If it came from a download, sign in at that site and download it again, for this may be its log-in page; "
        f"else open it in a web browser and {_PRINT}.",
    ),
    TEXT: FileType("plain text", (".txt", ".csv", ".log"), f"If it is the right file, open it and {_PRINT}."),
    ZIP: FileType("a ZIP archive", (".zip",), _UNPACK),
    RAR: FileType("a RAR archive", (".rar",), _UNPACK),
    SEVEN_ZIP: FileType("a 7-Zip archive", (".7z",), _UNPACK),
    GZIP: FileType("a gzip archive", (".gz", ".tgz"), _UNPACK),
    SHORTCUT: FileType("a Windows shortcut", (".lnk",), "Copy the file it leads to in its place."),
}
"""By media type; those that the API accepts in every contract need no `how`."""

_UNKNOWN = FileType(
    "of an unknown type", (), f"Open it with the program it comes from and {_PRINT}; if none opens it, scan it again."
)
_TABLES_AND_LISTS = {XLS, XLSX, ODS, TEXT}
"""Types of files that lie beside documents: workbooks, reports, lists."""

_BY_ENDING = {ending: media_type for media_type, words in FILE_TYPES.items() for ending in words.endings}


def file_type(media_type: str) -> FileType:
    """Return the words for a media type, also for an unknown one."""
    return FILE_TYPES.get(media_type, _UNKNOWN)


def ending_of(name: str) -> str:
    """Return the ending of a file's name as written: `.PDF`; empty where it has none."""
    return PurePath(name).suffix


def type_told_by(ending: str) -> str:
    """Return the media type for an ending, whatever its case.

    Empty for an unknown one.
    """
    return _BY_ENDING.get(ending.lower(), "")


def may_be_a_document(name: str) -> bool:
    """Return whether a file of this name may be a scan, by its ending or lack of one."""
    ending = ending_of(name)
    return not ending or type_told_by(ending) not in {"", *_TABLES_AND_LISTS}


TYPE = "type"
TITLE = "title"

_TOKEN = re.compile(r"\{([^{}/]+)\}|([*?])|([^{}*?]+)")


class Token(NamedTuple):
    """Either a `field` that is filled in, a `wildcard` (`*` or `?`), or plain `text`."""

    field: str = ""
    wildcard: str = ""
    text: str = ""


Component = tuple[Token, ...]
"""The tokens of one folder's or file's name."""


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that could not lead to a document of each row.

    Which cells a row may have depends on the requirements, so the names in braces are checked when it is used.

    Raises:
        ValueError: with a sentence that says what is wrong.
    """
    slashed = with_slashes(pattern)
    parts = slashed.split("/")
    if not parts[-1].strip() or "\0" in pattern:
        raise ValueError("The pattern must end in the name of a file, such as {registration_number}/{type}.*")
    if begins_elsewhere(slashed) or ".." in parts:
        raise ValueError("The pattern must lead below the documents folder: no /, ~ or drive at its start, and no ..")
    if _TOKEN.sub("", slashed):
        raise ValueError("The pattern has a brace without its partner; names stand in braces, as in {type}")
    if any(token.wildcard for component in components(pattern)[:-1] for token in component):
        raise ValueError("The pattern may have * and ? only after its last /, in the name of the file")
    if not fields_of(pattern) & {TYPE, TITLE}:
        raise ValueError("The pattern must have {type} or {title}, else all documents of a row would be one file")


def components(pattern: str) -> tuple[Component, ...]:
    """Return the names of folders and file in a pattern, each as its tokens.

    `\\` counts as `/`.
    """
    parts = (part for part in with_slashes(pattern).split("/") if part not in ("", "."))
    return tuple(tuple(_token(match) for match in _TOKEN.finditer(part)) for part in parts)


def fields_of(pattern: str) -> set[str]:
    """Return the names in braces."""
    return {token.field for component in components(pattern) for token in component if token.field}


def _token(match: re.Match[str]) -> Token:
    field, wildcard, text = match.groups()
    return Token(field or "", wildcard or "", text or "")
