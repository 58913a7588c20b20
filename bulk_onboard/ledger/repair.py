"""Salvage a damaged ledger, and put the salvaged one in its place.

This happens under the lock (docs/design/ledger.md, Damage). The damaged one is kept whole beside it, and the new one
takes its name in one step, so that a crash leaves the old or the new one.

Three steps. `repair` holds the lock and replaces the file. `salvage` makes a sound ledger of what is left: every sound
line stays as it is, at its own number. A line that is lost, or that is no legal step without a lost one, becomes
`tail_repaired`, which changes no record. Everything new comes after the old lines. (The one old line that may change is
an `admitted`, which loses the rows that cannot be admitted.) `sort_out` tells sound lines from the remains of others.
"""

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bulk_onboard.clock import Clock
from bulk_onboard.errors import ExitStatus, LedgerError, StoppedError, UsageError
from bulk_onboard.ledger.codec import LineError, LineFault, decode, encode, stamp
from bulk_onboard.ledger.disk import Disk, make_file, read_whole, replace_file
from bulk_onboard.ledger.fold import fold, without_tail
from bulk_onboard.ledger.lock import MODES, LedgerLock, check_place
from bulk_onboard.ledger.opening import aside, first_free, named_tokens, open_file, stated_numbers
from bulk_onboard.model import entry as entries
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.life import IllegalStepError, step
from bulk_onboard.model.record import ENDED, NOT_FILED, Linkage, Record, State, unknown_numbers

WHY = "the ledger was damaged where it may have said more, so it is not known whether this row was sent"
_NOT_TO_BE_SALVAGED = {LineFault.NEWER, LineFault.CRITICAL}


