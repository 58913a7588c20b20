"""E-mail addresses."""

import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.validation import cells


@pytest.mark.parametrize(
    "text", ["kyc@firm.in", "Desk.2+india@mail.firm-one.co.in", "a@b.example", "o'neil@firm.in", "क@उदाहरण.भारत"]
)
def test_addresses_are_fine_however_plain(make_row, judge_one, text):
    """Any address by the rules is taken, in any script."""
    assert () == judge_one(make_row(email=text)).findings


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nobody", "must have an @-sign"),
        ("a@b@c.in", "@"),
        ("a..b@firm.in", "two periods in a row"),
        ("a@firm", "should have a period"),
        ("a b@firm.in", "SPACE"),
        ("Ravi <ravi@firm.in>", "display name"),
        ("a@firm.in; b@firm.in", "invalid characters"),
        ("a@-firm.in", "hyphen"),
        ("x" * 65 + "@firm.in", "too long"),
        ("a@localhost.localhost", "reserved"),
    ],
)
def test_what_cannot_be_an_address_is_told_with_the_reason(make_row, judge_one, text, why):
    """The sentence says what is against the rules, and shows no part of an address."""
    (finding,) = judge_one(make_row(email=text)).findings

    assert "email-invalid" == finding.code
    assert why in finding.problem
    assert "ravi@" not in finding.problem + finding.seen


@given(st.from_regex(cells._PLAIN, fullmatch=True).filter(lambda text: len(text) <= cells._PLAIN_LIMIT))
def test_plain_addresses_are_addresses(text):
    """What is let through at a glance would pass the long look too."""
    assert validate_email(text, check_deliverability=False, strict=True)
