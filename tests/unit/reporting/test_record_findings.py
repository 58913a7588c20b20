"""Findings made of what the API said of records, and which document a reason speaks of."""

import pytest

from bulk_onboard.model.finding import VERY_MANY, Finding
from bulk_onboard.model.record import Linkage, Linking, Review, State
from bulk_onboard.model.requirements import DocumentRequirement, Requirements, RequirementsBook
from bulk_onboard.model.sheet import Columns
from bulk_onboard.reporting.record_findings import FROM_RECORDS, match_document
from bulk_onboard.reporting.row_status import join
from bulk_onboard.reporting.sheets import links_between, problems_table
from tests.unit.reporting.samples import LOCAL, decision, finding, ledger_state, record, status

EXPIRED = "address proof document is expired"


COLUMNS = Columns({"document:address_proof": 3, "numbers": 4}, {"document:address_proof": "Proof", "numbers": "Phones"})


REQUIRED = RequirementsBook.of(
    "a test", live=False, offered=[Requirements(LOCAL, (), (DocumentRequirement("address_proof", "Address Proof"),))]
)


SCAN = {"document:address_proof": "1/desk@example.com.pdf"}


def found(row, *records, columns=COLUMNS, book=REQUIRED):
    """The findings of one row."""
    return join([row], ledger_state(*records), columns=columns, requirements=book).others


def test_rejection_stands_at_the_document_it_speaks_of():
    """At the header that the user wrote, with the path masked, and the reason in its sentence."""
    (told,) = found(decision(cells=SCAN), record(review="rejected", review_reason=EXPIRED))

    assert ("review-rejected", "Sheet1", 2, "Proof", "1/…@….pdf") == (
        told.code,
        told.sheet,
        told.row,
        told.column,
        told.seen,
    )
    assert "The review rejected the record. Address proof document is expired." == told.problem
    assert told.fix.startswith("Replace the Address Proof or correct the row, then run again")


def test_document_without_a_column_is_called_by_our_name():
    """A file that a pattern found has no cell; the annotated workbook then marks bo_problems."""
    (told,) = found(decision(), record(review="rejected", review_reason=EXPIRED), columns=Columns({}, {}))

    assert "document:address_proof" == told.column


@pytest.mark.parametrize(
    ("reason", "book"),
    [("the name differs", REQUIRED), (EXPIRED, RequirementsBook("nowhere", live=False)), ("", REQUIRED)],
)
def test_reason_that_speaks_of_no_document_is_about_the_row(reason, book):
    """No cell is blamed where nobody can tell which; a missing reason leaves no gap."""
    (told,) = found(decision(cells=SCAN), record(review="more info", review_reason=reason), book=book)

    assert ("review-more-info", "", "") == (told.code, told.column, told.seen)
    assert told.problem.startswith("The review asks for more.")
    assert told.problem == told.problem.strip()
    assert told.fix.startswith("Replace its documents")


@pytest.mark.parametrize("review", ["suspended", "expired"])
def test_what_became_of_an_approval_is_told_whatever_the_row_says(review):
    """Nothing in the row could fix that."""
    (told,) = found(decision(fingerprint="new"), record(review=review, review_reason="not used"))

    assert (f"review-{review}", "") == (told.code, told.column)
    assert told.problem.endswith("Not used.")


def test_fixed_row_is_told_nothing_of_its_review():
    """The record is due to be updated; a record of which nobody knows what was sent is not known to be fixed."""
    sent_back = {"review": "rejected", "review_reason": EXPIRED}

    assert () == found(decision(fingerprint="new"), record(**sent_back))
    assert 1 == len(found(decision(fingerprint="new"), record(**sent_back, fingerprint="")))


def test_refused_correction_is_told_in_the_place_of_the_review():
    """The reviewers spoke of earlier content; what the API said of the correction may name another document."""
    refused = record(
        review="rejected",
        review_reason="the name differs",
        code="invalid_file",
        reason="address_proof: no PDF",
        refused="new",
    )

    (told,) = found(decision(cells=SCAN, fingerprint="new"), refused)
    (reverted,) = found(decision(cells=SCAN), refused)

    assert ("update-refused", "Proof") == (told.code, told.column)
    assert "The API did not take the corrected row: invalid_file: address_proof: no PDF." == told.problem
    assert "review-rejected" == reverted.code


@pytest.mark.parametrize("code", ["record-misnamed", "record-of-other-type"])
def test_record_that_cannot_take_the_correction_is_told_about_the_row(code):
    """In words of its own, and by its id."""
    (told,) = found(decision(fingerprint="new"), record(review="rejected", code=code, refused="new"))

    assert (code, "") == (told.code, told.column)
    assert record().compliance_id in told.problem


