"""What becomes of a row that changes between two runs: the table of docs/design/promise.md, Row changes, a test for
each line."""

import openpyxl
import pytest

from bulk_onboard import errors
from bulk_onboard.errors import ExitStatus
from bulk_onboard.ledger.fold import entries
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.model.entry import Intent
from bulk_onboard.pipeline.finish import RunResult
from bulk_onboard.sandbox.answers import Answer, RefusedError, refusal
from bulk_onboard.sandbox.faults import FAULTS, FOR_GOOD, Fault, Strikes
from tests.support.businesses import HEADERS, aged, business, document, sha256, write_workbook
from tests.support.office import Office

pytestmark = pytest.mark.slow

DRIFT = "The row changed after it was sent; the API has the earlier content."


def refused(answer: Answer) -> Answer:
    """A final no to this content."""
    return refusal(RefusedError("invalid_parameter", "city is not known", "end_user.address.city"))


@pytest.fixture(autouse=True)
def a_fault_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox refuses only what the checks here refuse before."""
    monkeypatch.setitem(FAULTS, "refuse-400", Fault("refuse-400", Strikes.BEFORE, "HTTP 400.", refused))


def aliases_sent(office: Office) -> list[str]:
    """The alias of every intent, in order."""
    return [entry.alias for entry in entries(office.ledger.read_bytes()) if isinstance(entry, Intent)]


def sent_nothing(result: RunResult) -> bool:
    """Whether no call that writes went out."""
    return not any(name.startswith(("create", "update", "delete", "link")) for name in result.requests)


async def test_rows_in_another_order_are_the_same_rows(office: Office) -> None:
    """Sorted anew: nothing is sent, each row shows its own record."""
    office.fill([business(number, Key=f"K-{number}") for number in range(6)])
    await office.run()
    before = {row["Key"]: row["Compliance ID"] for row in office.sheet("Results")}
    office.shuffle(seed=3)

    result = await office.run()

    assert (ExitStatus.DONE, True) == (result.exit_status, sent_nothing(result))
    assert before == {row["Key"]: row["Compliance ID"] for row in office.sheet("Results")}
    assert [row["Key"] for row in office.rows] == [row["Key"] for row in office.sheet("Results")]


async def test_columns_blanks_and_the_sheets_name_have_no_say(office: Office) -> None:
    """Columns the other way round, blanks around every cell, another sheet name: nothing is sent, nothing drifts."""
    office.fill(3)
    await office.run()
    office.rows = [{name: f"  {text} " for name, text in row.items()} for row in office.rows]
    write_workbook(office.workbook, office.rows, HEADERS[::-1])
    book = openpyxl.load_workbook(office.workbook)
    book.worksheets[0].title = "Copy of sheet 1"
    book.save(office.workbook)
    aged(office.workbook)

    result = await office.run()

    assert (ExitStatus.DONE, True) == (result.exit_status, sent_nothing(result))
    assert 3 == result.counts["submitted"]
    assert not [row["Reason"] for row in office.sheet("Results") if DRIFT in row["Reason"]]


@pytest.mark.parametrize("column", ["Registration Number", "Key"])
async def test_the_case_of_what_names_a_row_has_no_say(office: Office, column: str) -> None:
    """A registration number or Key in lower case is the same one: no second record."""
    office.fill([business(1, Key="K-1A")] if column == "Key" else [business(1)])
    await office.run()
    office.rows[0][column] = office.rows[0][column].lower()
    office.save()

    result = await office.run()

    assert (ExitStatus.DONE, True) == (result.exit_status, sent_nothing(result))
    assert 1 == result.counts["submitted"] == len(office.sandbox.state.records)


async def test_edited_while_refused_it_is_sent_anew_under_its_alias(office: Office) -> None:
    """As it was it is left alone; changed, it is a new attempt of the same record."""
    office.fill([business(1, Key="K-1")])
    office.sandbox.faults.script("create", "refuse-400")
    first, unchanged = await office.run(), await office.run()
    office.rows[0]["City"] = "Mysuru"
    office.save()

    mended = await office.run()

    assert [3, 3, 0] == [first.exit_status, unchanged.exit_status, mended.exit_status]
    assert sent_nothing(unchanged)
    assert (["Mysuru"], 1) == (office.cities(), mended.counts["submitted"])
    assert 1 == len(set(aliases_sent(office)))


async def test_edited_while_invalid_it_is_sent(office: Office) -> None:
    """A mended row is due."""
    office.fill([business(1, Key="K-1", City="")])
    first = await office.run()
    office.rows[0]["City"] = "Mysuru"
    office.save()

    mended = await office.run()

    assert [3, 0] == [first.exit_status, mended.exit_status]
    assert ["Mysuru"] == office.cities()


async def test_edited_while_deferred_its_new_content_is_sent_under_its_alias(office: Office) -> None:
    """Proved unsent: the old content never arrived, the new one goes out as the same record."""
    office.fill([business(1, Key="K-1")])
    office.sandbox.faults.script("create", "refuse-401")
    stopped = await office.run()
    deferred = stopped.counts["deferred"]
    office.rows[0] |= {"City": "Mysuru", "Registration Number": "U72999KA2020PTC999999", "Alias": "Our first"}
    office.save()

    result = await office.run()

    assert (1, ExitStatus.DONE, ["Mysuru"]) == (deferred, result.exit_status, office.cities())
    assert (2, 1) == (len(aliases_sent(office)), len(set(aliases_sent(office))))


async def test_edited_while_uncertain_and_found_it_is_reported_as_drift(office: Office) -> None:
    """Settled with what was sent: adopted, and the report says that the API has the previous contents."""
    office.fill([business(1, Key="K-1")])
    office.sandbox.faults.script("create", "drop-after")
    await office.run_until_unknown()
    office.rows[0]["City"] = "Mysuru"
    office.save()

    result = await office.run()

    assert (1, ["Bengaluru"]) == (result.counts["submitted"], office.cities())
    assert sent_nothing(result)
    assert DRIFT in office.sheet("Results")[0]["Reason"]


async def test_edited_while_uncertain_and_absent_its_new_content_is_sent(office: Office) -> None:
    """Looked up by the stored alias first; then the new contents go out under it."""
    office.fill([business(1, Key="K-1"), business(2, Key="K-2")])
    await office.run(limit="1")
    office.sandbox.faults.script("create", "drop-before")
    await office.run_until_unknown()
    office.rows[1] |= {"City": "Mysuru", "Registration Number": "U72999KA2020PTC999999", "Alias": "Our first"}
    office.save()

    result = await office.run()

    assert (ExitStatus.DONE, ["Bengaluru", "Mysuru"]) == (result.exit_status, office.cities())
    story = [e.name() for e in entries(office.ledger.read_bytes()) if getattr(e, "key", "") == "K-2"]
    assert ["absent", "intent", "done"] == story[-3:]
    assert 1 == len(set(aliases_sent(office)[1:]))


@pytest.mark.parametrize("review", ["pending_review", "approved"])
async def test_edited_after_it_was_submitted_nothing_is_sent_and_the_drift_is_told(office: Office, review: str) -> None:
    """The API keeps the earlier content; the report says so, and the exit status is 0: nothing was due."""
    office.fill([business(1, Key="K-1"), business(2, Key="K-2")])
    await office.run()
    state = office.sandbox.state
    state.review(state.records[0], review, None)
    office.rows[0]["City"] = "Mysuru"
    office.save()

    result = await office.run()

    assert (ExitStatus.DONE, True) == (result.exit_status, sent_nothing(result))
    assert ["Bengaluru", "Bengaluru"] == office.cities()
    assert [True, False] == [DRIFT in row["Reason"] for row in office.sheet("Results")]


async def test_spoiled_after_it_was_submitted_it_stays_submitted(office: Office) -> None:
    """A row whose cell was emptied since: the record decides, the row has no say."""
    office.fill([business(1, Key="K-1")])
    await office.run()
    office.rows[0]["City"] = ""
    office.save()

    result = await office.run()

    assert (1, 0, True) == (result.counts["submitted"], result.counts["invalid"], sent_nothing(result))


async def test_a_document_changed_after_it_was_submitted_is_drift_too(office: Office) -> None:
    """The text is the same, the bytes are not: nothing is sent, and the report says so."""
    office.fill([business(1, Key="K-1")])
    await office.run()
    change_a_document(office)

    result = await office.run()

    assert (ExitStatus.DONE, True) == (result.exit_status, sent_nothing(result))
    assert DRIFT in office.sheet("Results")[0]["Reason"]


async def test_a_document_changed_while_refused_makes_a_new_attempt(office: Office) -> None:
    """A better scan is a change of the row: it is sent again, with the new bytes."""
    office.fill([business(1, Key="K-1")])
    office.sandbox.faults.script("create", "refuse-400")
    await office.run()
    content = change_a_document(office)

    result = await office.run()

    (record,) = office.sandbox.state.records
    assert ExitStatus.DONE is result.exit_status
    assert sha256(content) in {document.sha256 for document in record.documents}


def change_a_document(office: Office) -> bytes:
    """Another scan under the same name; its bytes."""
    content = document("a better scan.pdf")
    (office.documents / office.rows[0]["Identity Proof"]).write_bytes(content)
    return content


async def test_a_removed_row_is_told_and_its_record_never_deleted(office: Office) -> None:
    """The report's sheet "Not in the workbook" has it; at the API nothing happens."""
    office.fill([business(number, Key=f"K-{number}") for number in range(3)])
    await office.run()
    office.rows = office.rows[1:]
    office.save()

    result = await office.run()

    gone = list(openpyxl.load_workbook(office.report)["Not in the workbook"].iter_rows(min_row=2, values_only=True))
    assert (ExitStatus.DONE, True) == (result.exit_status, sent_nothing(result))
    assert (2, 3) == (result.counts["rows"], len(office.sandbox.state.records))
    assert ["K-0"] == [row[0] for row in gone]


