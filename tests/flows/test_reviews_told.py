"""What the API's people said reaches the report and the marked workbook, and is mended there."""

import asyncio

import openpyxl

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus
from bulk_onboard.pipeline.outputs import report_job
from bulk_onboard.sandbox.records import Number
from tests.support.businesses import HEADERS, business, data_sheet, document, write_workbook
from tests.support.office import Office

EXPIRED = "Address proof document is expired."


async def sent_back(office: Office, review: str = "rejected", reason: str = EXPIRED) -> None:
    """Two businesses at the API, the second of them sent back."""
    office.fill([business(1, Key="K-1"), business(2, Key="K-2")])
    await office.run()
    second = next(record for record in office.sandbox.state.records if record.alias.startswith("K-2 "))
    office.sandbox.state.review(second, review, reason)


async def test_rejected_row_is_marked_at_its_document_and_mended_there(office: Office) -> None:
    """A copy is written though no cell has an error; another scan in its place, and the record is updated."""
    await sent_back(office)

    result = await office.run(annotate=True)

    assert ExitStatus.ROWS_NEED_ATTENTION == result.exit_status
    assert result.annotated is not None
    page = data_sheet(openpyxl.load_workbook(result.annotated))
    commented = [cell.coordinate for row in page.iter_rows() for cell in row if cell.comment]
    position = HEADERS.index("Address Proof")
    assert [page.cell(3, position + 1).coordinate] == commented
    problems = page.cell(3, len(HEADERS) + 3).value
    assert problems.startswith(f"Error in Address Proof: The review rejected the record. {EXPIRED} Replace the Address")
    told = office.sheet("Results")[1]
    assert ("rejected", EXPIRED) == (told["Review"], told["Reason"])
    assert "Replace the Address Proof or correct the row, then run again." == told["What to do"]
    assert [(3, "Address Proof", "review-rejected")] == [
        (each["Row"], each["Column"], each["Code"]) for each in office.sheet("Problems")
    ]

    (office.documents / office.rows[1]["Address Proof"]).write_bytes(document("a newer one.png"))
    mended = await office.run(workbook=str(result.annotated))

    assert (ExitStatus.DONE, 2) == (mended.exit_status, mended.reviews["pending"])
    assert [] == office.sheet("Problems")


async def test_report_made_anew_says_the_same(office: Office) -> None:
    """Without the network, from the workbook and the ledger; a row that was mended since is only due."""
    await sent_back(office, "more_info_required", "")
    await office.run()

    await report_job(office.job(), clock=SystemClock())
    before = office.sheet("Problems")
    office.rows[1]["City"] = "Mysuru"
    office.save()
    await report_job(office.job(), clock=SystemClock())

    assert [(3, "review-more-info")] == [(each["Row"], each["Code"]) for each in before]
    assert [] == office.sheet("Problems")
    assert "The row has changed since." in office.sheet("Results")[1]["Reason"]


async def test_check_tells_what_it_marks_and_keeps_its_exit_status(office: Office) -> None:
    """Nothing keeps a row out, so that a script goes on to run it."""
    await sent_back(office)
    await office.run()

    told = await office.type("check", "--offline")

    assert ExitStatus.DONE == told.status
    assert f"Address Proof: The review rejected the record. {EXPIRED.removesuffix('.')} (seen: " in told.out
    assert "Marked in: " in told.out


async def test_outcome_of_each_number_is_told(office: Office) -> None:
    """Linked, refused and held ones in Results, what a person must look at in Problems; mended by taking them out."""
    office.rows = [business(1, Key="K-1", Numbers="911140000000, 911140000001, 911140000002, 5550000003")]
    office.fill(office.rows)
    write_workbook(office.workbook, office.rows, (*HEADERS, "Numbers"))
    await office.run()
    state = office.sandbox.state
    state.review(state.records[0], "approved", None)
    state.rent(Number("911140000001", "DE", "local"))
    state.rent(Number("911140000002", "IN", "local", compliance_id="00000000-0000-4000-8000-000000000009"))

    result = await office.run()
    told = office.sheet("Results")[0]["Numbers"].split("; ")

    assert "911140000000 linked" == told[0]
    assert ["911140000001 held:", "911140000002 held:", "5550000003 refused:"] == [
        " ".join(each.split()[:2]) for each in told[1:]
    ]
    codes = [each["Code"] for each in office.sheet("Problems")]
    assert ["number-held", "number-held", "number-refused", "number-without-calling-code"] == sorted(codes)
    assert ExitStatus.ROWS_NEED_ATTENTION == result.exit_status

    office.rows[0]["Numbers"] = "911140000000"
    await asyncio.to_thread(write_workbook, office.workbook, office.rows, (*HEADERS, "Numbers"))
    assert ExitStatus.DONE == (await office.run()).exit_status
