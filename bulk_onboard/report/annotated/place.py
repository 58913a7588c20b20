"""Where the annotated workbook goes: beside the workbook, never over it, and never over what somebody mended.

A copy of ours says inside when it was made, and the file system says when it was last written; as long as both are
the same instant nobody has saved it since, and it may be replaced. Any other stays, and the next free name is taken.
"""

import itertools
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

_CREATED = re.compile(rb"<dcterms:created[^>]*>([0-9T:-]+)Z</dcterms:created>")
_PROPERTIES = "docProps/core.xml"
_LONGEST_PROPERTIES = 1 << 16
_COPIES_AT_MOST = 100


def places(workbook: Path, stem: str) -> Iterator[Path]:
    """Where the annotated copy may go, the first choice first."""
    for number in itertools.islice(itertools.count(1), _COPIES_AT_MOST):
        path = workbook.with_name(f"{stem}.annotated{'' if number == 1 else f'-{number}'}.xlsx")
        if not os.path.lexists(path) or (not _is_same(path, workbook) and is_untouched(path)):
            yield path


def copies(workbook: Path, stem: str) -> list[Path]:
    """The annotated copies beside the workbook, the one that was changed last first; not the workbook itself.

    None are known of a folder that may not be looked into.
    """
    name = re.compile(rf"{re.escape(stem)}\.annotated(?:-[0-9]+)?\.xlsx", re.IGNORECASE)
    try:
        found = [path for path in workbook.parent.iterdir() if name.fullmatch(path.name) and path.is_file()]
        changed = {path: path.stat().st_mtime_ns for path in found if not _is_same(path, workbook)}
    except OSError:
        return []
    return sorted(changed, key=changed.__getitem__, reverse=True)


def is_untouched(path: Path) -> bool:
    """Whether the file is an annotated copy as we left it."""
    try:
        written = path.lstat().st_mtime_ns
        with ZipFile(path) as archive, archive.open(_PROPERTIES) as file:
            created = _CREATED.search(file.read(_LONGEST_PROPERTIES))
        if created is None:
            return False
        made = datetime.fromisoformat(created[1].decode()).replace(tzinfo=UTC)
    except (OSError, BadZipFile, ValueError, KeyError, NotImplementedError, RuntimeError):
        return False
    return written == int(made.timestamp()) * 1_000_000_000


def seal(file: BinaryIO, created: datetime) -> None:
    """Give a written file the instant at which it says that it was made; whole seconds."""
    file.flush()
    instant = int(created.timestamp()) * 1_000_000_000
    os.utime(file.fileno(), ns=(instant, instant))


def _is_same(path: Path, other: Path) -> bool:
    return path.resolve() == other.resolve() or (path.exists() and other.exists() and path.samefile(other))
