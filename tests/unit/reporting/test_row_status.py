"""Where each row stands, and counts that add up."""

from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.model.record import Review, State
from bulk_onboard.model.row import LazySequence
from tests.unit.reporting.samples import decision, finding, ledger_state, record, row_status, status, token

CONFLICT = finding("key-conflict")


def test_row_without_record():
    """A row of which the ledger knows nothing is not sent, or invalid when it has errors; a warning changes nothing."""
    assert State.NOT_SENT is row_status(decision()).state
    assert State.NOT_SENT is row_status(decision(findings=[finding("duplicate")])).state
    assert State.INVALID is row_status(decision(findings=[finding()])).state
    assert State.INVALID is row_status(decision(findings=[finding()], identified=False)).state


def test_record_decides_once_something_was_sent():
    """A submitted record is submitted, whatever became of its row."""
    spoiled = decision(findings=[finding()])

    assert State.SUBMITTED is row_status(spoiled, record()).state


def test_call_cut_short_is_uncertain():
    """A record found in the middle of a call is shown as uncertain."""
    assert State.UNCERTAIN is row_status(decision(), record(state=State.SENDING)).state


def test_row_decides_before_anything_was_sent():
    """A fixed row is not sent and a spoiled one invalid at once, not only after the next run."""
    fixed = row_status(decision(), record(state=State.INVALID, code="field-missing"))
    spoiled = row_status(decision(findings=[finding()]), record(state=State.NOT_SENT))

    assert (State.NOT_SENT, State.INVALID) == (fixed.state, spoiled.state)


def test_of_rows_in_conflict_only_the_sent_one_is_submitted():
    """A second row that claims a submitted record's key with other content is not shown as submitted."""
    sent = decision(2, findings=[CONFLICT])
    other = decision(2, findings=[CONFLICT], fingerprint="another")

    assert State.SUBMITTED is row_status(sent, record()).state
    assert State.INVALID is row_status(other, record()).state


def test_duplicate_counts_once():
    """A duplicate counts as duplicate, not again as what its first row is."""
    rows = [decision(2), decision(3, duplicate_of=2), decision(4)]

    counted = status(rows, ledger_state(record(2))).counts()

    assert {"rows": 3, "submitted": 1, "not sent": 1, "duplicate": 1} == {k: n for k, n in counted.items() if n}
    assert ["rows", *(state.value for state in State), "duplicate", "blank"] == list(counted)
    assert 1 == status(rows, ledger_state(record(2))).reviews()["pending"]


def test_example_does_not_count():
    """The template's example is nobody's row."""
    rows = [decision(2, is_example=True), decision(3)]

    counted = status(rows, ledger_state(record(3))).counts()

    assert {"rows": 1, "submitted": 1} == {k: n for k, n in counted.items() if n}


def test_counts_without_the_workbook():
    """Without the workbook the records themselves are counted."""
    counted = status(None, ledger_state(record(2), record(3, State.REFUSED))).counts()

    assert {"rows": 2, "submitted": 1, "refused": 1} == {k: n for k, n in counted.items() if n}


def test_reviews_are_of_submitted_records():
    """A record that was deleted keeps no review in the counts."""
    counted = status(
        None, ledger_state(record(2, review="approved"), record(3, State.DELETED, review="approved"))
    ).reviews()

    assert {"approved": 1} == {k: n for k, n in counted.items() if n}


def test_reviews_that_are_none_of_ours_count_under_their_own_names():
    """They come after ours, whose zeros stay; a review that is not known yet is none."""
    counted = status(
        None, ledger_state(record(2, review="in_audit"), record(3, review="approved"), record(4, review=""))
    ).reviews()

    assert [*Review, "in_audit"] == list(counted)
    assert {"approved": 1, "in_audit": 1} == {k: n for k, n in counted.items() if n}


def test_unclaimed_records_were_sent():
    """Records without a row are told when they were ever sent; a row that was merely invalid or due is not missed."""
    gone = [record(3), record(4, State.REFUSED), record(5, State.INVALID), record(6, State.NOT_SENT)]

    missed = status([decision(2)], ledger_state(record(2), *gone)).unclaimed

    assert [token(3), token(4)] == [each.token for each in missed]


def test_usual_rows_of_a_large_sheet_are_not_made():
    """A report's numbers need only the rows that there is something to tell of; the others count as not sent."""

    def make(places):
        raise AssertionError(f"rows {places} were made")

    rows = LazySequence(100_000, {7: decision(9, findings=[finding(row=9)])}, make)
    joined = status(rows, ledger_state(record(2)))
    totals = joined.totals(since=0)

    assert (100_000, 99_999, 1) == tuple(totals.counts[name] for name in ("rows", "not sent", "invalid"))
    assert (2, 1) == (joined.need_attention() + totals.drift.without_row, len(joined.findings()))


def test_usual_row_is_joined_when_it_is_asked_for():
    """Results shows it like any other."""
    rows = LazySequence(2, {}, lambda places: [decision(place + 2) for place in places])

    assert [(2, State.NOT_SENT), (3, State.NOT_SENT)] == [
        (each.judged.row.number, each.state) for each in status(rows, ledger_state()).rows
    ]


_ROW = st.tuples(
    st.sampled_from([None, *State]),
    st.booleans(),
    st.booleans(),
    st.integers(0, 5),
    st.sampled_from(["", "approved"]),
    st.booleans(),
)


@given(st.lists(_ROW, max_size=30))
def test_counts_add_up(rows):
    """Whatever happened to the rows, every count but `rows` adds up to it: the rows without the template's example."""
    decisions, records = [], []
    for number, (state, spoiled, identified, back, review, is_example) in enumerate(rows, start=2):
        duplicate_of = number - back if back and number - back >= 2 else None
        findings = [finding(row=number)] if spoiled else []
        aside = {"duplicate_of": duplicate_of, "is_example": is_example}
        decisions.append(decision(number, findings=findings, identified=identified, **aside))
        if state is not None:
            records.append(record(number, state, review=review))

    counted = status(decisions, ledger_state(*records)).counts()

    examples = sum(is_example for *_, is_example in rows)
    assert len(rows) - examples == counted.pop("rows") == sum(counted.values())
    assert counted["submitted"] >= sum(status(decisions, ledger_state(*records)).reviews().values())
