"""Which document a reason speaks of."""

import pytest

from bulk_onboard.model.requirements import DocumentRequirement
from bulk_onboard.report.record_findings import match_document

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
