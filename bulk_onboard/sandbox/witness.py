"""The witness of "intent before send" (reliability.md 1.10, I3): whenever a create arrives, it looks into the ledger.

There must be an intent with `op` `create` and the whole alias of the call, which nothing has finished yet, and which
no create has used before: an intent is good for one. The file is read as its document says (reliability.md 2), with
nothing of the tool's own reader. What stands in the file can be seen from here; whether it was fsynced cannot.
"""

import json
import zlib
from pathlib import Path
from typing import Any

# An outcome that is still open, `unresolved`, and look-ups for it, `probed`, do not finish an intent.
FINISHES = frozenset(("done", "adopted", "refused", "denied", "unavailable", "throttled", "absent", "held", "resolved"))

_TOKEN_LENGTH = 16


class Witness:
    """Keeps the aliases of creates that arrived without an intent, in their order; sees nothing without a ledger."""

    def __init__(self, ledger: Path | None) -> None:
        self.ledger = ledger
        self.clear()

    def clear(self) -> None:
        """As at the start: nothing seen."""
        self._missed: list[str] = []
        self._used: set[tuple[str, int, str]] = set()

    @property
    def without_intent(self) -> list[str] | None:
        """The aliases that arrived without an intent; None where no ledger was watched, which proves nothing."""
        return None if self.ledger is None else list(self._missed)

    def look(self, alias: str) -> None:
        """Look for the intent of a create that has just arrived."""
        if self.ledger is None:
            return
        intent = open_intent(self.ledger.read_bytes(), alias) if self.ledger.is_file() else None
        use = (alias, intent["attempt"], intent["at"]) if intent else None
        if use is None or use in self._used:
            self._missed.append(alias)
        else:
            self._used.add(use)


def open_intent(content: bytes, alias: str) -> dict[str, Any] | None:
    """The newest create intent of an alias in a ledger's bytes; None when there is none or it is finished."""
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
    """Whether a line ends in the checksum of what stands before it."""
    before, _, checksum = line.rpartition(b',"crc":')
    return checksum == b'"%08x"}' % zlib.crc32(before)
