"""Is this file a report of ours? Only such a file may be replaced by a report.

Excel, LibreOffice and others write a workbook anew in their own way when it is saved, and leave two things as they are:
a property of the document, and the names of the sheets. Either will do, for some leave out properties. The file may be
anything, so it is looked into by a child within limits.
"""

import codecs
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

from bulk_onboard.confined.call import ConfinedError, run_confined
from bulk_onboard.confined.limits import Limits, shut_doors

PROPERTY = ("bulk-onboard", "report")
"""Name and text of the property that says of a workbook that it is a report."""

SHEETS = ("Summary", "Results", "Problems", "Not in the workbook", "Runs")

_LIMITS = Limits(memory=1 << 28, cpu_s=5, wall_s=60.0, answer=1 << 10)
_MOST = 1 << 20  # bytes of a part
_SHEET = re.compile(r"""<(?:\w+:)?sheet\s[^>]*?\bname\s*=\s*["']([^"']*)["']""")
_PROPERTY = re.compile(rf"""<(?:\w+:)?property\s[^>]*?\bname\s*=\s*["']{PROPERTY[0]}["']""")


def is_report(path: Path) -> bool:
    """Whether the file is a report that we wrote, saved by others since or not; False where it cannot be read."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as source:
            return source.read(2) == b"PK" and b"".join(run_confined(__name__, b"", source, _LIMITS)) == b"report"
    except (OSError, ConfinedError):
        return False


def answer(_: bytes, source: BinaryIO) -> Iterator[bytes]:
    """The word `report` for one, else nothing; in the child."""
    codecs.lookup("cp437")  # the names of a zip's parts may need it; it is loaded from a file at first use
    shut_doors()
    try:
        with ZipFile(source) as archive:
            properties, workbook = _part(archive, "docProps/custom.xml"), _part(archive, "xl/workbook.xml")
    except (OSError, BadZipFile, ValueError, NotImplementedError, RuntimeError, EOFError, zlib.error):
        return
    if workbook and (_PROPERTY.search(properties) or set(SHEETS) <= set(_SHEET.findall(workbook))):
        yield b"report"


def _part(archive: ZipFile, name: str) -> str:
    """The beginning of a part as text; empty where there is none."""
    try:
        with archive.open(name) as part:
            return part.read(_MOST).decode("utf-8", "replace")
    except KeyError:
        return ""