def test_numbers_are_told_while_the_row_names_them():
    """A refused and a held one, with code and reason; not a linked one, and not one that the row dropped."""
    numbers = {
        "911140000000": Linking(Linkage.LINKED),
        "911140000001": Linking(Linkage.REFUSED, "not rented.", "not_found"),
        "911140000002": Linking(Linkage.HELD, "linked to another record"),
        "911140000003": Linking(Linkage.REFUSED, "dropped since"),
    }
    named = decision(cells={"numbers": "+91 11 4000 0000, 911140000001; 911140000002"})

    told = found(named, record(review="approved", numbers=numbers))

    assert [("number-refused", "Phones", "911140000001"), ("number-held", "Phones", "911140000002")] == [
        (each.code, each.column, each.seen) for each in told
    ]
    assert [
        "The API did not link 911140000001: not_found: not rented.",
        "911140000002 was not linked: linked to another record.",
    ] == [each.problem for each in told]


@pytest.mark.parametrize(
    "row",
    [
        decision(duplicate_of=2, number=3),
        decision(is_example=True),
        decision(identified=False),
        decision(fingerprint="other", findings=[finding("key-conflict")]),
    ],
)
def test_row_that_does_not_stand_for_the_record_is_told_nothing(row):
    """The duplicate, the example, the row without a name, and the one in conflict whose content was not sent."""
    assert () == found(row, record(review="suspended"))


@pytest.mark.parametrize("review", ["", "pending", "approved", "in_audit"])
def test_reviews_that_want_nobody_are_no_findings(review):
    """Also a word that is none of ours."""
    assert () == found(decision(), record(review=review))


def test_only_submitted_records_are_told():
    """What is held, refused or deleted is told otherwise; without the workbook there is no row to tell."""
    assert () == found(decision(), record(state=State.HELD, review="rejected"))
    assert () == join(None, ledger_state(record(review="rejected")), columns=COLUMNS, requirements=REQUIRED).others


def test_one_reason_in_very_many_rows_is_told_once():
    """As any other trouble; the line speaks for all."""
    rows = [decision(number) for number in range(2, VERY_MANY + 3)]
    records = [record(number, review="rejected", review_reason="no") for number in range(2, VERY_MANY + 3)]

    said = join(rows, ledger_state(*records), columns=COLUMNS, requirements=REQUIRED).others

    assert [f"The review rejected the record. No. And {VERY_MANY} more rows."] == [
        line[5] for line in problems_table(links_between(status([], ledger_state()), said)).rows
    ]


NO_COMPLAINT = {Review.DRAFT, Review.PENDING, Review.APPROVED}


def test_every_code_can_be_told():
    """Whatever is made here has its words in the catalogue."""
    details = {"reason": "", "document": "", "number": "", "why": ""}

    assert all(Finding(code, "", 0, details=details).problem for code in FROM_RECORDS)
    assert {f"review-{review.replace(' ', '-')}" for review in set(Review) - NO_COMPLAINT} == {
        code for code in FROM_RECORDS if code.startswith("review-")
    }


DOCUMENTS = (
    DocumentRequirement("identity_proof", "Identity Proof"),
    DocumentRequirement("address_proof", "Proof of Address"),
    DocumentRequirement("business_registration", "Business Registration"),
    DocumentRequirement("business_registration_back", "Business Registration (back)"),
)


@pytest.mark.parametrize(
    ("reason", "type_"),
    [
        ("Address proof document is expired. Please upload a newer one.", "address_proof"),
        ("The PROOF OF ADDRESS is blurred", "address_proof"),
        ("documents.identity_proof: not legible", "identity_proof"),
        ("identity-proof, please", "identity_proof"),
        ("the identity \u2013 proof", "identity_proof"),
        ("address proof and proof_of_address differ", "address_proof"),
        ("The business registration is not legible.", "business_registration"),
        ("The business registration (back) is missing", "business_registration_back"),
        ("business_registration_back is missing", "business_registration_back"),
    ],
)
def test_one_document_is_spoken_of(reason, type_):
    """By title or type, in any case and with any gaps; the longer name hides the shorter one in it."""
    spoken_of = match_document(reason, DOCUMENTS)

    assert spoken_of is not None
    assert type_ == spoken_of.type


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "The name is not that of the business.",
        "Identity proof and address proof do not belong together.",
        "preaddress proof",
        "address proofs",
        "identity. Proof is missing",
        "identity_proof2",
    ],
)
def test_none_or_several_are_no_answer(reason):
    """Parts of words do not count, nor does what a full stop divides."""
    assert match_document(reason, DOCUMENTS) is None


def test_name_of_two_documents_is_no_answer():
    """Two documents of one title cannot be told apart; nor can a document without words be spoken of."""
    twins = (DocumentRequirement("a", "Scan"), DocumentRequirement("b", "Scan"), DocumentRequirement("-", "?"))

    assert match_document("The scan is blurred?", twins) is None
