"""Where notifications go: addresses that are secrets, since whoever has one can post there.

Rule: messages call an address by its number and its scheme. Also the host may be what makes it secret.
"""

import re

VARIABLE = "BULK_ONBOARD_NOTIFY"

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


def scheme_of(address: str) -> str:
    """What stands before `://`, in lower case; empty where nothing does, so that no part of a bare token is shown."""
    scheme = _SCHEME.match(address)
    return scheme[1].lower() if scheme else ""


def name_of(number: int, address: str) -> str:
    """What messages call the address; `number` counts from 1."""
    return f"address {number} of {VARIABLE} ({scheme_of(address) or 'no scheme'})"
