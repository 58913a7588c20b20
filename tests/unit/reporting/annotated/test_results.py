"""The added columns of a row."""

from bulk_onboard.model.finding import Finding
from bulk_onboard.model.record import State
from bulk_onboard.reporting.annotated import annotation
from tests.unit.reporting.annotated.samples import email, whole_row
from tests.unit.reporting.samples import decision, ledger_state, record, status, token


def results_of(row, ledger, found=()):
    """The texts of one row."""
    return annotation.results_of(status([row], ledger, found).rows[0])


def test_key_is_the_users_where_the_books_know_no_other():
    """A Key names the row, whether the ledger knows it or not."""
    keyed = decision(2, key="k 2")

    assert "k 2" == results_of(keyed, ledger_state()).key
    assert "k 2" == results_of(keyed, ledger_state(record(2, key="K  2"))).key


def test_key_is_the_token_where_the_books_know_the_row_without_its_key():
    """Without a Key, and where the Key is newer than the record, only the token keeps the row that record."""
    assert f"~{token(2)}" == results_of(decision(2), ledger_state(record(2))).key
    assert f"~{token(2)}" == results_of(decision(2, key="new"), ledger_state(record(2))).key
    assert f"~{token(2)}" == results_of(decision(2, key="new"), ledger_state(record(2, key="old"))).key


def test_unknown_row_without_a_key_has_none():
    """A token that no ledger knows would be worth nothing."""
    assert "" == results_of(decision(2), ledger_state()).key
    assert "" == results_of(decision(2, identified=False), ledger_state()).key


def test_refused_correction_is_told_once():
    """The finding says it, so the record's own reason is left out; without the finding it stands there."""
    refused = record(2, review="rejected", code="invalid_file", reason="no PDF")
    told = Finding("update-refused", "Sheet1", 2, details={"why": "invalid_file: no PDF", "document": "its documents"})

    problems = results_of(decision(2), ledger_state(refused), [told]).problems

    assert 1 == problems.count("no PDF")
    assert problems.startswith("Error: The API did not take the corrected row: invalid_file: no PDF. Replace")
    assert "invalid_file: no PDF" == results_of(decision(2), ledger_state(refused)).problems


CONFLICT = Finding("key-conflict", "Sheet1", 2, details={"other": 3})


def test_rows_in_conflict_are_not_bound_to_a_record():
    """Nobody knows which of them it is: with another number each is a business of its own again."""
    unsent, sent = ledger_state(record(2, State.INVALID)), ledger_state(record(2))

    assert "" == results_of(decision(2, findings=[CONFLICT]), unsent).key
    assert "" == results_of(decision(2, findings=[CONFLICT], fingerprint="other"), sent).key


def test_row_in_conflict_whose_content_was_sent_keeps_its_record():
    """It must not be sent again when it is its number that turns out to be wrong."""
    assert f"~{token(2)}" == results_of(decision(2, findings=[CONFLICT]), ledger_state(record(2))).key


def test_token_that_a_row_in_conflict_has_already_stays():
    """Which of two copies has to lose it a person says."""
    copied = decision(2, findings=[CONFLICT], cells={"bo_key": f"~{token(2)}"})

    assert f"~{token(2)}" == results_of(copied, ledger_state(record(2, State.INVALID))).key


def test_problems_come_errors_first_with_their_fixes():
    """One line each: where, what is wrong, what to do."""
    first, second = results_of(decision(2, findings=[whole_row(), email()]), ledger_state()).problems.split("\n")

    assert first.startswith("Error in Email: This cannot be an e-mail address: it has no @. Correct the address")
    assert second.startswith("Warning: Row 9 has the same key and content")


def test_record_tells_its_reason_and_id():
    """A refusal shows the API's words, a submitted row its review and its id."""
    refused = results_of(
        decision(2), ledger_state(record(2, State.REFUSED, code="invalid", reason="city is not known"))
    )
    submitted = results_of(decision(3), ledger_state(record(3)))

    assert ("refused", "invalid: city is not known") == (refused.state, refused.problems)
    assert ("pending", "00000000-0000-4000-8000-000000000003") == (submitted.state, submitted.compliance_id)


def test_duplicate_is_called_so_and_has_no_id_of_its_own():
    """As in the report, everything of the record stands in the first row alone."""
    twice = results_of(decision(3, findings=[whole_row(3)], duplicate_of=2), ledger_state(record(2)))

    assert ("duplicate", "") == (twice.state, twice.compliance_id)


def test_texts_are_such_as_a_workbook_can_keep():
    """No control characters and no lone surrogates."""
    assert "K2" == results_of(decision(2, key="K\x0b\ud8002"), ledger_state()).key