@dataclass(slots=True)
class Remains:
    """A damaged ledger, sorted out.

    Attributes:
        sound: the sound lines, without newlines, and their entries, by number.
        numbered: the remains of lost lines that state their number, by number.
        unnumbered: the remains that do not.
        torn: the end of the file, which was never finished, so that nothing was sent because of it.
    """

    sound: dict[int, tuple[bytes, entries.Entry]] = field(default_factory=dict)
    numbered: dict[int, bytes] = field(default_factory=dict)
    unnumbered: list[bytes] = field(default_factory=list)
    torn: bytes = b""

    @property
    def last(self) -> int:
        """The highest number that a line has or had."""
        return max([*self.sound, *self.numbered])

    @property
    def lost(self) -> tuple[int, ...]:
        """The numbers that no sound line has."""
        return tuple(number for number in range(1, self.last + 1) if number not in self.sound)

    @property
    def are_all_numbered(self) -> bool:
        """Whether each lost line left remains that state its number."""
        return not self.unnumbered and set(self.lost) == self.numbered.keys()


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvage:
    """A sound ledger made of a damaged one.

    Attributes:
        content: of the new ledger; as before where nothing was wrong.
        kept: how many lines are as they were.
        lost: numbers of the lines that are gone.
        illegal: numbers of the lines that are no legal step without them.
        doubted: the records that were in doubt, as they are now.
        all_in_doubt: whether the lost lines may have been about any row.
    """

    content: bytes
    kept: int
    lost: tuple[int, ...] = ()
    illegal: tuple[int, ...] = ()
    doubted: tuple[Record, ...] = ()
    all_in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair did.

    `kept_as` is where the damaged ledger is, None where nothing was wrong.
    """

    salvage: Salvage
    kept_as: Path | None

    @property
    def exit_status(self) -> ExitStatus:
        """`ROWS_NEED_ATTENTION` where records are held."""
        held = any(record.state is State.HELD for record in self.salvage.doubted)
        return ExitStatus.ROWS_NEED_ATTENTION if held else ExitStatus.DONE


async def repair(
    path: Path, *, settle_s: float, clock: Clock, share: str = "private", disk: Disk | None = None
) -> Repair:
    """Salvage the ledger at `path`; a sound one is left as it is.

    Where a lost line may have been about any row, wait until `settle_s` seconds have passed since the lock was taken:
    nothing was sent since, so by then a lost create has arrived or never will, and the walk with which the next run
    begins finds it (docs/design/promise.md, Assumptions).

    Raises:
        UsageError: there is none, or it is where no ledger may lie.
        LockedError: a run uses it.
        LedgerError: it cannot be salvaged; nothing is changed.
        StoppedError: the disk refused; the ledger is as it was, or repaired.
    """
    disk = disk or Disk()
    path = _checked(path, disk)
    with LedgerLock(path, clock, mode=MODES[share]) as lock:
        try:
            saved, content = _salvaged(path, disk, clock)
            while saved.all_in_doubt and (left_s := lock.locked_at + settle_s - clock.monotonic()) > 0:
                await clock.sleep(left_s)
            return Repair(saved, None if saved.content == content else _put_in_place(path, disk, content, saved))
        except OSError as error:
            raise StoppedError(
                f"The disk failed while {path} was repaired ({error.strerror}). Fix that, then repair it again."
            ) from error


def _checked(path: Path, disk: Disk) -> Path:
    if not os.path.lexists(path):
        raise UsageError(f"There is no ledger {path}. Check the path; the next run makes a new one.")
    path = path.absolute()
    check_place(disk, path)
    return path


def _salvaged(path: Path, disk: Disk, clock: Clock) -> tuple[Salvage, bytes]:
    """Return the salvaged ledger, and the bytes of the damaged one."""
    fd = open_file(disk, path)
    try:
        content = read_whole(fd)
    finally:
        os.close(fd)
    saved = salvage(content, kept_as=first_free(path).name, now=clock.now(), name=str(path))
    fold(saved.content, str(path))  # a ledger that the next run would refuse is not put in place
    return saved, content


def _put_in_place(path: Path, disk: Disk, content: bytes, saved: Salvage) -> Path:
    """Put the salvaged ledger in place, and return where the damaged one is kept."""
    kept_as = first_free(path)
    aside(path).unlink(missing_ok=True)
    make_file(disk, kept_as, content, mode=stat.S_IMODE(path.stat().st_mode))
    replace_file(disk, path, aside(path), saved.content)
    return kept_as


# The sound ledger.


def salvage(content: bytes, *, kept_as: str, now: datetime, name: str = "the ledger") -> Salvage:
    """Return a sound ledger made of what is left of this one.

    `named_tokens` says which records the remains of lost lines may have been about. Where that is not clear, a lost
    line may have been the create of any row, also of one that the rest of the ledger does not have. Then

        every record that could be sent anew is in doubt
        the ledger no longer says `swept`, so the next run walks the account and adopts by token before it creates

    Such a walk proves nothing while a lost create may still arrive, so the ledger may be used only once the settle
    window has passed since the lock was taken.

    Raises:
        LedgerError: as for `sort_out`.
    """
    remains = sort_out(content, name)
    replay = _Replay()
    for number in sorted(remains.sound):
        replay.take(remains.sound[number][1])
    if _is_sound(content, remains) and not replay.illegal:
        return Salvage(content=content, kept=len(remains.sound))
    torn = [entries.TailRepaired(kept=kept_as, size=len(remains.torn))] if remains.torn else []
    touched = _touched(remains, replay.ledger_state)
    lines = list(_lines(remains, replay, swept=touched is not None, kept_as=kept_as, now=now))
    in_doubt = []
    for entry in (*torn, *replay.entries_in_doubt(touched)):
        replay.ledger_state.take(stamped := stamp(entry, seq=len(lines) + 1, now=now))
        lines.append(encode(stamped))
        in_doubt += [entry.token] if isinstance(entry, entries.RecordEntry) else []
    return Salvage(
        content=b"".join(lines),
        kept=len(remains.sound) - len(replay.illegal),
        lost=remains.lost,
        illegal=tuple(replay.illegal),
        doubted=tuple(replay.ledger_state.record(token) for token in dict.fromkeys(in_doubt)),
        all_in_doubt=touched is None,
    )


def _is_sound(content: bytes, remains: Remains) -> bool:
    """Return whether nothing is lost, doubled or out of order."""
    return (
        content == b"".join(remains.sound[number][0] + b"\n" for number in sorted(remains.sound)) and not remains.lost
    )


def _touched(remains: Remains, ledger_state: LedgerState) -> set[str] | None:
    """Return the records of which a lost line may have announced a create.

    None where that is not clear.
    """
    named = [named_tokens(line, ledger_state.records) for line in remains.numbered.values()]
    if None in named or not remains.are_all_numbered:
        return None
    return {token for tokens in named for token in tokens or ()}


def _lines(remains: Remains, replay: "_Replay", *, swept: bool, kept_as: str, now: datetime) -> Iterator[bytes]:
    """Yield the old lines, each at its number, or what replaces it there."""
    for number in range(1, remains.last + 1):
        line, entry = remains.sound.get(number, (remains.numbered.get(number, b""), None))
        if number in replay.narrowed:
            yield encode(replay.narrowed[number])
        elif entry is None or number in replay.illegal or (isinstance(entry, entries.Swept) and not swept):
            yield encode(stamp(entries.TailRepaired(kept=kept_as, size=len(line)), seq=number, now=now))
        else:
            yield line + b"\n"


@dataclass(slots=True)
class _Replay:
    """Replays the sound lines, in order.

    Attributes:
        illegal: the entries that are no legal step, by number.
        aside: those of them that are about a record, by token.
        narrowed: `admitted` entries without the rows that cannot be admitted, by number.
    """

    ledger_state: LedgerState = field(default_factory=LedgerState)
    illegal: dict[int, entries.Entry] = field(default_factory=dict)
    narrowed: dict[int, entries.Entry] = field(default_factory=dict)
    aside: dict[str, list[entries.RecordEntry]] = field(default_factory=lambda: defaultdict(list))

    def take(self, entry: entries.Entry) -> None:
        """Take an entry, or put it aside where it is no legal step."""
        try:
            self.ledger_state.take(entry)
        except IllegalStepError:
            self.illegal[entry.seq] = entry
            if isinstance(entry, entries.RecordEntry):
                self.aside[entry.token].append(entry)
            elif isinstance(entry, entries.Admitted):
                legal = tuple(token for token in entry.tokens if _is_legal(self.ledger_state.record(token), entry))
                narrowed = entries.Admitted(v=entry.v, seq=entry.seq, at=entry.at, tokens=legal)
                self.narrowed[entry.seq] = narrowed
                self.ledger_state.take(narrowed)

    def entries_in_doubt(self, touched: set[str] | None) -> Iterator[entries.Entry]:
        """Yield the entries for records in doubt.

        `touched` is None where every record is.
        """
        for token in list(dict.fromkeys([*self.ledger_state.records, *self.aside])):
            record = self.ledger_state.record(token)
            yield from _interrupted(record)
            if touched is None or token in touched or token in self.aside:
                yield from _doubted(record, self.aside.get(token, []))


def _is_legal(record: Record, entry: entries.Entry) -> bool:
    try:
        step(record, entry)
    except IllegalStepError:
        return False
    return True


def _interrupted(record: Record) -> Iterable[entries.Entry]:
    """Yield the entries for calls whose process is gone: their outcome is unknown."""
    if record.state is State.SENDING and record.op is not None:
        yield entries.Unresolved(token=record.token, key=record.key, op=record.op, seen=WHY)
    for number in unknown_numbers(record):
        if record.numbers[number].linkage is Linkage.SENDING:
            yield entries.Unresolved(token=record.token, key=record.key, op=entries.Op.LINK, number=number, seen=WHY)


def _doubted(record: Record, aside: list[entries.RecordEntry]) -> Iterator[entries.Entry]:
    """Yield what keeps a record in doubt from being sent before it is looked for.

    The first that applies; nothing for a record that is at the API, deleted or given up:

        an entry put aside has its compliance id               adopted
        several ids are known                                  held
        the alias that it is sent by is known                  uncertain: settling asks the API for that alias
        none of these                                          held: asked for a wrong alias, the API would have nothing
    """
    if record.compliance_id or record.state in ENDED:
        return
    token, key = record.token, record.key or next((entry.key for entry in aside if entry.key), "")
    known = [e.compliance_id for e in aside if isinstance(e, entries.Done | entries.Adopted | entries.Resolved)]
    ids = tuple(filter(None, dict.fromkeys(known)))
    aliases = [record.alias, *(e.alias for e in aside if isinstance(e, entries.Intent) and e.op is entries.Op.CREATE)]
    alias = next(filter(None, aliases), "")
    if len(ids) == 1:
        yield entries.Adopted(token=token, key=key, op=entries.Op.CREATE, compliance_id=ids[0], alias=alias)
    elif ids or (record.state in NOT_FILED and not alias):
        yield entries.Held(token=token, key=key, op=entries.Op.CREATE, why=WHY, compliance_ids=ids)
    elif record.state in NOT_FILED:
        if record.state in (State.INVALID, State.REFUSED):
            yield entries.Admitted(tokens=(token,))
        yield entries.Intent(
            token=token, key=key, op=entries.Op.CREATE, attempt=record.attempts + 1, alias=alias, fingerprint=""
        )
        yield entries.Unresolved(token=token, key=key, op=entries.Op.CREATE, seen=WHY)


# What is left of the damaged one.


def sort_out(content: bytes, name: str = "the ledger") -> Remains:
    """Return the remains of a ledger; `name` is what messages call it.

    A line is sound when its checksum fits and it can be read; the number that it states is its own, wherever it stands.
    Damaged bytes between two line ends are the remains of one line where they state one number, which no sound line
    has. Other remains, and numbers without remains, are losses of which nothing can be said.

    Raises:
        LedgerError: no ledger, its first line lost, a newer version's, or two ledgers in one: not to be salvaged.
    """
    lines, tail, rotten = without_tail(content)
    remains = Remains(torn=b"" if rotten else tail)
    damaged = [line for line in [*lines, *filter(None, [rotten])] if not _take_sound(remains, line, name)]
    header = remains.sound.get(1)
    if header is None or not isinstance(header[1], entries.LedgerOpened):
        raise _refused(name, "its first line, which says whose it is, is lost")
    last_sound = remains.last
    for line in damaged:
        numbers = stated_numbers(line)
        is_lost = len(numbers) == 1 and numbers[0] not in remains.sound and numbers[0] not in remains.numbered
        if is_lost and numbers[0] <= last_sound + len(damaged):
            remains.numbered[numbers[0]] = line
        else:
            remains.unnumbered.append(line)
    return remains


def _take_sound(remains: Remains, line: bytes, name: str) -> bool:
    """Add a sound line to the remains, and return whether it is sound."""
    try:
        entry = decode(line)
    except LineError as error:
        if error.fault in _NOT_TO_BE_SALVAGED:
            raise _refused(name, str(error)) from error
        return False
    if entry.seq < 1:
        return False
    same_number, _ = remains.sound.setdefault(entry.seq, (line, entry))
    if same_number != line or isinstance(entry, entries.LedgerOpened) != (entry.seq == 1):
        raise _refused(name, f"two lines say that they are line {entry.seq}, so two ledgers are mixed in it")
    return True


def _refused(name: str, why: str) -> LedgerError:
    return LedgerError(
        f"{name} cannot be repaired: {why}. Nothing was changed. Put back an undamaged copy from a backup; without "
        "one move it away: the next run makes a new one from the account."
    )
