"""The bundled requirements."""

from bulk_onboard.api.bundled import bundled_requirements
from bulk_onboard.model.requirements import Combination, DocumentRequirement, FieldRequirement


def test_book_is_the_documents_example():
    """India, local and mobile, businesses: the same fields and documents for both."""
    book = bundled_requirements()

    local, mobile = book.offered.values()
    assert [Combination("IN", "local", "business"), Combination("IN", "mobile", "business")] == list(book.offered)
    assert (local.fields, local.documents, 3) == (mobile.fields, mobile.documents, mobile.review_days)
    assert [
        ("business_name", "Business Name", 1, 255),
        ("registration_number", "Registration Number", 1, 50),
        ("address.line1", "Address Line 1", 1, 255),
        ("address.city", "City", 1, 100),
        ("address.postal_code", "Postal Code", 1, 10),
        ("address.country", "Country", 2, 2),
    ] == [(field.name, field.label, field.min_length, field.max_length) for field in local.fields]
    assert FieldRequirement("address.country", "Country", True, 2, 2, "string") == local.fields[-1]
    assert [
        ("identity_proof", ("passport", "national_id", "aadhaar")),
        ("address_proof", ("utility_bill", "bank_statement")),
        ("business_registration", ("certificate_of_incorporation", "gst_certificate")),
    ] == [(document.type, document.kinds) for document in local.documents]
    assert (
        DocumentRequirement(
            "address_proof",
            "Address Proof",
            ("utility_bill", "bank_statement"),
            "Document dated within 3 months showing business address",
        )
        == local.documents[1]
    )


def test_book_says_what_it_is():
    """Nobody takes it for the API's own word."""
    book = bundled_requirements()

    assert not book.live
    assert "the bundled example of the API's documentation (private beta, read 2026-11)" == book.source
