"""Paths that people write into cells and patterns; all are relative to the documents folder (reliability.md 4.4)."""

import re

_ELSEWHERE = re.compile(r"[/~]|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*:/|file:", re.IGNORECASE)


def with_slashes(path: str) -> str:
    """The path with `/` between its names, as `\\` is taken for it."""
    return path.replace("\\", "/")


def begins_elsewhere(slashed: str) -> bool:
    """Whether it begins at a root, a drive, a share of another machine, somebody's home, or is an address."""
    return bool(_ELSEWHERE.match(slashed))