async def test_a_removed_row_that_comes_back_is_the_same_row(office: Office) -> None:
    """Taken out for a run and put back: nothing is sent."""
    office.fill([business(number) for number in range(3)])
    await office.run()
    rows = office.rows
    office.rows = rows[1:]
    office.save()
    await office.run()
    office.rows = rows
    office.save()

    result = await office.run()

    assert (ExitStatus.DONE, True) == (result.exit_status, sent_nothing(result))
    assert 3 == result.counts["submitted"] == len(office.sandbox.state.records)


async def test_a_row_copied_below_itself_is_a_duplicate(office: Office) -> None:
    """Same key and content, added between two runs: not sent again, and its row names the first."""
    office.fill([business(1, Key="K-1")])
    await office.run()
    office.rows.append(dict(office.rows[0]))
    office.save()

    result = await office.run()

    assert (1, 1, True) == (result.counts["submitted"], result.counts["duplicate"], sent_nothing(result))
    assert "Row 2 " in office.sheet("Results")[1]["Reason"]


async def test_two_rows_that_claim_one_key_with_different_content_are_both_kept_out(office: Office) -> None:
    """Neither is guessed: exit status 3, nothing sent; with the wrong one gone the other is sent."""
    office.fill([business(1, Key="K-1"), business(1, Key="K-1", City="Mysuru")])
    conflict = await office.run()
    sent_in_conflict = len(office.sandbox.state.records)
    office.rows = office.rows[1:]
    office.save()

    mended = await office.run()

    assert (ExitStatus.ROWS_NEED_ATTENTION, 2, 0) == (
        conflict.exit_status,
        conflict.counts["invalid"],
        sent_in_conflict,
    )
    assert (ExitStatus.DONE, ["Mysuru"]) == (mended.exit_status, office.cities())


