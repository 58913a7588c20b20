"""The 28 states and 8 union territories of India, with their codes in registers.

Former codes are here beside today's, since they stay on old documents: Odisha is OD on new number plates and OR in a
CIN. Each code belongs to one state only.
"""

from typing import NamedTuple


class IndianState(NamedTuple):
    """A state or union territory of India.

    Attributes:
        name: the official English name.
        gst: the two digits a GSTIN of it begins with, today's first.
        letters: two letters in ISO 3166-2:IN and on number plates, today's first.
        cin: its two letters in a company's CIN, the most common first.
        other_names: former names, and what people write as often.
    """

    name: str
    gst: tuple[str, ...]
    letters: tuple[str, ...]
    cin: tuple[str, ...]
    other_names: tuple[str, ...] = ()


STATES = (
    IndianState("Andhra Pradesh", ("37", "28"), ("AP",), ("AP",)),
    IndianState("Arunachal Pradesh", ("12",), ("AR",), ("AR",)),
    IndianState("Assam", ("18",), ("AS",), ("AS",)),
    IndianState("Bihar", ("10",), ("BR",), ("BR",)),
    IndianState("Chhattisgarh", ("22",), ("CG", "CT"), ("CT", "CG"), ("Chattisgarh",)),
    IndianState("Goa", ("30",), ("GA",), ("GA",)),
    IndianState("Gujarat", ("24",), ("GJ",), ("GJ",)),
    IndianState("Haryana", ("06",), ("HR",), ("HR",)),
    IndianState("Himachal Pradesh", ("02",), ("HP",), ("HP",)),
    IndianState("Jharkhand", ("20",), ("JH",), ("JH",)),
    IndianState("Karnataka", ("29",), ("KA",), ("KA",), ("Mysore",)),
    IndianState("Kerala", ("32",), ("KL",), ("KL",)),
    IndianState("Madhya Pradesh", ("23",), ("MP",), ("MP",)),
    IndianState("Maharashtra", ("27",), ("MH",), ("MH",)),
    IndianState("Manipur", ("14",), ("MN",), ("MN",)),
    IndianState("Meghalaya", ("17",), ("ML",), ("ML",)),
    IndianState("Mizoram", ("15",), ("MZ",), ("MZ",)),
    IndianState("Nagaland", ("13",), ("NL",), ("NL",)),
    IndianState("Odisha", ("21",), ("OD", "OR"), ("OR", "OD"), ("Orissa",)),
    IndianState("Punjab", ("03",), ("PB",), ("PB",)),
    IndianState("Rajasthan", ("08",), ("RJ",), ("RJ",)),
    IndianState("Sikkim", ("11",), ("SK",), ("SK",)),
    IndianState("Tamil Nadu", ("33",), ("TN",), ("TN", "TZ"), ("Tamilnadu", "Madras")),
    IndianState("Telangana", ("36",), ("TG", "TS"), ("TG", "TS")),
    IndianState("Tripura", ("16",), ("TR",), ("TR",)),
    IndianState("Uttar Pradesh", ("09",), ("UP",), ("UP",)),
    IndianState("Uttarakhand", ("05",), ("UK", "UA", "UT"), ("UR", "UT", "UK"), ("Uttaranchal",)),
    IndianState("West Bengal", ("19",), ("WB",), ("WB",)),
    IndianState(
        "Andaman and Nicobar Islands", ("35",), ("AN",), ("AN",), ("Andaman & Nicobar Islands", "Andaman and Nicobar")
    ),
    IndianState("Chandigarh", ("04",), ("CH",), ("CH",)),
    IndianState(
        "Dadra and Nagar Haveli and Daman and Diu",
        ("26", "25"),
        ("DH", "DD", "DN"),
        ("DN", "DD"),
        ("Dadra & Nagar Haveli and Daman & Diu", "Dadra and Nagar Haveli", "Daman and Diu"),
    ),
    IndianState(
        "Delhi", ("07",), ("DL",), ("DL",), ("New Delhi", "NCT of Delhi", "National Capital Territory of Delhi")
    ),
    IndianState("Jammu and Kashmir", ("01",), ("JK",), ("JK",), ("Jammu & Kashmir",)),
    IndianState("Ladakh", ("38",), ("LA",), ("LA",)),
    IndianState("Lakshadweep", ("31",), ("LD",), ("LD",)),
    IndianState("Puducherry", ("34",), ("PY",), ("PY",), ("Pondicherry",)),
)
"""States first, then union territories, each in alphabetical order. The GST codes 97 ("other territory") and 99
("centre") belong to no state."""
