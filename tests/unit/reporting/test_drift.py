"""Rows that are not what was sent any more, and records without a row."""

import pytest

from bulk_onboard.model.record import State
from bulk_onboard.reporting.row_status import Drift, drift_sentences
from tests.unit.reporting.samples import decision, finding, ledger_state, record, status


def drift(decisions, ledger, found=()):
    """The drift of these rows."""
    return status(decisions, ledger, found).drift()


@pytest.mark.parametrize(
    ("review", "counted"),
    [
        ("", Drift(changed_while_pending=1)),
        ("pending", Drift(changed_while_pending=1)),
        ("in_audit", Drift(changed_while_pending=1)),
        ("approved", Drift(changed_after_approval=1)),
        ("suspended", Drift(changed_after_approval=1)),
        ("expired", Drift(changed_after_approval=1)),
        ("rejected", Drift()),
        ("more info", Drift()),
    ],
)
def test_changed_row_counts_by_its_review(review, counted):
    """What was approved once counts as that; what was sent back is updated with the change, so it is no drift."""
    assert counted == drift([decision(fingerprint="new")], ledger_state(record(review=review)))


def test_what_is_no_change():
    """A row as it was sent, one of which nobody knows what was sent, and what the API does not have."""
    assert Drift() == drift([decision()], ledger_state(record(review="approved")))
    assert Drift() == drift([decision(fingerprint="new")], ledger_state(record(fingerprint="")))
    assert Drift() == drift([decision(fingerprint="new")], ledger_state(record(state=State.REFUSED, fingerprint="f")))


def test_row_that_does_not_stand_for_the_record_has_not_changed():
    """A duplicate, and a row in conflict whose content was not sent."""
    other = decision(fingerprint="new", findings=[finding("key-conflict")])

    assert Drift() == drift([decision(), decision(3, duplicate_of=2, fingerprint="new"), other], ledger_state(record()))


def test_record_without_a_row_is_gone():
    """As many as the sheet Not in the workbook has; without the workbook nobody knows."""
    ledger = ledger_state(record(2), record(3), record(4, State.NOT_SENT))

    assert Drift(without_row=1) == drift([decision(2)], ledger)
    assert Drift() == drift(None, ledger)


def test_drift_in_words():
    """One sentence for the changes, one for the records; none where there is nothing to tell."""
    changed, gone = drift_sentences(Drift(2, 1, 3))

    assert changed == (
        "2 rows changed while the review was pending and 1 row changed after approval: "
        "the API has the earlier content, and nothing is done about it."
    )
    assert "3 records have no row any more: see the sheet Not in the workbook." == gone
    assert ["1 record has no row any more: see the sheet Not in the workbook."] == list(
        drift_sentences(Drift(without_row=1))
    )
    assert [] == list(drift_sentences(Drift()))


def test_changed_registration_number_counts_while_the_row_says_so_and_in_the_run_that_sent_it():
    """Each row once; in one sentence."""
    changed = finding("registration-number-changed", details={})
    row = decision(findings=[changed])

    found = drift(
        [row, decision(3)], ledger_state(record(), record(3)), [changed, finding("registration-number-changed", 3)]
    )

    assert Drift(renumbered=2) == found
    assert ["2 rows have another registration number than was sent before: see the sheet Problems."] == list(
        drift_sentences(found)
    )
