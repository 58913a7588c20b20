"""Invented businesses for tests: rows that pass every check, and the documents that they name."""

import os
from pathlib import Path

from bulk_onboard.frames import Frame, frame_of

_DOCUMENTS = {
    "beta": ("Identity Proof", "Address Proof", "Business Registration"),
    "released": ("Registration Certificate", "GST certificate"),
}
_SIGNATORY = {
    "Registration Certificate: Legal Name": "Invented Traders {number} Private Limited",
    "Authorised Signatory: Name of Signatory": "Ravi Invented {number}",
    "Authorised Signatory: Designation": "Director",
    "Authorised Signatory: Date of Appointment": "2024-02-29",
}


def invented_businesses(number: int, documents: str | os.PathLike[str], *, contract: str = "beta") -> Frame:
    """Return so many sound businesses as a DataFrame of texts, and write their documents.

    Their Keys are `K-1`, `K-2` and so on. Change cells to see what is found.

    Args:
        number: how many, at most 9,999.
        documents: the folder to write the documents into, a PDF each; it is made where it is not there.
        contract: `beta` or `released`; each asks for other documents.
    """
    rows = [_row(each, contract) for each in range(1, number + 1)]
    Path(documents).mkdir(parents=True, exist_ok=True)
    for row in rows:
        for title in _DOCUMENTS[contract]:
            path = Path(documents, row[title])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_pdf(row[title]))
    headers = list(_row(1, contract))
    return frame_of([[row[header] for row in rows] for header in headers], headers=headers, numbers=range(len(rows)))


def _row(number: int, contract: str) -> dict[str, str]:
    row = {
        "Key": f"K-{number}",
        "Business Name": f"Invented Traders {number} Private Limited",
        "Registration Number": f"U{72000 + number:05d}KA2020PTC{100000 + number:06d}",
        "Email": f"desk{number}@example.com",
        "Address Line 1": f"{number} Sample Road",
        "City": "Bengaluru",
        "State": "Karnataka",
        "Postal Code": f"{560001 + number % 99}",
        "Country": "IN",
        "Number Type": "local" if contract == "beta" else "mobile",
    }
    row |= {title: f"{number:04d}/{title.lower().replace(' ', '_')}.pdf" for title in _DOCUMENTS[contract]}
    if contract == "released":
        row |= {header: text.format(number=number) for header, text in _SIGNATORY.items()}
    return row


def _pdf(text: str) -> bytes:
    """Return a PDF of one empty page whose bytes depend on the text."""
    return (
        f"%PDF-1.4\n% {text}\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R>>endobj\n"
        "trailer<</Root 1 0 R>>\n%%EOF\n"
    ).encode()
