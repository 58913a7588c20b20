"""What a bad end of the ledger means, and the entries that take its place.

See docs/design/ledger.md, Torn tail.

A *torn* tail was never acknowledged: nobody sent anything because of it. It is cut off, and `tail_repaired` says so.

A *rotten* line was acknowledged, perhaps, so what it announced may have happened. In this order:

    too short for the intent of a create (rot changes bytes, not how many there are)    no doubt
    does not tell its own number, so that more than one line may be lost                refused
    else as `doubt` says; where that cannot tell                                        refused

The record is held for a person, not settled by the tool, since the line's other words cannot be trusted, its alias
least: asked for a wrong alias, the API would seem to know nothing of the record.
"""

from bulk_onboard.errors import LedgerError
from bulk_onboard.ledger.doubt import MAY_BE_SENT_ANEW, SHORTEST, numbers_told, tokens_told
from bulk_onboard.ledger.fold import Folded, advice
from bulk_onboard.model.entry import Entry, Held, Op, TailRepaired
from bulk_onboard.model.record import Record

WHY_HELD = "the ledger's last line was damaged, so it is not known whether this row was sent"


def in_doubt(folded: Folded, name: str = "the ledger") -> list[Record]:
    """The records of which a rotten line may have announced a create; LedgerError when it cannot be told."""
    if not folded.rotten or len(folded.tail) < SHORTEST:
        return []
    records = folded.books.records
    touched = tokens_told(folded.rotten, records)
    if numbers_told(folded.rotten) != [folded.books.seq + 1] or touched is None:
        raise _not_told(folded, name)
    return [records[token] for token in sorted(touched) if records[token].state in MAY_BE_SENT_ANEW]


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
        f"tell any more which row it is about, so that row may have been sent; {advice(name)}"
    )
