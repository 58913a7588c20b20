"""Forty rows under the released contract, half of them broken, each in another way; and what becomes of them.

What arrives is held against the vendor's Python SDK: its user files the same businesses, by what the cells say and what
the SDK shows of the requirements, with an API that only listens.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bulk_onboard.sandbox.records import REJECTED, Record
from bulk_onboard.sandbox.server import Sandbox
from tests.conformance.recording import Recorder
from tests.conformance.sdk import PYTHON, Sdk
from tests.support.businesses import RELEASED_HEADERS, Cells, aged, document, released_business, write_workbook
from tests.support.contracts import RELEASED
from tests.support.office import Office

Json = dict[str, Any]

CERTIFICATE, TAX, SIGNATORY, IDENTITY = (
    *("Registration Certificate", "GST certificate", "Authorised Signatory", "Identity Proof"),
)
LEGAL_NAME = f"{CERTIFICATE}: Legal Name"
SIGNER, ROLE, SINCE = (f"{SIGNATORY}: {what}" for what in ("Name of Signatory", "Designation", "Date of Appointment"))
HEADERS = (
    *RELEASED_HEADERS, "User Type", "Last Name", "Callback URL", "Address Line 2", IDENTITY,
    f"{IDENTITY}: Document Number", f"{IDENTITY}: Valid Until",
)  # fmt: skip
NOT_ASKED_OF_PEOPLE = dict.fromkeys((CERTIFICATE, TAX, SIGNER, ROLE, SINCE, "Registration Number"), "")
PERSON: Cells = NOT_ASKED_OF_PEOPLE | {
    "Business Name": "Meera",
    "Number Type": "local",
    "User Type": "individual",
    IDENTITY: "people/identity.png",
    f"{IDENTITY}: Document Number": "X1234567",
}
LOCAL = {"Number Type": "local", SIGNER: "", ROLE: "", SINCE: ""}
FIFTY_LETTERS = "Invented Traders and Shippers of Seven Seas Limited"[:50]

GOOD: Mapping[str, Cells] = {
    "plain": {},
    "local": LOCAL,
    "person": PERSON | {"Last Name": "Invented", f"{IDENTITY}: Valid Until": "2031-12-31"},
    "person with one name": PERSON,
    "blank behind the word": {ROLE: "Partner "},
    "no date": {SINCE: ""},
    "date of Excel": {SINCE: "2026-03-31"},
    "legal name, too": {LEGAL_NAME: "Invented Traders 107 Private Limited"},
    "no address": dict.fromkeys(("Email", "Address Line 1", "City", "State", "Postal Code", "Country"), ""),
    "one file twice": {TAX: "0109/certificate.pdf"},
    "exactly 5 MiB": {TAX: "large/full.jpg"},
    "no registration number": {"Registration Number": ""},
    "number with blanks": {"Numbers": "+91 98 4888 5512"},
    "number with zeros": {"Numbers": "0091 98 4888 5513, 919848885514"},
    "another script": {"Business Name": "Müller & “Söhne” मीरा 🦚", "Alias": "Fünfzehn"},
    "fifty letters": {"Business Name": FIFTY_LETTERS},
    "a picture": {CERTIFICATE: "0116/certificate.png"},
    "callbacks": {"Callback URL": "https://hooks.example.com/reviews?desk=1&row=7"},
    "an address of two lines": {"Address Line 2": "Behind the Clock Tower"},
    "picture with capitals": {TAX: "large/GST.JPG"},
}
BROKEN: Mapping[str, tuple[Cells, str]] = {
    "no such day": ({SINCE: "31/02/2026"}, "date-otherwise"),
    "day of no month": ({SINCE: "2026-02-31"}, "date-impossible"),
    "word in small letters": ({ROLE: "director"}, "word-not-accepted"),
    "no word": ({ROLE: ""}, "field-missing"),
    "nobody signs": ({SIGNER: ""}, "field-missing"),
    "too long a signer": ({SIGNER: "N" * 101}, "field-too-long"),
    "too long for the certificate": ({"Business Name": FIFTY_LETTERS + "!"}, "field-too-long"),
    "one letter": ({LEGAL_NAME: "Invented Traders 8 Private Limited."}, "business-name-differs"),
    "no name": ({"Business Name": "", LEGAL_NAME: ""}, "field-missing"),
    "cut off": ({TAX: "spoilt/cut.jpg"}, "document-truncated"),
    "called .pdf": ({TAX: "spoilt/photo.pdf"}, "document-misnamed"),
    "over 5 MiB": ({TAX: "spoilt/large.jpg"}, "document-too-large"),
    "of another type": ({TAX: "spoilt/moving.gif"}, "document-wrong-type"),
    "nothing in it": ({TAX: "spoilt/nothing.pdf"}, "document-empty"),
    "no document": ({TAX: ""}, "document-missing"),
    "no such document": ({TAX: "spoilt/gone.pdf"}, "document-not-found"),
    "not offered": ({"Number Type": "tollfree"}, "not-offered"),
    "no mail address": ({"Email": "desk@@example.com"}, "email-invalid"),
    "callbacks in the clear": ({"Callback URL": "http://hooks.example.com/"}, "callback-url-unusable"),
    "neither key nor number": ({"Key": "", "Registration Number": ""}, "row-without-identity"),
}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """A desk with the forty rows, whose API speaks the released contract; one date is a cell of Excel's."""
    async with Sandbox(contract="released") as sandbox:
        office = Office(tmp_path, sandbox, layout=RELEASED)
        (office.documents / "spoilt").mkdir(parents=True)
        (office.documents / "large").mkdir()
        whole = document("whole.jpg")
        for name, content in {
            "large/full.jpg": whole.ljust(5 * 1024 * 1024, b"\0"),
            "large/GST.JPG": document("capitals.jpg"),
            "spoilt/cut.jpg": whole[:-2],
            "spoilt/photo.pdf": whole,
            "spoilt/large.jpg": whole.ljust(5 * 1024 * 1024 + 1, b"\0"),
            "spoilt/moving.gif": b"GIF89a and so on",
            "spoilt/nothing.pdf": b"",
        }.items():
            (office.documents / name).write_bytes(content)
        good = [released_business(n, Key=name) | cells for n, (name, cells) in enumerate(GOOD.items(), 100)]
        bad = [released_business(n, Key=name) | cells for n, (name, (cells, _)) in enumerate(BROKEN.items(), 1)]
        fill(office, [*bad, *good])
        yield office


