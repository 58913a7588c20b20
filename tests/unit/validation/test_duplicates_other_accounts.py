"""Businesses of another account of the same job: filed there, moved, or in the sheet under both."""

import pytest

from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import next_token, registration_token_of, token_of
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import Record, State
from bulk_onboard.model.row import Row
from bulk_onboard.validation import KnownBusinesses, mark_in_other_accounts, under_several_accounts
from tests.unit.validation.conftest import COLUMNS, LOCAL, MOBILE
from tests.unit.validation.test_duplicates_other_jobs import judged, ledger_state

OWN, OTHER = "MA" + "O" * 18, "MA" + "T" * 18
NOTHING = KnownBusinesses(LedgerState())


def known(*rows, auth_id=OTHER, state=State.SUBMITTED, **changes) -> KnownBusinesses:
    """What the ledger of an account knows that has filed these rows."""
    records = [
        Record(
            token=token_of(auth_id, one.row),
            state=state,
            compliance_id="id-1",
            key=one.row.cell("key"),
            registration_token=registration_token_of(auth_id, one.row),
            **changes,
        )
        for one in rows
    ]
    return KnownBusinesses(ledger_state(*records, auth_id=auth_id))


def mark(*rows, own=NOTHING, twice=None, rulings=None, **others):
    """The rows of an account, held against its own ledger and those of others."""
    return mark_in_other_accounts(rows, own, list(others.items()), twice or {}, columns=COLUMNS, rulings=rulings or {})


def test_a_row_that_another_account_has_filed_is_kept_out():
    """It says which account, what became of it there, and what to do."""
    moved, stranger = mark(judged(), judged(3, "U2"), beta=known(judged()), gamma=NOTHING)

    (finding,) = moved.findings
    assert "The account beta has this business already (submitted as id-1), so nothing is sent for this row." == (
        finding.problem
    )
    assert ("in-other-account", 2, None) == (finding.code, finding.row, moved.application)
    assert judged(3, "U2") == stranger


def test_its_token_is_that_of_the_other_account():
    """A token has the auth id in it; the own account's token of the row is not looked for there."""
    (marked,) = mark(judged(), beta=KnownBusinesses(ledger_state(auth_id=OTHER)))
    (found,) = mark(judged(), beta=known(judged(), auth_id=OTHER))

    assert (False, True) == (marked.has_errors, found.has_errors)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ({"key": "K-1"}, {"key": "K-1"}),
        ({"key": "K-1"}, {}),
        ({}, {"key": "K-1"}),
        ({"key": "K-1"}, {"key": "K-2"}),
    ],
)
def test_it_is_known_by_its_number_under_any_key(here, there):
    """Accounts number their rows as they like."""
    (marked,) = mark(judged(cells=here), beta=known(judged(cells=there)))

    assert marked.has_errors


def test_one_key_in_two_accounts_is_no_business():
    """Each account may count its rows from 1."""
    (marked,) = mark(judged(registration="U1", cells={"key": "1"}), beta=known(judged(3, "U2", cells={"key": "1"})))

    assert not marked.has_errors


def test_a_row_without_a_number_is_known_by_its_key():
    """There is nothing else to know it by."""
    (marked,) = mark(judged(registration="", cells={"key": "K"}), beta=known(judged(3, "", cells={"key": "K"})))

    assert marked.has_errors


def test_a_number_that_is_being_corrected_counts_too():
    """Until the correction's outcome is known the record may have either."""
    there = judged(registration="U1")
    beta = known(there, intended_registration=registration_token_of(OTHER, judged(registration="U9").row))

    marked = mark(judged(2, "U1"), judged(3, "U9"), beta=beta)

    assert [True, True] == [one.has_errors for one in marked]


@pytest.mark.parametrize("cells", [{"key": "K"}, {}])
def test_an_older_copy_of_a_row_whose_number_was_corrected_is_kept_out(cells):
    """It still has the number that the record was filed with, and would bring the business to another account."""
    there, corrected = judged(registration="U1", cells=cells), judged(registration="U9", cells=cells)
    record = Record(
        token=token_of(OTHER, there.row),
        state=State.SUBMITTED,
        key=cells.get("key", ""),
        registration_token=registration_token_of(OTHER, corrected.row),
        replaced=("of the first number",),
    )

    marked = mark(there, corrected, judged(4, "U5"), beta=KnownBusinesses(ledger_state(record, auth_id=OTHER)))

    assert [True, True, False] == [one.has_errors for one in marked]


@pytest.mark.parametrize(("state", "is_kept_out"), [(State.SUBMITTED, True), (State.DELETED, False)])
def test_of_a_row_that_was_filed_anew_the_newest_record_counts(state, is_kept_out):
    """Once that is deleted, the expired one before it keeps nobody out: nothing can be done about that."""
    there = judged()
    token, registration = token_of(OTHER, there.row), registration_token_of(OTHER, there.row)
    expired = Record(token=token, state=State.SUBMITTED, review="expired", registration_token=registration)
    anew = Record(token=next_token(token, 2), state=state, follows=token, generation=2, registration_token=registration)
    beta = KnownBusinesses(ledger_state(expired, anew, auth_id=OTHER))

    marked = mark(there, judged(3, "U9", cells={"bo_key": f"~{token}"}), beta=beta)

    assert [is_kept_out, is_kept_out] == [one.has_errors for one in marked]


