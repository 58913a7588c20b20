"""Which rows need attention, and which of these are new."""

import pytest

from bulk_onboard.model.finding import Finding
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Action, Decision, Identity
from bulk_onboard.model.record import Linkage, Linking, Record, Review, State
from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.reporting.row_status import join, record_needs_attention

TOKEN = "abcdefgh23456777"
TOLD, NEW = 10, 11
NUMBERS = {"x": "911140000000", "y": "911140000001"}


def record(state=State.SUBMITTED, review="approved", news=NEW, **numbers):
    known = {NUMBERS[name]: Linking(linkage) for name, linkage in numbers.items()}
    return Record(token=TOKEN, state=state, review=review, news=news, numbers=known)


def row(*, errors=0, identified=True, numbers="911140000000"):
    findings = tuple(Finding("document-empty", "Businesses", 2) for _ in range(errors))
    cells = {"numbers": numbers}
    judged = JudgedRow(Row("Businesses", 2, Combination("IN", "local", "business"), cells), None, "now", findings)
    identity = Identity("key|K-1", "K-1", TOKEN, f"K-1 ~{TOKEN}") if identified else None
    return Decision(judged, identity, Action.NOTHING, "")


def ledger_state(*records):
    return LedgerState(records={each.token: each for each in records})


def joined(decision, ledger):
    """The status of the one row."""
    return join([decision], ledger).rows[0]


@pytest.mark.parametrize("state", [state for state in State if state is not State.SUBMITTED])
def test_record_by_its_state(state):
    """Refused and held ones, and one that is gone; whatever review a record had that was deleted counts for nothing."""
    wants = state in (State.REFUSED, State.HELD, State.GONE)

    assert wants is record_needs_attention(record(state, "rejected", x=Linkage.HELD))


@pytest.mark.parametrize("review", [*Review, "", "on ice"])
def test_submitted_record_by_its_review(review):
    """Sent back or suspended; an expired one is filed anew by itself, and a word that nobody knows is waited for."""
    assert record_needs_attention(record(review=review)) is (review in ("rejected", "more info", "suspended"))


@pytest.mark.parametrize(
    ("numbers", "wants"),
    [
        ({}, False),
        ({"x": Linkage.LINKED}, False),
        ({"x": Linkage.LINKED, "y": Linkage.HELD}, True),
        ({"x": Linkage.REFUSED}, True),
    ],
)
def test_approved_record_by_its_numbers(numbers, wants):
    """A number that was not linked needs attention."""
    assert wants is record_needs_attention(record(**numbers))


@pytest.mark.parametrize(
    ("known", "errors", "needs", "is_new"),
    [
        (None, 0, False, False),
        (None, 1, True, True),
        (record(review="rejected"), 0, True, True),
        (record(review="rejected", news=TOLD), 0, True, False),
        (record(review="approved"), 0, False, False),
        (record(review="approved"), 1, True, False),
        (record(review="approved", x=Linkage.HELD), 0, True, True),
        (record(review="approved", x=Linkage.HELD, news=TOLD), 0, True, False),
        (record(State.INVALID), 1, True, True),
        (record(State.INVALID, news=TOLD), 1, True, False),
        (record(State.REFUSED), 0, True, True),
        (record(State.REFUSED, news=TOLD), 0, True, False),
        (record(State.HELD), 0, True, True),
        (record(State.DEFERRED), 0, False, False),
    ],
)
def test_row(known, errors, needs, is_new):
    """New is what the ledger said after people were last told; errors of a row that is at the API keep nothing out."""
    ours = ledger_state(*[known] if known else [])

    assert (needs, is_new) == (
        joined(row(errors=errors), ours).needs_attention,
        joined(row(errors=errors), ours).is_new(TOLD),
    )


def test_row_without_identity_is_always_new():
    """Nothing of it can be remembered."""
    nobody = row(errors=1, identified=False)

    assert joined(nobody, ledger_state(record())).needs_attention
    assert joined(nobody, ledger_state(record())).is_new(10**9)


@pytest.mark.parametrize(
    ("cell", "is_wanted"),
    [("911140000001", True), ("+91 11 4000 0001, 911140000000", True), ("911140000000", False), ("", False)],
)
def test_number_that_was_not_linked_needs_attention_while_the_row_names_it(cell, is_wanted):
    """Whoever takes a refused number out of the row, or writes another, has fixed it."""
    ledger = ledger_state(record(x=Linkage.LINKED, y=Linkage.REFUSED))

    assert (
        is_wanted == joined(row(numbers=cell), ledger).needs_attention == joined(row(numbers=cell), ledger).is_new(TOLD)
    )
    assert not joined(row(numbers=cell), ledger).is_new(NEW)


def test_rows_are_counted_and_without_the_workbook_records():
    """So that a night whose workbook is missing still rings for what came in, and one whose sheet lacks a row."""
    ledger = ledger_state(record(review="rejected"))
    fixed = row(errors=1, identified=False)

    assert (2, 1, 1) == (
        join([row(), fixed], ledger).need_attention(),
        join(None, ledger).need_attention(),
        join([], ledger).need_attention(),
    )
    assert (2, 1, 0) == (
        join([row(), fixed], ledger).new(TOLD),
        join(None, ledger).new(TOLD),
        join(None, ledger).new(NEW),
    )
