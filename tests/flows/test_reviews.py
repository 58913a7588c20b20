"""From approval to number, from rejection to correction: run after run, against the sandbox on a real socket."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from bulk_onboard.errors import ExitStatus
from bulk_onboard.job import load_job
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.model.record import Linkage, State
from bulk_onboard.pipeline.finish import RunResult
from bulk_onboard.sandbox.answers import Answer, RefusedError, refusal
from bulk_onboard.sandbox.faults import FAULTS, FOR_GOOD, Fault, Strikes
from bulk_onboard.sandbox.records import Number
from tests.support.businesses import DOCUMENTS, Cells, business, document
from tests.support.office import Office

pytestmark = pytest.mark.slow

WRITES = ("create", "update", "link", "delete")
COMMITTED = ("drop-after", "error-500-after", "html-502-after", "truncated-json", "cut-answer")
NOT_COMMITTED = ("drop-before", "drop-mid-body", "error-500-before", "html-502-before")


def refused(answer: Answer) -> Answer:
    """A final no to this content."""
    return replace(refusal(RefusedError("invalid_file", "not legible", "documents[1].file")), headers=answer.headers)


@pytest.fixture(autouse=True)
def a_fault_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox refuses only what the checks here refuse before."""
    monkeypatch.setitem(FAULTS, "refuse-422", Fault("refuse-422", Strikes.BEFORE, "HTTP 422.", refused))


def numbered(row: int) -> str:
    """A number of the row's own, as people write it."""
    return f"+91 11 4000 {row:04d}"


def keyed(row: int, **other: str) -> Cells:
    return business(row, Key=f"K-{row}", **other)


def id_of(office: Office, row: int) -> str:
    """The id of a row's record at the API."""
    name = office.rows[row]["Business Name"]
    (record,) = [record for record in office.sandbox.state.records if record.end_user["name"] == name]
    return record.compliance_id


def judge(office: Office, review: str, *rows: int, reason: str | None = None) -> None:
    """What the API's people say of these rows' records."""
    for row in rows:
        record = office.sandbox.state.record(id_of(office, row))
        assert record
        office.sandbox.state.review(record, review, reason)


def replace_document(office: Office, *rows: int) -> None:
    """Another scan under the same name."""
    for row in rows:
        path = office.documents / office.rows[row]["Address Proof"]
        path.write_bytes(document(f"{path.name} scanned anew.png"))


def asked(office: Office, since: int = 0) -> Counter[str]:
    """The requests by operation."""
    return Counter(request.operation for request in office.sandbox.log[since:])


def writes(office: Office, since: int = 0) -> int:
    """How many requests were writes."""
    return sum(asked(office, since)[operation] for operation in WRITES)


def numbers_of(office: Office, rows: Iterable[int]) -> dict[str, str | None]:
    """The record each of these rows' numbers is used under, by row."""
    state = office.sandbox.state
    return {row: (state.number(numbered(row).replace(" ", "")) or Number("", "", "")).compliance_id for row in rows}


def linkage(office: Office, row: int) -> Any:
    """What the ledger says of the one number of a row."""
    known = read_ledger_state(office.ledger).ledger_state.records
    (record,) = [record for record in known.values() if record.compliance_id == id_of(office, row)]
    (linking,) = record.numbers.values()
    return linking


def ended(result: RunResult) -> tuple[ExitStatus, str]:
    return result.exit_status, str(result.error or "")


async def filed(office: Office, *rows: Cells, **flags: str) -> None:
    """These rows are at the API."""
    office.fill(rows)
    assert ExitStatus.DONE is (await office.run(**flags)).exit_status


async def test_thirty_rows_from_the_first_night_to_the_last(office: Office) -> None:
    """Thirty rows, seven with numbers; people approve, reject and ask for more; three documents are replaced."""
    with_numbers = range(7)
    await filed(office, *(keyed(n, **({"Numbers": numbered(n)} if n in with_numbers else {})) for n in range(30)))
    judge(office, "approved", *range(5), *range(7, 20))
    judge(office, "rejected", 5, 20, 21, 22, reason="Address proof is older than three months.")
    judge(office, "more_info_required", 23, 24)
    since = len(office.sandbox.log)

    second = await office.run()

    assert Counter(requirements=1, list=1, number=5, link=5) == asked(office, since)
    assert {row: id_of(office, row) if row < 5 else None for row in with_numbers} == numbers_of(office, with_numbers)
    assert {"approved": 18, "more info": 2, "pending": 6, "rejected": 4} == {
        name: number for name, number in second.reviews.items() if number
    }
    assert (ExitStatus.ROWS_NEED_ATTENTION, "") == ended(second)

    replace_document(office, 5, 20, 23)
    before = {row: office.sandbox.state.record(id_of(office, row)) for row in range(30)}
    since = len(office.sandbox.log)

    await office.run()

    assert Counter(requirements=1, list=1, get=3, update=3) == asked(office, since)
    changed = {row for row, record in before.items() if office.sandbox.state.record(record.compliance_id) != record}
    assert {5, 20, 23} == changed
    for row in changed:
        record = office.sandbox.state.record(id_of(office, row))
        sent = {each.type: each.content for each in record.documents}
        assert "pending_review" == record.review
        assert sent == {
            title.lower().replace(" ", "_"): (office.documents / office.rows[row][title]).read_bytes()
            for title in DOCUMENTS
        }
    since = len(office.sandbox.log)

    await office.run()

    assert (0, Counter(requirements=1, list=1)) == (writes(office, since), asked(office, since))


