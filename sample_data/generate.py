"""Write the sample workbooks and their documents, the same bytes each time (`make sample-data`).

    python sample_data/generate.py [FOLDER]

Without FOLDER they are written beside this file, over those that are there.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from demonstrations import (
    DEMONSTRATIONS,
    FIRST,
    FIRST_RELEASED,
    RELEASED,
    demonstration_rows,
    released_demonstration_rows,
)
from invented import Row, released_row, released_scans, row, scans
from scans import jpeg, pdf, png
from sheets import csv_utf8, xlsx
from spoilt import spoilt_scans

GOOD, SHOWN_TWICE, CLEAN, NIGHTLY = range(36), range(60, 61), range(100, 112), range(200, 208)  # numbers of businesses
SHOWN = range(FIRST, FIRST + len(DEMONSTRATIONS))
GOOD_RELEASED = range(120, 128)
SHOWN_RELEASED = range(FIRST_RELEASED, FIRST_RELEASED + len(RELEASED))
MAKERS = {".png": png, ".jpg": jpeg, ".jpeg": jpeg, ".pdf": pdf}  # by the ending of a scan

BLANK_AFTER = (10, 30, 30)  # rows that show something
HIDDEN_ROW, HIDDEN_COLUMN = 9, "User Type"

EXPORTED = {  # header in nightly.csv → in the workbooks; as a system exports it, by the API's own names
    "reference": "Key",
    "business_name": "Business Name",
    "registration_number": "Registration Number",
    "number_type": "Number Type",
    "email": "Email",
    "address.line1": "Address Line 1",
    "address.city": "City",
    "address.postal_code": "Postal Code",
    "address.country": "Country",
    "identity_proof": "Identity Proof",
    "address_proof": "Address Proof",
    "business_registration": "Business Registration",
}


def mixed_rows() -> Iterator[Row]:
    """Good rows and those that show something, evenly mixed; here and there a blank one."""
    good = map(row, GOOD)
    for at, shown in enumerate(demonstration_rows(), 1):
        due = len(GOOD) * at // len(SHOWN) - len(GOOD) * (at - 1) // len(SHOWN)
        yield from (*islice(good, due), shown)
        yield from ({} for after in BLANK_AFTER if after == at)


def released_rows() -> Iterator[Row]:
    """Good rows, and below them those that show something."""
    yield from map(released_row, GOOD_RELEASED)
    yield from released_demonstration_rows()


def table(headers: Iterable[str], rows: Iterable[Row]) -> list[Sequence[str]]:
    """The headers, and the rows in their order; a blank row is an empty one."""
    names = list(headers)
    return [names, *([cells.get(name, "") for name in names] if cells else [] for cells in rows)]


def workbooks() -> Iterator[tuple[str, bytes]]:
    """Name and content of each workbook."""
    headers = list(row(0))
    exported = [{name: row(n)[header] for name, header in EXPORTED.items()} for n in NIGHTLY]
    mixed = table([*headers, "Remarks"], mixed_rows())
    yield "businesses.xlsx", xlsx(mixed, hidden_row=HIDDEN_ROW, hidden_column=headers.index(HIDDEN_COLUMN) + 1)
    yield "businesses_clean.xlsx", xlsx(table(headers, map(row, CLEAN)))
    released = table([*released_row(0), "Remarks"], released_rows())
    yield "businesses_released.xlsx", xlsx(released)
    yield "nightly.csv", csv_utf8(table(EXPORTED, exported))


def documents() -> Iterator[tuple[str, bytes]]:
    """Path and content of each document that a row names, and of those that are spoilt."""
    sheets = (mixed_rows(), map(row, CLEAN), map(row, NIGHTLY), released_rows())
    named = {text for rows in sheets for cells in rows for text in cells.values()}
    of_beta = (scans(n) for n in (*GOOD, *SHOWN, *SHOWN_TWICE, *CLEAN, *NIGHTLY))
    of_released = (released_scans(n) for n in (*GOOD_RELEASED, *SHOWN_RELEASED))
    for scan in (scan for found in (*of_beta, *of_released) for scan in found.values()):
        if scan.path in named:
            yield scan.path, MAKERS[Path(scan.path).suffix](scan.shows)
    yield from spoilt_scans()


def write_all(folder: Path) -> None:
    """Write every file below the folder."""
    files = dict(workbooks()) | {f"documents/{path}": content for path, content in documents()}
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    print(f"{len(files)} files, {sum(map(len, files.values())):,} bytes in {folder}")


if __name__ == "__main__":
    write_all(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
