"""A sheet under the released contract: documents with fields, every kind of bad input, and what of it arrives."""

from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import (
    RELEASED_HEADERS,
    Cells,
    aged,
    data_sheet,
    jpeg,
    pdf,
    released_business,
    write_workbook,
)
from tests.support.office import Office

NAME, ROLE, SINCE = (
    f"Authorised Signatory: {label}" for label in ("Name of Signatory", "Designation", "Date of Appointment")
)
LEGAL = "Registration Certificate: Legal Name"
HEADERS = (
    *RELEASED_HEADERS, "User Type", "Last Name", "Identity Proof", "Identity Proof: Document Number",
    "Identity Proof: Valid Until",
)  # fmt: skip

DEFECTS: Mapping[str, tuple[Cells, list[str]]] = {
    "no such day": ({SINCE: "31/02/2026"}, ["date-otherwise"]),
    "day of no month": ({SINCE: "2026-02-31"}, ["date-impossible"]),
    "word in small letters": ({ROLE: "director"}, ["word-not-accepted"]),
    "no word": ({ROLE: ""}, ["field-missing"]),
    "too long": ({NAME: "N" * 101}, ["field-too-long"]),
    "name for the certificate": ({"Business Name": "Invented Traders and Shippers of the Seven Seas Limited"},
                                 ["field-too-long"]),
    "another name": ({LEGAL: "Invented Traders 7 Private Limited."}, ["business-name-differs"]),
    "photo cut off": ({"GST certificate": "spoilt/cut.jpg"}, ["document-truncated"]),
    "photo called pdf": ({"GST certificate": "spoilt/photo.pdf"}, ["document-misnamed"]),
    "over 5 MiB": ({"GST certificate": "spoilt/large.jpg"}, ["document-too-large"]),
    "picture of another type": ({"GST certificate": "spoilt/moving.gif"}, ["document-wrong-type"]),
    "nobody": ({"Key": "", "Registration Number": ""}, ["row-without-identity"]),
}  # fmt: skip
GOOD: Mapping[str, Cells] = {
    "plain": {},
    "blank behind the word": {ROLE: "Partner "},
    "no date": {SINCE: ""},
    "date of Excel": {},
    "same name twice": {LEGAL: "Invented Traders 104 Private Limited"},
    "no address": dict.fromkeys(("Email", "Address Line 1", "City", "State", "Postal Code", "Country"), ""),
    "one file twice": {"GST certificate": "0106/certificate.pdf"},
    "exactly 5 MiB": {"GST certificate": "spoilt/full.jpg"},
    "local": {"Number Type": "local", NAME: "", ROLE: "", SINCE: ""},
}
PERSON: Cells = {
    "Key": "person",
    "Business Name": "Meera",
    "Last Name": "Invented",
    "Number Type": "local",
    "User Type": "individual",
    "Identity Proof": "0200/identity.pdf",
    "Identity Proof: Document Number": "X1234567",
    "Identity Proof: Valid Until": "2031-12-31",
}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Office]:
    """A desk whose API speaks the released contract."""
    async with Sandbox(contract="released") as sandbox:
        yield Office(tmp_path, sandbox)


def fill(desk: Office) -> None:
    """Rows with each defect, good rows, and a person; two dates are date cells of Excel's."""
    bad = [released_business(n, Key=name) | cells for n, (name, (cells, _)) in enumerate(DEFECTS.items(), 1)]
    good = [released_business(n, Key=name) | cells for n, (name, cells) in enumerate(GOOD.items(), 100)]
    desk.fill([*bad, *good, PERSON])
    spoilt = desk.documents / "spoilt"
    spoilt.mkdir(exist_ok=True)
    whole = jpeg("whole")
    (spoilt / "cut.jpg").write_bytes(whole[:-2])
    (spoilt / "photo.pdf").write_bytes(whole)
    (spoilt / "moving.gif").write_bytes(b"GIF89a and so on")
    (spoilt / "full.jpg").write_bytes(whole.ljust(5 * 1024 * 1024, b"\0"))
    (spoilt / "large.jpg").write_bytes(whole.ljust(5 * 1024 * 1024 + 1, b"\0"))
    (desk.documents / "0200").mkdir(exist_ok=True)
    (desk.documents / "0200/identity.pdf").write_bytes(pdf("a person's"))
    write_workbook(desk.workbook, desk.rows, HEADERS)
    workbook = openpyxl.load_workbook(desk.workbook)
    sheet = data_sheet(workbook)
    for name in ("date of Excel", "word in small letters"):
        row = next(cells[0].row for cells in sheet.iter_rows() if cells[0].value == name)
        sheet.cell(row, HEADERS.index(SINCE) + 1, date(2026, 3, 31)).number_format = "dd/mm/yyyy"
    workbook.save(desk.workbook)
    aged(desk.workbook)