def fill(office: Office, rows: list[Cells]) -> None:
    """Write the rows, and documents where there are none."""
    gone = office.documents / "spoilt/gone.pdf"
    office.fill(rows)
    gone.unlink(missing_ok=True)
    write_workbook(office.workbook, rows, HEADERS)
    book = openpyxl.load_workbook(office.workbook)
    sheet = book.worksheets[0]
    row = next(cells[0].row for cells in sheet.iter_rows() if cells[0].value == "date of Excel")
    sheet.cell(row, HEADERS.index(SINCE) + 1, date(2026, 3, 31)).number_format = "dd/mm/yyyy"
    book.save(office.workbook)
    aged(office.workbook)


def by_key(office: Office) -> dict[str, Record]:
    """What the API has, by the Key of its row."""
    named = {cells["Business Name"]: cells["Key"] for cells in office.rows if cells["Business Name"] != "Meera"}
    people = {"Invented": "person", "": "person with one name"}
    return {
        named.get(record.end_user["name"]) or people[record.end_user.get("last_name", "")]: record
        for record in office.sandbox.state.records
    }


def end_user_of(cells: Cells) -> Json:
    """The end user that an SDK's user makes of a row."""
    members = {
        "name": "Business Name", "last_name": "Last Name", "registration_number": "Registration Number",
        "email": "Email", "address_line1": "Address Line 1", "address_line2": "Address Line 2", "city": "City",
        "state": "State", "postal_code": "Postal Code", "country": "Country",
    }  # fmt: skip
    return {member: text for member, header in members.items() if (text := cells.get(header, ""))}