async def test_mended_record_that_is_approved_gets_its_number(office: Office) -> None:
    """Rejected, corrected, approved, linked; then there is nothing left to do."""
    await filed(office, keyed(1, Numbers=numbered(1)))
    judge(office, "rejected", 0, reason="Blurred.")
    office.rows[0]["City"] = "Mysuru"
    office.save()
    await office.run()
    judge(office, "approved", 0)

    last = await office.run()

    assert (ExitStatus.DONE, "") == ended(last)
    assert {1: id_of(office, 0)} == numbers_of(office, [1])


async def test_mended_record_that_is_rejected_again_waits_for_another_change(office: Office) -> None:
    """The same content is not sent twice; what is mended then is sent once more."""
    await filed(office, keyed(1))
    for city in ("Mysuru", "Hubballi"):
        judge(office, "rejected", 0, reason=f"Not {city}.")
        office.rows[0]["City"] = city
        office.save()
        await office.run()
        judge(office, "rejected", 0, reason="Still wrong.")
        await office.run()

    assert 2 == asked(office)["update"]


@pytest.mark.parametrize("fault", [*COMMITTED, *NOT_COMMITTED])
async def test_update_whose_answer_is_lost_takes_effect_once(office: Office, fault: str) -> None:
    """Settled by what the record says: applied, or proved not to have been and then sent again."""
    await filed(office, keyed(1))
    judge(office, "rejected", 0, reason="Blurred.")
    replace_document(office, 0)
    office.sandbox.faults.script("update", fault)

    result = await office.run()
    since = len(office.sandbox.log)
    await office.run()

    done = [r for r in office.sandbox.log if r.operation == "update" and r.http_status == 200]
    assert ((ExitStatus.DONE, ""), 0) == (ended(result), writes(office, since))
    assert ("pending_review", 1 if fault in COMMITTED else 2) == (
        office.sandbox.state.records[0].review,
        asked(office)["update"],
    )
    assert len(done) <= 1


@pytest.mark.parametrize("fault", [*COMMITTED, *NOT_COMMITTED])
async def test_link_whose_answer_is_lost_is_settled_by_the_number(office: Office, fault: str) -> None:
    """In the same run; both numbers end up linked."""
    await filed(office, keyed(1, Numbers=f"{numbered(1)}, {numbered(2)}"))
    judge(office, "approved", 0)
    office.sandbox.faults.script("link", fault)

    result = await office.run()
    since = len(office.sandbox.log)
    await office.run()

    made = id_of(office, 0)
    assert ((ExitStatus.DONE, ""), 0) == (ended(result), writes(office, since))
    assert {1: made, 2: made} == numbers_of(office, [1, 2])
    assert (2 if fault in COMMITTED else 3) == asked(office)["link"]


async def killed_while(office: Office, operation: str) -> None:
    """A run in a process of its own is killed while its call of this operation has no answer yet."""
    process = await office.start("run")
    async with asyncio.timeout(30):
        while not asked(office)[operation]:
            await asyncio.sleep(0.01)
    process.kill()
    await process.wait()


@pytest.mark.parametrize("fault", ["hang-after", "hang-before"])
async def test_run_killed_in_the_middle_of_an_update_updates_once(office: Office, fault: str) -> None:
    """The next run looks: what was applied is adopted, what was not is sent again after the window."""
    await filed(office, keyed(1))
    judge(office, "rejected", 0, reason="Blurred.")
    replace_document(office, 0)
    office.sandbox.faults.script("update", fault)
    await killed_while(office, "update")
    after_kill = office.sandbox.state.records[0].review

    result = await office.run()
    since = len(office.sandbox.log)
    await office.run()

    applied = fault == "hang-after"
    assert ("pending_review" if applied else "rejected") == after_kill
    assert (ExitStatus.DONE, 1 if applied else 2) == (result.exit_status, asked(office)["update"])
    assert ("pending_review", 0) == (office.sandbox.state.records[0].review, writes(office, since))


