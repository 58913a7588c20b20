"""The rows that show something: in businesses.xlsx one of each finding, and one of each review.

In businesses_released.xlsx they show what there is under the released contract alone.

Each changes some cells of an otherwise good row. Its Key says what it shows, its remark says why.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from invented import LEGAL_NAME, Row, released_row, row
from sheets import Day, Divided, Error, Formula, Merged, Number

FIRST, FIRST_RELEASED = 300, 140  # the number of the first one's business

_SAME = {**row(60), "Key": "demo-duplicate"}  # a business of its own, in the workbook twice
_TWICE = {  # what makes it the business of the first demonstration
    name: row(FIRST)[name]
    for name in ("Registration Number", "Number Type", "City", "State", "Postal Code", "Business Registration")
}
_SHARED = {"Business Registration": "spoilt/shared.pdf"}
_BOTH = {"Identity Proof": "spoilt/both.pdf", "Address Proof": "spoilt/both.pdf"}
_ELSEWHERE = {"City": "Pune", "State": "Maharashtra", "Postal Code": "411001"}


class Demonstration(NamedTuple):
    """What the row shows, why, and the cells that show it."""

    name: str
    remark: str
    cells: Mapping[str, str]


_ROWS = (
    Demonstration("any-script", "All is well: any script will do.", {"Business Name": "नारंगी ऊदबिलाव & Sons"}),
    Demonstration("duplicate", "Stands here for the first time.", _SAME),
    Demonstration("key-conflict", "Another business has the same Key.", {}),
    Demonstration("row-without-identity", "No Key, no number.", {"Key": "", "Registration Number": ""}),
    Demonstration("not-offered", "No toll-free numbers in India.", {"Number Type": "tollfree"}),
    Demonstration("number-type-missing", "Local or mobile?", {"Number Type": ""}),
    Demonstration("headers-again", "", {name: name for name in row(0)}),
    Demonstration("alias-looks-like-token", "Not by hand, please.", {"Alias": "Main branch ~abcdefgh234567yz"}),
    Demonstration("callback-url-unusable", "No s.", {"Callback URL": "http://hooks.example.com/reviews"}),
)
_CELLS = (
    Demonstration("field-missing", "No city.", {"City": ""}),
    Demonstration("field-too-short", "Half a country.", {"Country": "I"}),
    Demonstration("field-too-long", "Ten characters at most.", {"Postal Code": "560001 (GPO)"}),
    Demonstration("email-invalid", "Two dots.", {"Email": "compliance@otter..example"}),
    Demonstration("cell-error", "A lookup that found nothing.", {"Address Line 1": Error("#N/A")}),
    Demonstration("formula-not-calculated", "Never opened in Excel.", {"City": Formula('PROPER("KOCHI")')}),
    Demonstration("merged-cells", "One address over two cells.", {"Address Line 1": Merged("Rain Tree Marg")}),
    Demonstration("date-instead-of-text", "It was house 3-12.", {"Address Line 1": Day("2026-12-03")}),
    Demonstration("digits-lost", "It had 18 digits.", {"Registration Number": Number("123456789012345000")}),
    Demonstration("decimal-point", "From a program.", {"Postal Code": "560001.0"}),
    Demonstration("number-instead-of-text", "Zeros in front?", {"Registration Number": Number("4711")}),
    Demonstration("control-character", "A tab.", {"Address Line 1": "4,\tBell Tower Road"}),
    Demonstration("line-break", "In two lines.", {"Business Name": "Copper Loris\nPrivate Limited"}),
    Demonstration("invisible-character", "Copied from a web page.", {"Business Name": "Copper\u200bLoris Limited"}),
    Demonstration("broken-character", "Was an accent once.", {"Business Name": "Caf\ufffd Loris Limited"}),
    Demonstration("blanks-left-out", "A blank that is none.", {"Business Name": "\u00a0Teak Myna Limited"}),
    Demonstration("unusual-blank", "Another blank that is none.", {"Business Name": "Teak\u00a0Loris Limited"}),
    Demonstration("digits-converted", "Full width.", {"Numbers": "９１１１００００００６６"}),
    Demonstration("look-alike-letters", "The O is Cyrillic.", {"Business Name": "Teak \u041etter Limited"}),
)
_INDIA = (
    Demonstration("gstin-wrong", "Made up.", {"Registration Number": "29AAAAA0000A1Z5"}),
    Demonstration("pan-wrong", "Made up.", {"Registration Number": "AAAAA0000A"}),
    Demonstration("cin-wrong", "No state is XX.", {"Registration Number": "U00000XX2015PTC000069"}),
    Demonstration("udyam-wrong", "Too short.", {"Registration Number": "UDYAM-KR-03-000"}),
    Demonstration("registration-number-unknown", "Whose is it?", {"Registration Number": "REG/2016/0071"}),
    Demonstration("registration-other-state", "Moved to Pune?", _ELSEWHERE),
    Demonstration("pin-code-wrong", "A digit is missing.", {"Postal Code": "56000"}),
    Demonstration("pin-code-other-state", "One of Delhi.", {"Postal Code": "110001"}),
    Demonstration("state-unknown", "A slip.", {"State": "Maharashtia"}),
    Demonstration("country-written-out", "IN is wanted.", {"Country": "India"}),
    Demonstration("aadhaar-number", "Not here.", {"Address Line 2": "c/o 9999 4105 7058"}),
)
_DOCUMENTS = (
    Demonstration("document-missing", "The cell is blank.", {"Business Registration": ""}),
    Demonstration("document-not-found", "No such file.", {"Identity Proof": "spoilt/nobody_put_this_here.pdf"}),
    Demonstration("document-outside", "A path of somebody's PC.", {"Identity Proof": r"C:\Scans\passport.pdf"}),
    Demonstration("document-not-a-file", "The path of a folder.", {"Address Proof": "spoilt"}),
    Demonstration("document-empty", "0 bytes.", {"Business Registration": "spoilt/empty.pdf"}),
    Demonstration("document-too-large", "One byte over 5 MiB.", {"Address Proof": "spoilt/too_large.png"}),
    Demonstration("document-nearly-too-large", "5,000,001 bytes.", {"Address Proof": "spoilt/nearly_too_large.png"}),
    Demonstration("document-wrong-type", "A JPEG under a PDF's name.", {"Address Proof": "spoilt/photo.pdf"}),
    Demonstration("document-misnamed", "A PNG under a PDF's name.", {"Address Proof": "spoilt/picture.pdf"}),
    Demonstration("document-truncated", "Half a file.", {"Identity Proof": "spoilt/half.pdf"}),
    Demonstration("document-damaged", "One bit is wrong.", {"Address Proof": "spoilt/damaged.png"}),
    Demonstration("document-encrypted", "Asks for a password.", {"Identity Proof": "spoilt/locked.pdf"}),
    Demonstration("document-without-pages", "Nothing to see.", {"Identity Proof": "spoilt/pageless.pdf"}),
    Demonstration("document-trailing-data", "More after the end.", {"Identity Proof": "spoilt/appended.pdf"}),
    Demonstration("document-active-content", "Runs a program.", {"Identity Proof": "spoilt/active.pdf"}),
    Demonstration("document-huge-picture", "50,000 × 50,000.", {"Address Proof": "spoilt/huge.png"}),
    Demonstration("document-kind-not-accepted", "No such kind.", {"Identity Proof Kind": "driving_licence"}),
    Demonstration("document-in-two-slots", "One scan for both.", _BOTH),
    Demonstration("document-shared", "One scan for two.", _SHARED),
    Demonstration("document-shared-2", "One scan for two.", _SHARED),
    Demonstration("document-other-number", "Not its number.", {"Business Registration": "spoilt/other_number.pdf"}),
    Demonstration("document-other-name", "Not its name.", {"Business Registration": "spoilt/other_name.pdf"}),
)
_REST = (
    Demonstration("duplicate", "Here for the second time.", _SAME),
    Demonstration("key-conflict", "Another business has the same Key.", {}),
    Demonstration("registration-number-twice", "And unfinished.", {**_TWICE, "Address Proof": ""}),
    Demonstration("review-rejected", "The sandbox rejects it.", {"Business Name": "REJECT Otter Private Limited"}),
    Demonstration("review-more-info", "The sandbox asks for more.", {"Business Name": "MORE INFO Loris Limited"}),
    Demonstration("review-pending", "The sandbox never decides.", {"Business Name": "STAY PENDING Myna Limited"}),
    Demonstration("callback-url-doubtful", "Which port?", {"Callback URL": "https://hooks.example.com:8443/reviews"}),
    Demonstration("number-unreadable", "To come.", {"Numbers": "to be ordered"}),
    Demonstration("number-without-calling-code", "No 91.", {"Numbers": "1100000377"}),
    Demonstration("number-in-two-rows", "Another row has it, too.", {"Numbers": row(2)["Numbers"]}),
    Demonstration("letters-lost", "They were Hindi.", {"Address Line 1": "???? ???? 4"}),
    Demonstration("number-shown-otherwise", "It is shown with a comma.", {"Alias": Divided("4711")}),
    Demonstration("tan-instead", "Made up.", {"Registration Number": "AAAA00000A"}),
)
DEMONSTRATIONS = (*_ROWS, *_CELLS, *_INDIA, *_DOCUMENTS, *_REST)


_TWICE_RELEASED = {"Registration Certificate": "spoilt/twice.pdf", "GST certificate": "spoilt/twice.pdf"}
_DOT = {"Business Name": "Teak Otter Foods Pvt Ltd", LEGAL_NAME: "Teak Otter Foods Pvt. Ltd"}
_LONG = {"Business Name": "Teak Otter Foods, Spices, Pickles and Preserves Private Limited", LEGAL_NAME: ""}
RELEASED = (
    Demonstration("name-alone", "All is well: one name is enough.", {"Alias": "", "Email": "", LEGAL_NAME: ""}),
    Demonstration("business-name-differs", "One dot.", _DOT),
    Demonstration("field-too-long", "The certificate has room for 50.", _LONG),
    Demonstration("row-without-identity", "No Key, no number.", {"Key": "", "Registration Number": ""}),
    Demonstration("document-missing", "The cell is blank.", {"GST certificate": ""}),
    Demonstration("document-truncated", "Half a photo.", {"GST certificate": "spoilt/half.jpg"}),
    Demonstration("document-misnamed", "A JPEG under a PDF's name.", {"GST certificate": "spoilt/photo.pdf"}),
    Demonstration("document-wrong-type", "Not even moving.", {"GST certificate": "spoilt/photo.gif"}),
    Demonstration("one-scan-for-both", "A warning.", _TWICE_RELEASED),
    Demonstration("not-offered", "No toll-free numbers either.", {"Number Type": "tollfree"}),
)


def demonstration_rows() -> Iterator[Row]:
    """The rows of businesses.xlsx, in the order of the table."""
    return _rows(DEMONSTRATIONS, FIRST, row)


def released_demonstration_rows() -> Iterator[Row]:
    """The rows of businesses_released.xlsx, in the order of the table."""
    return _rows(RELEASED, FIRST_RELEASED, released_row)


def _rows(table: Sequence[Demonstration], first: int, good: Callable[[int], Row]) -> Iterator[Row]:
    for n, shown in enumerate(table, first):
        yield {**good(n), "Key": f"demo-{shown.name}", "Remarks": shown.remark, **shown.cells}
