"""The table of legal steps: each lands where it says, anything else raises and changes nothing."""

import functools
import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bulk_onboard.model import entry as entries
from bulk_onboard.model.entry import Op
from bulk_onboard.model.life import LINKAGES, TRANSITIONS, IllegalStepError, step, trigger
from bulk_onboard.model.record import Linkage, Linking, Record, Review, State

TOKEN = "abcdefgh23456777"
UUID = "5a0c1f6e-0000-4000-8000-000000000001"
NUMBER = "911140000000"
UNDER_WAY = {State.SENDING, State.UNCERTAIN, State.HELD}


def entries_of(op: Op) -> list[entries.Entry]:
    """One entry of every kind that speaks of a write, about this one."""
    told = {"token": TOKEN, "key": "K-1", "op": op}
    about = told | {"number": NUMBER if op is Op.LINK else ""}
    return [
        entries.Intent(**about, attempt=1, alias=f"K-1 ~{TOKEN}", fingerprint="f1", at="2026-01-05T10:00:00.000Z"),
        entries.Done(**about, compliance_id=UUID, at="2026-01-05T10:00:01.000Z"),
        entries.Refused(**about, code="invalid_field", message="postal code"),
        entries.Unavailable(**about, why="ClientConnectorError"),
        entries.Throttled(**about, wait_s=12.0),
        entries.Denied(**about, http_status=401),
        entries.Unresolved(**about, seen="HTTP 502"),
        entries.Probed(**told, matches=0),
        entries.Adopted(**about, compliance_id=UUID, review="approved"),
        entries.Absent(**about, waited_s=90.0),
        *(entries.Resolved(**told, how=how, compliance_id=UUID) for how in ("found", "absent", "abandon")),
        entries.Held(**about, why="2 records with this alias"),
        entries.Gone(**told, compliance_id=UUID),
    ]


def every_entry() -> list[entries.Entry]:
    """One entry for each word of the table."""
    return [
        *itertools.chain.from_iterable(entries_of(op) for op in Op),
        entries.Admitted(tokens=(TOKEN,)),
        entries.RowInvalid(token=TOKEN, key="K-1", codes=("field-missing", "document-empty")),
        entries.Reviewed(token=TOKEN, review="rejected", reason="unreadable scan"),
        entries.Gone(token=TOKEN, key="K-1", compliance_id=UUID),
        entries.RunStarted(
            run_id="r1",
            user="u",
            host="h",
            version="1",
            workbook="w",
            job="j",
            requirements="q",
            quota="60/min",
            settle=90.0,
        ),
    ]


ENTRIES = {trigger(entry): entry for entry in every_entry()}
STEPS = [(state, word) for state in State for word in ENTRIES]


def record_in(state: State, word: str) -> Record:
    """A record in this state; what is under way, of it or of its number, is what the trigger speaks of."""
    name, _, what = word.rpartition(" ")
    if what == Op.LINK:
        op = Op.UPDATE if state in UNDER_WAY else None
        before = next((linkage for linkage, steps in LINKAGES.items() if name in steps), None)
        return Record(token=TOKEN, state=state, op=op, attempts=1, numbers=numbers(before))
    op = next((op for op in Op if word.endswith(f" {op}")), Op.CREATE)
    return Record(token=TOKEN, state=state, op=op if state in UNDER_WAY else None, attempts=1)


def numbers(linkage: Linkage | None) -> dict[str, Linking]:
    """What a record knows of a number that is there, and of another one."""
    known = {} if linkage is None else {NUMBER: Linking(linkage, "before")}
    return {"911140000009": Linking(Linkage.HELD, "other")} | known


def test_table_knows_every_state_and_only_words_that_entries_have():
    """No state is forgotten, and no line of the table waits for a word that nothing says."""
    words = {word for steps in TRANSITIONS.values() for word in steps}

    assert set(State) == set(TRANSITIONS)
    assert set() == words - set(ENTRIES)


@pytest.mark.parametrize(("state", "word"), STEPS)
def test_step_goes_where_the_table_says_or_not_at_all(state, word):
    """A legal step lands in the table's state; any other raises, names what was tried, and leaves the record alone."""
    before = record_in(state, word)
    untouched = record_in(state, word)
    target = TRANSITIONS[state].get(word)

    if target is None:
        with pytest.raises(IllegalStepError, match=f"{TOKEN} is {state}; '{word}'"):
            step(before, ENTRIES[word])
    else:
        assert target is step(before, ENTRIES[word]).state
    assert untouched == before


