"""The decision table: what is due for a row, by its record and then by itself."""

import itertools

import pytest

from bulk_onboard.model.finding import Finding
from bulk_onboard.model.plan import Action, Identity, Scope
from bulk_onboard.model.record import Linkage, Linking, Record, State
from bulk_onboard.planning.decide import decide

TOKEN = "abcdefgh23456777"
IDENTITY = Identity(key="key|K-1", user_key="K-1", token=TOKEN, alias=f"K-1 ~{TOKEN}")
NOTHING, CREATE, UPDATE, LINK, SETTLE = Action.NOTHING, Action.CREATE, Action.UPDATE, Action.LINK, Action.SETTLE
NUMBERS = "+91 11 4000 0000; 911140000001"
EVERYTHING = Scope()
OPEN = {State.NOT_SENT, State.DEFERRED, State.INVALID, State.REFUSED}


def record(state, fingerprint="now", reason="why"):
    """A record in this state, last sent with this content."""
    return Record(
        token=TOKEN, state=state, fingerprint=fingerprint, reason=reason, code="bad_field", compliance_id="c-1"
    )


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, (CREATE, "")),
        (record(State.NOT_SENT), (CREATE, "")),
        (record(State.DEFERRED), (CREATE, "why")),
        (record(State.DEFERRED, reason=""), (CREATE, "")),
        (record(State.INVALID), (CREATE, "")),
        (record(State.REFUSED), (NOTHING, "bad_field")),
        (record(State.REFUSED, "before"), (CREATE, "")),
        (record(State.SENDING), (SETTLE, "")),
        (record(State.UNCERTAIN), (SETTLE, "why")),
        (record(State.UNCERTAIN, "before", reason=""), (SETTLE, "")),
        (record(State.HELD), (NOTHING, "why")),
        (record(State.HELD, "before"), (NOTHING, "why")),
        (record(State.SUBMITTED), (NOTHING, "submitted")),
        (record(State.SUBMITTED, "before"), (NOTHING, "submitted; the row has changed")),
        (record(State.SUBMITTED, ""), (NOTHING, "submitted")),
        (record(State.DELETED), (NOTHING, "")),
        (record(State.ABANDONED), (NOTHING, "")),
    ],
)
def test_valid_row(make_judged, known, expected):
    """A valid row is sent where the API has nothing of it, settled where that is unknown, else left alone.

    The reason names what is known: the code, the record, or what the ledger says.
    """
    decision = decide(make_judged(), IDENTITY, known, EVERYTHING)

    action, named = expected
    assert (action, True) == (decision.action, bool(decision.reason) and named in decision.reason)


def test_each_state_of_a_record_has_a_reason_of_its_own(make_judged):
    """So do a row that changed since it was submitted, and one without a record; a deferred one has the ledger's."""
    known = [None, record(State.SUBMITTED, "before"), *map(record, set(State) - {State.DEFERRED})]

    reasons = {decide(make_judged(), IDENTITY, each, EVERYTHING).reason for each in known}

    assert len(known) == len(reasons)


@pytest.mark.parametrize("state", [None, *State])
@pytest.mark.parametrize("admit_new_rows", [True, False])
def test_every_state_has_a_decision(make_judged, state, admit_new_rows):
    """No state, valid or invalid row, new rows admitted or not, is without action and reason."""
    for errors, fingerprint in itertools.product((0, 2), ("now", "before")):
        known = record(state, fingerprint) if state else None

        decision = decide(make_judged(errors=errors), IDENTITY, known, Scope(admit_new_rows=admit_new_rows))

        assert decision.reason
        assert (decision.action is SETTLE) is (state in {State.SENDING, State.UNCERTAIN})
        assert decision.action is not CREATE or (errors == 0 and (state is None or state in OPEN))


@pytest.mark.parametrize("state", [None, *sorted(OPEN)])
def test_invalid_row_is_not_sent(make_judged, state):
    """Errors keep a row out wherever nothing of it is at the API."""
    known = record(state) if state else None

    one, two = (decide(make_judged(errors=n), IDENTITY, known, EVERYTHING) for n in (1, 2))

    assert [NOTHING, NOTHING] == [one.action, two.action]
    assert ("1", "2") == (one.reason.split()[0], two.reason.split()[0])


def test_spoiled_row_of_a_submitted_record_is_told_as_both(make_judged):
    """A row that was submitted and is invalid now stays submitted, and its errors are counted."""
    decision = decide(make_judged(errors=1), IDENTITY, record(State.SUBMITTED, "before"), EVERYTHING)

    unspoiled = decide(make_judged(), IDENTITY, record(State.SUBMITTED, "before"), EVERYTHING)
    assert decision.reason.startswith(unspoiled.reason)
    assert "1 error" in decision.reason