@pytest.mark.parametrize("fault", ["hang-after", "hang-before"])
async def test_run_killed_in_the_middle_of_a_link_links_all_numbers(office: Office, fault: str) -> None:
    """What was linked is found so, the rest is linked; nothing is done twice."""
    await filed(office, keyed(1, Numbers=f"{numbered(1)}; {numbered(2)}"))
    judge(office, "approved", 0)
    office.sandbox.faults.script("link", fault)
    await killed_while(office, "link")

    result = await office.run()
    since = len(office.sandbox.log)
    await office.run()

    made = id_of(office, 0)
    assert (ExitStatus.DONE, {1: made, 2: made}) == (result.exit_status, numbers_of(office, [1, 2]))
    assert (2 if fault == "hang-after" else 3, 0) == (asked(office)["link"], writes(office, since))


async def test_update_that_never_arrived_is_sent_though_the_reviewers_have_spoken_again(office: Office) -> None:
    """They judged the old content anew, and asked for more; that is no sign that the new one was there."""
    await filed(office, keyed(1))
    judge(office, "rejected", 0, reason="Blurred.")
    replace_document(office, 0)
    office.sandbox.faults.script("update", "hang-before")
    await killed_while(office, "update")
    await asyncio.sleep(1.1)  # stamps of the API are exact to a second
    judge(office, "more_info_required", 0)

    result = await office.run()

    assert (ExitStatus.DONE, "pending_review") == (result.exit_status, office.sandbox.state.records[0].review)
    assert 2 == asked(office)["update"]


async def test_number_that_cannot_be_looked_at_is_linked_all_the_same(office: Office) -> None:
    """404 at the number's own address: the API checks it, too."""
    await filed(office, keyed(1, Numbers=numbered(1)))
    judge(office, "approved", 0)
    office.sandbox.faults.script("number", "not-found-404", FOR_GOOD)

    result = await office.run()
    since = len(office.sandbox.log)
    await office.run()

    assert (ExitStatus.DONE, {1: id_of(office, 0)}) == (result.exit_status, numbers_of(office, [1]))
    assert (Linkage.LINKED, 0) == (linkage(office, 0).linkage, writes(office, since))


async def test_unknown_link_of_a_number_that_cannot_be_looked_at_is_tried_again(office: Office) -> None:
    """A link may be repeated."""
    await filed(office, keyed(1, Numbers=numbered(1)))
    judge(office, "approved", 0)
    office.sandbox.faults.script("number", "not-found-404", FOR_GOOD)
    office.sandbox.faults.script("link", "drop-after")

    result = await office.run()

    assert (ExitStatus.DONE, 2) == (result.exit_status, asked(office)["link"])
    assert {1: id_of(office, 0)} == numbers_of(office, [1])


async def two_rows_and_one_number(office: Office) -> tuple[str, str]:
    """The second row's number is linked to the first row's record by hand; both are approved."""
    await filed(office, keyed(0), keyed(1, Numbers=numbered(1)))
    judge(office, "approved", 0, 1)
    state = office.sandbox.state
    first, second = (state.record(id_of(office, row)) for row in (0, 1))
    number = state.number(numbered(1).replace(" ", ""))
    assert first
    assert second
    assert number
    state.link(number, first)
    return first.compliance_id, second.compliance_id


async def test_number_that_is_linked_elsewhere_is_held_and_linked_once_it_is_free(office: Office) -> None:
    """A person is wanted for it, each night, until it is free; nothing is moved."""
    first, second = await two_rows_and_one_number(office)

    nights = [await office.run(), await office.run()]
    held = (linkage(office, 1), numbers_of(office, [1]))
    office.sandbox.state.rent(Number("911140000001", "IN", "local"))
    last = await office.run()

    assert [ExitStatus.ROWS_NEED_ATTENTION] * 2 == [night.exit_status for night in nights]
    assert ((Linkage.HELD, f"linked to another record, {first}", ""), {1: first}) == held
    assert (ExitStatus.DONE, {1: second}) == (last.exit_status, numbers_of(office, [1]))
    assert 1 == asked(office)["link"]


async def test_number_that_is_linked_elsewhere_is_moved_where_the_job_says_so(office: Office) -> None:
    """relink = true."""
    _, second = await two_rows_and_one_number(office)

    result = await office.run(relink=True)

    assert (ExitStatus.DONE, {1: second}) == (result.exit_status, numbers_of(office, [1]))