@pytest.mark.parametrize(
    ("under_way", "told"),
    [(one, other) for one, other in itertools.permutations(Op, 2) if (one is Op.CREATE) or Op.LINK not in (one, other)],
)
@pytest.mark.parametrize("state", sorted(UNDER_WAY))
def test_outcome_of_another_write_is_no_step(state, under_way, told):
    """An update that fails cannot make a create possible again: what ends a write speaks of that write."""
    record = Record(token=TOKEN, state=state, op=under_way)

    for entry in entries_of(told):
        with pytest.raises(IllegalStepError):
            step(record, entry)


def _reachable(start: State, *, without: set[str]) -> set[State]:
    """Where a record can get to from `start` if some words are never said."""
    seen, ahead = {start}, [start]
    while ahead:
        for word, target in TRANSITIONS[ahead.pop()].items():
            if word not in without and target not in seen:
                seen.add(target)
                ahead.append(target)
    return seen


@pytest.mark.parametrize("start", [State.SENDING, State.UNCERTAIN, State.HELD, State.SUBMITTED])
def test_unknown_create_is_never_sent_again_without_proof(start):
    """From uncertain, held or submitted, no way leads to another create but a proved absence or a person's word."""
    proofs = {"absent create", "resolved absent create"}
    no_answer_yet = {f"{name} create" for name in ("refused", "unavailable", "throttled", "denied")}

    reachable = _reachable(start, without=proofs | no_answer_yet)

    assert set() == {state for state in reachable if "intent create" in TRANSITIONS[state]}


def test_only_a_proof_opens_the_way_out_of_uncertain():
    """Of all that may be said of an uncertain create, only its absence makes it due, shown or told by a person."""
    due_again = {word for word, target in TRANSITIONS[State.UNCERTAIN].items() if target is State.DEFERRED}

    assert {"absent create", "resolved absent create"} == due_again


def test_no_that_had_to_be_settled_first_is_written_down_after_the_absence():
    """A contested create is proved absent, then refused with the API's words; nothing is due then."""
    story = ["intent create", "unresolved create", "absent create", "refused create"]
    record = functools.reduce(lambda before, word: step(before, ENTRIES[word]), story, Record(token=TOKEN))

    assert (State.REFUSED, None, 0) == (record.state, record.op, record.created)


LINK_ENTRIES = {e.name(): e for e in entries_of(Op.LINK) if isinstance(e, entries.WriteEntry)}


@pytest.mark.parametrize("name", LINK_ENTRIES)
@pytest.mark.parametrize("linkage", [None, *Linkage], ids=lambda linkage: linkage or "new")
def test_number_goes_where_the_table_says_or_not_at_all(linkage, name):
    """Its record, and other numbers, stay as they are; what is no step changes nothing."""
    record = Record(token=TOKEN, state=State.SUBMITTED, compliance_id=UUID, numbers=numbers(linkage))
    steps = LINKAGES[linkage]

    if name not in steps:
        with pytest.raises(IllegalStepError, match=f"{TOKEN} is submitted"):
            step(record, LINK_ENTRIES[name])
        return
    after = step(record, LINK_ENTRIES[name])

    assert (State.SUBMITTED, None, "") == (after.state, after.op, after.reason)
    known = after.numbers.get(NUMBER)
    assert steps[name] is (known.linkage if known else None)
    assert [linking for number, linking in numbers(None).items() if after.numbers[number] != linking] == []


def test_second_link_of_a_number_waits_until_the_first_is_known_not_to_have_been_done():
    """From sending or unknown no step begins another one; a look, or the answer, ends it first."""
    for linkage in (Linkage.SENDING, Linkage.UNCERTAIN, Linkage.LINKED):
        assert "intent" not in LINKAGES[linkage]
    due_again = {(linkage, name) for linkage, steps in LINKAGES.items() for name, to in steps.items() if to is None}
    unsent = {(Linkage.SENDING, name) for name in ("unavailable", "throttled", "denied", "absent")}
    assert {*unsent, (Linkage.UNCERTAIN, "absent")} == due_again