@pytest.mark.parametrize("state", [None, *State])
def test_duplicate_does_nothing_whatever_is_known(make_judged, state):
    """The first row of a key speaks for it, so that nothing is made or settled twice."""
    known = record(state) if state else None

    decision = decide(make_judged(7, duplicate_of=2), IDENTITY, known, EVERYTHING)

    assert (NOTHING, True) == (decision.action, "row 2" in decision.reason)


@pytest.mark.parametrize("state", [None, *State])
def test_example_does_nothing_whatever_is_known(make_judged, state):
    """The template's own row is never sent."""
    known = record(state) if state else None

    decision = decide(make_judged(2, is_example=True), IDENTITY, known, EVERYTHING)

    assert (NOTHING, True) == (decision.action, "example" in decision.reason)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, NOTHING),
        (record(State.INVALID), NOTHING),
        (record(State.REFUSED, "before"), NOTHING),
        (record(State.REFUSED), NOTHING),
        (record(State.NOT_SENT), CREATE),
        (record(State.DEFERRED), CREATE),
        (record(State.UNCERTAIN), SETTLE),
    ],
)
def test_resume_finishes_what_was_begun(make_judged, known, expected):
    """Without new rows only those are sent that a run had taken in; unknown ones are settled all the same."""
    decision = decide(make_judged(), IDENTITY, known, Scope(admit_new_rows=False))

    assert expected is decision.action


def test_reason_says_that_a_new_row_is_not_taken_in(make_judged):
    """The same for each row that a run would take in; a refused one keeps its own reason."""
    new, fixed, changed, refused = (
        decide(make_judged(), IDENTITY, known, Scope(admit_new_rows=False)).reason
        for known in (None, record(State.INVALID), record(State.REFUSED, "before"), record(State.REFUSED))
    )

    assert new == fixed == changed != refused


def test_row_without_identity_is_invalid(make_judged):
    """A row that nothing can be known by stands in the report only."""
    decision = decide(make_judged(errors=1, business_name="Acme"), None, None, EVERYTHING)

    assert (NOTHING, None) == (decision.action, decision.identity)


def submitted(review, fingerprint="now", code="", refused="", **numbers):
    """A submitted record with this review; `numbers` by their last digit, after an n."""
    known = {f"91114000000{name[1:]}": linking for name, linking in numbers.items()}
    return Record(
        token=TOKEN,
        state=State.SUBMITTED,
        compliance_id="c-1",
        review=review,
        fingerprint=fingerprint,
        code=code,
        refused=refused,
        numbers=known,
    )


@pytest.mark.parametrize(
    ("known", "scope", "expected"),
    [
        (submitted("rejected"), EVERYTHING, (NOTHING, "rejected")),
        (submitted("rejected", "before"), EVERYTHING, (UPDATE, "rejected")),
        (submitted("more info", "before"), EVERYTHING, (UPDATE, "more info")),
        (submitted("rejected", "before"), Scope(admit_new_rows=False), (UPDATE, "rejected")),
        (submitted("rejected", ""), EVERYTHING, (NOTHING, "rejected")),
        (submitted("rejected", "before", "invalid_file", "now"), EVERYTHING, (NOTHING, "invalid_file")),
        (submitted("rejected", "before", "invalid_file", "now"), Scope(retry_refused="other"), (NOTHING, "")),
        (submitted("rejected", "before", "invalid_file", "now"), Scope(retry_refused="invalid_file"), (UPDATE, "")),
        (submitted("rejected", "before", "invalid_file", "now"), Scope(retry_refused="any"), (UPDATE, "")),
        (submitted("rejected", "now", "invalid_file", "other"), Scope(retry_refused="any"), (NOTHING, "rejected")),
        (submitted("rejected", "before", "invalid_file", "other"), EVERYTHING, (UPDATE, "rejected")),
        (submitted("rejected"), Scope(retry_refused="any"), (NOTHING, "rejected")),
        (submitted("suspended", "before"), EVERYTHING, (NOTHING, "")),
        (submitted("pending", "before"), EVERYTHING, (NOTHING, "")),
        (submitted("approved", "before"), EVERYTHING, (NOTHING, "")),
        (submitted("on ice", "before"), EVERYTHING, (NOTHING, "")),
    ],
)
def test_record_that_was_sent_back_takes_what_changed(make_judged, known, scope, expected):
    """Rejected or asked for more: updated once for each change of the row; unchanged, or in another review, never."""
    decision = decide(make_judged(), IDENTITY, known, scope)

    action, named = expected
    assert (action, True) == (decision.action, named in decision.reason)


