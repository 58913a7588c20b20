"""Verify that a ledger is sound: read-only, and safe while a run writes.

See docs/design/ledger.md, Soundness.

Folding proves the checksums, the sequence, the header, and that every step was legal, hence no outcome without its
intent. Beyond that every line must be strict JSON, no record may have two compliance ids and no id two records, and an
absence must say what it was concluded from: the wait, at least the settle window of its run, and for a create the
record that the positive control found.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from bulk_onboard.errors import ExitStatus, LedgerError
from bulk_onboard.ledger.fold import Folded, check_has_no_tail, entries, fold, sound_lines
from bulk_onboard.model.entry import Absent, Adopted, Done, Entry, Gone, Op, Resolved, RunStarted
from bulk_onboard.model.record import State

_ROUNDING_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found.

    Attributes:
        exit_status: `DONE` sound, `ROWS_NEED_ATTENTION` where records are held or gone, `LEDGER` broken.
        sentences: what to know about it, the gravest first; empty where there is nothing to say.
        lines: how many sound lines it has.
        counts: records by state.
    """

    exit_status: ExitStatus
    sentences: tuple[str, ...] = ()
    lines: int = 0
    counts: Mapping[State, int] = field(default_factory=dict)


_FOR_A_PERSON: Mapping[State, str] = {
    State.HELD: "{} held: somebody must decide about that (verb resolve).",
    State.GONE: "{} gone from the API: somebody must decide about that (verb resolve).",
}


def _counted(records: int) -> str:
    return "1 record is" if records == 1 else f"{records:,} records are"


def verify(blocks: Iterable[bytes], name: str, remedy: str = "") -> Verification:
    """Judge a ledger by its bytes, some at a time.

    Args:
        name: what sentences call it.
        remedy: what to do about damage of a ledger that is in no file, and so has no tail.
    """
    content = b"".join(blocks)
    try:
        folded = fold(content, name, remedy)
        if remedy:
            check_has_no_tail(folded, name, remedy)
    except LedgerError as error:
        return Verification(exit_status=ExitStatus.LEDGER, sentences=(str(error),))
    broken = [
        *_rotten(folded),
        *_not_strict(sound_lines(content)),
        *_ids_in_conflict(entries(content)),
        *_unproved_absences(entries(content)),
    ]
    counts = Counter(record.state for record in folded.ledger_state.records.values())
    held = [sentence.format(_counted(counts[state])) for state, sentence in _FOR_A_PERSON.items() if counts[state]]
    return Verification(
        exit_status=(ExitStatus.LEDGER if broken else ExitStatus.ROWS_NEED_ATTENTION if held else ExitStatus.DONE),
        sentences=(*broken, *held, *_torn(folded)),
        lines=folded.ledger_state.seq,
        counts=dict(counts),
    )


def _rotten(folded: Folded) -> Iterator[str]:
    if folded.rotten:
        yield (
            f"The last line, {folded.ledger_state.seq + 1} at byte {folded.good_bytes}, was damaged after it had been "
            "written, so the disk may be failing. The next run puts it aside, and holds the row it was about."
        )


def _torn(folded: Folded) -> Iterator[str]:
    if folded.tail and not folded.rotten:
        yield (
            f"The last {len(folded.tail)} bytes are a line that is not finished: a run is writing it now, or was "
            "stopped while it did. The next run cuts it off; nothing is lost."
        )


def _not_strict(lines: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        try:
            json.loads(line.decode("ascii"), object_pairs_hook=_once, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            yield f"Line {number} is not strict JSON: {error}."


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("it has a key twice")
    return dict(pairs)


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")


def _ids_in_conflict(everything: Iterable[Entry]) -> Iterator[str]:
    """Yield records with a second compliance id, and ids with a second record.

    A gone record may get another id.
    """
    id_of: dict[str, str] = {}
    token_of: dict[str, str] = {}
    for entry in everything:
        match entry:
            case Gone():
                id_of.pop(entry.token, None)
            case Done() | Adopted() | Resolved(how="found"):
                first_id = id_of.setdefault(entry.token, entry.compliance_id)
                if first_id != entry.compliance_id:
                    yield f"Line {entry.seq}: record {entry.token} has the id {entry.compliance_id} beside {first_id}."
                first_token = token_of.setdefault(entry.compliance_id, entry.token)
                if first_token != entry.token:
                    yield f"Line {entry.seq}: id {entry.compliance_id} belongs to {entry.token} and to {first_token}."


def _unproved_absences(everything: Iterable[Entry]) -> Iterator[str]:
    """Yield absences that were concluded too early, or without a positive control.

    See docs/design/settling.md, Conclusions. An answer that refused a link as a whole proves it at once.
    """
    settle_s = 0.0
    for entry in everything:
        match entry:
            case RunStarted():
                settle_s = entry.settle
            case Absent(op=Op.CREATE, control=""):
                yield f"Line {entry.seq}: record {entry.token} was taken for absent without a positive control."
            case Absent() if not entry.seen and entry.waited_s + _ROUNDING_S < settle_s:
                what = "a link of record" if entry.op is Op.LINK else "record"
                yield (
                    f"Line {entry.seq}: {what} {entry.token} was taken for absent after {entry.waited_s:g} s; "
                    f"the settle window of that run was {settle_s:g} s."
                )
