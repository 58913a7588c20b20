"""Businesses that another job has sent already."""

import pytest

from bulk_onboard.model.application import Application
from bulk_onboard.model.entry import LedgerOpened
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import registration_token_of, token_of
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import Record, State
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.validation import KnownBusinesses, mark_in_other_ledgers
from tests.unit.validation.conftest import COLUMNS, LOCAL

AUTH_ID = "MA" + "X" * 18


def judged(number=2, registration="U1", *, fingerprint="f", findings=(), cells=None, **changes):
    """A judged row without a trouble of its own."""
    row = Row("Sheet1", number, LOCAL, {"registration_number": registration, **(cells or {})})
    return JudgedRow(row, Application(LOCAL, {}, ()), fingerprint, findings, **changes)


def ledger_state(*records, auth_id=AUTH_ID):
    """The books of another job."""
    opened = LedgerOpened(tool="", job="june", auth_id=auth_id, base_url="http://127.0.0.1", created="")
    return LedgerState(opened=opened, records={record.token: record for record in records})


def record(one, state=State.SUBMITTED, *, auth_id=AUTH_ID, **changes):
    """What another job's ledger knows of this row."""
    return Record(**{"token": token_of(auth_id, one.row), "state": state, "compliance_id": "id-1", **changes})


def mark(rows, *others, **rulings):
    """The rows, marked against these books, called a.jsonl, b.jsonl …"""
    named = [(f"{letter}.jsonl", KnownBusinesses(each)) for letter, each in zip("abc", others, strict=False)]
    ruled = {code.replace("_", "-"): word for code, word in rulings.items()}
    return mark_in_other_ledgers(rows, named, columns=COLUMNS, rulings=ruled)


def test_a_business_of_another_job_is_kept_out():
    """It names the ledger, what became of the business there, and what to do; it stands before the row's others."""
    own = Finding("state-unknown", "Sheet1", 2, "State", details={"nearest": ""})
    one, stranger = judged(findings=(own,)), judged(3, "U2", fingerprint="g")

    marked, untouched = mark([one, stranger], ledger_state(record(one)))

    assert (None, True) == (marked.application, marked.has_errors)
    assert ["in-other-ledger", "state-unknown"] == [finding.code for finding in marked.findings]
    told = "The ledger a.jsonl has this business already; it is submitted as id-1 there."
    assert told == marked.findings[0].problem
    assert stranger == untouched


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.SENDING, "uncertain (sent, outcome unknown)"),
        (State.UNCERTAIN, "uncertain (sent, outcome unknown)"),
        (State.HELD, "held (somebody must decide)"),
    ],
)
def test_what_may_be_at_the_api_counts(state, words):
    """Nobody knows that it is not there."""
    (marked,) = mark([judged()], ledger_state(record(judged(), state, compliance_id="")))

    assert f"it is {words} there." in marked.findings[0].problem


@pytest.mark.parametrize(
    "state", [State.INVALID, State.NOT_SENT, State.DEFERRED, State.REFUSED, State.DELETED, State.ABANDONED]
)
def test_what_is_not_at_the_api_does_not_count(state):
    """It was never sent, the API did not take it, or it is gone on purpose."""
    (marked,) = mark([judged()], ledger_state(record(judged(), state, compliance_id="", fingerprint="f")))

    assert judged() == marked


def test_a_row_that_has_a_key_here_only_is_known():
    """The token that it would have without its Key counts too."""
    here = judged(cells={"key": "K-1"})

    (marked,) = mark([here], ledger_state(record(judged())))

    assert marked.has_errors


def test_a_row_of_an_annotated_copy_is_known():
    """By the token that the copy was given, though its registration number was mended."""
    there = record(judged())
    here = judged(registration="U9", fingerprint="g", cells={"bo_key": f"~{there.token}"})

    (marked,) = mark([here], ledger_state(there))

    assert marked.has_errors


def test_the_same_content_is_the_same_business():
    """Under whatever Key the other job has it."""
    there = record(judged(cells={"key": "other"}), fingerprint="f")

    same, another = mark([judged(), judged(3, "U2", fingerprint="g")], ledger_state(there))

    assert (True, False) == (same.has_errors, another.has_errors)


def test_records_without_a_fingerprint_are_like_nothing():
    """Adopted by a sweep, their content is not known; a row is not taken for them."""
    (marked,) = mark([judged(registration="U2", fingerprint="")], ledger_state(record(judged(), fingerprint="")))

    assert not marked.has_errors


def test_each_ledger_has_its_own_account():
    """Tokens are computed for the account that the other ledger belongs to."""
    there = record(judged(), auth_id="MAYYYYYYYYYYYYYYYYYY")

    (marked,) = mark([judged()], ledger_state(), ledger_state(there, auth_id="MAYYYYYYYYYYYYYYYYYY"))

    assert "b.jsonl" == marked.findings[0].details["ledger"]


@pytest.mark.parametrize("aside", [{"duplicate_of": 2}, {"is_example": True}])
def test_rows_that_stand_aside_are_left_alone(aside):
    """They are not sent anyway."""
    (marked,) = mark([judged(**aside)], ledger_state(record(judged())))

    assert () == marked.findings


@pytest.mark.parametrize(("ruling", "findings"), [("off", 0), ("warning", 1)])
def test_the_job_rules(ruling, findings):
    """Whoever means it may send the business again."""
    (marked,) = mark([judged()], ledger_state(record(judged())), in_other_ledger=ruling)

    assert findings == len(marked.findings)
    assert marked.application is not None


@pytest.mark.parametrize("key", ["", "K-2"])
def test_a_business_is_known_there_by_its_number_under_any_key(key):
    """The other job gave it a Key of its own; another number under the same Key is another business."""
    there = judged(cells={"key": "K-1"})
    known = record(there, registration_token=registration_token_of(AUTH_ID, there.row))
    rows = [judged(cells={"key": key}, fingerprint="g"), judged(3, "U2", fingerprint="h", cells={"key": "K-1"})]

    marked, other = mark(rows, ledger_state(known))

    assert ["in-other-ledger"] == [finding.code for finding in marked.findings]
    assert () == other.findings
