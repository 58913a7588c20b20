"""`refresh`, `run --wait` and the other verbs of the time after a submission, as people type them."""

import re

import pytest

from bulk_onboard.ledger.fold import entries
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.model.entry import Op
from bulk_onboard.model.record import State
from tests.support.businesses import business
from tests.support.office import Office

pytestmark = pytest.mark.slow

EXPIRED = "Address proof document is expired."


@pytest.fixture
async def submitted(office: Office) -> Office:
    """Thirty rows with Keys, all submitted."""
    office.fill([business(number, Key=f"K-{number}") for number in range(30)])
    told = await office.type("run", "--quiet")
    assert (0, "30 rows: 30 submitted (30 pending). Nothing needs attention.\n") == (told.status, told.out)
    return office


def people_review(office: Office, review: str, reason: str | None = None, *, rows: range) -> None:
    """The API's people judge the records of these rows."""
    names = {f"Invented Traders {row} Private Limited" for row in rows}
    for record in office.sandbox.state.records:
        if record.end_user["name"] in names:
            office.sandbox.state.review(record, review, reason)


def results(office: Office) -> dict[str, dict[str, str]]:
    """The report's rows, by Key."""
    return {row["Key"]: row for row in office.sheet("Results")}


async def test_refresh_takes_in_thirty_reviews_with_few_requests(submitted: Office) -> None:
    """At most six; the reasons are in the report, and rejected rows make it end with 3."""
    people_review(submitted, "approved", rows=range(20))
    people_review(submitted, "rejected", EXPIRED, rows=range(20, 25))
    people_review(submitted, "more_info_required", "Send both pages.", rows=range(25, 30))
    before = len(submitted.sandbox.log)

    told = await submitted.type("refresh", "--json")

    assert len(submitted.sandbox.log) - before <= 6
    assert 3 == told.status
    assert {"approved": 20, "more info": 5, "rejected": 5} == told.json["reviews"]
    assert (30, 30, 10) == (told.json["records"], told.json["changed"], told.json["need_attention"])
    assert all(EXPIRED in results(submitted)[f"K-{number}"]["Reason"] for number in range(20, 25))


async def test_refresh_is_told_in_a_few_lines(submitted: Office) -> None:
    """Looked at, changed, by review, and where the report is; a second one has nothing new."""
    people_review(submitted, "approved", rows=range(30))

    first, second = await submitted.type("refresh"), await submitted.type("refresh")

    assert "30 submitted records were looked at; 30 have a new review.\n" in first.out
    assert "30 submitted records were looked at; 0 have a new review.\n" in second.out
    assert f"Report: {submitted.report}" in first.out


async def test_refresh_without_a_ledger_makes_none(office: Office) -> None:
    """There is nothing to follow; the sentence says how one begins."""
    office.fill(1)

    told = await office.type("refresh")

    assert 2 == told.status
    assert not office.ledger.exists()


async def test_run_waits_until_no_review_is_pending(submitted: Office) -> None:
    """Bare, with a duration, before and behind JOB: here everything is decided, so nobody waits."""
    people_review(submitted, "approved", rows=range(30))

    told = await submitted.type("run", "--quiet", "--wait")
    again = await submitted.type("run --wait 2d", "--quiet")

    assert (0, "30 rows: 30 submitted (30 approved). Nothing needs attention.\n") == (told.status, told.out)
    assert 0 == again.status


async def test_new_only_rings_once(submitted: Office) -> None:
    """The night that brings a rejection ends with 3, the next with 0; a suspended approval rings again."""
    people_review(submitted, "rejected", EXPIRED, rows=range(3))

    first, second = await submitted.type("run", "--quiet", "--new-only"), await submitted.type("run", "--new-only")
    always = await submitted.type("run", "--quiet")

    assert [3, 0, 3] == [first.status, second.status, always.status]
    assert re.search(r"^Need attention +3  none new$", second.out, re.MULTILINE)


async def test_undo_deletes_what_one_run_created(submitted: Office) -> None:
    """Not what other runs made; approved records stay, and the person is told which and why."""
    submitted.fill([*submitted.rows, *(business(number, Key=f"K-{number}") for number in range(30, 34))])
    run_id = (await submitted.type("run", "--json")).json["run_id"]
    people_review(submitted, "approved", rows=range(33, 34))

    asked = await submitted.type("undo", "--run", run_id)
    told = await submitted.type("undo", "--run", run_id, "--yes", "--json")

    assert 2 == asked.status
    assert "use --yes" in asked.err
    assert (3, 3) == (told.status, told.json["deleted"])
    assert [False] == [one["deleted"] for one in told.json["records"] if one["key"] == "K-33"]
    assert 31 == len(submitted.sandbox.state.records)
    states = [record.state for record in read_ledger_state(submitted.ledger).ledger_state.records.values()]
    assert (31, 3) == (states.count(State.SUBMITTED), states.count(State.DELETED))


async def test_deleted_rows_stay_deleted_until_they_get_another_key(submitted: Office) -> None:
    """A run leaves them alone; with a new Key the business is filed anew."""
    told = await submitted.type("delete", "K-7", "--yes", job=submitted.workbook)
    again = await submitted.type("run", "--json")
    submitted.rows[7]["Key"] = "K-7 second try"
    submitted.save()
    anew = await submitted.type("run", "--json")

    assert (0, "Deleted: 1 of 1 record.") == (told.status, told.out.splitlines()[0])
    assert (1, 29) == (again.json["counts"]["deleted"], again.json["counts"]["submitted"])
    assert 30 == anew.json["counts"]["submitted"]


async def test_unknown_deletion_is_settled(submitted: Office) -> None:
    """The answer is lost after it was done: the record is looked for, and is gone; nothing is deleted twice."""
    submitted.sandbox.faults.script("delete", "drop-after")

    told = await submitted.type("delete", "K-7", "--yes")

    assert (0, "Deleted: 1 of 1 record.") == (told.status, told.out.splitlines()[0])
    words = [e.name() for e in entries(submitted.ledger.read_bytes()) if getattr(e, "op", None) is Op.DELETE]
    assert ["intent", "unresolved", "adopted"] == words


@pytest.mark.parametrize(("verb", "words"), [("undo", ("--run", "nothing")), ("delete", ("K-99",))])
async def test_what_is_not_known_is_not_deleted(submitted: Office, verb: str, words: tuple[str, ...]) -> None:
    """A run or a Key that the ledger does not know is a matter for the person who typed it."""
    told = await submitted.type(verb, *words, "--yes")

    assert 2 == told.status
    assert 30 == len(submitted.sandbox.state.records)


async def test_account_tells_of_records_that_no_row_stands_for(submitted: Office) -> None:
    """Rows that have gone, other jobs and strangers are told apart, and nothing is done about them."""
    submitted.fill(submitted.rows[:28])
    other = submitted.folder / "other.xlsx"
    other.write_bytes(submitted.workbook.read_bytes())
    submitted.fill([*submitted.rows[:27], business(50, Key="K-50")])
    await submitted.type("run", job=other, BULK_ONBOARD_X="")
    before = len(submitted.sandbox.state.records)

    told = await submitted.type("status", "--not-in-workbook", "--json")

    assert 0 == told.status
    assert before == told.json["records"] == len(submitted.sandbox.state.records)
    assert {"a row of the sheet": 27, "this job, its row is gone": 3} == {
        origin: number for origin, number in told.json["origins"].items() if number
    }
    assert {"K-27", "K-28", "K-29"} == {one["alias"].split()[0] for one in told.json["not_in_sheet"]}
