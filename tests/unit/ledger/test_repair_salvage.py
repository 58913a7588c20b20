"""What is saved of a damaged ledger, and that no loss ever makes a row fresh.

See docs/design/ledger.md, Damage.
"""

import zlib
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from bulk_onboard.errors import LedgerError
from bulk_onboard.ledger.fold import fold
from bulk_onboard.ledger.opening import SHORTEST
from bulk_onboard.ledger.repair import WHY, Salvage, salvage
from bulk_onboard.model.entry import Adopted, Entry, Op, Planned, Refused, Swept, Throttled, Unresolved, Used
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import NOT_FILED, State, unknown_numbers
from tests.unit.ledger.samples import admitted, compliance_id, done, intent, ledger_of, run_started, story, token

HEADER = story()[0]
SWEPT = [HEADER, run_started(), Swept(records=0)]
ENTRIES = [*SWEPT, *story()[2:], admitted(5), intent(5), Throttled(token=token(5), op=Op.CREATE, wait_s=1.0)]
CONTENT = ledger_of(ENTRIES)
LINES = CONTENT.splitlines(keepends=True)
STARTS = [len(b"".join(LINES[:index])) for index in range(len(LINES) + 1)]


def saved(content: bytes) -> tuple[Salvage, LedgerState]:
    """What salvaging makes of it; it always folds, whatever was lost."""
    result = salvage(content, kept_as="x.broken-1", now=datetime(2026, 1, 6, tzinfo=UTC))
    return result, fold(result.content).ledger_state


def rotten(entries: list[Entry], index: int, old: bytes, new: bytes) -> bytes:
    """The ledger of these entries with damage in one line."""
    lines = ledger_of(entries).splitlines(keepends=True)
    assert old in lines[index]
    lines[index] = lines[index].replace(old, new)
    return b"".join(lines)


def state_of(ledger_state: LedgerState, number: int) -> State:
    return ledger_state.record(token(number)).state


@pytest.mark.parametrize("content", [CONTENT, ledger_of(story()), ledger_of([HEADER])])
def test_sound_ledger_is_left_alone(content):
    """Where nothing is wrong, not a byte changes and no record is doubted."""
    assert Salvage(content=content, kept=content.count(b"\n")) == saved(content)[0]


def test_no_stretch_of_lost_lines_makes_a_row_fresh():
    """Whichever lines are gone without a trace: every row is at the API, to be settled or held; the account is swept.

    What the ledger does not know any more is protected by the sweep alone, hence `swept` must be gone.
    """
    wrong = {}
    for start in range(1, len(LINES) - 1):
        for end in range(start + 1, len(LINES)):
            result, ledger_state = saved(b"".join(LINES[:start] + LINES[end:]))
            fresh = [r.token for r in ledger_state.records.values() if r.state in NOT_FILED]
            if (
                fresh
                or ledger_state.swept
                or not result.all_in_doubt
                or result.lost != tuple(range(start + 1, end + 1))
            ):
                wrong[start, end] = (fresh, ledger_state.swept, result.lost)

    assert {} == wrong


def test_what_lines_after_the_gap_know_is_not_forgotten():
    """Whichever lines are gone: a row whose id stands in a line that is left is submitted under that id."""
    forgotten = {}
    for start in range(1, len(LINES) - 1):
        for end in range(start + 1, len(LINES)):
            left = LINES[:start] + LINES[end:]
            _, ledger_state = saved(b"".join(left))
            for number in (1, 2):
                told = any(f'"compliance_id":"{compliance_id(number)}"'.encode() in line for line in left)
                if told and ledger_state.record(token(number)).compliance_id != compliance_id(number):
                    forgotten[start, end] = ledger_state.record(token(number))

    assert {} == forgotten


