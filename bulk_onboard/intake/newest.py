"""The newest workbook of a pattern, such as `inbox/businesses-*.xlsx`.

A pattern matches what somebody put there to be read. What programs leave beside a workbook never matches,
and what is hidden, our own annotated copy, or the old file that `merge` kept, only where the pattern itself names it. A
path to something that is there is no pattern, whatever signs it holds.
"""

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from stat import S_ISREG

from bulk_onboard.model.sheet import WORKBOOK_ENDINGS, type_by_name

_SIGNS = re.compile(r"[*?]|\[.+\]")
_OFFICE_LOCKS = "~$*", ".~lock.*"
_ANNOTATED = ".annotated"
_BEFORE_MERGE = ".before-merge-"


def is_pattern(path: Path) -> bool:
    """Whether the path's last part stands for several names: it has `*`, `?` or `[...]`, as in a shell.

    Raises:
        ValueError: a sentence: it is a pattern in a folder's name, or does not end like a workbook.
    """
    if os.path.exists(path):  # noqa: PTH110 - where it may not be looked at, reading it says why
        return False
    if _SIGNS.search(str(path.parent)) and not os.path.isdir(path.parent):  # noqa: PTH112 - as above
        raise ValueError("Only the last part of the path may be a pattern; name the folder itself")
    if not _SIGNS.search(path.name):
        return False
    if type_by_name(path) is None:
        raise ValueError(f"It must end like a workbook ({', '.join(WORKBOOK_ENDINGS)})")
    return True


def newest(pattern: Path) -> Path | None:
    """Return the matching file that was changed last, of several the one whose name comes last; None if none is."""
    return max(_matching(pattern), default=(0, None))[1]


def matches(path: Path, pattern: Path) -> bool:
    """Whether a file of that name would be one of the pattern's, wherever it is."""
    return fnmatchcase(path.name, pattern.name) and _is_meant(path.name, pattern.name)


def _matching(pattern: Path) -> Iterator[tuple[int, Path]]:
    """Return when each matching file was changed, in nanoseconds, and where it is."""
    try:
        names = [path.name for path in pattern.parent.iterdir()]
    except (OSError, ValueError):
        return
    for name in names:
        path = pattern.with_name(name)
        if matches(path, pattern):
            try:
                facts = path.stat()
            except OSError:  # it has gone again, or leads nowhere
                continue
            if S_ISREG(facts.st_mode):
                yield facts.st_mtime_ns, path


def _is_meant(name: str, pattern: str) -> bool:
    if any(fnmatchcase(name, lock) for lock in _OFFICE_LOCKS):
        return False
    if name.startswith(".") and not pattern.startswith("."):
        return False
    if _BEFORE_MERGE in name.lower() and _BEFORE_MERGE not in pattern.lower():
        return False
    is_annotated = fnmatchcase(name.lower(), f"*{_ANNOTATED}*.xlsx")
    return not is_annotated or _ANNOTATED in pattern.lower()
