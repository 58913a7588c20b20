"""Replaying a ledger, telling a bad end from damage (docs/design/ledger.md, Fold)."""

import re
import zlib

import pytest

from bulk_onboard.errors import LedgerError
from bulk_onboard.ledger.fold import entries, fold, fold_blocks
from bulk_onboard.model.entry import Done, Swept
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import State
from tests.unit.ledger.samples import admitted, done, intent, ledger_of, run_started, story, token

CONTENT = ledger_of(story())
LINES = CONTENT.splitlines(keepends=True)
STARTS = [len(b"".join(LINES[:index])) for index in range(len(LINES))]
LAST = len(LINES)


def damage_in(content: bytes) -> tuple[int, int] | None:
    """Line and byte that the refusal names; None where there is none."""
    try:
        folded = fold(content)
    except LedgerError as error:
        found = re.search(r"line (\d+) at byte (\d+)", str(error))
        return (int(found[1]), int(found[2])) if found else (1, 0)
    assert folded.good_bytes + len(folded.tail) == len(content)
    return None


def flipped(content: bytes, bit: int) -> bytes:
    place = bit // 8
    return content[:place] + bytes([content[place] ^ 1 << bit % 8]) + content[place + 1 :]


def test_states_of_a_story():
    """A sound ledger folds into its records, its runs and the number of its last line."""
    folded = fold(CONTENT)

    assert [State.SUBMITTED, State.SUBMITTED, State.REFUSED, State.NOT_SENT] == [
        folded.ledger_state.record(token(number)).state for number in (1, 2, 3, 4)
    ]
    assert ["run-1", "run-2"] == [run.started.run_id for run in folded.ledger_state.runs]
    assert (LAST, len(CONTENT), b"", b"") == (folded.ledger_state.seq, folded.good_bytes, folded.tail, folded.rotten)


def test_empty_file_is_an_empty_ledger():
    """Nothing at all folds into an empty ledger."""
    folded = fold(b"")

    assert (LedgerState(), 0, b"") == (folded.ledger_state, folded.good_bytes, folded.tail)


def test_every_truncation_is_a_legal_state():
    """Cut anywhere, the ledger folds to its whole lines, and what is left over is a torn tail."""
    ends = [start + len(line) for start, line in zip(STARTS, LINES, strict=True)]

    for cut in range(len(CONTENT)):
        folded = fold(CONTENT[:cut])

        assert sum(end <= cut for end in ends) == folded.ledger_state.seq
        assert CONTENT[folded.good_bytes : cut] == folded.tail
        assert b"" == folded.rotten


@pytest.mark.slow
def test_every_flipped_bit_before_the_last_line_is_refused_by_name():
    """One wrong bit in the middle: nothing is folded, and the message names line and byte."""
    unnoticed = {}
    for index in range(LAST - 2):
        for bit in range(STARTS[index] * 8, STARTS[index + 1] * 8):
            named = damage_in(flipped(CONTENT, bit))
            if named != (index + 1, STARTS[index]):
                unnoticed[bit] = named

    assert {} == unnoticed


def test_every_flipped_bit_in_the_last_line_makes_a_tail():
    """One wrong bit in the last line: it is rotten, or it fell in two and is refused; it never counts."""
    wrong = {}
    for bit in range(STARTS[-1] * 8, len(CONTENT) * 8):
        content = flipped(CONTENT, bit)
        if named := damage_in(content):
            if named != (LAST, STARTS[-1]):
                wrong[bit] = named
        elif (folded := fold(content)).good_bytes != STARTS[-1] or not folded.rotten:
            wrong[bit] = folded

    assert {} == wrong