@pytest.mark.slow
def test_no_flipped_bit_makes_a_sent_row_fresh():
    """Whichever bit of the middle is lost, what was submitted, refused or throttled is not sent before it was sought.

    A row of which nothing was ever sent stays "not sent" where the damaged line tells that it was about another.
    """
    wrong = {}
    for bit in range(STARTS[1] * 8, STARTS[-2] * 8, 5):
        place = bit // 8
        line = next(index for index, start in enumerate(STARTS) if start > place) - 1
        result, ledger_state = saved(CONTENT[:place] + bytes([CONTENT[place] ^ 1 << bit % 8]) + CONTENT[place + 1 :])
        lost = ENTRIES[line]
        about = {lost.token} if lost.name() == "intent" else set(ledger_state.records) if result.all_in_doubt else set()
        fresh = {r.token for r in ledger_state.records.values() if r.state in NOT_FILED}
        if fresh & about or (result.all_in_doubt and ledger_state.swept) or not (result.lost or result.all_in_doubt):
            wrong[bit] = (fresh & about, result.lost)

    assert {} == wrong


def test_line_that_tells_what_it_was_leaves_the_others_alone():
    """A damaged intent doubts its own row only; the account need not be walked again."""
    result, ledger_state = saved(rotten(ENTRIES, 4, b"5e5e5e", b"5e5eZe"))

    assert [token(1)] == [record.token for record in result.doubted]
    assert ((5,), False, True) == (result.lost, result.all_in_doubt, ledger_state.swept)
    assert [State.SUBMITTED, State.REFUSED, State.NOT_SENT] == [state_of(ledger_state, n) for n in (1, 3, 4)]


def test_lost_outcome_is_unknown():
    """Without its outcome a call is uncertain, under the alias that it was sent by."""
    result, ledger_state = saved(rotten([*SWEPT, admitted(1), intent(1), done(1), admitted(2)], 5, b"api-1", b"apx-1"))
    record = ledger_state.record(token(1))

    assert (State.UNCERTAIN, f"K-0001 ~{token(1)}") == (record.state, record.alias)
    assert (f"outcome unknown: {WHY}", False) == (record.reason, result.all_in_doubt)


def test_lost_outcome_of_a_link_is_unknown_for_its_number_alone():
    """The record stays submitted; the number is looked at before it is linked again."""
    about = {"token": token(1), "op": Op.LINK, "number": "911140000000"}
    linking = replace(intent(1), compliance_id=compliance_id(1), **about)
    linked = replace(done(1), **about)
    content = rotten([*ENTRIES, linking, linked, admitted(9)], len(ENTRIES) + 1, b'"done"', b'"dome"')

    record = saved(content)[1].record(token(1))

    assert (State.SUBMITTED, ["911140000000"]) == (record.state, unknown_numbers(record))


def test_lost_intent_of_a_row_never_sent_before_holds_it():
    """Its alias is not known for certain, and asked for a wrong one the API would know nothing: a person must look."""
    refused = Refused(token=token(1), op=Op.CREATE, code="invalid")
    result, ledger_state = saved(
        rotten([*SWEPT, admitted(1), intent(1), refused, admitted(2)], 4, b"5e5e5e", b"5e5eZe")
    )

    assert (State.HELD, WHY) == (state_of(ledger_state, 1), ledger_state.record(token(1)).reason)
    assert ((5,), (6,)) == (result.lost, result.illegal)


def test_lost_intent_of_a_row_sent_before_is_settled():
    """A row keeps its alias for ever, so an earlier intent says what to ask for; its content is no longer known."""
    refused = Refused(token=token(1), op=Op.CREATE, code="invalid")
    sent_twice = [*SWEPT, admitted(1), intent(1), refused, admitted(1), intent(1, attempt=2), admitted(2)]

    _, ledger_state = saved(rotten(sent_twice, 7, b"5e5e5e", b"5e5eZe"))
    record = ledger_state.record(token(1))

    assert (State.UNCERTAIN, f"K-0001 ~{token(1)}", "") == (record.state, record.alias, record.fingerprint)


