"""What a bad end of the ledger means, and the entries that take its place (reliability.md 2, "Torn tail").

A *torn* tail was never acknowledged: nobody sent anything because of it. It is cut off, and `tail_repaired` says so.

A *rotten* line was acknowledged, perhaps, so what it announced may have happened. Its loss harms only if it was the
intent of a create: the record would count as never sent. After any other lost step nothing new is created before the
API or a person was asked, or a write is repeated that may be repeated (reliability.md 1.9). In this order:

    too short for the intent of a create (rot changes bytes, not how many there are)    no doubt
    does not tell its own number, so that more than one line may be lost                refused
    names another entry than `intent`                                                   no doubt
    holds the token of a record that may be sent anew                                   that record is held
    holds the token of any other record                                                 no doubt
    holds no token that the ledger knows                                                refused

An intent holds its token twice, and no accident turns one token into another that the ledger knows. The record is
held for a person, not settled by the tool, since the line's other words cannot be trusted, its alias least: asked for
a wrong alias, the API would seem to know nothing of the record.
"""

import re
from datetime import UTC, datetime

from bulk_onboard.errors import LedgerError
from bulk_onboard.ledger.codec import ENTRY_NAMES, encode, stamp
from bulk_onboard.ledger.fold import ADVICE, Folded
from bulk_onboard.model.entry import Entry, Held, Intent, Op, TailRepaired
from bulk_onboard.model.record import Record, State

WHY_HELD = "the ledger's last line was damaged, so it is not known whether this row was sent"

_TOKEN_LENGTH = 16
_SHORTEST_INTENT = Intent(token="a" * 16, op=Op.CREATE, attempt=1, alias="", fingerprint="")
_SHORTEST = len(encode(stamp(_SHORTEST_INTENT, seq=1, now=datetime.fromtimestamp(0, UTC))))
_NUMBER = re.compile(rb'"seq":(\d+),')
_HARMLESS = tuple(f'"entry":"{name}"'.encode() for name in sorted(ENTRY_NAMES - {Intent.name()}))
_MAY_BE_SENT_ANEW = {State.INVALID, State.PENDING, State.DEFERRED, State.REFUSED}


def in_doubt(folded: Folded, name: str = "the ledger") -> list[Record]:
    """The records of which a rotten line may have announced a create; LedgerError when it cannot be told."""
    if not folded.rotten or len(folded.tail) < _SHORTEST:
        return []
    if _NUMBER.findall(folded.rotten) != [b"%d" % (folded.books.seq + 1)]:
        raise _not_told(folded, name)
    if any(entry in folded.rotten for entry in _HARMLESS):
        return []
    text = folded.rotten.decode("latin-1")
    windows = {text[start : start + _TOKEN_LENGTH] for start in range(len(text))}
    records = folded.books.records
    touched = [records[token] for token in sorted(windows & records.keys())]
    if not touched:
        raise _not_told(folded, name)
    return [record for record in touched if record.state in _MAY_BE_SENT_ANEW]


def amends(folded: Folded, kept: str, name: str = "the ledger") -> list[Entry]:
    """The entries in place of a tail that was put aside as `kept`; LedgerError as for `in_doubt`."""
    return [
        TailRepaired(kept=kept, size=len(folded.tail)),
        *(Held(token=r.token, key=r.key, op=Op.CREATE, why=WHY_HELD) for r in in_doubt(folded, name)),
    ]


def told(folded: Folded, kept: str) -> str:
    """What was done to the tail, for people."""
    if not folded.rotten:
        return (
            f"The ledger ended in {len(folded.tail)} bytes of an unfinished line, as after a crash. "
            f"Nothing was lost; they are kept in {kept}."
        )
    return (
        f"The ledger's last line was damaged after it had been written, so the disk may be failing. It is kept in "
        f"{kept}; a row of which it cannot be told whether it was sent is held."
    )


def _not_told(folded: Folded, name: str) -> LedgerError:
    return LedgerError(
        f"{name}: line {folded.books.seq + 1} at byte {folded.good_bytes}, the last one, is damaged, and it does not "
        f"tell any more which row it is about, so that row may have been sent; {ADVICE}"
    )
