"""Replay a ledger's bytes into books, and tell its tail from damage (reliability.md 2, "Torn tail", "Corrupt middle").

Lines end at the byte LF. The first is `ledger_opened`, the lines count from 1 without a gap, and each is a legal step.

The *tail* is what a crash, or a disk, did to the end of the file:

    torn     bytes after the last newline: a write that never finished, hence one that nobody acted upon. Lines before
             them that fail their checksum and show no trace of an entry are torn too: whatever they were is gone as if
             the file had been cut there, which no log can notice
    rotten   a last line that fails its checksum and shows such traces, so it was whole once. Bytes after the last
             newline are rotten if all but the newest of them are a sound line, for then the newline was lost

Whatever is wrong before the tail is damage, and so is a line in the tail's place that passes its checksum and still
makes no sense: nothing is folded then.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bulk_onboard.errors import LedgerError
from bulk_onboard.ledger.codec import LineError, checksum_fits, decode
from bulk_onboard.model.books import Books
from bulk_onboard.model.entry import Entry, LedgerOpened
from bulk_onboard.model.record import IllegalStepError

_FIRST_BYTES = b'{"at":"'
_TRACES = (b'"alias":"', b'"at":"', b'"entry":"', b'"seq":', b'"token":"', b'"crc":"')

ADVICE = (
    "nothing was changed and nothing is sent. Put back an undamaged copy from a backup, or salvage this one with "
    "`bulk-onboard ledger repair`, then run again; do not edit or delete it, for what it says was sent would be "
    "forgotten"
)


@dataclass(frozen=True, slots=True)
class Folded:
    """A ledger's content, understood.

    Attributes:
        books: what its sound lines amount to.
        good_bytes: where the last sound line ends.
        tail: what follows there; empty where the ledger ends well.
        rotten: the line in the tail that was whole once; empty where the tail is only torn.
    """

    books: Books
    good_bytes: int
    tail: bytes = b""
    rotten: bytes = b""


def fold(content: bytes, name: str = "the ledger") -> Folded:
    """Replay a ledger's content; `name` is what messages call it.

    Raises:
        LedgerError: damage before the tail, no ledger at all, or one written by a newer version.
    """
    lines, tail, rotten = without_tail(content)
    if not lines and (rotten or not _begins_a_ledger(tail)):
        raise LedgerError(f"{name} is no ledger, or its first line is damaged; {ADVICE}")
    books = Books()
    for entry in _sound(lines, name):
        try:
            books.take(entry)
        except IllegalStepError as error:
            raise _damage(lines, entry.seq, str(error), name) from error
    return Folded(books, len(content) - len(tail), tail, rotten)


def sound_lines(content: bytes) -> list[bytes]:
    """A ledger's lines without their newlines, its tail left out."""
    return without_tail(content)[0]


def entries(content: bytes) -> Iterator[Entry]:
    """A ledger's entries in their order, its tail left out; LedgerError as for `fold`."""
    return _sound(sound_lines(content), "the ledger")


def without_tail(content: bytes) -> tuple[list[bytes], bytes, bytes]:
    """The lines before the tail, without their newlines; the tail; and its rotten line."""
    lines = content.split(b"\n")
    fragment = lines.pop()
    end = fragment
    while lines and not checksum_fits(lines[-1]):
        end = lines[-1] + b"\n" + end
        if _shows_traces(line := lines.pop()):
            return lines, end, line
    return lines, end, fragment if checksum_fits(fragment[:-1]) else b""


def _shows_traces(line: bytes) -> bool:
    return any(trace in line for trace in _TRACES)


def _begins_a_ledger(tail: bytes) -> bool:
    return tail.startswith(_FIRST_BYTES) or _FIRST_BYTES.startswith(tail)


def _sound(lines: list[bytes], name: str) -> Iterator[Entry]:
    for number, line in enumerate(lines, start=1):
        try:
            entry = decode(line)
        except LineError as error:
            raise _damage(lines, number, str(error), name) from error
        if entry.seq != number:
            raise _damage(lines, number, f"it says that it is line {entry.seq}: lines were lost or moved", name)
        if isinstance(entry, LedgerOpened) != (number == 1):
            raise _damage(lines, number, "a ledger has one header, and it is the first line", name)
        yield entry


def _damage(lines: list[bytes], number: int, why: str, name: str) -> LedgerError:
    offset = sum(len(line) + 1 for line in lines[: number - 1])
    return LedgerError(f"{name}: line {number} at byte {offset} cannot be used: {why}; {ADVICE}")
