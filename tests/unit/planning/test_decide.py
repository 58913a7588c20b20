"""The decision table: what is due for a row, by its record and then by itself."""

import itertools

import pytest

from bulk_onboard.model.plan import Action, Identity
from bulk_onboard.model.record import Record, State
from bulk_onboard.planning.decide import decide

TOKEN = "abcdefgh23456777"
IDENTITY = Identity(key="key|K-1", user_key="K-1", token=TOKEN, alias=f"K-1 ~{TOKEN}")
NOTHING, CREATE, SETTLE = Action.NOTHING, Action.CREATE, Action.SETTLE
OPEN = {State.PENDING, State.DEFERRED, State.INVALID, State.REFUSED}


def record(state, fingerprint="now", reason="why"):
    """A record in this state, last sent with this content."""
    return Record(
        token=TOKEN, state=state, fingerprint=fingerprint, reason=reason, code="bad_field", compliance_id="c-1"
    )


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, (CREATE, "new")),
        (record(State.PENDING), (CREATE, "not sent yet")),
        (record(State.DEFERRED), (CREATE, "why")),
        (record(State.DEFERRED, reason=""), (CREATE, "not sent yet")),
        (record(State.INVALID), (CREATE, "mended")),
        (record(State.REFUSED), (NOTHING, "refused: bad_field; change the row to send it again")),
        (record(State.REFUSED, "before"), (CREATE, "changed since it was refused")),
        (record(State.SENDING), (SETTLE, "outcome unknown: the last run ended in the middle of the call")),
        (record(State.UNCERTAIN), (SETTLE, "why")),
        (record(State.UNCERTAIN, "before", reason=""), (SETTLE, "outcome unknown")),
        (record(State.HELD), (NOTHING, "held: a person must look: why")),
        (record(State.HELD, "before"), (NOTHING, "held: a person must look: why")),
        (record(State.SUBMITTED), (NOTHING, "submitted as c-1")),
        (record(State.SUBMITTED, "before"), (NOTHING, "submitted as c-1; the row has changed since (drift)")),
        (record(State.SUBMITTED, ""), (NOTHING, "submitted as c-1")),
        (record(State.DELETED), (NOTHING, "deleted on purpose")),
        (record(State.ABANDONED), (NOTHING, "given up on purpose")),
    ],
)
def test_valid_row(make_judged, known, expected):
    """A valid row is sent where the API has nothing of it, settled where that is unknown, else left alone."""
    decision = decide(make_judged(), IDENTITY, known, admit_new_rows=True)

    assert expected == (decision.action, decision.reason)


@pytest.mark.parametrize("state", [None, *State])
@pytest.mark.parametrize("admit_new_rows", [True, False])
def test_every_state_has_a_decision(make_judged, state, admit_new_rows):
    """No state, valid or invalid row, new rows admitted or not, is without action and reason."""
    for errors, fingerprint in itertools.product((0, 2), ("now", "before")):
        known = record(state, fingerprint) if state else None

        decision = decide(make_judged(errors=errors), IDENTITY, known, admit_new_rows=admit_new_rows)

        assert decision.reason
        assert (decision.action is SETTLE) is (state in {State.SENDING, State.UNCERTAIN})
        assert decision.action is not CREATE or (errors == 0 and (state is None or state in OPEN))


@pytest.mark.parametrize("state", [None, *sorted(OPEN)])
def test_invalid_row_is_not_sent(make_judged, state):
    """Errors keep a row out wherever nothing of it is at the API."""
    known = record(state) if state else None

    one, two = (decide(make_judged(errors=n), IDENTITY, known, admit_new_rows=True) for n in (1, 2))

    assert (NOTHING, "1 error: see Problems") == (one.action, one.reason)
    assert (NOTHING, "2 errors: see Problems") == (two.action, two.reason)


def test_spoiled_row_of_a_submitted_record_is_told_as_both(make_judged):
    """A row that was submitted and is invalid now stays submitted, and its errors are counted."""
    decision = decide(make_judged(errors=1), IDENTITY, record(State.SUBMITTED, "before"), admit_new_rows=True)

    assert "submitted as c-1; the row has changed since (drift); 1 error: see Problems" == decision.reason


@pytest.mark.parametrize("state", [None, *State])
def test_duplicate_does_nothing_whatever_is_known(make_judged, state):
    """The first row of a key speaks for it, so that nothing is made or settled twice."""
    known = record(state) if state else None

    decision = decide(make_judged(7, duplicate_of=2), IDENTITY, known, admit_new_rows=True)

    assert (NOTHING, "duplicate of row 2") == (decision.action, decision.reason)


@pytest.mark.parametrize("state", [None, *State])
def test_example_does_nothing_whatever_is_known(make_judged, state):
    """The template's own row is never sent."""
    known = record(state) if state else None

    decision = decide(make_judged(2, is_example=True), IDENTITY, known, admit_new_rows=True)

    assert (NOTHING, "the template's example") == (decision.action, decision.reason)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, (NOTHING, "not taken in: resume finishes what was begun")),
        (record(State.INVALID), (NOTHING, "not taken in: resume finishes what was begun")),
        (record(State.REFUSED, "before"), (NOTHING, "not taken in: resume finishes what was begun")),
        (record(State.REFUSED), (NOTHING, "refused: bad_field; change the row to send it again")),
        (record(State.PENDING), (CREATE, "not sent yet")),
        (record(State.DEFERRED), (CREATE, "why")),
        (record(State.UNCERTAIN), (SETTLE, "why")),
    ],
)
def test_resume_finishes_what_was_begun(make_judged, known, expected):
    """Without new rows only those are sent that a run had taken in; unknown ones are settled all the same."""
    decision = decide(make_judged(), IDENTITY, known, admit_new_rows=False)

    assert expected == (decision.action, decision.reason)


def test_row_without_identity_is_invalid(make_judged):
    """A row that nothing can be known by stands in the report only."""
    decision = decide(make_judged(errors=1, business_name="Acme"), None, None, admit_new_rows=True)

    assert (NOTHING, None) == (decision.action, decision.identity)
