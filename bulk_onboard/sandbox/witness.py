"""Looks into the tool's ledger whenever a create or a link arrives: its intent must be there before it is sent.

For a create there must be an intent with `op` `create` and the whole alias of the call; for each number of a link one
with `op` `link` and that number. Nothing may have finished it yet, and no earlier call may have used it. The file is
read as docs/ledger.md describes it, with nothing of the tool's own reader. From here one sees what is in the file, not
whether it was fsynced.
"""

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

# An outcome that is still open, `unresolved`, and look-ups for it, `probed`, do not finish an intent.
FINISHES = frozenset(("done", "adopted", "refused", "denied", "unavailable", "throttled", "absent", "held", "resolved"))

_TOKEN_LENGTH = 16

Entry = dict[str, Any]


class Witness:
    """Keeps what arrived without an intent.

    Attributes:
        without_intent: aliases of creates and digits of linked numbers, in their order; None where no ledger is
            watched, which proves nothing.
    """

    def __init__(self, ledger: Path | None) -> None:
        self._ledger = ledger
        self.without_intent: list[str] | None = None if ledger is None else []
        self._used: set[tuple[str, int, str]] = set()

    def look(self, alias: str) -> None:
        """Look for the intent of a create that has just arrived."""
        if self._ledger is not None:
            self._judge(alias, open_intent(self._content(self._ledger), alias))

    def look_for_links(self, numbers: Iterable[str]) -> None:
        """Look for the intents of the numbers, in digits, of a link that has just arrived."""
        if self._ledger is not None:
            intents = open_links(self._content(self._ledger))
            for number in numbers:
                self._judge(number, intents.get(number))

    def _content(self, ledger: Path) -> bytes:
        return ledger.read_bytes() if ledger.is_file() else b""

    def _judge(self, name: str, intent: Entry | None) -> None:
        use = (name, intent["attempt"], intent["at"]) if intent else None
        if use is not None and use not in self._used:
            self._used.add(use)
        elif self.without_intent is not None:
            self.without_intent.append(name)


def open_intent(content: bytes, alias: str) -> Entry | None:
    """Return the newest create intent of an alias in a ledger's bytes; None if there is none, or it is finished."""
    found = None
    for entry in _entries(content, alias[-_TOKEN_LENGTH:].encode()):
        if entry.get("op", "create") != "create":
            continue
        if entry["entry"] == "intent":
            found = entry if entry["alias"] == alias else None
        elif entry["entry"] in FINISHES:
            found = None
    return found


def open_links(content: bytes) -> dict[str, Entry]:
    """Return the link intents in a ledger's bytes that nothing has finished, by the digits of their numbers.

    What finishes one of them names its number, or no number and so all of its record.
    """
    found: dict[str, Entry] = {}
    for entry in _entries(content, b'"link"'):
        if entry.get("op") != "link":
            continue
        number = _digits(entry.get("number") or "")
        if entry["entry"] == "intent":
            found[number] = entry
        elif entry["entry"] in FINISHES:
            token = entry["token"]
            found = {n: i for n, i in found.items() if i["token"] != token or (number and number != n)}
    return found


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _entries(content: bytes, mark: bytes) -> Iterator[Entry]:
    """Yield the entries of the sound lines that contain these bytes."""
    for line in content.split(b"\n")[:-1]:  # what follows the last newline is not a line yet
        if mark in line and _is_sound(line):
            yield json.loads(line)


def _is_sound(line: bytes) -> bool:
    """Say whether a line ends in the checksum of what precedes it."""
    before, _, checksum = line.rpartition(b',"crc":')
    return checksum == b'"%08x"}' % zlib.crc32(before)