async def test_a_changed_copy_of_a_submitted_row_is_not_sent(office: Office) -> None:
    """The same key again with another city, after the first was submitted: no second record."""
    office.fill([business(1, Key="K-1")])
    await office.run()
    office.rows.append(office.rows[0] | {"City": "Mysuru"})
    office.save()

    result = await office.run()

    assert (ExitStatus.ROWS_NEED_ATTENTION, True) == (result.exit_status, sent_nothing(result))
    assert ["Bengaluru"] == office.cities()
    assert 1 == result.counts["submitted"] == len(read_ledger_state(office.ledger).ledger_state.records)


async def test_the_same_business_in_another_job_is_found_on_the_account(office: Office) -> None:
    """Another workbook, another ledger, the same account: the first run adopts it instead of creating it again."""
    office.fill(2)
    await office.run()

    result = await office.run(ledger=str(office.folder / "another.ledger.jsonl"))

    assert (ExitStatus.DONE, True) == (result.exit_status, sent_nothing(result))
    assert 2 == result.counts["submitted"] == len(office.sandbox.state.records)


async def test_edits_of_every_kind_at_once_make_no_second_record(office: Office) -> None:
    """Refused, invalid, deferred, submitted: all edited and sorted anew before the next run, one record each."""
    office.fill([business(number, Key=f"K-{number}") for number in range(5)] + [business(5, Key="K-5", City="")])
    office.sandbox.faults.script("create", "refuse-400", 1, after=1)
    office.sandbox.faults.script("create", "refuse-401", FOR_GOOD, after=1)
    await office.run(concurrency="1")
    office.sandbox.faults.clear()
    for row in office.rows:
        row["City"] = "Mysuru"
    office.shuffle(seed=5)

    result = await office.run()

    assert (ExitStatus.DONE, 6) == (result.exit_status, result.counts["submitted"])
    assert [] == office.sandbox.state.duplicates
    assert (2, 4) == (office.cities().count("Bengaluru"), office.cities().count("Mysuru"))


async def test_a_key_column_that_comes_later_makes_no_new_records(office: Office) -> None:
    """Rows that were sent without a Key stay the records they are when they are given one."""
    office.fill(3)
    await office.run()
    office.rows = [cells | {"Key": f"K-{number}"} for number, cells in enumerate(office.rows)]
    office.save()

    result = await office.run()

    assert (result.exit_status, result.counts["submitted"]) == (0, 3)
    assert len(office.sandbox.state.records) == 3


async def test_a_key_column_that_went_away_stops_the_run(office: Office) -> None:
    """Without their Keys the rows cannot be told from new businesses: nothing is sent, and a sentence says why."""
    office.fill([business(number, Key=f"K-{number}") for number in range(3)])
    await office.run()
    office.rows = [{name: text for name, text in cells.items() if name != "Key"} for cells in office.rows]
    office.save()

    with pytest.raises(errors.UsageError, match="put the Key column back"):
        await office.run()

    assert len(office.sandbox.state.records) == 3
