"""How the names of documents are made up, where the sheet has no column for their paths.

A pattern is a path below the documents folder, such as `{registration_number}/{type}.*`. A name in braces stands for
that cell of the row, `{type}` and `{title}` for the document; `*` stands for any text and `?` for one character, in
the last part only, so that a row's folder is always one.
"""

import re
from typing import NamedTuple

from bulk_onboard.model.path import begins_elsewhere, with_slashes

TYPE = "type"
TITLE = "title"

_TOKEN = re.compile(r"\{([^{}/]+)\}|([*?])|([^{}*?]+)")


class Token(NamedTuple):
    """One of three: the `field` that is filled in, a `wildcard` (`*` or `?`), or plain `text`."""

    field: str = ""
    wildcard: str = ""
    text: str = ""


Component = tuple[Token, ...]
"""What makes up one name on the way down."""


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that could not lead to a document of each row.

    Which names of cells there are depends on the requirements, so they are checked when it is used.

    Raises:
        ValueError: says what is wrong with it, a sentence.
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
    """The names on the way down, each as its tokens; `\\` is taken as `/`."""
    parts = (part for part in with_slashes(pattern).split("/") if part not in ("", "."))
    return tuple(tuple(_token(match) for match in _TOKEN.finditer(part)) for part in parts)


def fields_of(pattern: str) -> set[str]:
    """The names in braces."""
    return {token.field for component in components(pattern) for token in component if token.field}


def _token(match: re.Match[str]) -> Token:
    field, wildcard, text = match.groups()
    return Token(field or "", wildcard or "", text or "")
