"""What stands behind or within a document: a file that is two files at once shows different people different things.

ZIP is read from its end (APPNOTE 4.3.16), PDF and PNG from their beginning, so one file can be both. An archive that
is merely attached inside does not reach the file's end and is none of ours.
"""

import struct
from collections.abc import Iterator

from bulk_onboard.model.finding import Finding

TRAILING_LIMIT = 1024
"""Bytes after the end that programs leave behind; more may be a second file."""

_FILLING = b"\0\t\n\f\r \x1a"  # what programs, disks and transfers fill a file up with, however much of it

_END = b"PK\x05\x06"
_SIZE_OF_END = 22
_COUNT_AND_COMMENT = struct.Struct("<H8xH")
_LONGEST_COMMENT = 65_535
_MEMBERS = (b"PK\x03\x04", b"PK\x01\x02", _END)


def end_findings(kind: str, content: bytes, end: int) -> Iterator[Finding]:
    """What is wrong with a document of this kind which ends at a place, for what stands behind or within it."""
    size = len(content[end:].rstrip(_FILLING))
    if size > TRAILING_LIMIT or _begins_archive(content, end):
        yield Finding("document-trailing-data", details={"kind": kind, "size": size})
    elif _is_archive_too(content):
        yield Finding("document-damaged", details={"kind": kind, "why": "it is a ZIP archive at the same time"})


def _begins_archive(content: bytes, at: int) -> bool:
    """Whether anything after a place looks like a member or the directory of an archive."""
    return any(content.find(mark, at) >= 0 for mark in _MEMBERS)


def _is_archive_too(content: bytes) -> bool:
    """Whether a ZIP reader would open the content: a directory's end whose comment ends where the content does."""
    at = content.rfind(_END, max(0, len(content) - _SIZE_OF_END - _LONGEST_COMMENT))
    if at < 0 or at + _SIZE_OF_END > len(content):
        return False
    members, comment = _COUNT_AND_COMMENT.unpack_from(content, at + 10)
    return bool(members) and at + _SIZE_OF_END + int(comment) == len(content)
