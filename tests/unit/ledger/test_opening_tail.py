"""What a bad end of the ledger leaves in doubt."""

import pytest

from bulk_onboard.errors import LedgerError
from bulk_onboard.ledger.fold import fold
from bulk_onboard.ledger.opening import WHY_HELD, entries_for_tail, in_doubt
from bulk_onboard.model.entry import Held, Op, TailRepaired
from bulk_onboard.model.record import State
from tests.unit.ledger.samples import admitted, done, intent, ledger_of, run_started, story, token

HEADER = story()[0]
MAY_BE_SENT = {State.NOT_SENT, State.DEFERRED, State.REFUSED, State.INVALID}


def doubts(content: bytes) -> list[str] | None:
    """The tokens in doubt; None where the ledger is refused."""
    try:
        return [record.token for record in in_doubt(fold(content))]
    except LedgerError:
        return None


def test_torn_tail_leaves_no_doubt():
    """An intent that was never finished was never acted upon, so its row stays as it was."""
    content = ledger_of([HEADER, run_started(), admitted(1), intent(1)])

    folded = fold(content[:-1])

    assert [TailRepaired(kept="x.broken-1", size=len(folded.tail))] == entries_for_tail(folded, "x.broken-1")


def test_rotten_intent_holds_its_row():
    """The create may have been sent, so a person must look before it is sent again."""
    content = ledger_of([HEADER, run_started(), admitted(1, 2), intent(1)]).replace(b"5e5e5e", b"5e5eZe")

    folded = fold(content)

    assert [
        TailRepaired(kept="x.broken-1", size=len(folded.tail)),
        Held(token=token(1), op=Op.CREATE, why=WHY_HELD),
    ] == entries_for_tail(folded, "x.broken-1")


def test_no_flipped_bit_makes_a_sent_row_fresh():
    """Whichever bit of the last two lines is lost: the row of the last intent is held, or the ledger is refused."""
    good = ledger_of([HEADER, run_started(), admitted(1)])
    content = ledger_of([HEADER, run_started(), admitted(1), admitted(2), intent(1)])
    refused, fresh = 0, []

    for bit in range(len(good) * 8, len(content) * 8):
        place = bit // 8
        found = doubts(content[:place] + bytes([content[place] ^ 1 << bit % 8]) + content[place + 1 :])
        refused += found is None
        if found not in (None, [token(1)]):
            fresh.append(bit)

    assert [] == fresh
    assert refused < (len(content) - len(good)) * 8 / 2


def test_no_lost_sector_makes_a_sent_row_fresh():
    """Zeros over any stretch of the last intent: held, refused, or gone with its newline as any cut may go."""
    good = ledger_of([HEADER, run_started(), admitted(1)])
    content = ledger_of([HEADER, run_started(), admitted(1), intent(1)])
    whole = range(len(good), len(content) - 1)

    found = {
        (start, end): doubts(content[:start] + bytes(end - start) + content[end:])
        for start in whole
        for end in range(start + 1, len(content) - 1, 7)
    }

    assert {} == {
        stretch: tokens
        for stretch, tokens in found.items()
        if tokens not in (None, [token(1)]) and any(trace in _left(content, len(good), stretch) for trace in TRACES)
    }
    assert [token(1)] in found.values()


@pytest.mark.parametrize(
    ("last", "damage"),
    [
        (done(1), (b'"api_id"', b'"apx_id"')),
        (run_started(2), (b"ops-1", b"opx-1")),
        (admitted(*range(2, 20)), (b'"v":1', b'"v":3')),
    ],
)
def test_other_rotten_lines_leave_no_doubt(last, damage):
    """Without its outcome a row is settled anyway, and what is no intent was never sent."""
    content = ledger_of([HEADER, run_started(), admitted(1), intent(1), last])
    start = content.rindex(b"\n", 0, -1)

    assert [] == doubts(content[:start] + content[start:].replace(*damage))


def test_short_rotten_line_leaves_no_doubt():
    """Rot changes bytes, not how many there are: what is shorter than an intent was none."""
    assert [] == doubts(ledger_of([HEADER, admitted(1)]) + b'{"broken":true,"crc":"00000000"}\n')


@pytest.mark.parametrize(
    "damage",
    [
        (token(1).encode(), b"x" * 16),
        (b'"seq":4', b'"seq":5'),
        (b'"seq":4', b'"sex":4'),
    ],
    ids=["token gone", "another number", "number gone"],
)
def test_rotten_line_that_cannot_be_told_is_refused(damage):
    """Where it cannot be told which row the line was about, or how many lines are lost, nothing is repaired."""
    content = ledger_of([HEADER, run_started(), admitted(1), intent(1)])
    start = content.rindex(b"\n", 0, -1) + 1

    with pytest.raises(LedgerError, match=f"migration: line 4 at byte {start}, .* backup"):
        entries_for_tail(fold(content[:start] + content[start:].replace(*damage)), "x.broken-1", "migration")


def test_two_lines_that_became_one_are_refused():
    """A lost newline glues two steps together: more than one is lost, so nothing is repaired."""
    content = ledger_of([HEADER, run_started(), admitted(1), intent(1), done(1)])
    glued = content.rindex(b"\n", 0, -1)

    assert doubts(content[:glued] + b"\x0b" + content[glued + 1 :]) is None


TRACES = (b'"alias":"', b'"at":"', b'"entry":"', b'"seq":', b'"token":"', b'"crc":"')


def _left(content: bytes, start: int, zeros: tuple[int, int]) -> bytes:
    """The last line with zeros over a stretch of it."""
    return content[start : zeros[0]] + bytes(zeros[1] - zeros[0]) + content[zeros[1] :]