def documents_of(cells: Cells, requirements: Json) -> Iterator[tuple[Json, str]]:
    """The documents that an SDK's user makes of a row, each with the path of its file; empty for none."""
    for kind in requirements["document_types"]:
        fields = {}
        for field in kind["required_fields"]:
            own = cells.get(f"{kind['name']}: {field['friendly_name']}", "").strip()
            fields[field["field_name"]] = own or (
                cells["Business Name"] if field["field_name"] == "business_name" else ""
            )
        filled = {name: text for name, text in fields.items() if text}
        entry = {"document_type_id": kind["document_type_id"]}
        yield entry | ({"data_fields": filled} if filled else {}), cells.get(kind["name"], "")


def combination_of(cells: Cells) -> dict[str, str]:
    """What a row's user asks the requirements of."""
    user_type = cells.get("User Type", "") or "business"
    return {"country_iso": "IN", "number_type": cells["Number Type"], "user_type": user_type}


async def sent_by_sdk(office: Office, *, update: bool) -> dict[str, tuple[Json, list[bytes]]]:
    """What the SDK sends for the record of each row that is there: its data, and the files in their order."""
    by_name = {cells["Key"]: cells for cells in office.rows}
    sent = {}
    async with Recorder({}) as listener, Sdk(PYTHON, office.sandbox.url) as asking, Sdk(PYTHON, listener.url) as sdk:
        for key, record in by_key(office).items():
            cells = by_name[key]
            combination = combination_of(cells)
            found = [*documents_of(cells, await asking.call("requirements", **combination))]
            files = [str(office.documents / path) if path else None for _, path in found]
            end_user, place = end_user_of(cells), {}
            if not update:
                end_user = {"type": combination["user_type"], **end_user}
                place = {"country_iso": "IN", "number_type": cells["Number Type"]}
                place |= {"callback_url": cells["Callback URL"]} if cells.get("Callback URL") else {}
            data = {**place, "alias": record.alias, "end_user": end_user, "documents": [entry for entry, _ in found]}
            about = {"compliance_id": record.compliance_id} if update else {}
            await sdk.call("update" if update else "create", **about, data=data, files=files)
            told = listener.sent[-1]
            sent[key] = (told.data, list(told.files.values()))
    return sent


def arrived(office: Office) -> dict[str, tuple[Json, list[bytes]]]:
    """What the API was sent last for each record."""
    return {
        key: (dict(record.data), [document.content for document in record.documents if document.content])
        for key, record in by_key(office).items()
    }


async def test_good_rows_arrive_as_the_sdk_sends_them_and_each_broken_one_is_told(office: Office) -> None:
    """Data as JSON, and files byte for byte."""
    checked = await office.type("check", "--json")
    result = await office.run()

    keys = {row: cells["Key"] for row, cells in enumerate(office.rows, 2)}
    told = {keys[each["row"]]: each["code"] for each in checked.json["findings"] if each["severity"] == "error"}
    assert {(name if "Key" not in cells else ""): code for name, (cells, code) in BROKEN.items()} == told
    assert (3, 20, 20) == (result.exit_status, result.counts["submitted"], result.counts["invalid"])
    assert set(GOOD) == set(by_key(office))
    assert await sent_by_sdk(office, update=False) == arrived(office)


async def test_rejected_rows_are_mended_by_one_update_each(office: Office) -> None:
    """All that was wrong is put right, and a scan replaced: what arrives is what the SDK sends, and once."""
    await office.run()
    rejected = [*by_key(office)][::2]
    for key in rejected:
        office.sandbox.state.review(by_key(office)[key], REJECTED, "The document is not legible.")
    mended = [released_business(n, Key=name) for n, name in enumerate(BROKEN, 1)]
    fill(office, [*mended, *office.rows[len(BROKEN) :]])
    for cells in office.rows:
        if cells["Key"] in rejected:
            name = cells[CERTIFICATE] or cells[IDENTITY]
            (office.documents / name).write_bytes(document(f"scanned anew {name}"))

    results = [await office.run() for _ in range(2)]

    updates = [request for request in office.sandbox.log if request.operation == "update"]
    assert {1} == set(Counter(request.alias for request in updates).values())
    assert len(rejected) == len(updates) == sum(request.http_status == 200 for request in updates)
    assert [0, 0] == [result.exit_status for result in results]
    assert 40 == len(office.sandbox.state.records)
    theirs, ours = await sent_by_sdk(office, update=True), arrived(office)
    assert {key: theirs[key] for key in rejected} == {key: ours[key] for key in rejected}