@pytest.mark.parametrize("relink", [False, True])
async def test_number_that_two_rows_name_stays_the_first_s(office: Office, relink: bool) -> None:
    """The second row's is held, whichever of them is approved when, and whether or not numbers are moved."""
    await filed(office, keyed(0, Numbers=numbered(0)), keyed(1, Numbers=numbered(0)))
    judge(office, "approved", 0, 1)

    nights = [await office.run(relink=relink) for _ in range(3)]

    assert ({0: id_of(office, 0)}, 1) == (numbers_of(office, [0]), asked(office)["link"])
    assert [3, 3] == [int(night.exit_status) for night in nights[1:]]


async def test_number_of_another_type_is_held_and_nobody_asks_the_api_to_link_it(office: Office) -> None:
    """A mobile number for a local record."""
    await filed(office, keyed(1, Numbers="+91 98765 00000"))
    judge(office, "approved", 0)

    result = await office.run()

    assert (ExitStatus.ROWS_NEED_ATTENTION, 0) == (result.exit_status, asked(office)["link"])


async def test_number_that_the_api_refuses_is_retried_only_where_it_is_asked_for(office: Office) -> None:
    """It was not on the account; then it is."""
    await filed(office, keyed(1, Numbers="+91 44 4000 0001"))
    judge(office, "approved", 0)

    first, second = await office.run(), await office.run()
    office.sandbox.state.rent(Number("914440000001", "IN", "local"))
    third, fourth = await office.run(), await office.run(retry_refused="not_found")

    assert [3, 3, 3, 0] == [int(each.exit_status) for each in (first, second, third, fourth)]
    assert 2 == asked(office)["link"]
    assert id_of(office, 0) == office.sandbox.state.number("914440000001").compliance_id


async def test_update_that_is_refused_is_retried_only_where_it_is_asked_for(office: Office) -> None:
    """`--retry-refused CODE`; the code of another refusal brings nothing."""
    await filed(office, keyed(1))
    judge(office, "rejected", 0, reason="Blurred.")
    replace_document(office, 0)
    office.sandbox.faults.script("update", "refuse-422", 2)

    retries = [None, "invalid_file", None, "country_mismatch", "invalid_file"]
    nights = [await office.run(retry_refused=code) for code in retries]

    assert [3, 3, 3, 3, 0] == [int(each.exit_status) for each in nights]
    assert [1, 1, 0, 0, 1] == [sum(n for name, n in each.requests.items() if "update" in name) for each in nights]


async def test_too_many_refused_corrections_stop_the_run(office: Office) -> None:
    """max_refused = 1: at the second one nothing new begins, and the sentence says what to do."""
    await filed(office, *(keyed(n) for n in range(6)))
    judge(office, "rejected", *range(6), reason="Blurred.")
    replace_document(office, *range(6))
    office.sandbox.faults.script("update", "refuse-422", FOR_GOOD)

    result = await office.run(max_refused="1", concurrency="1")

    assert (ExitStatus.STOPPED, 2) == (result.exit_status, asked(office)["update"])
    assert "The API refused 2 rows, more than max_refused = 1 allows" in str(result.error)


@pytest.mark.parametrize(("most", "sent"), [("0", 1), ("2", 3), ("4", 4), (None, 4)])
async def test_too_many_refused_rows_stop_the_run(office: Office, most: str | None, sent: int) -> None:
    """So many may be refused, and not one more."""
    office.fill([keyed(n) for n in range(4)])
    office.sandbox.faults.script("create", "refuse-422", FOR_GOOD)

    result = await office.run(max_refused=most, concurrency="1")

    stopped = sent < 4 or most == "0"
    assert (ExitStatus.STOPPED if stopped else ExitStatus.ROWS_NEED_ATTENTION) is result.exit_status
    assert sent == asked(office)["create"]


async def test_suspension_needs_a_person(office: Office) -> None:
    """Exit status 3, nothing written; the number stays as it is."""
    await filed(office, keyed(1, Numbers=numbered(1)))
    judge(office, "approved", 0)
    await office.run()
    judge(office, "suspended", 0)
    since = len(office.sandbox.log)

    result = await office.run()

    assert (ExitStatus.ROWS_NEED_ATTENTION, 1) == (result.exit_status, result.reviews["suspended"])
    assert 0 == writes(office, since)


