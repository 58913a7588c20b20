"""Personal data and credentials stay where they belong: in the workbook, at the API and in the report (I13)."""

import re
import zipfile
from collections import Counter

from tests.support.businesses import business
from tests.support.office import AUTH_TOKEN, Office
from tests.support.papers import paper

CANARIES = {
    "Business Name": "Canarybird Confectioners Private Limited",
    "Registration Number": "U99999KA2020PTC765432",
    "Email": "canary.person@example.com",
    "Address Line 1": "17 Canary Wharf Lane",
    "City": "Canarypuram",
    "Postal Code": "560099",
    "Identity Proof": "canary_folder/passport_of_canary.pdf",
    "Address Proof": "canary_folder/canary_bill.png",
    "Business Registration": "canary_folder/canary_certificate.pdf",
}


def canaries_in(text: str) -> list[str]:
    """Which planted values occur in a text."""
    return [value for value in (*CANARIES.values(), AUTH_TOKEN) if re.search(re.escape(value), text, re.IGNORECASE)]


async def test_neither_ledger_nor_logs_hold_names_addresses_credentials_or_file_names(office: Office) -> None:
    """Through success, a lost answer, an invalid row, the story of a record and a run with nothing to do."""
    office.fill(
        [
            business(1, Key="K-1") | CANARIES,
            business(2, Key="K-2") | CANARIES | {"Registration Number": "U99998KA2020PTC765432"},
            business(3, Key="K-3") | CANARIES | {"Postal Code": "5600991234567890"},
            business(4) | CANARIES | {"Business Name": "Canarybird Confectioners Private Limited Two"},
        ]
    )
    office.sandbox.faults.script("create", "drop-after")

    told = await office.type("run", "--json")
    shown = await office.type("ledger show", "K-1")
    again = await office.type("run")

    assert told.json["counts"]["submitted"] == 3
    everything = {path.name: path.read_text() for path in office.folder.glob("*.ledger.jsonl*")}
    everything |= {"stderr": told.err + shown.err + again.err, "stdout": told.out + shown.out + again.out}
    assert {name: [] for name in everything} == {name: canaries_in(text) for name, text in everything.items()}


async def test_what_a_paper_says_is_nowhere_to_be_found(office: Office) -> None:
    """Its text is held against the row and forgotten: told is that it differs, and in which kind of number."""
    office.fill(3)
    for number, cells in enumerate(office.rows):
        words = "The canarybird confectioners of canarypuram, PAN AAACC9999C, CIN U99999KA2020PTC765432. " * 3
        (office.documents / cells["Business Registration"]).write_bytes(paper(words, f"page {number}"))

    told, sent = await office.type("check", "--json"), await office.type("run")

    codes = Counter(finding["code"] for finding in told.json["findings"])
    assert codes == {"document-other-number": 3, "document-other-name": 3}
    everything = {path.name: path.read_text() for path in office.folder.glob("*.ledger.jsonl*")}
    with zipfile.ZipFile(office.report) as report:
        told_in_it = "".join(report.read(name).decode() for name in report.namelist())
    everything |= {"check": told.out + told.err, "run": sent.out + sent.err, "report": told_in_it}
    canaries = ("canarybird", "canarypuram", "aaacc9999c", "u99999ka2020ptc765432")
    assert [] == [(name, word) for name, text in everything.items() for word in canaries if word in text.casefold()]


async def test_what_is_written_is_for_its_owner_only(office: Office) -> None:
    """Ledger, lock and report have mode 0600 whatever the umask."""
    office.fill(1)

    await office.type("run")

    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in office.folder.glob("businesses.*.*")}
    assert {"businesses.ledger.jsonl", "businesses.ledger.jsonl.lock", "businesses.report.xlsx"} < modes.keys()
    assert {"0o600"} == set(modes.values())
