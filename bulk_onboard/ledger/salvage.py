"""What can be saved of a damaged ledger, and what is in doubt for what is lost.

See docs/design/ledger.md, Damage.

Every sound line stays as it is, at its own number: the numbers restore the order, and a line that is there twice
counts once. In the place of a line that is lost, or that is no legal step without one that is, stands `tail_repaired`,
which moves nothing. So old lines are never rewritten (but for an `admitted`, which loses the rows that it cannot
admit), and all that is new comes after them.

What a lost line may have announced is asked of its remains (`doubt`). Where these do not tell, it may have been the
create of any row, also of one that the rest of the ledger does not know at all. Then

    every record that could be sent anew is in doubt
    the ledger no longer says `swept`, so the next run walks the account, and adopts by token, before it creates

Such a walk proves nothing while a lost create may still arrive. So whoever puts the salvaged ledger in its place waits
until the settle window has passed since the lock was taken: by then every sender was dead.

A record in doubt gets what keeps it from being sent before somebody looked for it. The first that holds:

    a line put aside knows its compliance id                adopted
    several ids are known                                   held
    a line knows the alias that it is sent by, ever         uncertain: settling asks the API for that alias
    none of these                                           held: asked for a wrong alias, the API would know nothing
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from bulk_onboard.ledger.codec import encode, stamp
from bulk_onboard.ledger.doubt import MAY_BE_SENT_ANEW, tokens_told
from bulk_onboard.ledger.remains import Remains, sort_out
from bulk_onboard.model.books import Books
from bulk_onboard.model.entry import (
    Admitted,
    Adopted,
    Done,
    Entry,
    Held,
    Intent,
    Op,
    RecordEntry,
    Resolved,
    Swept,
    TailRepaired,
    Unresolved,
)
from bulk_onboard.model.life import IllegalStepError, step
from bulk_onboard.model.record import Record, State

WHY = "the ledger was damaged where it may have said more, so it is not known whether this row was sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvage:
    """A sound ledger made of a damaged one.

    Attributes:
        content: of the new ledger; as before where nothing was wrong.
        kept: how many lines are as they were.
        lost: numbers of the lines that are gone.
        illegal: numbers of the lines that make no sense without them.
        doubted: the records that were in doubt, as they are now.
        all_in_doubt: it cannot be told which rows the lost lines were about.
    """

    content: bytes
    kept: int
    lost: tuple[int, ...] = ()
    illegal: tuple[int, ...] = ()
    doubted: tuple[Record, ...] = ()
    all_in_doubt: bool = False


def salvage(content: bytes, *, kept_as: str, now: datetime, name: str = "the ledger") -> Salvage:
    """A sound ledger from what is left of this one, which is kept as `kept_as`; LedgerError as for `sort_out`."""
    remains = sort_out(content, name)
    replay = _Replay()
    for number in sorted(remains.sound):
        replay.take(remains.sound[number][1])
    if _is_sound(content, remains) and not replay.illegal:
        return Salvage(content=content, kept=len(remains.sound))
    torn = [TailRepaired(kept=kept_as, size=len(remains.torn))] if remains.torn else []
    touched = _touched(remains, replay.books)
    lines = list(_lines(remains, replay, swept=touched is not None, kept_as=kept_as, now=now))
    amended = []
    for entry in (*torn, *replay.amends(touched)):
        replay.books.take(stamped := stamp(entry, seq=len(lines) + 1, now=now))
        lines.append(encode(stamped))
        amended += [entry.token] if isinstance(entry, RecordEntry) else []
    return Salvage(
        content=b"".join(lines),
        kept=len(remains.sound) - len(replay.illegal),
        lost=remains.lost,
        illegal=tuple(replay.illegal),
        doubted=tuple(replay.books.record(token) for token in dict.fromkeys(amended)),
        all_in_doubt=touched is None,
    )


def _is_sound(content: bytes, remains: Remains) -> bool:
    """Whether nothing is lost, doubled or out of order."""
    return (
        content == b"".join(remains.sound[number][0] + b"\n" for number in sorted(remains.sound)) and not remains.lost
    )


def _touched(remains: Remains, books: Books) -> set[str] | None:
    """The records of which a lost line may have announced a create; None when it cannot be told."""
    told = [tokens_told(line, books.records) for line in remains.told.values()]
    return None if None in told or not remains.tell_all else {token for tokens in told for token in tokens or ()}


def _lines(remains: Remains, replay: "_Replay", *, swept: bool, kept_as: str, now: datetime) -> Iterator[bytes]:
    """The old lines, each at its place, or what stands there instead."""
    for number in range(1, remains.last + 1):
        line, entry = remains.sound.get(number, (remains.told.get(number, b""), None))
        if number in replay.narrowed:
            yield encode(replay.narrowed[number])
        elif entry is None or number in replay.illegal or (isinstance(entry, Swept) and not swept):
            yield encode(stamp(TailRepaired(kept=kept_as, size=len(line)), seq=number, now=now))
        else:
            yield line + b"\n"


@dataclass(slots=True)
class _Replay:
    """The sound lines, taken in order.

    Attributes:
        illegal: the entries that are no legal step, by number; `aside` the same, by record.
        narrowed: of those that admit rows, what could be admitted.
    """

    books: Books = field(default_factory=Books)
    illegal: dict[int, Entry] = field(default_factory=dict)
    narrowed: dict[int, Entry] = field(default_factory=dict)
    aside: dict[str, list[RecordEntry]] = field(default_factory=lambda: defaultdict(list))

    def take(self, entry: Entry) -> None:
        """Account for an entry, or put it aside."""
        try:
            self.books.take(entry)
        except IllegalStepError:
            self.illegal[entry.seq] = entry
            if isinstance(entry, RecordEntry):
                self.aside[entry.token].append(entry)
            elif isinstance(entry, Admitted):
                legal = tuple(token for token in entry.tokens if _is_legal(self.books.record(token), entry))
                narrowed = Admitted(v=entry.v, seq=entry.seq, at=entry.at, tokens=legal)
                self.narrowed[entry.seq] = narrowed
                self.books.take(narrowed)

    def amends(self, touched: set[str] | None) -> Iterator[Entry]:
        """What the records in doubt get; all of them where it cannot be told which a lost line touched."""
        for token in list(dict.fromkeys([*self.books.records, *self.aside])):
            record = self.books.record(token)
            yield from _interrupted(record)
            if touched is None or token in touched or token in self.aside:
                yield from _doubted(record, self.aside.get(token, []))


def _is_legal(record: Record, entry: Entry) -> bool:
    try:
        step(record, entry)
    except IllegalStepError:
        return False
    return True


def _interrupted(record: Record) -> Iterable[Entry]:
    """A call without an outcome: nobody makes it any more, so it is unknown."""
    if record.state is State.SENDING and record.op is not None:
        yield Unresolved(token=record.token, key=record.key, op=record.op, seen=WHY)


def _doubted(record: Record, aside: list[RecordEntry]) -> Iterator[Entry]:
    """What keeps a record in doubt from being sent before it was looked for; nothing for one that is safe."""
    if record.compliance_id or record.state in (State.DELETED, State.ABANDONED):
        return
    token, key = record.token, record.key or next((entry.key for entry in aside if entry.key), "")
    ids = tuple(dict.fromkeys(e.compliance_id for e in aside if isinstance(e, Done | Adopted | Resolved)))
    ids = tuple(filter(None, ids))
    aliases = [record.alias, *(e.alias for e in aside if isinstance(e, Intent) and e.op is Op.CREATE)]
    alias = next(filter(None, aliases), "")
    if len(ids) == 1:
        yield Adopted(token=token, key=key, op=Op.CREATE, compliance_id=ids[0], alias=alias)
    elif ids or (record.state in MAY_BE_SENT_ANEW and not alias):
        yield Held(token=token, key=key, op=Op.CREATE, why=WHY, compliance_ids=ids)
    elif record.state in MAY_BE_SENT_ANEW:
        if record.state in (State.INVALID, State.REFUSED):
            yield Admitted(tokens=(token,))
        yield Intent(token=token, key=key, op=Op.CREATE, attempt=record.attempts + 1, alias=alias, fingerprint="")
        yield Unresolved(token=token, key=key, op=Op.CREATE, seen=WHY)
