"""Replay a ledger's bytes into its state, and tell its tail from damage.

See docs/design/ledger.md, Fold.

The first line is `ledger_opened`, lines are numbered from 1 without a gap, and each is a legal step.

The *tail* is what a crash, or a disk, left at the end of the file:

    torn     bytes after the last newline: a write that never finished, so nothing was sent because of it. Lines before
             them that fail their checksum and show no trace of an entry count as torn too: the file might as well have
             been cut there
    rotten   a last line that fails its checksum but shows such traces, so it was whole once. Bytes after the last
             newline are rotten where all but the last byte are a sound line: then the newline was lost

Anything wrong before the tail is damage, and so is a last line that passes its checksum and is not legal: then
nothing is folded.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bulk_onboard.errors import LedgerError
from bulk_onboard.ledger.codec import LONGEST_LINE, LineError, checksums_fit, decode, decode_all
from bulk_onboard.model.command import Commands
from bulk_onboard.model.entry import Entry, LedgerOpened
from bulk_onboard.model.ledger_state import LedgerState, Replay
from bulk_onboard.model.life import IllegalStepError

_FIRST_BYTES = b'{"at":"'
_TRACES = (b'"alias":"', b'"at":"', b'"entry":"', b'"seq":', b'"token":"', b'"crc":"')

_MARKS = (b'"entry":"', b'"crc":"')

_BLOCK = 1 << 16  # bytes: fits the processor's cache, and holds enough lines to be worth a loop


@dataclass(frozen=True, slots=True)
class Folded:
    """A ledger's content, understood.

    Attributes:
        ledger_state: the state after its sound lines.
        good_bytes: where the last sound line ends.
        tail: the bytes after that; empty for most ledgers.
        rotten: the line in the tail that was whole once; empty where the tail is only torn.
    """

    ledger_state: LedgerState
    good_bytes: int
    tail: bytes = b""
    rotten: bytes = b""


def advice(path: str) -> str:
    """Return what to do with a damaged ledger, for people."""
    return (
        "nothing was changed and nothing is sent. Do not edit or delete it, for what it says was sent would be "
        "forgotten; put back an undamaged copy from a backup, or salvage this one, then run again. To salvage it, "
        f"type: {Commands(job=path).repair()}"
    )


def fold(content: bytes, name: str = "the ledger", remedy: str = "") -> Folded:
    """Replay a ledger's content, as `fold_blocks` does."""
    return fold_blocks((content[start : start + _BLOCK] for start in range(0, len(content), _BLOCK)), name, remedy)


def fold_blocks(blocks: Iterable[bytes], name: str = "the ledger", remedy: str = "") -> Folded:
    """Replay a ledger from pieces of any size, one at a time.

    Args:
        name: what messages call it.
        remedy: what messages say to do about damage; by default what helps a file.

    Raises:
        LedgerError: damage before the tail, no ledger at all, or one written by a newer version.
    """
    remedy = remedy or advice(name)
    replay, good_bytes, rest = Replay(), 0, b""
    ahead = iter(blocks)
    for block in ahead:
        rest += block
        lines = rest.split(b"\n")
        fragment = lines.pop()
        if len(fragment) > LONGEST_LINE or not checksums_fit(lines):
            break  # only the end of the file shows whether this is the tail or damage
        _take(replay, decode_all(lines), lines, good_bytes, name=name, remedy=remedy)
        good_bytes += len(rest) - len(fragment)
        rest = fragment
    lines, tail, rotten = without_tail(rest := b"".join([rest, *ahead]))
    if not lines and not replay.seq and (rotten or not _begins_a_ledger(tail)):
        raise LedgerError(f"{name} is no ledger, or its first line is damaged; {remedy}")
    _take(replay, map(decode, lines), lines, good_bytes, name=name, remedy=remedy)
    return Folded(replay.finish(), good_bytes + len(rest) - len(tail), tail, rotten)


def check_has_no_tail(folded: Folded, name: str, remedy: str) -> None:
    """Raise LedgerError where a ledger that is in no file has a tail: nothing is written there by halves."""
    if folded.tail:
        raise LedgerError(f"{name}: line {folded.ledger_state.seq + 1} is damaged; {remedy}")


def may_be_a_ledgers(block: bytes) -> bool:
    """Return whether a block of a file may be a ledger's.

    NULs may be, since that is how some damage looks.
    """
    return _begins_a_ledger(block) or all(mark in block for mark in _MARKS) or not block.strip(b"\0")


def sound_lines(content: bytes) -> list[bytes]:
    """Return a ledger's lines without newlines, its tail left out."""
    return without_tail(content)[0]


def entries(content: bytes) -> Iterator[Entry]:
    """Return the entries of a ledger that can be folded, its tail left out."""
    return map(decode, sound_lines(content))


def without_tail(content: bytes) -> tuple[list[bytes], bytes, bytes]:
    """Return the lines before the tail, without their newlines.

    Also return the tail, and the rotten line in it.
    """
    lines = content.split(b"\n")
    fragment = lines.pop()
    end = fragment
    while lines and not checksums_fit(lines[-1:]):
        end = lines[-1] + b"\n" + end
        if _shows_traces(line := lines.pop()):
            return lines, end, line
    return lines, end, fragment if checksums_fit([fragment[:-1]]) else b""


def _shows_traces(line: bytes) -> bool:
    return any(trace in line for trace in _TRACES)


def _begins_a_ledger(tail: bytes) -> bool:
    return tail.startswith(_FIRST_BYTES) or _FIRST_BYTES.startswith(tail)


def _take(
    ledger_state: LedgerState, entries: Iterable[Entry], lines: list[bytes], start: int, *, name: str, remedy: str
) -> None:
    """Take entries of lines that follow those in the state.

    The first line begins at byte `start`.
    """
    first = ledger_state.seq + 1
    try:
        for number, entry in enumerate(entries, first):
            if entry.seq != number or (type(entry) is LedgerOpened) is not (number == 1):
                raise _MisplacedError(entry, number)
            ledger_state.take(entry)
    except (LineError, IllegalStepError, _MisplacedError) as error:
        number = ledger_state.seq + 1
        offset = start + sum(len(line) + 1 for line in lines[: number - first])
        raise LedgerError(f"{name}: line {number} at byte {offset} cannot be used: {error}; {remedy}") from error


class _MisplacedError(Exception):
    """A line that is sound, but out of place."""

    def __init__(self, entry: Entry, number: int) -> None:
        lost = f"it says that it is line {entry.seq}: lines were lost or moved"
        super().__init__(lost if entry.seq != number else "a ledger has one header, and it is the first line")