def test_a_record_whose_number_is_not_known_is_found_by_its_token():
    """A ledger that was built anew from the API has tokens only."""
    there = judged(cells={"key": "K"})
    record = Record(token=token_of(OTHER, there.row), state=State.SUBMITTED)

    (marked,) = mark(there, beta=KnownBusinesses(ledger_state(record, auth_id=OTHER)))

    assert marked.has_errors


@pytest.mark.parametrize("state", [State.DELETED, State.ABANDONED, State.REFUSED, State.DEFERRED, State.NOT_SENT])
def test_what_another_account_does_not_have_may_be_filed_here(state):
    """Deleted there, given up, or never taken: so is a business moved."""
    (marked,) = mark(judged(), beta=known(judged(), state=state))

    assert not marked.has_errors


@pytest.mark.parametrize("state", [State.SENDING, State.UNCERTAIN, State.HELD, State.GONE])
def test_what_another_account_may_have_is_not_filed_here(state):
    """Nobody knows that it is not there."""
    (marked,) = mark(judged(), beta=known(judged(), state=state))

    assert marked.has_errors


def test_of_two_rows_that_nobody_has_filed_both_are_errors():
    """It is not clear whose the business is."""
    (marked,) = mark(judged(), twice={2: "beta"})

    assert "The account beta has a row of this business too, so nothing is sent for this row." == (
        marked.findings[0].problem
    )


def test_the_account_that_has_filed_it_keeps_it():
    """Only the row of the other account is an error."""
    (kept,) = mark(judged(), own=known(judged(), auth_id=OWN), twice={2: "beta"}, beta=NOTHING)
    (other,) = mark(judged(), twice={2: "acme"}, acme=known(judged(), auth_id=OWN))

    assert not kept.has_errors
    assert [1, True] == [len(other.findings), "has this business already" in other.findings[0].problem]


def test_a_record_in_both_accounts_is_left_as_it_is():
    """Each account goes on with its own: it files nothing anew."""
    (marked,) = mark(judged(), own=known(judged(), auth_id=OWN), beta=known(judged()), twice={2: "beta"})

    assert () == marked.findings


def test_the_job_may_rule_it_a_warning():
    """Whoever wants a business in two accounts may have it."""
    (marked,) = mark(judged(), beta=known(judged()), rulings={"in-other-account": "warning"})

    assert [1, False] == [len(marked.findings), marked.has_errors]


@pytest.mark.parametrize("aside", [{"duplicate_of": 2}, {"is_example": True}, {"is_blank": True}])
def test_rows_that_stand_aside_are_left_alone(aside):
    """They are not sent anyway."""
    (marked,) = mark(judged(**aside), beta=known(judged()), twice={2: "beta"})

    assert () == marked.findings


def test_other_findings_keep_their_place():
    """That of the row as a whole comes first."""
    own = Finding("state-unknown", "Sheet1", 2, "State", details={"nearest": ""})

    (marked,) = mark(judged(findings=(own,)), beta=known(judged()))

    assert ["in-other-account", "state-unknown"] == [finding.code for finding in marked.findings]


def row(number, registration="U1", combination=LOCAL, **cells) -> Row:
    """A row with the cells that identify it."""
    return Row("Sheet1", number, combination, {"registration_number": registration, **cells})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (row(2, "u 1"), row(3, "U 1", key="K")),
        (row(2, "\uff35\uff11"), row(3, "U1")),
        (row(2, "", key="k"), row(3, "", key="K")),
        (row(2, "U1", bo_key="~" + "a" * 16), row(3, "U2", bo_key="~" + "a" * 16)),
    ],
)
def test_one_business_under_two_accounts_is_seen(one, other):
    """Each row is told with the other account."""
    assert {"acme": {2: "beta"}, "beta": {3: "acme"}} == under_several_accounts({"acme": [one], "beta": [other]})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (row(2, "U1", key="1"), row(3, "U2", key="1")),
        (row(2, "U1"), row(3, "U1", MOBILE)),
        (row(2, ""), row(3, "")),
    ],
)
def test_different_businesses_are_not_taken_for_one(one, other):
    """By a Key alone, for another type of number, or where nothing names the business."""
    assert {} == under_several_accounts({"acme": [one], "beta": [other]})


def test_rows_of_one_account_are_not_under_two():
    """Duplicates within an account are another matter; a third account is told the first of the others."""
    rows = {"acme": [row(2), row(3)], "beta": [row(4, "U2")], "gamma": [row(5)]}

    assert {"acme": {2: "gamma", 3: "gamma"}, "gamma": {5: "acme"}} == under_several_accounts(rows)