def in_pieces(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


def outcome(blocks: list[bytes]) -> tuple[object, ...]:
    """What folding these pieces gives, or what it says against them."""
    try:
        folded = fold_blocks(blocks)
    except LedgerError as error:
        return (str(error),)
    return (folded.ledger_state, folded.good_bytes, folded.tail, folded.rotten)


@pytest.mark.parametrize("size", [1, 7, 100, 1000, len(CONTENT) - 1])
def test_pieces_fold_as_the_whole(size):
    """However a ledger is cut into pieces, it folds to the same state and tail, or is refused in the same words."""
    ends = [CONTENT, CONTENT[:-5], CONTENT + b"\x00\n\x00" * 40, flipped(CONTENT, STARTS[-1] * 8 + 99)]
    spoilt = [flipped(CONTENT, (start + 60) * 8) for start in STARTS]
    moved = [b"".join([*LINES[:index], *LINES[index + 1 :]]) for index in range(LAST)]

    for content in [*ends, *spoilt, *moved, b"x" * 200_000]:
        assert outcome([content]) == outcome(in_pieces(content, size))


def test_damage_far_into_a_long_ledger_is_named():
    """Line and byte of a bad line are right however much was folded before it, whatever is wrong with it."""
    long = [story()[0], *(admitted(number) for number in range(1, 3000))]
    content = ledger_of([*long, done(1), *long[1:]])
    start = len(ledger_of(long))
    line = content[start : content.index(b"\n", start)]
    bodies = [line[:-18].replace(b'"op":"create"', b'"op":"crea"'), line[:-18].replace(b'"seq":3001', b'"seq":3002')]

    named = [damage_in(content.replace(line, new)) for new in (line, line[:-3] + b'!"}', *map(_resealed, bodies))]

    assert start > 1 << 16
    assert [(3001, start)] * 4 == named


@pytest.mark.parametrize("index", range(1, LAST - 1))
def test_lost_doubled_and_swapped_lines_are_refused(index):
    """A line that is missing, there twice, or in its neighbour's place breaks the sequence."""
    before, line, after = LINES[:index], LINES[index], LINES[index + 1 :]

    assert (index + 1, STARTS[index]) == damage_in(b"".join([*before, *after]))
    assert (index + 2, STARTS[index + 1]) == damage_in(b"".join([*before, line, line, *after]))
    assert (index + 1, STARTS[index]) == damage_in(b"".join([*before, after[0], line, *after[1:]]))


@pytest.mark.parametrize(
    ("tail", "rotten"),
    [
        (b"\x00" * 512, b""),
        (b"\x00" * 512 + b"\n", b""),
        (b"\x81\n\xfe\x00 garbage", b""),
        (LINES[-1][:-1], b""),
        (LINES[-1][:-1] + b"\x0b", LINES[-1][:-1] + b"\x0b"),
        (LINES[-1].replace(b"invalid", b"invalix"), LINES[-1].replace(b"invalid", b"invalix")[:-1]),
        (LINES[-1].replace(b"invalid", b"invalix") + b'{"at', LINES[-1].replace(b"invalid", b"invalix")[:-1]),
    ],
    ids=["NULs", "NULs and a newline", "garbage", "no newline", "newline lost", "bit rot", "bit rot, torn line"],
)
def test_kinds_of_tail(tail, rotten):
    """Bytes without an end or without a trace of an entry are torn; a line that was whole once is rotten."""
    good = b"".join(LINES[:-1])

    folded = fold(good + tail)

    assert (len(good), tail, rotten) == (folded.good_bytes, folded.tail, folded.rotten)


@pytest.mark.parametrize(
    "content",
    [b"Dear diary", b"Dear diary\n", b"\n", b"\x00" * 9, b'{"a":1}\n', LINES[1], flipped(LINES[0], 100)],
)
def test_other_files_are_no_ledgers(content):
    """A file that is something else, or whose header is damaged, is refused and never repaired."""
    with pytest.raises(LedgerError):
        fold(content)


def test_second_header_is_refused():
    """Two ledgers glued together are damage, even if the numbers go on."""
    assert damage_in(ledger_of([*story(), story()[0]])) is not None


def test_illegal_step_is_refused():
    """An outcome without its intent was never written by this tool: the message says which record, and where."""
    with pytest.raises(LedgerError, match=f"line 3 at byte .* record {token(1)} is not sent; 'done create'"):
        fold(ledger_of([story()[0], admitted(1), done(1)]))


def test_unknown_entry_keeps_its_place():
    """A line of a newer tool that may be skipped counts in the sequence and changes nothing."""
    content = ledger_of([story()[0], Swept(records=3), admitted(1)])
    old = content.splitlines(keepends=True)[1]
    new = _sealed(old[:-19].replace(b"swept", b"dreamt"))

    folded = fold(content.replace(old, new))

    assert (3, False, [token(1)]) == (
        folded.ledger_state.seq,
        folded.ledger_state.swept,
        list(folded.ledger_state.records),
    )


def test_newer_version_is_refused_even_at_the_end():
    """A last line of a newer version is no torn tail: the tool must not cut it off."""
    line = LINES[-1]
    newer = _sealed(line[:-19].replace(b'"v":1', b'"v":2'))

    with pytest.raises(LedgerError, match="newer version"):
        fold(b"".join(LINES[:-1]) + newer)


def test_sending_records_stay_sending_until_the_next_run():
    """Folding infers nothing: a record without an outcome is *sending*, and *uncertain* once a new run has begun."""
    begun = [story()[0], run_started(1), admitted(1), intent(1)]

    assert State.SENDING == fold(ledger_of(begun)).ledger_state.record(token(1)).state
    assert State.UNCERTAIN == fold(ledger_of([*begun, run_started(2)])).ledger_state.record(token(1)).state


def test_entries_leave_the_tail_out():
    """Reading entry by entry ends where the ledger is sound."""
    everything = list(entries(CONTENT[:-5]))

    assert LAST - 1 == len(everything)
    assert [6] == [entry.seq for entry in everything if isinstance(entry, Done)]


def _resealed(body: bytes) -> bytes:
    return _sealed(body)[:-1]


def _sealed(body: bytes) -> bytes:
    return body + b',"crc":"%08x"}\n' % zlib.crc32(body)