async def test_only_what_is_new_wakes_a_person(office: Office) -> None:
    """`--new-only`: a rejection once, the same next night not, another one again; without the flag always."""
    await filed(office, keyed(0), keyed(1))
    judge(office, "rejected", 0, reason="Blurred.")
    statuses = [(await office.run(new_only=True)).exit_status for _ in range(2)]
    judge(office, "more_info_required", 1)
    statuses += [(await office.run(new_only=True)).exit_status for _ in range(2)]

    assert [3, 0, 3, 0] == [int(status) for status in statuses]
    assert ExitStatus.ROWS_NEED_ATTENTION is (await office.run()).exit_status


async def test_record_that_a_lost_ledger_finds_sent_back_is_news(office: Office) -> None:
    """Adopted as it is: rejected, or asked for more without a reason."""
    await filed(office, keyed(0))
    judge(office, "more_info_required", 0)
    office.ledger.unlink()

    first, second = await office.run(new_only=True), await office.run(new_only=True)

    assert [3, 0] == [int(first.exit_status), int(second.exit_status)]


async def test_adopted_record_takes_what_changed_since_it_was_first_seen(office: Office) -> None:
    """What was sent of it is not known; so unchanged it is left alone, and mended it is updated."""
    await filed(office, keyed(0))
    judge(office, "rejected", 0, reason="Blurred.")
    office.ledger.unlink()
    await office.run()
    unchanged = asked(office)["update"]
    replace_document(office, 0)

    result = await office.run()

    assert (0, 1, ExitStatus.DONE) == (unchanged, asked(office)["update"], result.exit_status)


async def test_record_that_was_deleted_by_hand_is_told_and_not_filed_again(office: Office) -> None:
    """Its row was mended, but there is nothing to correct; other rows are done."""
    await filed(office, keyed(0), keyed(1))
    judge(office, "rejected", 0, 1, reason="Blurred.")
    await office.run()
    office.sandbox.state.forget(office.sandbox.state.record(id_of(office, 0)))
    replace_document(office, 0, 1)

    result = await office.run()

    assert ExitStatus.ROWS_NEED_ATTENTION is result.exit_status
    assert (1, 2) == (asked(office)["update"], asked(office)["create"])
    assert (1, 1) == (result.counts["gone"], result.counts["submitted"])


async def test_waiting_run_links_what_is_approved_meanwhile(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--wait`: the review comes while the run waits, and the number is linked before it ends."""
    await filed(office, keyed(1, Numbers=numbered(1)))
    monkeypatch.setattr("bulk_onboard.pipeline.reconcile.FIRST_PAUSE_S", 0.2)
    waited: list[str] = []

    def approve_soon(running: Any) -> None:
        async def watch() -> None:
            while not (running.activity and running.activity.until):
                await asyncio.sleep(0.01)
            waited.append(running.activity.words)
            judge(office, "approved", 0)

        tasks.append(asyncio.ensure_future(watch()))

    tasks: list[asyncio.Task[None]] = []
    result = await office.run(watch=approve_soon, wait="20s")
    await asyncio.gather(*tasks)

    assert (ExitStatus.DONE, {1: id_of(office, 0)}) == (result.exit_status, numbers_of(office, [1]))
    assert "1 review pending" == waited[0]
    assert State.SUBMITTED is next(iter(read_ledger_state(office.ledger).ledger_state.records.values())).state


@pytest.mark.parametrize("store", ["file", pytest.param("database", marks=pytest.mark.cluster)])
async def test_waiting_run_heeds_what_a_listener_hears_elsewhere(
    office: Office, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    """Long before it looks at the list: the hint is kept by whoever listens, and the run reads the record at once."""
    flags = {"wait": "50s"}
    if store == "database":
        flags["store"] = request.getfixturevalue("postgres").address
        load_job(office.workbook, {"store": flags["store"]}).store.setup()
    office.fill([keyed(1, Numbers=numbered(1))])
    monkeypatch.setattr("bulk_onboard.pipeline.hints.LOOK_EACH_S", 0.2)

    def approve_soon(running: Any) -> None:
        async def watch() -> None:
            while not (running.activity and running.activity.until and "pending" in running.activity.words):
                await asyncio.sleep(0.01)
            lists.append(asked(office)["list"])
            judge(office, "approved", 0)
            listeners = load_job(office.workbook, {"store": flags.get("store", "file")}).store
            await asyncio.to_thread(listeners.hints.keep, id_of(office, 0))
            assert not await asyncio.to_thread(listeners.is_free)

        tasks.append(asyncio.ensure_future(watch()))

    tasks: list[asyncio.Task[None]] = []
    lists: list[int] = []
    result = await office.run(watch=approve_soon, audit="never", **flags)
    await asyncio.gather(*tasks)

    assert (ExitStatus.DONE, {1: id_of(office, 0)}) == (result.exit_status, numbers_of(office, [1]))
    assert lists == [asked(office)["list"]]
