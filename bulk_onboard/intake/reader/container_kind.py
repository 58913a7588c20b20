"""What kind of container a workbook is, by its content.

The rule: the content must be what the file's ending says. A reader that guesses reads half of it, and a person who
does not know what the file is cannot mend it: so whatever does not fit is an error that says what was found.
"""

import re
from collections.abc import Collection

from bulk_onboard.errors import WorkbookError
from bulk_onboard.model.workbook_type import WORKBOOK_ENDINGS, WorkbookType

ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UNKNOWN = "of no kind that is known (or damaged)"
_LOCKED_XLS = re.compile(rb"\x09\x08\x10\x00\x00\x06\x05\x00.{12}(\x86\x00\x00\x00)?\x2f\x00", re.DOTALL)
"""An old workbook's first record, then the one that says how it is encrypted."""

_SAVE = "Open it in Excel and save it as .xlsx"

_OF_PARTS: tuple[tuple[str, WorkbookType | str], ...] = (
    ("xl/workbook.xml", WorkbookType.XLSX),
    ("xl/workbook.bin", WorkbookType.XLSB),
    ("word/", "a Word document"),
    ("ppt/", "a PowerPoint presentation"),
    ("index/", "a Numbers document; export it from Numbers as Excel (.xlsx)"),
    ("index.zip", "a Numbers document; export it from Numbers as Excel (.xlsx)"),
    ("content.xml", WorkbookType.ODS),
)
"""What begins the name of a part that only files of one type have."""

_OF_STREAMS: tuple[tuple[str, WorkbookType | str], ...] = (
    ("EncryptedPackage", "password"),
    ("Workbook", WorkbookType.XLS),
    ("Book", WorkbookType.XLS),
    ("WordDocument", "an old Word document"),
    ("PowerPoint Document", "an old PowerPoint presentation"),
)
"""What an OLE file calls its streams."""

_OF_TEXT: tuple[tuple[bytes, str], ...] = (
    (rb"<!doctype html|<html|<table|<head|<meta", "a web page (HTML)"),
    (rb"<\?mso-application|urn:schemas-microsoft-com:office:spreadsheet", "an XML spreadsheet of 2003"),
    (rb"^%PDF-", "a PDF"),
    (rb"^\{\\rtf", "an RTF document"),
    (rb"^(\x89PNG|\xff\xd8\xff|GIF8|RIFF)", "a picture"),
    (rb"^(\x1f\x8b|7z\xbc\xaf|Rar!)", "a packed archive"),
)


def container_kind(path: str, ending: str, content: bytes, parts: Collection[str]) -> WorkbookType:
    """The type that the ending names, once the content is known to be of it.

    Args:
        path: for messages.
        ending: the path's, in lower case; one of `WORKBOOK_ENDINGS`.
        content: the whole file.
        parts: the names of its parts where it is a zip archive, in lower case.

    Raises:
        WorkbookError: the content is something else.
    """
    meant = WORKBOOK_ENDINGS[ending]
    found = _found(content, parts)
    if found == meant or (found == _UNKNOWN and meant is WorkbookType.TEXT):
        return meant  # what text may hold, its reader says better
    if found == "password":
        raise WorkbookError(f"{path} is protected by a password. Save it in Excel without a password.")
    if found is WorkbookType.TEXT:
        raise WorkbookError(
            f"{path} is no workbook but plain text, though its name ends in {ending}. "
            "If it is comma-separated, name it .csv; else open it in Excel and save it as .xlsx."
        )
    if isinstance(found, WorkbookType):
        raise WorkbookError(f"{path} is an {found} workbook, though its name ends in {ending}. Name it {found}.")
    raise WorkbookError(f"{path} is {found}, though its name ends in {ending}. {_SAVE}, or name the right file.")


def _found(content: bytes, parts: Collection[str]) -> WorkbookType | str:
    if content.startswith(ZIP):
        found = (kind for begin, kind in _OF_PARTS if any(part.startswith(begin) for part in parts))
        return next(found, "a zip archive without a workbook")
    if content.startswith(_OLE):
        if _LOCKED_XLS.search(content):
            return "password"
        streams = (kind for name, kind in _OF_STREAMS if _utf16(name) in content)
        return next(streams, "an Office file of an unknown kind")
    head = content[:4096]
    for sign, kind in _OF_TEXT:
        if re.search(sign, head, re.IGNORECASE):
            return kind
    return WorkbookType.TEXT if _is_text(head) else _UNKNOWN


def _utf16(name: str) -> bytes:
    """A stream's whole name, as an OLE directory holds it."""
    return name.encode("utf-16-le") + b"\0\0"


def _is_text(head: bytes) -> bool:
    """Text of any encoding has no NUL, unless its mark says UTF-16 or nearly every other byte is one."""
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return marked or not head.count(0) or 2 * len(head) < head.count(0) * 6 < 4 * len(head)
