"""What the row of a submitted record is told, and what its owner is to do."""

import pytest

from bulk_onboard.model.record import Linkage, Linking
from bulk_onboard.reporting.advice import submitted_advice
from bulk_onboard.reporting.row_status import RowStatus
from tests.unit.reporting.samples import decision, finding, record, row_status

AT_DOCUMENT = finding("review-rejected", details={"reason": "", "document": "the Address Proof"})
MISNAMED = finding("record-misnamed", column="", details={"id": "00000000-0000-4000-8000-000000000002"})


def told(row=None, *found, **changes):
    """The advice for a row whose record is like this."""
    return submitted_advice(row_status(row or decision(), record(**changes), found=found))


@pytest.mark.parametrize("review", ["rejected", "more info"])
def test_sent_back_with_a_reason(review):
    """The reviewers' reason, and the document that it speaks of where that is known."""
    advice = told(None, AT_DOCUMENT, review=review, review_reason="it is expired")
    of_the_row = told(review=review, review_reason="it is expired")

    assert "It is expired." == advice.reason
    assert advice.todo.startswith("Replace the Address Proof or ")
    assert advice.todo.endswith("then run again.")
    assert of_the_row.todo.startswith("Replace its documents or ")


def test_sent_back_without_a_reason():
    """The API gives none for a request for more, so somebody must ask."""
    advice = told(review="more info")

    assert "The review asks for more." == advice.reason
    assert advice.todo.startswith("The API gives no reason, so ask Plivo's support. Replace its documents or add")


def test_refused_correction():
    """The API's code and message, then the reviewers' reason; the row is to be corrected once more."""
    advice = told(
        decision(fingerprint="new"),
        review="rejected",
        review_reason="it is expired",
        code="invalid_file",
        reason="no PDF",
        refused="new",
    )

    assert "The correction was not taken: invalid_file: no PDF. It is expired." == advice.reason
    assert "Replace its documents or correct the row, then run again." == advice.todo


def test_write_that_is_still_due():
    """Why it was not sent stands before the reason."""
    advice = told(review="rejected", review_reason="it is expired", reason="not sent: the quota was spent")

    assert "Not sent: the quota was spent. It is expired." == advice.reason


def test_fixed_row_only_needs_a_run():
    """The API does not keep the earlier content, so that is no drift."""
    advice = told(decision(fingerprint="new"), review="rejected", review_reason="it is expired")

    assert "It is expired. The row has changed since." == advice.reason
    assert "Run again, which updates the record with what the row says now." == advice.todo


def test_fixed_row_with_errors_is_told_them():
    """They keep the update from being sent; of a row as it was sent they keep nothing."""
    fixed = told(decision(fingerprint="new", findings=[finding()]), review="rejected", review_reason="it is expired")
    as_sent = told(decision(findings=[finding()]), review="rejected", review_reason="it is expired")

    assert fixed.reason.endswith("The row has changed since. Email is required and the cell is blank.")
    assert "Fill in the cell. Then run again." == fixed.todo
    assert "It is expired." == as_sent.reason


def test_what_turned_up_is_told():
    """A record that is another row's is told whatever its review; what was made of the review is not told twice."""
    advice = told(None, AT_DOCUMENT, MISNAMED, review="rejected", review_reason="it is expired")

    assert advice.reason == (
        "It is expired. The record 00000000-0000-4000-8000-000000000002 has the alias of another row at the API, "
        "so nothing was sent."
    )
    assert advice.todo.startswith("Find out with the API's vendor which of the two businesses the record belongs to.")


def test_word_that_is_none_of_ours_is_no_approval():
    """The word itself is told, and nothing is said of numbers."""
    advice = told(decision(cells={"numbers": "911140000000"}), review="in_audit")

    assert advice.reason == (
        "The API calls its review 'in_audit', which this version does not know; it is not taken for an approval."
    )
    assert "Ask Plivo's support what that means." == advice.todo


@pytest.mark.parametrize(
    ("cell", "numbers", "todo"),
    [
        ("911140000000", {"911140000000": Linking(Linkage.LINKED)}, "Nothing."),
        ("911140000000, 911140000001", {}, "Run again to link the 2 numbers not linked yet."),
        ("", {}, "To link its numbers, write them into the column Numbers and run again."),
        (
            "911140000000",
            {"911140000000": Linking(Linkage.REFUSED)},
            "Correct the numbers that the API refused: the column Numbers says why.",
        ),
        (
            "911140000000",
            {"911140000000": Linking(Linkage.HELD)},
            "Look at the numbers that are held: the column Numbers says why. Each run looks at them again.",
        ),
    ],
)
def test_approved_row_is_told_of_its_numbers(cell, numbers, todo):
    """What is left to do about them, if anything."""
    advice = told(decision(cells={"numbers": cell}), review="approved", numbers=numbers)

    assert ("Approved.", todo) == (advice.reason, advice.todo)


def test_approved_record_without_its_row():
    """Nobody can write numbers into a row that is not there."""
    assert "Nothing." == submitted_advice(RowStatus.of(record(review="approved"))).todo


def test_changed_registration_number_is_told():
    """A warning in the reason; where it keeps numbers from being linked it is what there is to do."""
    changed = decision(fingerprint="new", findings=[finding("registration-number-changed", details={})])
    withheld = finding("approved-number-changed", column="", details={"id": "c-1"})
    row = decision(fingerprint="new", cells={"numbers": "911140000000"}, findings=[withheld])

    assert "Its registration number is not the one that was sent." in told(changed).reason
    advice = told(row, review="approved")
    assert "The record c-1 was approved with another registration number" in advice.reason
    assert advice.todo.startswith("Write the number back that was approved.")
    assert "link" not in advice.todo
