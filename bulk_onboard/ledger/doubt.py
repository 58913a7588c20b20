"""What a line that was lost to damage may have announced.

See docs/design/ledger.md, Torn tail; docs/design/ledger.md, Damage.

A whole line was acknowledged, perhaps, so what it announced may have happened. Its loss harms only if it was the intent
of a create: the record would count as never sent. After any other lost step nothing new is created before the API or a
person was asked, or a write is repeated that may be repeated (docs/design/settling.md, Conclusions). In this order:

    names another entry than `intent`                 no doubt
    holds the token of a record that is known         that record is in doubt
    holds no token of a record that is known          cannot be told: every record is in doubt

An intent holds its token twice, and no accident turns one token into another that is known. Only a record that may be
sent anew can be in doubt; the others are at the API, settled before anything else, or waiting for a person.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from bulk_onboard.ledger.codec import ENTRY_NAMES, encode, stamp
from bulk_onboard.model.entry import Intent, Op
from bulk_onboard.model.record import Record, State

MAY_BE_SENT_ANEW = frozenset({State.INVALID, State.PENDING, State.DEFERRED, State.REFUSED})

_TOKEN_LENGTH = 16
_SHORTEST_INTENT = Intent(token="a" * _TOKEN_LENGTH, op=Op.CREATE, attempt=1, alias="", fingerprint="")
SHORTEST = len(encode(stamp(_SHORTEST_INTENT, seq=1, now=datetime.fromtimestamp(0, UTC))))

_NUMBER = re.compile(rb'"seq":(\d+),')
_HARMLESS = tuple(f'"entry":"{name}"'.encode() for name in sorted(ENTRY_NAMES - {Intent.name()}))


def numbers_told(line: bytes) -> list[int]:
    """The numbers that a damaged line says it has: one, unless more than one line is lost in it, or its number is."""
    return [int(digits) for digits in _NUMBER.findall(line)]


def tokens_told(line: bytes, records: Mapping[str, Record]) -> set[str] | None:
    """The records of which a damaged line may have announced a create; None when it cannot be told."""
    if any(entry in line for entry in _HARMLESS):
        return set()
    text = line.decode("latin-1")
    windows = {text[start : start + _TOKEN_LENGTH] for start in range(len(text))}
    return windows & records.keys() or None
