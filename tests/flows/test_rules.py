"""Rules 4 and 5 of the design: the ledger is the truth; check all, then send."""

import pytest

from bulk_onboard import errors
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.model.record import State
from bulk_onboard.pipeline.stop import Stop
from tests.support.businesses import HEADERS, business, document, write_workbook
from tests.support.office import Office


async def test_nothing_is_sent_when_the_last_row_cannot_be_read(office: Office) -> None:
    """Check all, then send: a workbook without a required column stops before any create (rule 5)."""
    office.fill(5)
    write_workbook(office.workbook, office.rows, [header for header in HEADERS if header != "City"])

    with pytest.raises(errors.WorkbookError, match="City"):
        await office.run()

    assert {request.operation for request in office.sandbox.log} == {"requirements"}


async def test_every_row_is_judged_before_the_first_is_sent(office: Office) -> None:
    """The finding of the last row is in the ledger before the intent of the first (rule 5)."""
    office.fill([business(1), business(2), business(3, City="")])

    await office.run()

    order = [line.split(b'"entry":"')[1].split(b'"')[0].decode() for line in office.ledger.read_bytes().splitlines()]
    assert order.index("row_invalid") < order.index("intent")
    assert order.index("admitted") < order.index("intent")


async def test_what_is_not_in_the_ledger_was_not_done(office: Office) -> None:
    """The report is the rows joined to the ledger's records: what the API has besides is not claimed (rule 4)."""
    office.fill(4)
    stop = Stop()
    await office.run(stop=stop, watch=lambda running: stop.request("before the first is sent"))

    assert ["not sent"] * 4 == [row["State"] for row in office.sheet("Results")]
    assert not office.sandbox.state.records


async def test_the_report_says_what_the_ledger_says(office: Office) -> None:
    """Each id in Results stands in the ledger for that row's record (rule 4)."""
    office.fill([business(number, Key=f"K-{number}") for number in range(3)])

    await office.run()

    shown = {row["Key"]: row["Compliance ID"] for row in office.sheet("Results")}
    records = read_ledger_state(office.ledger).ledger_state.records.values()
    assert shown == {record.key: record.compliance_id for record in records if record.state is State.SUBMITTED}


async def test_a_document_that_changes_after_the_check_is_not_sent(office: Office) -> None:
    """The bytes sent are the bytes checked: the row is left out, told, and sent by the next run."""
    office.fill(2)

    def change(running) -> None:
        (office.documents / office.rows[1]["Identity Proof"]).write_bytes(document("something else.pdf"))

    first = await office.run(watch=change, concurrency="1")
    sent_first = len(office.sandbox.state.records)
    second = await office.run()

    assert (first.exit_status, sent_first) == (3, 1)
    assert (second.exit_status, len(office.sandbox.state.records)) == (0, 2)
