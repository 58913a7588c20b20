"""A file that the dice made, and what is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Made:
    """One file.

    Attributes:
        name: what it is called.
        content: its bytes.
        known: whether the rest is the truth; else a bare reading has to tell.
        rows: the rows that hold something, by number: their Key, empty where they have none.
        finds: findings that must be among those that come, as `code row column`.
        refused: words of the sentence that must refuse it; empty where it must be read.
        flags: what the user says on the command line.
    """

    name: str
    content: bytes
    known: bool = True
    rows: Mapping[int, str] = field(default_factory=dict)
    finds: frozenset[str] = frozenset()
    refused: str = ""
    flags: Mapping[str, Any] = field(default_factory=dict)
