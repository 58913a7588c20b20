"""Folding entries into the state of a ledger."""

import gc
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.model import entry as entries
from bulk_onboard.model.entry import Op
from bulk_onboard.model.ledger_state import LedgerState, Usage
from bulk_onboard.model.life import IllegalStepError
from bulk_onboard.model.record import State

ONE, TWO = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"
UUID = "5a0c1f6e-0000-4000-8000-000000000001"
OPENED = entries.LedgerOpened(seq=1, tool="t", job="j", auth_id="a", base_url="https://api.example", created="c")
STARTED = entries.RunStarted(
    run_id="r1", user="u", host="h", version="1", workbook="w", job="j", requirements="q", quota="60/min", settle=90.0
)
ENDED = entries.RunEnded(run_id="r1", exit_status=0, counts={"submitted": 1}, requests={"done": 1})


def intent(token, **changes):
    """An intent to create."""
    return entries.Intent(token=token, op=Op.CREATE, attempt=1, alias=f"~{token}", fingerprint="f", **changes)


def done(token, compliance_id=UUID):
    """A create's success."""
    return entries.Done(token=token, op=Op.CREATE, compliance_id=compliance_id)


def folded(*story):
    """The state after these entries."""
    ledger_state = LedgerState()
    for entry in story:
        ledger_state.take(entry)
    return ledger_state


STORY = (
    OPENED,
    STARTED,
    entries.Admitted(tokens=(ONE, TWO)),
    intent(ONE),
    done(ONE),
    entries.Swept(records=1),
    ENDED,
)


def test_a_run_leaves_header_records_and_its_story():
    """After a run the state says whose ledger it is, each record's state, and how the run ended."""
    ledger_state = folded(*STORY)

    assert OPENED == ledger_state.opened
    assert {ONE: State.SUBMITTED, TWO: State.NOT_SENT} == {t: r.state for t, r in ledger_state.records.items()}
    assert [(STARTED, ENDED)] == [(run.started, run.ended) for run in ledger_state.runs]
    assert ledger_state.swept


def test_id_tells_its_record():
    """The state says which record has a compliance id, and that none has another."""
    ledger_state = folded(*STORY)

    assert ONE == ledger_state.owner(UUID)
    assert ledger_state.owner("5a0c1f6e-0000-4000-8000-000000000002") is None


def test_id_that_comes_later_tells_its_record_too():
    """Asking for one id does not hide the next."""
    ledger_state = folded(*STORY)
    another = "5a0c1f6e-0000-4000-8000-000000000002"

    before = ledger_state.owner(another)
    for entry in (intent(TWO), done(TWO, another)):
        ledger_state.take(entry)

    assert (None, TWO, ONE) == (before, ledger_state.owner(another), ledger_state.owner(UUID))


def test_a_million_records_are_no_work_for_the_collector():
    """What is kept for each record can be in no circle, and is not looked at for one."""
    ledger_state = folded(*STORY)

    assert not any(gc.is_tracked(kept) for kept in (ledger_state.records[ONE], intent(ONE), done(ONE)))


def test_unknown_token_is_a_fresh_record():
    """Nothing happened to a record that the ledger does not know, and asking does not make it known."""
    ledger_state = LedgerState()

    assert State.NOT_SENT is ledger_state.record(ONE).state
    assert {} == ledger_state.records


def test_next_run_finds_what_the_last_one_died_in():
    """Only records that were being sent become uncertain when a run begins."""
    ledger_state = folded(OPENED, STARTED, entries.Admitted(tokens=(ONE, TWO)), intent(ONE), STARTED)

    assert {ONE: State.UNCERTAIN, TWO: State.NOT_SENT} == {t: r.state for t, r in ledger_state.records.items()}
    assert [None, None] == [run.ended for run in ledger_state.runs]


def test_sequence_is_the_newest_entrys():
    """The state has the number of the newest entry, so that the next one can follow it."""
    assert 7 == folded(OPENED, entries.Swept(seq=7, records=0)).seq


@pytest.mark.parametrize("entry", [done(ONE), entries.Admitted(seq=9, tokens=(TWO, ONE))], ids=["one", "several"])
def test_illegal_step_changes_nothing(entry):
    """What the table does not know raises, and the state is as before, also for the other records it names."""
    ledger_state, untouched = folded(*STORY), folded(*STORY)

    with pytest.raises(IllegalStepError):
        ledger_state.take(entry)

    assert untouched == ledger_state


