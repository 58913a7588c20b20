"""Businesses that do not exist, as rows of a workbook: header → text.

The rule: nobody is meant. A name is made of two words that nobody calls a business by. A registration number has the
shape of an Indian CIN (industry, state, year, form, serial), but no industry has the code 00000, and the registers of
these years have long passed such low serial numbers. E-mail addresses end in .example and callback addresses in
.example.com, which are reserved and lead nowhere (RFC 2606). No phone number in New Delhi or Mumbai begins with 0, so
the numbers to link cannot be dialled. Cities, states and postal codes are real, each the city's own; the streets are
not.

Everything follows from the business's number: no dice, so it is the same each time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Row = Mapping[str, str]

_FIRST = (
    "Amber", "Brass", "Cardamom", "Coconut", "Copper", "Fennel", "Indigo", "Jasmine", "Lantern", "Mango", "Marigold",
    "Monsoon", "Mustard", "Nutmeg", "Pepper", "Saffron", "Tamarind", "Teak", "Turmeric", "Walnut",
)  # fmt: skip
_SECOND = (
    "Bulbul", "Chital", "Civet", "Drongo", "Gecko", "Heron", "Hoopoe", "Langur", "Loris", "Mongoose", "Myna", "Otter",
    "Pangolin", "Peafowl", "Porcupine", "Sambar", "Squirrel", "Tortoise", "Weaver",
)  # fmt: skip
_TRADES = (
    "Clinics", "Couriers", "Foods", "Hardware", "Logistics", "Motors", "Pharmacy", "Retail", "Software", "Textiles",
    "Travels", "Tutors", "Realty",
)  # fmt: skip
_STREETS = (
    "Banyan Lane", "Bell Tower Road", "Fifth Cross", "Kite Makers Street", "Lotus Tank Road", "Neem Avenue",
    "Old Ferry Road", "Potters Lane", "Rain Tree Marg", "Station Side Road", "Weavers Colony",
)  # fmt: skip
_SECOND_LINES = ("", "2nd Floor", "", "", "Behind the Clock Tower", "", "Unit 4, East Wing")

_CITIES = (  # city, state, the state's letters in a CIN, postal code of the head post office
    ("Bengaluru", "Karnataka", "KA", "560001"),
    ("Mumbai", "Maharashtra", "MH", "400001"),
    ("New Delhi", "Delhi", "DL", "110001"),
    ("Chennai", "Tamil Nadu", "TN", "600001"),
    ("Kolkata", "West Bengal", "WB", "700001"),
    ("Hyderabad", "Telangana", "TG", "500001"),
    ("Pune", "Maharashtra", "MH", "411001"),
    ("Ahmedabad", "Gujarat", "GJ", "380001"),
    ("Jaipur", "Rajasthan", "RJ", "302001"),
    ("Kochi", "Kerala", "KL", "682001"),
    ("Lucknow", "Uttar Pradesh", "UP", "226001"),
    ("Indore", "Madhya Pradesh", "MP", "452001"),
    ("Bhubaneswar", "Odisha", "OR", "751001"),
    ("Guwahati", "Assam", "AS", "781001"),
    ("Patna", "Bihar", "BR", "800001"),
    ("Visakhapatnam", "Andhra Pradesh", "AP", "530001"),
    ("Coimbatore", "Tamil Nadu", "TN", "641001"),
)

_SCANS: Mapping[str, tuple[tuple[str, str], ...]] = {  # document → the kinds it may be, and the ending of such a file
    "Identity Proof": (("passport", ".pdf"), ("national_id", ".png"), ("aadhaar", ".pdf")),
    "Address Proof": (("utility_bill", ".png"), ("bank_statement", ".pdf")),
    "Business Registration": (("certificate_of_incorporation", ".pdf"), ("gst_certificate", ".pdf")),
}

_RELEASED_SCANS: Mapping[str, tuple[tuple[str, str], ...]] = {  # the same for the released contract
    "Registration Certificate": (("certificate_of_incorporation", ".pdf"), ("udyam_certificate", ".png")),
    "GST certificate": (("gst_certificate", ".jpg"), ("gst_certificate", ".pdf"), ("gst_certificate", ".jpeg")),
}
LEGAL_NAME = "Registration Certificate: Legal Name"

_NUMBERS = (
    "9111{:08d}",
    "+9122{:08d}",
    "9111{0:08d}, 9122{0:08d}",
    "9111{0:08d}\n9122{0:08d}",
)  # 011, 022: landlines


@dataclass(frozen=True, slots=True)
class Scan:
    """A document of a business: where it lies below the documents folder, and what it shows."""

    path: str
    kind: str
    shows: tuple[str, ...]


def scans(n: int) -> dict[str, Scan]:
    """The documents of the n-th business, by the header of their column."""
    return _scans(n, _SCANS)


def released_scans(n: int) -> dict[str, Scan]:
    """Those that the released contract asks for."""
    return _scans(n, _RELEASED_SCANS)


def _scans(n: int, wanted: Mapping[str, tuple[tuple[str, str], ...]]) -> dict[str, Scan]:
    folder = "-".join(_words(n)).lower()
    name, number = _name(n), _registration_number(n)
    found = {}
    for place, (header, kinds) in enumerate(wanted.items()):
        kind, ending = kinds[(n + place) % len(kinds)]
        found[header] = Scan(f"{folder}/{kind}{ending}", kind, (kind.replace("_", " "), name, number))
    return found


def row(n: int) -> Row:
    """The n-th business as people fill it in: all that is required, and here and there what is not."""
    city, state, _, postal_code = _CITIES[n % len(_CITIES)]
    return {
        "Key": f"C-{1000 + n}" if n % 6 != 5 else "",
        "Alias": f"{' '.join(_words(n)[:2])}, {city}" if n % 5 == 1 else "",
        "Business Name": _name(n),
        "Registration Number": _registration_number(n),
        "Email": f"compliance@{'-'.join(_words(n)[:2]).lower()}.example",
        "Address Line 1": f"{n % 89 + 1}, {_STREETS[n % len(_STREETS)]}",
        "Address Line 2": _SECOND_LINES[n % len(_SECOND_LINES)],
        "City": city,
        "State": state,
        "Postal Code": postal_code,
        "Country": "IN",
        "Number Country": "IN",
        "Number Type": "mobile" if n % 2 else "local",
        "User Type": "business",
        **dict(_documents(n)),
        "Numbers": _NUMBERS[n // 8 % len(_NUMBERS)].format(n) if n % 8 == 2 else "",
        "Callback URL": f"https://{'-'.join(_words(n)[:2]).lower()}.example.com/reviews" if n % 9 == 4 else "",
    }


def released_row(n: int) -> Row:
    """The same under the released contract: other documents, and every third time no address."""
    cells = {header: text for header, text in row(n).items() if not header.startswith(tuple(_SCANS))}
    address = dict.fromkeys(
        ("Email", "Address Line 1", "Address Line 2", "City", "State", "Postal Code", "Country"), ""
    )
    found = released_scans(n)
    return {
        **cells,
        **(address if n % 3 == 1 else {}),
        "Number Type": "local",
        "Registration Certificate": found["Registration Certificate"].path,
        LEGAL_NAME: _name(n) if n % 2 else "",
        "GST certificate": found["GST certificate"].path,
        "Numbers": cells["Numbers"],
        "Callback URL": cells["Callback URL"],
    }


def _documents(n: int) -> Iterator[tuple[str, str]]:
    """The path of each document, and every second time the kind."""
    for header, scan in scans(n).items():
        yield header, scan.path
        yield f"{header} Kind", scan.kind if n % 4 < 2 else ""


def _words(n: int) -> tuple[str, str, str]:
    """20 and 19 have no common divisor, so that the first 380 pairs differ."""
    return _FIRST[n % len(_FIRST)], _SECOND[n * 7 % len(_SECOND)], _TRADES[n % len(_TRADES)]


def _name(n: int) -> str:
    return f"{' '.join(_words(n))} {'Limited' if n % 7 == 3 else 'Private Limited'}"


def _registration_number(n: int) -> str:
    state = _CITIES[n % len(_CITIES)][2]
    return f"U00000{state}{2012 + n % 12}{'PLC' if n % 7 == 3 else 'PTC'}{n + 1:06d}"
