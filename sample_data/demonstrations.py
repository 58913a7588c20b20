"""The rows of businesses.xlsx that show something: one of each finding, and one of each review.

Each changes some cells of an otherwise good row. Its Key says what it shows, its remark says why.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from invented import Row, row

FIRST = 36  # the number of the first one's business; those before are the good rows'

_SAME = {**row(60), "Key": "demo-duplicate"}  # a business of its own, in the workbook twice


class Demonstration(NamedTuple):
    """What the row shows, why, and the cells that show it."""

    name: str
    remark: str
    cells: Mapping[str, str]


DEMONSTRATIONS = (
    Demonstration("field-missing", "No city.", {"City": ""}),
    Demonstration("field-too-long", "Country wants two letters.", {"Country": "India"}),
    Demonstration("duplicate", "Stands here for the first time.", _SAME),
    Demonstration("document-not-found", "No such file.", {"Identity Proof": "spoilt/nobody_put_this_here.pdf"}),
    Demonstration("row-without-identity", "No Key, no number.", {"Key": "", "Registration Number": ""}),
    Demonstration("document-wrong-type", "A JPEG under a PDF's name.", {"Address Proof": "spoilt/photo.pdf"}),
    Demonstration("review-rejected", "The sandbox rejects it.", {"Business Name": "REJECT Otter Private Limited"}),
    Demonstration("document-empty", "0 bytes.", {"Business Registration": "spoilt/empty.pdf"}),
    Demonstration("not-offered", "No toll-free numbers in India.", {"Number Type": "tollfree"}),
    Demonstration("number-type-missing", "Local or mobile?", {"Number Type": ""}),
    Demonstration("key-conflict", "Another business has the same Key.", {}),
    Demonstration("document-too-large", "One byte over 5 MiB.", {"Address Proof": "spoilt/too_large.png"}),
    Demonstration("any-script", "All is well: any script will do.", {"Business Name": "नारंगी ऊदबिलाव & Sons"}),
    Demonstration("field-too-short", "Half a country.", {"Country": "I"}),
    Demonstration("document-outside", "A path of somebody's PC.", {"Identity Proof": r"C:\Scans\passport.pdf"}),
    Demonstration("duplicate", "Here for the second time.", _SAME),
    Demonstration("document-missing", "The cell is blank.", {"Business Registration": ""}),
    Demonstration("review-more-info", "The sandbox asks for more.", {"Business Name": "MORE INFO Loris Limited"}),
    Demonstration("document-kind-not-accepted", "No such kind.", {"Identity Proof Kind": "driving_licence"}),
    Demonstration("alias-looks-like-token", "Not by hand, please.", {"Alias": "Main branch ~abcdefgh234567yz"}),
    Demonstration("key-conflict", "Another business has the same Key.", {}),
    Demonstration("document-not-a-file", "The path of a folder.", {"Address Proof": "spoilt"}),
    Demonstration("review-pending", "The sandbox never decides.", {"Business Name": "STAY PENDING Myna Limited"}),
    Demonstration("callback-url-not-https", "No s.", {"Callback URL": "http://hooks.example/reviews"}),
)


def demonstration_rows() -> Iterator[Row]:
    """The rows, in the order of the table."""
    for n, shown in enumerate(DEMONSTRATIONS, FIRST):
        yield {**row(n), "Key": f"demo-{shown.name}", "Remarks": shown.remark, **shown.cells}