TOKENS = st.sampled_from([ONE, TWO])
STEPS = st.one_of(
    st.just(STARTED),
    st.builds(intent, TOKENS),
    st.builds(done, TOKENS),
    st.builds(lambda token: entries.Admitted(tokens=(token,)), TOKENS),
    st.builds(lambda token: entries.RowInvalid(token=token, codes=("field-missing",)), TOKENS),
    st.builds(lambda token: entries.Unresolved(token=token, op=Op.CREATE, seen="timeout"), TOKENS),
    st.builds(lambda token: entries.Refused(token=token, op=Op.CREATE, code="bad"), TOKENS),
    st.builds(lambda token: entries.Absent(token=token, op=Op.CREATE, waited_s=90.0, control="c"), TOKENS),
    st.builds(lambda token: entries.Held(token=token, op=Op.CREATE, why="two"), TOKENS),
)


@given(st.lists(STEPS, max_size=30))
def test_folding_the_same_entries_gives_the_same_state(story):
    """Whatever was taken, taking it again from the start ends in an equal state, and every state is a legal one."""
    ledger_state, taken = LedgerState(), []
    for entry in story:
        try:
            ledger_state.take(entry)
        except IllegalStepError:
            continue
        taken.append(entry)

    assert folded(*taken) == ledger_state
    assert {record.state for record in ledger_state.records.values()} <= set(State)


@given(st.lists(STEPS, max_size=60))
def test_no_create_follows_an_unknown_one_without_proof(story):
    """In no story that the state accepts is a create sent while the one before it is unknown."""
    ledger_state, open_creates = LedgerState(), set()
    for entry in story:
        try:
            ledger_state.take(entry)
        except IllegalStepError:
            continue
        if isinstance(entry, entries.Intent):
            assert entry.token not in open_creates
            open_creates.add(entry.token)
        elif isinstance(entry, entries.Done | entries.Refused | entries.Absent):
            open_creates.discard(entry.token)


def test_record_is_its_runs_whose_intent_made_it():
    """Also where a later run found it; what was found at the API without an intent is nobody's."""
    second = msgspec.structs.replace(STARTED, run_id="r2")
    found = entries.Adopted(token=ONE, op=Op.CREATE, compliance_id=UUID)
    elsewhere = entries.Adopted(token=TWO, op=Op.CREATE, compliance_id="another")
    story = [OPENED, STARTED, intent(ONE), second, found, elsewhere]
    ledger_state = folded(*(msgspec.structs.replace(entry, seq=seq) for seq, entry in enumerate(story, 1)))

    creators = [ledger_state.creator(ledger_state.record(token)) for token in (ONE, TWO, "cccccccccccccccc")]

    assert ["r1", None, None] == [run and run.started.run_id for run in creators]
    assert 0 == ledger_state.told_until


class Unwalked(dict):
    """Records that may be looked up, and never walked."""

    def values(self):
        raise AssertionError("all records were walked")

    items = keys = __iter__ = values


def test_a_runs_beginning_costs_what_was_sent_since_the_one_before_it():
    """However many records there are, a run that begins looks only at the calls that the last one may have left."""
    ledger_state = folded(OPENED, STARTED, intent(ONE), done(ONE), intent(TWO))
    ledger_state.records = Unwalked(ledger_state.records)

    for _ in range(3):
        ledger_state.take(STARTED)

    assert [State.SUBMITTED, State.UNCERTAIN] == [ledger_state.record(token).state for token in (ONE, TWO)]


def gone_and_filed_anew(ask_early):
    """A record with a number goes, and a person says that it is to be filed anew."""
    ledger_state = folded(
        intent(ONE), done(ONE), entries.Adopted(token=ONE, op=Op.LINK, compliance_id=UUID, number="911140")
    )
    if ask_early:
        ledger_state.owner(UUID)
    ledger_state.take(entries.Gone(token=ONE, compliance_id=UUID))
    ledger_state.take(entries.Resolved(token=ONE, op=Op.CREATE, how="absent"))
    return ledger_state


@pytest.mark.parametrize("ask_early", [True, False])
def test_record_that_is_filed_anew_holds_neither_the_old_id_nor_the_numbers(ask_early):
    """Whenever somebody asked first; else its new record would be taken for linked already."""
    ledger_state = gone_and_filed_anew(ask_early)

    assert (ledger_state.owner(UUID), ledger_state.holder("911140")) == (None, None)


# What is known of aliases, and what was audited.