@pytest.mark.parametrize("before", ["now", "before"])
def test_row_of_an_expired_record_is_filed_anew(make_judged, before):
    """Whether it changed or not, under the next generation's token and alias, which the expired one leads to."""
    decision = decide(make_judged(), IDENTITY, submitted("expired", before), EVERYTHING)

    again = decision.identity
    assert (Action.CREATE, "expired: filed anew, as the row's record 2") == (decision.action, decision.reason)
    assert (IDENTITY.token, 2, IDENTITY.user_key) == (again.follows, again.generation, again.user_key)
    assert again.token not in ("", IDENTITY.token)
    assert again.alias.endswith(f"~{again.token}")


@pytest.mark.parametrize(("errors", "scope"), [(1, EVERYTHING), (0, Scope(admit_new_rows=False))])
def test_expired_record_waits_for_a_valid_row_and_a_run_that_takes_rows_in(make_judged, errors, scope):
    """Filing it anew is a new record like any other."""
    decision = decide(make_judged(errors=errors), IDENTITY, submitted("expired"), scope)

    assert (NOTHING, IDENTITY) == (decision.action, decision.identity)


def test_generations_of_a_row_have_tokens_of_their_own():
    """Each is made of the one before and its number, so that a run without a ledger computes them again."""
    second, third = IDENTITY.successor(), IDENTITY.successor().successor()

    assert (second.token, 3) == (third.follows, third.generation)
    assert 3 == len({IDENTITY.token, second.token, third.token})
    assert second == IDENTITY.successor()


def test_spoiled_row_of_a_rejected_record_is_not_sent(make_judged):
    """What has errors is no correction."""
    decision = decide(make_judged(errors=1), IDENTITY, submitted("rejected", "before"), EVERYTHING)

    assert NOTHING is decision.action
    assert ["rejected", "1 error"] == [named for named in ("rejected", "1 error") if named in decision.reason]


@pytest.mark.parametrize(
    ("known", "scope", "expected"),
    [
        (submitted("approved"), EVERYTHING, "01"),
        (submitted("approved", "before"), EVERYTHING, "01"),
        (submitted("approved"), Scope(admit_new_rows=False), "01"),
        (submitted("approved", n0=Linking(Linkage.LINKED)), EVERYTHING, "1"),
        (submitted("approved", n0=Linking(Linkage.HELD, "elsewhere")), EVERYTHING, "01"),
        (submitted("approved", n0=Linking(Linkage.REFUSED, "", "country_mismatch")), EVERYTHING, "1"),
        (submitted("approved", n0=Linking(Linkage.REFUSED, "", "country_mismatch")), Scope(retry_refused="any"), "01"),
        (submitted("approved", n0=Linking(Linkage.REFUSED, "", "country_mismatch")), Scope(retry_refused="x"), "1"),
        *((submitted(review), EVERYTHING, "") for review in ("pending", "rejected", "suspended", "expired", "", "odd")),
        (record(State.UNCERTAIN), EVERYTHING, ""),
        (None, EVERYTHING, ""),
    ],
)
def test_numbers_of_approved_records_are_due_until_they_are_linked(make_judged, known, scope, expected):
    """Only of approved ones; a refused number waits for a person, a held one is looked at again."""
    decision = decide(make_judged(numbers=NUMBERS), IDENTITY, known, scope)

    assert [f"91114000000{digit}" for digit in expected] == list(decision.numbers)
    assert (decision.action is LINK) is bool(expected)


def test_numbers_are_linked_whatever_else_is_wrong_with_the_row(make_judged):
    """Its papers may have been put away since; but a row that may not be the record's at all links none."""
    spoiled = make_judged(errors=1, numbers=NUMBERS)
    disputed = spoiled.with_findings((Finding("key-conflict", "Businesses", 2),), kept_out=True)
    aside = make_judged(7, duplicate_of=2, numbers=NUMBERS)

    actions = [decide(one, IDENTITY, submitted("approved"), EVERYTHING).action for one in (spoiled, disputed, aside)]

    assert [LINK, NOTHING, NOTHING] == actions


def test_refused_row_is_sent_again_unchanged_only_where_it_is_asked_for(make_judged):
    """With the code that it was refused with, or with any."""
    refused = record(State.REFUSED)
    scopes = [Scope(retry_refused=code) for code in ("", "x", "bad_field", "any")]

    actions = [decide(make_judged(), IDENTITY, refused, scope).action for scope in scopes]

    assert [NOTHING, NOTHING, CREATE, CREATE] == actions
