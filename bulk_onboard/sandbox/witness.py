"""Looks into the tool's ledger whenever a create arrives: its intent must be there before it is sent.

There must be an intent with `op` `create` and the whole alias of the call, which nothing has finished yet, and which
no earlier create has used. The file is read as docs/ledger.md describes it, with nothing of the tool's own reader. From
here one sees what is in the file, not whether it was fsynced.
"""

import json
import zlib
from pathlib import Path
from typing import Any

# An outcome that is still open, `unresolved`, and look-ups for it, `probed`, do not finish an intent.
FINISHES = frozenset(("done", "adopted", "refused", "denied", "unavailable", "throttled", "absent", "held", "resolved"))

_TOKEN_LENGTH = 16


class Witness:
    """Keeps the aliases of creates that arrived without an intent.

    Attributes:
        without_intent: these aliases, in their order; None where no ledger is watched, which proves nothing.
    """

    def __init__(self, ledger: Path | None) -> None:
        self._ledger = ledger
        self.without_intent: list[str] | None = None if ledger is None else []
        self._used: set[tuple[str, int, str]] = set()

    def look(self, alias: str) -> None:
        """Look for the intent of a create that has just arrived."""
        if self._ledger is None or self.without_intent is None:
            return
        intent = open_intent(self._ledger.read_bytes(), alias) if self._ledger.is_file() else None
        use = (alias, intent["attempt"], intent["at"]) if intent else None
        if use is None or use in self._used:
            self.without_intent.append(alias)
        else:
            self._used.add(use)


def open_intent(content: bytes, alias: str) -> dict[str, Any] | None:
    """Return the newest create intent of an alias in a ledger's bytes; None if there is none, or it is finished."""
    token = alias[-_TOKEN_LENGTH:].encode()
    found = None
    for line in content.split(b"\n")[:-1]:  # what follows the last newline is not a line yet
        if token not in line or not _is_sound(line):
            continue
        entry = json.loads(line)
        if entry.get("op", "create") != "create":
            continue
        if entry["entry"] == "intent":
            found = entry if entry["alias"] == alias else None
        elif entry["entry"] in FINISHES:
            found = None
    return found


def _is_sound(line: bytes) -> bool:
    """Say whether a line ends in the checksum of what precedes it."""
    before, _, checksum = line.rpartition(b',"crc":')
    return checksum == b'"%08x"}' % zlib.crc32(before)