def by_name(desk: Office) -> dict[str, Any]:
    """What arrived, by the row's Key, of which the alias is made."""
    return {record.alias.partition(" ~")[0]: record for record in desk.sandbox.state.records}


async def test_good_rows_arrive_and_each_defect_is_told(desk: Office) -> None:
    """What is sent is what the row says, as the API asks for it, and the files byte for byte."""
    fill(desk)

    checked = await desk.type("check", "--json")
    result = await desk.run()

    keys = {row: cells["Key"] for row, cells in enumerate(desk.rows, 2)}
    told: dict[str, list[str]] = {}
    for finding in checked.json["findings"]:
        if finding["severity"] == "error":
            told.setdefault(keys[finding["row"]] or "nobody", []).append(finding["code"])
    assert {name: codes for name, (_, codes) in DEFECTS.items()} == told
    assert "released" == checked.json["contract"]
    assert "unknown-column" not in [each["code"] for each in checked.json["findings"]]
    assert ["document-in-two-slots"] == [
        each["code"] for each in checked.json["findings"] if keys.get(each["row"]) == "one file twice"
    ]

    arrived = by_name(desk)
    assert (3, {*GOOD, "person"}) == (result.exit_status, set(arrived))
    files = {name: [document.content for document in record.documents] for name, record in arrived.items()}
    for name, contents in files.items():
        row = next(cells for cells in desk.rows if cells["Key"] == name)
        named = [row.get(title) for title in ("Registration Certificate", "GST certificate", "Identity Proof")]
        assert [(desk.documents / path).read_bytes() for path in named if path] == [c for c in contents if c]


async def test_fields_arrive_with_their_document(desk: Office) -> None:
    """Dates of Excel in the asked format, Business Name where nothing else is written, nothing for blank cells."""
    fill(desk)

    await desk.run()

    fields = {
        name: {document.type: document.data_fields for document in record.documents}
        for name, record in by_name(desk).items()
    }
    certificate, signatory = "Registration Certificate", "Authorised Signatory"
    assert {"business_name": "Invented Traders 100 Private Limited"} == fields["plain"][certificate]
    assert {"business_name": "Invented Traders 104 Private Limited"} == fields["same name twice"][certificate]
    assert "2026-03-31" == fields["date of Excel"][signatory]["appointed_on"]
    assert "Partner" == fields["blank behind the word"][signatory]["designation"]
    assert {"signatory_name": "Ravi Invented 102", "designation": "Director"} == fields["no date"][signatory]
    assert {certificate, "GST certificate"} == set(fields["local"])
    assert {"document_number": "X1234567", "expiry_date": "2031-12-31"} == fields["person"]["Identity Proof"]
    person = by_name(desk)["person"].end_user
    assert ("individual", "Meera", "Invented") == (person["type"], person["name"], person["last_name"])
    assert "last_name" not in by_name(desk)["plain"].end_user


async def test_second_run_sends_nothing(desk: Office) -> None:
    """Whichever way a date was kept or a name written twice; and no field's value is in the ledger or in a log."""
    fill(desk)
    await desk.run()
    sent = len(desk.sandbox.state.records)
    for cells in desk.rows:
        if cells["Key"] == "date of Excel":
            cells[SINCE] = "2026-03-31"
        elif cells["Key"] == "plain":
            cells[LEGAL] = cells["Business Name"]
    write_workbook(desk.workbook, desk.rows, HEADERS)

    again = await desk.run()

    assert sent == len(desk.sandbox.state.records) == again.counts["submitted"]
    lines = desk.ledger.read_text(encoding="utf-8").splitlines()
    ledger = "".join(
        line for line in lines if '"entry":"required"' not in line
    )  # the API's own words, such as Director
    assert not any(secret in ledger for secret in ("Ravi", "X1234567", "Director", "2026-03-31", "2031"))