@pytest.mark.parametrize(("last", "state"), [([done(1)], State.SUBMITTED), ([], State.UNCERTAIN)])
def test_row_whose_way_back_is_lost_is_not_sent_again(last, state):
    """Refused, then taken in again by a line that is gone: what was sent after that is not forgotten."""
    refused = Refused(token=token(1), op=Op.CREATE, code="invalid")
    again = [run_started(2), admitted(1), intent(1, attempt=2), *last, admitted(2)]

    result, ledger_state = saved(rotten([*SWEPT, admitted(1), intent(1), refused, *again], 7, b'"v":1', b'"v":3'))

    assert (state, False) == (state_of(ledger_state, 1), result.all_in_doubt)


def test_several_ids_hold_the_row():
    """Two ids for one row, and the lines between them gone: a person must look, and is told both."""
    twice = [*SWEPT, admitted(1), intent(1), done(1), done(1, of=7)]

    result, ledger_state = saved(
        b"".join(ledger_of(twice).splitlines(keepends=True)[:3] + ledger_of(twice).splitlines(True)[5:])
    )

    assert State.HELD == state_of(ledger_state, 1)
    assert compliance_id(7).encode() in result.content


def test_swapped_lines_find_their_places_and_doubled_ones_count_once():
    """Lines tell their number: order is restored, nothing is lost, nothing is doubted."""
    swapped = b"".join([*LINES[:4], LINES[6], LINES[5], LINES[4], *LINES[7:]])
    doubled = b"".join([*LINES[:6], LINES[5], *LINES[6:], LINES[3]])

    for content in (swapped, doubled):
        result, ledger_state = saved(content)

        assert (CONTENT, (), ()) == (result.content, result.lost, result.doubted)
        assert ledger_state.swept


def test_sound_lines_are_not_rewritten():
    """The old lines stand byte by byte where they stood; in the place of the lost one a note where it is kept."""
    result, _ = saved(rotten(ENTRIES, 4, b"5e5e5e", b"5e5eZe"))
    new = result.content.splitlines(keepends=True)

    kept = [number for number, line in enumerate(LINES) if line == new[number]]
    assert sorted(set(range(len(LINES))) - set(kept)) == [number - 1 for number in (*result.lost, *result.illegal)]
    assert f'"kept":"x.broken-1","seq":5,"size":{len(LINES[4]) - 1}'.encode() in new[4]
    assert len(kept) == result.kept


def test_rows_admitted_beside_one_that_could_not_be_stay_admitted():
    """A line that admits many rows loses the one of which an outcome is gone, and no other."""
    refused = Refused(token=token(1), op=Op.CREATE, code="invalid")
    content = rotten([*SWEPT, admitted(1), intent(1), refused, run_started(2), admitted(1, 2, 3)], 5, b"inva", b"invx")

    result, ledger_state = saved(content)

    assert [State.UNCERTAIN, State.NOT_SENT, State.NOT_SENT] == [state_of(ledger_state, n) for n in (1, 2, 3)]
    assert (8,) == result.illegal


@pytest.mark.parametrize("torn", [b'{"alias":"K-00', b"\x00" * 512, b"\x00" * 512 + b"\n"])
def test_torn_tail_leaves_no_doubt(torn):
    """What was never finished was never acted upon: it is put aside, and that is all."""
    result, ledger_state = saved(CONTENT + torn)

    assert result.content.startswith(CONTENT)
    assert ((), (), True) == (result.lost, result.doubted, ledger_state.swept)
    assert b'"entry":"tail_repaired","kept":"x.broken-1"' in result.content[len(CONTENT) :]


def test_lost_last_line_is_told_by_its_remains():
    """Damage at the end and in the middle at once: both are accounted for."""
    result, ledger_state = saved(rotten([*SWEPT, admitted(1, 2), intent(1)], 4, b"5e5e5e", b"5e5eZe"))

    assert ((5,), State.HELD, State.NOT_SENT) == (result.lost, state_of(ledger_state, 1), state_of(ledger_state, 2))


