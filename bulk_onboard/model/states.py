"""The 28 states and 8 union territories of India, and what they are called by registers.

Rule: a code that was given out once stays on the papers that bear it, so former ones stand here beside today's: Odisha
is OD on new number plates and OR in a CIN. One code may stand for nobody else, so each leads to one state.
"""

from typing import NamedTuple


class State(NamedTuple):
    """A state or union territory.

    Attributes:
        name: its official English name.
        gst: the two digits a GSTIN of it begins with, today's first.
        letters: its two letters in ISO 3166-2:IN and on number plates, today's first.
        cin: its two letters in a company's CIN, the most common first.
        other_names: former names, and what people write as often.
    """

    name: str
    gst: tuple[str, ...]
    letters: tuple[str, ...]
    cin: tuple[str, ...]
    other_names: tuple[str, ...] = ()


STATES = (
    State("Andhra Pradesh", ("37", "28"), ("AP",), ("AP",)),
    State("Arunachal Pradesh", ("12",), ("AR",), ("AR",)),
    State("Assam", ("18",), ("AS",), ("AS",)),
    State("Bihar", ("10",), ("BR",), ("BR",)),
    State("Chhattisgarh", ("22",), ("CG", "CT"), ("CT", "CG"), ("Chattisgarh",)),
    State("Goa", ("30",), ("GA",), ("GA",)),
    State("Gujarat", ("24",), ("GJ",), ("GJ",)),
    State("Haryana", ("06",), ("HR",), ("HR",)),
    State("Himachal Pradesh", ("02",), ("HP",), ("HP",)),
    State("Jharkhand", ("20",), ("JH",), ("JH",)),
    State("Karnataka", ("29",), ("KA",), ("KA",), ("Mysore",)),
    State("Kerala", ("32",), ("KL",), ("KL",)),
    State("Madhya Pradesh", ("23",), ("MP",), ("MP",)),
    State("Maharashtra", ("27",), ("MH",), ("MH",)),
    State("Manipur", ("14",), ("MN",), ("MN",)),
    State("Meghalaya", ("17",), ("ML",), ("ML",)),
    State("Mizoram", ("15",), ("MZ",), ("MZ",)),
    State("Nagaland", ("13",), ("NL",), ("NL",)),
    State("Odisha", ("21",), ("OD", "OR"), ("OR", "OD"), ("Orissa",)),
    State("Punjab", ("03",), ("PB",), ("PB",)),
    State("Rajasthan", ("08",), ("RJ",), ("RJ",)),
    State("Sikkim", ("11",), ("SK",), ("SK",)),
    State("Tamil Nadu", ("33",), ("TN",), ("TN", "TZ"), ("Tamilnadu", "Madras")),
    State("Telangana", ("36",), ("TG", "TS"), ("TG", "TS")),
    State("Tripura", ("16",), ("TR",), ("TR",)),
    State("Uttar Pradesh", ("09",), ("UP",), ("UP",)),
    State("Uttarakhand", ("05",), ("UK", "UA", "UT"), ("UR", "UT", "UK"), ("Uttaranchal",)),
    State("West Bengal", ("19",), ("WB",), ("WB",)),
    State(
        "Andaman and Nicobar Islands", ("35",), ("AN",), ("AN",), ("Andaman & Nicobar Islands", "Andaman and Nicobar")
    ),
    State("Chandigarh", ("04",), ("CH",), ("CH",)),
    State(
        "Dadra and Nagar Haveli and Daman and Diu",
        ("26", "25"),
        ("DH", "DD", "DN"),
        ("DN", "DD"),
        ("Dadra & Nagar Haveli and Daman & Diu", "Dadra and Nagar Haveli", "Daman and Diu"),
    ),
    State("Delhi", ("07",), ("DL",), ("DL",), ("New Delhi", "NCT of Delhi", "National Capital Territory of Delhi")),
    State("Jammu and Kashmir", ("01",), ("JK",), ("JK",), ("Jammu & Kashmir",)),
    State("Ladakh", ("38",), ("LA",), ("LA",)),
    State("Lakshadweep", ("31",), ("LD",), ("LD",)),
    State("Puducherry", ("34",), ("PY",), ("PY",), ("Pondicherry",)),
)
"""States first, then union territories, each in the order of the alphabet. The GST's numbers 97 and 99, "other
territory" and "centre", are no state's."""