async def test_what_is_fixed_in_the_marked_copy_goes_back_and_is_sent(desk: Office) -> None:
    """Cells of fields are marked like any others, and their fixes are merged, dates of Excel among them."""
    fill(desk)
    await desk.run()  # from then on it is known which columns are for dates
    copy = Path((await desk.type("check", "--json")).json["annotated"])
    book = openpyxl.load_workbook(copy)
    sheet, fixes = data_sheet(book), book["How to fix"]
    row = next(cells[0].row for cells in sheet.iter_rows() if cells[0].value == "day of no month")
    marked = sheet.cell(row, HEADERS.index(SINCE) + 1)

    assert marked.comment is not None
    assert "Date that does not exist" in marked.comment.text
    assert {"Word that is not on the list", "Not the same as Business Name"} <= {
        cell.value for cells in fixes.iter_rows() for cell in cells
    }
    marked.value, marked.number_format = date(2026, 2, 28), "dd/mm/yyyy"  # as Excel keeps what is typed
    small = next(cells[0].row for cells in sheet.iter_rows() if cells[0].value == "word in small letters")
    sheet.cell(small, HEADERS.index(ROLE) + 1).value = "Director"
    assert isinstance(sheet.cell(small, HEADERS.index(SINCE) + 1).value, datetime)
    sheet.cell(small, HEADERS.index(SINCE) + 1).value = date(2025, 12, 24)
    book.save(copy)
    aged(copy)
    told = await desk.type("merge")
    await desk.run()

    assert 0 == told.status
    written = data_sheet(openpyxl.load_workbook(desk.workbook)).cell(row, HEADERS.index(SINCE) + 1)
    assert ("2026-02-28", "s") == (written.value, written.data_type)
    fixed = [by_name(desk)[name].documents[2].data_fields for name in ("day of no month", "word in small letters")]
    assert ["2026-02-28", "2025-12-24"] == [fields["appointed_on"] for fields in fixed]
    assert "Director" == fixed[1]["designation"]


@pytest.mark.parametrize(
    "behaviour", ["unknown-field-type", "min-above-max", "blank-enums", "fifty-types", "two-of-one-name"]
)
async def test_odd_requirements_are_warned_of_at_the_header(tmp_path: Path, behaviour: str) -> None:
    """Once for each column, not for each row; and equal types have columns of their own."""
    async with Sandbox(contract="released", behaviours=(behaviour,)) as sandbox:
        desk = Office(tmp_path, sandbox)
        job = tmp_path / "mobile.toml"
        job.write_text('workbook = "businesses.xlsx"\nnumber_type = "mobile"\n', encoding="utf-8")
        made = await desk.type("template", "--output", str(tmp_path / "new.xlsx"), job=job)
        aged((tmp_path / "new.xlsx").rename(desk.workbook))

        told = await desk.type("check", "--json", job=job)

    assert (0, 0) == (made.status, told.status)
    odd = [(each["code"], each["row"]) for each in told.json["findings"]]
    headers = [cell.value for cell in data_sheet(openpyxl.load_workbook(desk.workbook))[1]]
    assert {("odd-requirement", 1)} >= set(odd)
    assert bool(odd) == (behaviour not in ("fifty-types", "two-of-one-name"))
    assert len(headers) == len(set(headers))


async def test_reason_that_a_refresh_brings_names_documents_and_nobody(desk: Office) -> None:
    """A reviewer may quote a document type's id and what its fields say; the report has every row all the same."""
    fill(desk)
    await desk.run()
    record = by_name(desk)["date of Excel"]
    quoted = record.documents[0].type_id
    desk.sandbox.state.review(record, "rejected", f"{quoted}: Ravi Invented 103 was appointed on 2026-03-31 or so.")

    told = await desk.type("refresh")

    assert 3 == told.status
    (row,) = (row for row in desk.sheet("Results") if row["Key"] == "date of Excel")
    assert "Registration Certificate: … was appointed on … or so." == row["Reason"]
    assert "Invented Traders 103 Private Limited" == row["Business Name"]
    assert quoted not in desk.ledger.read_text()


def told_of(desk: Office) -> list[tuple[object, ...]]:
    """What the report says of rows and problems, but for the commands to type."""
    rows = [(row["Row"], row["State"], row["Reason"], row["Business Name"]) for row in desk.sheet("Results")]
    return rows + [(each["Row"], each["Code"], each["Problem"]) for each in desk.sheet("Problems")]


async def test_report_made_again_without_the_api_is_as_the_run_made_it(desk: Office) -> None:
    """Judged against what the run was told, whatever the bundled example asks for; the ledger has that once."""
    fill(desk)
    await desk.run()
    before = told_of(desk)
    await desk.run()
    asked = len(desk.sandbox.log)

    told = await desk.type("report")

    assert 0 == told.status
    assert before == told_of(desk)
    assert asked == len(desk.sandbox.log)
    assert 1 == desk.ledger.read_text(encoding="utf-8").count('"entry":"required"')
