"""The fingerprint: the same for the same content, another for anything that is sent differently."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.model.application import fingerprint
from bulk_onboard.model.requirements import Combination

LOCAL = Combination("IN", "local", "business")
FIELDS = {"business_name": "Acme", "address.city": "Pune"}
DOCUMENTS = [("identity_proof", "aa", {}), ("address_proof", "bb", {"issued_on": "2026-03-31", "number": "7"})]


def test_fingerprint_is_a_digest_that_stays():
    """Ledgers outlive versions of the tool, so the digest is over this JSON for ever."""
    content = (
        '[["IN","local","business"],[["address.city","Pune"],["business_name","Acme"]],'
        '[["address_proof","bb",[["issued_on","2026-03-31"],["number","7"]]],["identity_proof","aa",[]]]]'
    )

    digest = fingerprint(LOCAL, FIELDS, DOCUMENTS)

    assert hashlib.sha256(content.encode()).hexdigest() == digest


@given(st.permutations(sorted(FIELDS.items())))
def test_order_of_the_columns_does_not_matter(items):
    """Moving columns changes nothing."""
    assert fingerprint(LOCAL, FIELDS, DOCUMENTS) == fingerprint(LOCAL, dict(items), DOCUMENTS)


@given(st.permutations(DOCUMENTS))
def test_order_in_which_documents_are_listed_does_not_matter(documents):
    """The API may list its document types, and their fields, in another order each time."""
    turned = [(type_, digest, dict(reversed(fields.items()))) for type_, digest, fields in documents]

    assert fingerprint(LOCAL, FIELDS, DOCUMENTS) == fingerprint(LOCAL, FIELDS, turned)


@pytest.mark.parametrize(
    "other",
    [
        (Combination("IN", "mobile", "business"), FIELDS, DOCUMENTS),
        (LOCAL, {**FIELDS, "business_name": "ACME"}, DOCUMENTS),
        (LOCAL, {"business_name": "Acme"}, DOCUMENTS),
        (LOCAL, {"business_name": "Acme", "address.state": "Pune"}, DOCUMENTS),
        (LOCAL, FIELDS, [DOCUMENTS[0], ("address_proof", "cc", DOCUMENTS[1][2])]),
        (LOCAL, FIELDS, [("identity_proof", "bb", {}), ("address_proof", "aa", DOCUMENTS[1][2])]),
        (LOCAL, FIELDS, DOCUMENTS[:1]),
        (LOCAL, FIELDS, [DOCUMENTS[0], ("address_proof", "bb", {"issued_on": "2026-03-30", "number": "7"})]),
        (LOCAL, FIELDS, [DOCUMENTS[0], ("address_proof", "bb", {"issued_on": "2026-03-31"})]),
    ],
    ids=["combination", "case", "cell emptied", "other field", "bytes", "swapped", "gone", "date", "field gone"],
)
def test_everything_that_is_reviewed_counts(other):
    """A change to anything of it is another fingerprint."""
    assert fingerprint(LOCAL, FIELDS, DOCUMENTS) != fingerprint(*other)
