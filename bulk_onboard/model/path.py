"""Paths that people write into cells and patterns, all relative to the documents folder, and names of files as text."""

import re

_ELSEWHERE = re.compile(r"[/~]|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*:/|file:", re.IGNORECASE)


def with_slashes(path: str) -> str:
    """The path with `/` between its names, as `\\` is taken for it."""
    return path.replace("\\", "/")


def begins_elsewhere(slashed: str) -> bool:
    """Whether it begins at a root, a drive, a share of another machine, somebody's home, or is an address."""
    return bool(_ELSEWHERE.match(slashed))


def readable(name: str) -> str:
    """The name as a text that any encoding and any JSON can hold: bytes that are no UTF-8 become `\\xe9`.

    A file's name is bytes; Python keeps those that it cannot decode as lone surrogates, which nothing else understands.
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
