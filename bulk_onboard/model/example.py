"""The template's example row: what it holds, and how it is known again.

Rule: a row is the example when both its Key and its registration number are the example's, whatever their case and
blanks. Who writes a business over it and forgets the Key has a row of their own, which is sent like any other.
"""

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from bulk_onboard.model import sheet as ours
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import document_column, kind_column


def example_path(document_type: str) -> str:
    """The path that the example has for a document of this type; nothing needs to lie there."""
    return f"example/{document_type}.pdf"


_KINDS = {
    "identity_proof": "passport",
    "address_proof": "utility_bill",
    "business_registration": "certificate_of_incorporation",
}

EXAMPLE: Mapping[str, str] = MappingProxyType(
    {
        ours.KEY: "EXAMPLE",
        ours.ALIAS: "Main branch",
        ours.BUSINESS_NAME: "Example Traders Private Limited",
        ours.REGISTRATION_NUMBER: "U00000KA2020PTC000000",
        "email": "compliance@example.com",
        "address.line1": "1, Example Road",
        "address.line2": "2nd Floor",
        "address.city": "Bengaluru",
        "address.state": "Karnataka",
        "address.postal_code": "560001",
        "address.country": "IN",
        ours.COUNTRY_ISO: "IN",
        ours.NUMBER_TYPE: "local",
        ours.USER_TYPE: "business",
        **{document_column(document_type): example_path(document_type) for document_type in _KINDS},
        **{kind_column(document_type): kind for document_type, kind in _KINDS.items()},
        ours.NUMBERS: "911100000001, 911100000002",
        ours.CALLBACK_URL: "https://example.com/reviews",
    }
)
"""Our name of a column to its text. No industry has the code 00000 and no company the serial number 000000, no phone
number in New Delhi begins with 0, and example.com is reserved (RFC 2606), so nobody is meant."""


EXAMPLE_PATHS = frozenset(text for name, text in EXAMPLE.items() if name.startswith(document_column("")))
"""The paths in its document columns."""


def is_example(row: Row) -> bool:
    """Whether the row is the template's example, which is never sent."""
    return _bare(row.cell(ours.KEY)) == _KEY and _bare(row.cell(ours.REGISTRATION_NUMBER)) == _REGISTRATION_NUMBER


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


_KEY, _REGISTRATION_NUMBER = _bare(EXAMPLE[ours.KEY]), _bare(EXAMPLE[ours.REGISTRATION_NUMBER])