@pytest.mark.parametrize(
    ("shown", "kept"),
    [(f"~{ONE}", 17), (f"~{ONE}".upper(), 17), (f"K-1 ~{ONE}", 17), ("K-1", 0), (f"~{TWO}", 0)],
    ids=["as sent", "in capitals", "renamed", "without a token", "with another's"],
)
def test_alias_that_was_read_back_with_its_token_tells_what_length_is_kept(shown, kept):
    """The length of the one that was sent, since an API may have changed it."""
    read_back = entries.ReadBack(compliance_id=UUID, alias=shown)

    assert kept == folded(intent(ONE, at="2026-01-05T10:00:00.000Z"), done(ONE), read_back).alias_kept


@pytest.mark.parametrize(("alias", "kept"), [(f"Acme ~{ONE}", 22), ("", 0), ("Acme", 0)])
def test_adopted_record_tells_it_too(alias, kept):
    """Nothing was sent, so it is the alias that the API shows."""
    adopted = entries.Adopted(token=ONE, op=Op.CREATE, compliance_id=UUID, alias=alias)

    assert kept == folded(adopted).alias_kept


def test_longest_alias_that_was_kept_counts():
    """A shorter one that comes later takes nothing back."""
    long = entries.Adopted(token=TWO, op=Op.CREATE, compliance_id="x", alias=f"A long name ~{TWO}")
    short = entries.ReadBack(compliance_id=UUID, alias=f"~{ONE}")

    assert len(f"A long name ~{TWO}") == folded(long, intent(ONE), done(ONE), short).alias_kept


@pytest.mark.parametrize(
    ("after", "wanted"),
    [
        ((), True),
        ((entries.Swept(seq=9, records=1),), True),
        ((entries.Swept(seq=9, records=1, audit=True),), False),
        ((entries.Swept(seq=9, records=1, audit=True), intent(TWO, seq=10)), True),
    ],
    ids=["created", "walked only", "audited", "created since"],
)
def test_audit_is_wanted_until_one_comes_after_the_newest_create(after, wanted):
    """By whichever run; a walk that looked for something else is none."""
    assert wanted is folded(intent(ONE, seq=1), *after).wants_audit


@pytest.mark.parametrize(("end", "wanted"), [((), True), ((msgspec.structs.replace(ENDED, seq=5),), False)])
def test_audit_whose_run_was_killed_before_its_end_told_nobody(end, wanted):
    """What it found would else never be heard of."""
    started = msgspec.structs.replace(STARTED, seq=2)
    ledger_state = folded(OPENED, started, intent(ONE, seq=3), entries.Swept(seq=4, records=2, audit=True), *end)

    assert wanted is ledger_state.wants_audit


PLANNED = entries.Planned(rows=200, creates=180, updates=20, reads=30)
USED = entries.Used(at="2026-01-05T10:01:00.000Z", requests=60, writes=58, throttled=2)


def test_plan_is_the_newest_one_of_the_newest_run():
    """A plan that grew replaces the one before; a run that has not said what is due has none."""
    grown = entries.Planned(rows=210, creates=190, updates=20, reads=30)

    assert (200, 230) == (PLANNED.rows, PLANNED.requests)
    assert PLANNED == folded(OPENED, STARTED, PLANNED).planned
    assert grown == folded(OPENED, STARTED, PLANNED, grown, ENDED).planned
    assert folded(OPENED, STARTED, PLANNED, ENDED, STARTED).planned is None


def test_usage_of_all_runs_is_kept_with_its_instants():
    """In the order in which it was written, so that requests by the minute can be drawn over all runs."""
    later = msgspec.structs.replace(USED, at="2026-01-06T10:01:00.000Z", requests=3, writes=0, throttled=0)

    usage = folded(OPENED, STARTED, USED, ENDED, STARTED, later).usage

    assert [
        Usage(datetime(2026, 1, 5, 10, 1, tzinfo=UTC), 60, 58, 2),
        Usage(datetime(2026, 1, 6, 10, 1, tzinfo=UTC), 3, 0, 0),
    ] == usage


@pytest.mark.parametrize("at", ["", "yesterday", "2026-01-05T10:01:00"])
def test_usage_without_an_instant_harms_no_ledger(at):
    """What is for people alone must never keep a ledger from being read."""
    ledger_state = folded(OPENED, STARTED, msgspec.structs.replace(USED, at=at, seq=3))

    assert ([], 3) == (ledger_state.usage, ledger_state.seq)


def test_plan_and_usage_change_no_record():
    """So nothing that was planned is made anew because of them."""
    ledger_state = folded(*STORY)
    before, changes = dict(ledger_state.records), ledger_state.changes

    for entry in (PLANNED, USED):
        ledger_state.take(entry)

    assert (before, changes) == (ledger_state.records, ledger_state.changes)