@given(st.lists(st.sampled_from(sorted(LINK_ENTRIES)), max_size=30))
def test_number_is_linked_by_one_call_at_most(names):
    """Whatever may be said of it in whatever order: no call begins while one may have been done."""
    record, may_be_done = Record(token=TOKEN, state=State.SUBMITTED, compliance_id=UUID), False
    for name in names:
        try:
            record = step(record, LINK_ENTRIES[name])
        except IllegalStepError:
            continue
        assert not (may_be_done and name == "intent")
        if name in ("intent", "adopted", "done"):
            may_be_done = True
        elif name in ("absent", "refused", "unavailable", "throttled", "denied"):
            may_be_done = False


@pytest.mark.parametrize("state", [State.SUBMITTED, State.GONE])
@pytest.mark.parametrize("op", [None, Op.UPDATE, Op.DELETE])
def test_link_that_was_cut_off_is_unknown_whatever_its_record_does(state, op):
    """Also while the record is updated or deleted, and when it was found gone."""
    record = Record(token=TOKEN, state=State.SENDING if op else state, op=op, numbers=numbers(Linkage.SENDING))

    found = step(record, ENTRIES["run_started"])

    assert Linking(Linkage.UNCERTAIN, "the run ended in the middle of the call") == found.numbers[NUMBER]
    assert (State.UNCERTAIN if op else state) is found.state


def test_number_of_a_gone_record_whose_link_is_under_way_is_not_forgotten():
    """Its answer is still to come; what was refused or held for the record is void."""
    record = Record(token=TOKEN, state=State.SUBMITTED, compliance_id=UUID, numbers=numbers(Linkage.SENDING))

    gone = step(record, ENTRIES["gone"])

    assert ({NUMBER}, State.GONE) == (set(gone.numbers), gone.state)
    assert Linkage.LINKED is step(gone, ENTRIES["done link"]).numbers[NUMBER].linkage


@pytest.mark.parametrize("op", [Op.UPDATE, Op.DELETE])
def test_other_writes_may_be_refused_once_they_are_settled(op):
    """The record stays submitted, with the reason."""
    for state in (State.UNCERTAIN, State.SUBMITTED):
        assert State.SUBMITTED is TRANSITIONS[state][f"refused {op}"]


def test_uncertain_create_is_not_refused_before_its_absence_is_proved():
    """Else a record might be there that nobody looks for."""
    assert "refused create" not in TRANSITIONS[State.UNCERTAIN]


def test_look_that_proves_nothing_yet_says_why():
    """A person sees what is missing; a look that merely found nothing leaves the reason alone."""
    unknown = step(step(Record(token=TOKEN), ENTRIES["intent create"]), ENTRIES["unresolved create"])
    probed = entries.Probed(token=TOKEN, op=Op.CREATE, matches=0)

    assert unknown.reason == step(unknown, probed).reason
    assert "outcome unknown: why" == step(unknown, replace(probed, why="why")).reason


def test_new_run_makes_a_sending_record_uncertain():
    """A call that a process died in is unknown from the next run on, and still knows its alias and content."""
    sending = step(Record(token=TOKEN), ENTRIES["intent create"])

    found = step(sending, ENTRIES["run_started"])

    assert (State.UNCERTAIN, Op.CREATE) == (found.state, found.op)
    assert (f"K-1 ~{TOKEN}", "f1") == (found.alias, found.fingerprint)


def test_created_record_carries_what_the_api_said():
    """After its success a record has its id, its instant and a pending review, and nothing is under way."""
    record = step(step(Record(token=TOKEN), ENTRIES["intent create"]), ENTRIES["done create"])

    assert (
        Record(
            token=TOKEN,
            key="K-1",
            state=State.SUBMITTED,
            alias=f"K-1 ~{TOKEN}",
            attempts=1,
            fingerprint="f1",
            compliance_id=UUID,
            review=Review.PENDING.value,
            submitted_at="2026-01-05T10:00:01.000Z",
            sent_at="2026-01-05T10:00:00.000Z",
        )
        == record
    )


def test_attempts_count_intents_to_create_and_nothing_else():
    """An update or a link of a record is no attempt to create it, nor is a throttled create."""
    words = ["intent create", "throttled create", "intent create", "done create", "intent update", "done update"]
    record = Record(token=TOKEN)

    for word in words:
        record = step(record, ENTRIES[word])

    assert 1 == record.attempts


def test_refused_update_leaves_a_submitted_record():
    """A no to a correction takes nothing from the record that is there."""
    record = step(step(Record(token=TOKEN), ENTRIES["intent create"]), ENTRIES["done create"])

    record = step(step(record, ENTRIES["intent update"]), ENTRIES["refused update"])

    assert (State.SUBMITTED, UUID, "invalid_field") == (record.state, record.compliance_id, record.code)