def test_remains_without_a_number_put_everything_in_doubt():
    """A line whose number is gone may have been any: every row that could be sent again is settled or held."""
    result, ledger_state = saved(rotten(ENTRIES, 6, b'"seq":7', b'"sex":7'))

    assert (True, False) == (result.all_in_doubt, ledger_state.swept)
    assert not {record.state for record in ledger_state.records.values()} & NOT_FILED


def test_salvaging_twice_changes_nothing():
    """What was salvaged is sound."""
    once, _ = saved(b"".join(LINES[:3] + LINES[6:]))

    assert once.content == saved(once.content)[0].content


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (CONTENT[10:], "first line"),
        (b"".join(LINES[1:]), "first line"),
        (CONTENT + ledger_of([HEADER, admitted(7)]), "two ledgers are mixed"),
        (CONTENT + ledger_of([*ENTRIES, HEADER])[len(CONTENT) :], "two ledgers are mixed"),
        (b"Dear diary\n", "first line"),
        (CONTENT.replace(b"\n", b"\r\n"), "first line"),
    ],
    ids=["header damaged", "header gone", "another ledger behind it", "second header", "other file", "line ends"],
)
def test_what_cannot_be_salvaged_is_refused(content, why):
    """Whose ledger it is, and which of two stories is true, cannot be guessed: the message says what to do instead."""
    with pytest.raises(LedgerError, match=f"cannot be repaired: .*{why}.* backup.* makes a new one"):
        saved(content)


def test_newer_version_is_refused():
    """A tool that does not understand a line must not drop it."""
    body = LINES[-1][:-19].replace(b'"v":1', b'"v":2')

    with pytest.raises(LedgerError, match="newer version"):
        saved(b"".join(LINES[:-1]) + body + b',"crc":"%08x"}\n' % zlib.crc32(body))


def test_settled_rows_stay_settled():
    """Damage elsewhere doubts no row that the API is known to have."""
    adopted = Adopted(token=token(1), op=Op.CREATE, compliance_id=compliance_id(1))
    unknown = Unresolved(token=token(2), op=Op.CREATE, seen="HTTP 502")

    content = ledger_of([*SWEPT, adopted, admitted(2), intent(2), unknown, run_started(2), admitted(3)])
    lines = content.splitlines(keepends=True)
    _, ledger_state = saved(b"".join([*lines[:7], *lines[8:]]))

    assert [State.SUBMITTED, State.UNCERTAIN, State.HELD] == [state_of(ledger_state, number) for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("lost", "old"),
    [
        (Planned(rows=2, creates=2, reads=3), b'"rows":'),
        (Planned(rows=2, creates=2, reads=3), b'"crc":"'),
        (Used(requests=60, writes=58, throttled=2), b'"requests":'),
        (Used(requests=60, writes=58, throttled=2), b'"v":1'),
    ],
)
def test_damaged_plan_or_usage_puts_no_record_in_doubt(lost, old):
    """What is for people alone may be lost; no row is held or looked for because of it, and the account stays swept."""
    entries = [*SWEPT, admitted(1, 2), intent(1), done(1), lost, intent(2), done(2)]

    result, ledger_state = saved(rotten(entries, 6, old, b"#" * len(old)))

    assert ((7,), (), True) == (result.lost, result.doubted, ledger_state.swept)
    assert [State.SUBMITTED] * 2 == [state_of(ledger_state, number) for number in (1, 2)]


@pytest.mark.parametrize("line", [Planned(rows=999_999, creates=999_999, updates=9, links=9, reads=9_999)])
def test_plan_as_last_line_is_too_short_for_an_intent(line):
    """However it is damaged as the newest line of all, the ledger can be opened, and nobody is held."""
    content = ledger_of([*SWEPT, admitted(1), line])

    assert len(content.splitlines()[-1]) < SHORTEST
