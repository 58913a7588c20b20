"""What an address is called without being shown."""

import pytest

from bulk_onboard.notification.address import name_of, scheme_of


@pytest.mark.parametrize(
    ("address", "scheme"),
    [
        ("https://canary.example/canary", "https"),
        ("HTTPS://canary.example", "https"),
        ("mailtos://canary:canary@example.com", "mailtos"),
        ("canary", ""),
        ("canary:canary", ""),
        ("1234:canary", ""),
        ("//canary", ""),
        ("", ""),
    ],
)
def test_only_number_and_scheme_are_told(address, scheme):
    """A token that stands there without a scheme shows no part of itself, be there a colon in it."""
    assert scheme == scheme_of(address)
    assert f"address 2 of BULK_ONBOARD_NOTIFY ({scheme or 'no scheme'})" == name_of(2, address)