GONE = ("intent create", "done create", "gone")


def after(*words: str) -> Record:
    """A record to which this happened."""
    record = Record(token=TOKEN)
    for word in words:
        record = step(record, ENTRIES[word])
    return record


def test_record_that_the_api_has_no_more_is_gone_and_keeps_its_id():
    """By its id it is asked for again, and known again if it is back, whatever its review is then."""
    gone = after(*GONE)
    back = step(gone, entries.Reviewed(token=TOKEN, review=gone.review, reason=gone.review_reason))

    assert (State.GONE, UUID, None) == (gone.state, gone.compliance_id, gone.op)
    assert (State.SUBMITTED, UUID, Review.PENDING.value) == (back.state, back.compliance_id, back.review)


def test_gone_record_is_filed_anew_only_by_a_persons_word():
    """Nothing of the old record is left then, but its name and how often it was tried."""
    anew = after(*GONE, "resolved absent create")

    assert (State.DEFERRED, "", "", "") == (anew.state, anew.compliance_id, anew.review, anew.submitted_at)
    assert (f"K-1 ~{TOKEN}", 1, 0) == (anew.alias, anew.attempts, anew.created)
    assert {"resolved absent create"} == {word for word, to in TRANSITIONS[State.GONE].items() if to is State.DEFERRED}


def test_unknown_correction_of_a_record_that_is_gone_is_no_unknown_one_any_more():
    """It can never be done."""
    gone = after("intent create", "done create", "intent update", "unresolved update", "gone update")

    assert (State.GONE, None) == (gone.state, gone.op)


def test_unknown_create_is_never_called_gone():
    """What was never shown may yet appear."""
    assert [] == [word for word in TRANSITIONS[State.UNCERTAIN] if word in ("gone", "gone create")]


@pytest.mark.parametrize("word", ["unavailable", "throttled", "denied", "refused", "absent", "resolved absent"])
def test_create_that_made_nothing_made_nothing_that_is_found_later(word):
    """So that nobody undoes a record which somebody else made, also after an answer that spoke of an existing one."""
    seq, story = 20, ["intent create", f"{word} create"]
    if word == "absent":
        story.insert(1, "unresolved create")
    elif word == "resolved absent":
        story[1:1] = ["unresolved create", "held create"]
    record = Record(token=TOKEN)
    for entry in (ENTRIES[each] for each in story):
        record = step(record, msgspec.structs.replace(entry, seq=seq))
    found = step(record, entries.Adopted(token=TOKEN, op=Op.CREATE, compliance_id=UUID))

    assert (seq, 0, 0, State.SUBMITTED) == (record.tried, record.created, found.created, found.state)


@pytest.mark.parametrize(("contested", "created"), [(False, 20), (True, 0)])
def test_lost_create_that_is_found_is_its_runs_unless_the_api_had_one_before(contested, created):
    """An answer that speaks of an existing record leaves open who made it."""
    intent = msgspec.structs.replace(ENTRIES["intent create"], seq=20)
    lost = entries.Unresolved(token=TOKEN, op=Op.CREATE, seen="HTTP 409", contested=contested)
    record = step(step(step(Record(token=TOKEN), intent), lost), ENTRIES["adopted create"])

    assert (State.SUBMITTED, created) == (record.state, record.created)


def test_admitting_clears_what_kept_a_row_out():
    """A fixed row that is taken in again carries no old reason; one that was deferred keeps its own."""
    invalid = step(Record(token=TOKEN), ENTRIES["row_invalid"])
    deferred = Record(token=TOKEN, state=State.DEFERRED, reason="not sent: the quota was spent")

    assert "field-missing, document-empty" == invalid.code
    assert (State.NOT_SENT, "") == (step(invalid, ENTRIES["admitted"]).state, step(invalid, ENTRIES["admitted"]).code)
    assert deferred == step(deferred, ENTRIES["admitted"])


@given(st.lists(st.sampled_from(sorted(ENTRIES)), max_size=40))
def test_something_is_under_way_exactly_where_the_state_says_so(words):
    """On every way through the table a record has a write under way if it is sending, uncertain or held."""
    record = Record(token=TOKEN)

    for word in words:
        try:
            record = step(record, ENTRIES[word])
        except IllegalStepError:
            continue
        assert (record.state in UNDER_WAY) is (record.op is not None)
