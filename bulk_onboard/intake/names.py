"""The headers that are understood whatever the requirements are, and when two headers are equal.

A synonym stands here only if nothing else can be meant by it: no GSTIN (it is not the company's registration number),
no Phone Numbers (they may be the business's own), no Name. What a row is known by - its Key, its alias and the
combination it asks for - has none, so that no column comes to identify rows unasked.
"""

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence

from bulk_onboard.model import sheet as ours
from bulk_onboard.model.sheet import document_column

PLAIN: Mapping[str, tuple[str, ...]] = {
    ours.KEY: ("Key", "Reference"),
    ours.ALIAS: ("Alias",),
    ours.BUSINESS_NAME: ("Business Name",),
    ours.REGISTRATION_NUMBER: ("Registration Number",),
    "email": ("Email",),
    "address.line1": ("Address Line 1",),
    "address.line2": ("Address Line 2",),
    "address.city": ("City",),
    "address.state": ("State",),
    "address.postal_code": ("Postal Code",),
    "address.country": ("Country",),
    ours.COUNTRY_ISO: ("Number Country",),
    ours.NUMBER_TYPE: ("Number Type",),
    ours.USER_TYPE: ("User Type",),
    ours.NUMBERS: ("Numbers",),
    ours.CALLBACK_URL: ("Callback URL",),
}
"""Our name of a column, and the headers that stand for it; each as good as the other."""

ACCOUNT_HEADER = "Account"
"""The header of `ours.ACCOUNT`. In a sheet of one account it is any other column."""

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    ours.BUSINESS_NAME: (
        "Company Name", "Firm Name", "Legal Name", "Legal Entity Name", "Registered Name", "Organisation Name",
        "Organization Name", "Name of Business", "Name of Company", "Name of Firm",
    ),
    ours.REGISTRATION_NUMBER: (
        "Registration No", "Reg Number", "Reg No", "Company Registration Number", "Business Registration Number",
        "CIN", "CIN Number", "CIN No", "Corporate Identification Number",
    ),
    "email": ("Email Address", "Email ID", "Mail ID"),
    "address.line1": ("Address", "Address 1", "Street", "Street 1", "Street Address"),
    "address.line2": ("Address 2", "Street 2"),
    "address.city": ("Town", "City/Town", "Town/City"),
    "address.state": ("Province", "State/Province", "State/UT"),
    "address.postal_code": ("PIN Code", "Zip", "Zip Code", "Postcode"),
    ours.CALLBACK_URL: ("Callback", "Webhook", "Webhook URL"),
    document_column("identity_proof"): ("ID Proof", "Proof of Identity"),
    document_column("address_proof"): ("Proof of Address",),
    document_column("business_registration"): ("Registration Certificate", "Certificate of Registration"),
}  # fmt: skip
"""Our name of a column, and the headers taken for it as long as the sheet has none of its proper ones."""

_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Letters and marks that show nothing: joiners, fillers, variation selectors."""

_LONGEST = 500
"""Characters of a header that tell it from others; no name comes near."""

NEAR_THE_TOP = 20
"""Rows below the given header row in which the headers are looked for."""


def bare(header: str) -> str:
    """Reduce a header to what it is compared by: letters and digits without case, width, blanks or unseen characters.

    A header of signs alone, such as `#`, keeps those signs; one of blanks is empty.
    """
    folded = unicodedata.normalize("NFKC", header[:_LONGEST]).casefold()
    text = _UNSEEN.sub("", unicodedata.normalize("NFKC", folded))
    seen = [sign for sign in text if unicodedata.category(sign)[0] not in "CZ"]
    return "".join(sign for sign in seen if unicodedata.category(sign)[0] in "LMN") or "".join(seen)


def known_headers(cells: Iterable[str], names: Collection[str]) -> list[str]:
    """Return those cells that are one of the bare names, each name once."""
    found: dict[str, str] = {}
    for cell in cells:
        if cell and (name := bare(cell)) in names:
            found.setdefault(name, cell.strip())
    return list(found.values())


def likely_headers(
    rows: Iterable[tuple[int, Sequence[str]]], names: Collection[str], *, beyond: int
) -> tuple[int, list[str]] | None:
    """Return the row near the top with most known headers, and these; None if it has but one, or at most `beyond`."""
    near = [(number, known_headers(cells, names)) for number, cells in itertools.islice(rows, NEAR_THE_TOP)]
    number, found = max(near, key=lambda row: len(row[1]), default=(0, []))
    return (number, found) if len(found) > max(1, beyond) else None


WHATEVER_REQUIRED = frozenset(
    bare(header) for names in (PLAIN, SYNONYMS) for name, headers in names.items() for header in (name, *headers)
)
"""All of the above, bare: what is recognised as a header before the requirements are known."""
