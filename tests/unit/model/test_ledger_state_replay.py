"""A ledger is folded with records that change in place; what comes out is what one step after another makes."""

import contextlib
import itertools
import random

import msgspec
import pytest

from bulk_onboard.model import entry as entries
from bulk_onboard.model.entry import Op
from bulk_onboard.model.ledger_state import LedgerState, Replay
from bulk_onboard.model.life import TRANSITIONS, IllegalStepError
from bulk_onboard.model.record import Record
from tests.unit.model.test_life import ENTRIES

TOKENS = ("aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb")
IDS = tuple(f"5a0c1f6e-0000-4000-8000-00000000000{number}" for number in range(1, 4))
NUMBERS = ("911140220001", "911140220002")
SENT = entries.Intent(token=TOKENS[0], key="K-1", op=Op.CREATE, attempt=1, alias="a", fingerprint="f", seq=1, at="t1")
MADE = entries.Done(token=TOKENS[0], key="K-1", op=Op.CREATE, compliance_id=IDS[0], seq=2, at="t2")

WORDS = {
    "alias": ["", *(f"Acme ~{token}" for token in TOKENS)],
    "code": ["invalid_field", *sorted(entries.STATE_ERRORS)],
    "compliance_id": IDS,
    "contested": [False, True],
    "fingerprint": ["", "f1", "f2"],
    "key": ["", "K-1", "K-2"],
    "number": ["", *NUMBERS],
    "reason": ["", "unreadable scan"],
    "registration_token": ["", "r1", "r2"],
    "review": ["", "pending", "approved", "rejected"],
    "tokens": [(), *((token,) for token in TOKENS), TOKENS],
}
"""What the fields of an entry may say that a step looks at."""

OF_RUNS = {
    "read_back": entries.ReadBack(compliance_id=IDS[0], alias=""),
    "planned": entries.Planned(rows=2, creates=2, reads=3),
    "used": entries.Used(requests=60, writes=2, throttled=1),
}


def a_story(dice: random.Random) -> tuple[list[entries.Entry], LedgerState]:
    """Sixty legal steps of two records, and the state that took them one by one."""
    story: list[entries.Entry] = []
    ledger_state = LedgerState()
    while len(story) < 60:
        seq, token = len(story) + 1, dice.choice(TOKENS)
        word = dice.choice([*TRANSITIONS[ledger_state.record(token).state], "admitted", "run_started", *OF_RUNS])
        plain = ENTRIES.get(word) or OF_RUNS[word]
        said = {name: dice.choice(words) for name, words in WORDS.items() if name in plain.__struct_fields__}
        about = {"token": token} if "token" in plain.__struct_fields__ else {}
        told = msgspec.structs.replace(plain, **said, **about, seq=seq, at=f"2026-01-05T10:00:00.{seq:03d}Z")
        with contextlib.suppress(IllegalStepError):
            ledger_state.take(told)
            story.append(told)
    return story, ledger_state


@pytest.mark.parametrize("seed", range(400))
def test_replay_gives_the_state_that_taking_each_entry_gives(seed):
    """Whatever the story: records, who holds an id or a number, what was tried and what a killed run left."""
    story, ledger_state = a_story(random.Random(seed))
    replay = Replay()

    for each in story:
        replay.take(each)
    replayed = replay.finish()

    assert ledger_state == replayed
    assert list(ledger_state.records) == list(replayed.records)
    assert [ledger_state.owner(each) for each in IDS] == [replayed.owner(each) for each in IDS]
    assert [ledger_state.holder(each) for each in NUMBERS] == [replayed.holder(each) for each in NUMBERS]
    for each in (ledger_state, replayed):
        each.take(ENTRIES["run_started"])
    assert ledger_state.records == replayed.records


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES.keys())
@pytest.mark.parametrize("story", [(), (SENT,), (SENT, MADE)], ids=["unknown", "sending", "submitted"])
def test_step_that_is_none_is_none_for_a_replay_too(story, entry):
    """A short way is no way around the table."""
    ledger_state, replay = LedgerState(), Replay()
    for taker, each in itertools.product((ledger_state, replay), story):
        taker.take(each)

    told = [_complaint(taker, entry) for taker in (ledger_state, replay)]

    assert told[0] == told[1]


def _complaint(ledger_state, entry):
    try:
        ledger_state.take(
            msgspec.structs.replace(entry, seq=3, **({"token": TOKENS[0]} if hasattr(entry, "token") else {}))
        )
    except IllegalStepError as error:
        return str(error)
    return ""


def test_finished_record_cannot_be_changed_and_the_next_entry_makes_another():
    """Whoever holds a record of a ledger that was read still has it as it was when a run writes on."""
    replay = Replay()
    replay.take(SENT)
    ledger_state = replay.finish()
    sent = ledger_state.record(TOKENS[0])

    ledger_state.take(MADE)

    assert (type(sent), sent.compliance_id) == (Record, "")
    assert ledger_state.record(TOKENS[0]).compliance_id == IDS[0]
    with pytest.raises(AttributeError):
        sent.compliance_id = IDS[0]
