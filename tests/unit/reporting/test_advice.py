"""What each row is told, and what its owner is to do."""

import pytest

from bulk_onboard.model.record import Review, State
from bulk_onboard.reporting.advice import advise
from bulk_onboard.reporting.row_status import RowStatus
from tests.unit.reporting.samples import decision, finding, record, row_status


def told(row, *records):
    """The advice for a row."""
    return advise(row_status(row, *records), name="a b; c")


@pytest.mark.parametrize("state", State)
def test_every_state_has_words(state):
    """Whatever the state, a row is told why and what to do, without a placeholder, and without a command to type."""
    advice = told(decision(), record(state=state))

    text = f"{advice.reason} {advice.todo}"
    assert advice.reason
    assert advice.todo
    assert "{" not in text
    assert "bulk-onboard" not in text


@pytest.mark.parametrize("review", Review)
def test_every_review_has_words(review):
    """A submitted record is told what its review means; the reviewers' own reason stands in the place of that."""
    plain = told(decision(), record(review=review.value))
    reasoned = told(decision(), record(review=review.value, review_reason="the scan is blurred"))

    assert plain.reason
    assert plain.todo
    assert "The scan is blurred." == reasoned.reason


def test_refused_row_carries_the_api_s_words():
    """A refusal shows the API's code and message."""
    refused = record(state=State.REFUSED, code="invalid_data", reason="pin code is wrong")

    assert "invalid_data: pin code is wrong." == told(decision(), refused).reason


def test_row_that_was_set_aside_carries_no_code_of_ours():
    """What happened in each attempt says it all."""
    refused = record(state=State.REFUSED, code="set-aside", reason="HTTP 413 in each of 3 attempts")

    assert "HTTP 413 in each of 3 attempts." == told(decision(), refused).reason


def test_refused_row_that_now_has_errors():
    """A refused row that does not pass the check any more must be fixed first, whatever the API said."""
    refused = record(state=State.REFUSED, code="invalid_data", reason="pin code is wrong")

    advice = told(decision(findings=[finding()]), refused)

    assert "invalid_data: pin code is wrong. Email is required and the cell is blank." == advice.reason
    assert "Fill in the cell. Then run again." == advice.todo


def test_held_row_says_where_the_command_is():
    """On the first sheet; and what the record is called in it, unless that is its Key."""
    held = record(state=State.HELD)
    where = "See what the API has of it. Choose an answer with the command resolve, which is on the sheet Summary"

    assert f"{where}, with a b; c for KEY." == told(decision(), held).todo
    assert f"{where}." == told(decision(key="a b; c"), held).todo


def test_many_errors_are_summed_up():
    """A row with many errors shows the first three and how many more there are."""
    advice = told(decision(findings=[finding("duplicate"), *[finding(column=name) for name in "ABCDE"]]))

    assert advice.reason.startswith("A: Email is required")
    assert advice.reason.endswith("And 2 more.")
    assert advice.todo.startswith("Fix the row as the sheet Problems says")


def test_fixed_row_is_not_told_its_old_errors():
    """A row that was fixed since the last run is simply due."""
    assert "Nothing has been sent yet." == told(decision(), record(state=State.INVALID, code="field-missing")).reason


def test_invalid_record_without_its_row():
    """Where the workbook is gone an invalid record shows the titles of its findings."""
    invalid = record(state=State.INVALID, code="field-missing, document-empty")

    advice = advise(RowStatus.of(invalid))

    assert "Required field missing; Document is empty." == advice.reason
    assert "Fix the row as the command check says, then run again." == advice.todo


def test_drift_is_told():
    """A submitted row that changed afterwards says that the API has the earlier content."""
    changed = told(decision(fingerprint="new"), record())
    adopted = told(decision(fingerprint="new"), record(fingerprint=""))

    assert changed.reason.endswith("The row changed after it was sent; the API has the earlier content.")
    assert "changed" not in adopted.reason


def test_row_older_than_what_the_api_has_is_told_one_thing():
    """Nobody is told to do nothing, and then something."""
    older = told(decision(fingerprint="old"), record(replaced=("old",)))

    assert older.todo.startswith("Take the newer content into the workbook")
    assert "Nothing" not in older.todo
