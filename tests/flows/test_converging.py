"""Sheet and API come together: nothing is sent twice, taken from another, or sent where it cannot do any good."""

from dataclasses import replace
from datetime import datetime

import pytest

from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.ledger.fold import entries
from bulk_onboard.maintenance.delete import (
    Candidate,
    Deletion,
    PlannedAction,
    delete_records,
    of_key,
    of_run,
    plan_deletion,
)
from bulk_onboard.model.entry import Absent, Unresolved
from bulk_onboard.model.record import State, linked_numbers
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.reporting.row_status import Drift
from bulk_onboard.sandbox.faults import FAULTS, FOR_GOOD, Strikes
from tests.support.businesses import HEADERS, write_workbook
from tests.support.nights import Nights, keyed, numbered, saying
from tests.support.office import AUTH_ID, AUTH_TOKEN

CREDENTIALS = Credentials(AUTH_ID, Secret(AUTH_TOKEN))
SETTLE_S = 300.0


@pytest.fixture(autouse=True)
def words_of_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the sandbox says of itself only to what the checks here refuse before."""
    for fault in (
        saying("refuse-400", "invalid_parameter"),
        saying("refuse-422", "invalid_file", "not legible"),
        saying("exists-already", "invalid_parameter", "alias already exists", strikes=Strikes.AFTER),
    ):
        monkeypatch.setitem(FAULTS, fault.name, fault)


def waits_for_absence(nights: Nights) -> list[tuple[float, float]]:
    """Of each write that was proved not to have happened: seconds since its abort, and as the ledger says."""
    aborted, waits = {}, []
    for entry in entries(nights.ledger.read_bytes()):
        if isinstance(entry, Unresolved):
            aborted[entry.token] = datetime.fromisoformat(entry.at)
        elif isinstance(entry, Absent):
            passed = datetime.fromisoformat(entry.at) - aborted[entry.token]
            waits.append((passed.total_seconds(), entry.waited_s))
    return waits


async def planned(nights: Nights, choose) -> tuple[Candidate, ...]:
    """What `undo` or `delete` would list."""
    return await plan_deletion(nights.job(), choose, credentials=CREDENTIALS, clock=nights.calendar)


async def deleted(nights: Nights, choose) -> Deletion:
    """What `undo` or `delete` does once it was asked for."""
    candidates = await planned(nights, choose)
    job, clock = nights.job(), nights.calendar
    return await delete_records(job, candidates, choose, credentials=CREDENTIALS, clock=clock, stop=Stop())


@pytest.mark.parametrize(("operation", "looks"), [("create", "list"), ("update", "get")])
async def test_waiting_run_counts_the_settle_window_from_the_abort(nights: Nights, operation: str, looks: str) -> None:
    """Looks fail until settling gives up; the next review's turn takes it up again, and waits the rest of W."""
    await nights.filed(keyed(0), keyed(1))
    if operation == "create":
        nights.fill([*nights.rows, keyed(2)])
    else:
        nights.judge("rejected", 0, reason="Blurred.")
        nights.replace_document(0)
    nights.sandbox.faults.script(operation, "drop-before")
    nights.sandbox.faults.script(looks, "refuse-400", 5, after=1)

    def dawdle(running: object) -> None:
        nights.calendar.tear_off(1.0)  # so that the run began long before its call was cut

    result = await nights.night(watch=dawdle, wait="30m", settle="5m")

    ((passed_s, waited_s),) = waits_for_absence(nights)
    assert passed_s >= SETTLE_S
    assert SETTLE_S <= waited_s <= passed_s + 1  # instants are written down to a second or less
    assert 0 == result.exit_status


async def test_waiting_run_retries_what_was_refused_once(nights: Nights) -> None:
    """`--wait --retry-refused`: its no stands, however often the reviews are looked at."""
    nights.fill([keyed(0), keyed(1)])
    nights.sandbox.faults.script("create", "refuse-422", FOR_GOOD, after=1)
    await nights.night(concurrency="1")
    since = len(nights.sandbox.log)

    result = await nights.night(wait="10m", retry_refused="any")

    asked = nights.asked(since)
    assert (3, 1) == (result.exit_status, asked["create"])
    assert asked["list"] > 3


@pytest.mark.parametrize("both", [True, False])
async def test_number_that_cannot_be_looked_at_stays_where_the_ledger_knows_it(nights: Nights, both: bool) -> None:
    """404 at the number: another row names it too, or alone; nobody takes it."""
    await nights.filed(keyed(0, Numbers=numbered(0)), keyed(1))
    nights.judge("approved", 0, 1)
    nights.sandbox.faults.script("number", "not-found-404", FOR_GOOD)
    await nights.night()
    nights.rows[1]["Numbers"] = numbered(0)
    nights.rows[0]["Numbers"] = numbered(0) if both else ""
    nights.save()

    results = [await nights.night(), await nights.night()]

    assert (nights.made(0).compliance_id, 1) == (nights.number_of(0), nights.asked()["link"])
    assert [3, 3] == [night.exit_status for night in results]


async def test_number_that_was_moved_and_moved_back_ends_where_it_began(nights: Nights) -> None:
    """relink = true: from row 0 to row 1 and back; ledger and API agree each time."""
    await nights.filed(keyed(0, Numbers=numbered(0)), keyed(1, Numbers=""))
    nights.judge("approved", 0, 1)
    await nights.night(relink=True)

    for there, gone in ((1, 0), (0, 1)):
        nights.rows[there]["Numbers"], nights.rows[gone]["Numbers"] = numbered(0), ""
        nights.save()
        await nights.night(relink=True)

        made = nights.made(there).compliance_id
        known = [record.compliance_id for record in nights.ledger_state().records.values() if linked_numbers(record)]
        assert (made, [made]) == (nights.number_of(0), known)


async def test_record_of_another_number_type_cannot_be_corrected_into_this_one(nights: Nights) -> None:
    """A rejected local record whose row says mobile now: told once, nothing sent, and nobody asks again."""
    await nights.filed(keyed(0))
    nights.judge("rejected", 0, reason="Blurred.")
    nights.rows[0]["Number Type"] = "mobile"
    nights.save()

    first = await nights.night(new_only=True)
    problems, since = nights.problems(), len(nights.sandbox.log)
    second, third = await nights.night(new_only=True), await nights.night()

    assert [3, 0, 3] == [first.exit_status, second.exit_status, third.exit_status]
    assert ["record-of-other-type"] == problems == nights.problems()
    assert (0, 0) == (nights.asked()["update"], nights.asked(since)["get"])
    assert ("local", "rejected") == (nights.made(0).number_type, nights.made(0).review)


async def test_undo_leaves_what_the_run_did_not_make(nights: Nights) -> None:
    """A create refused as existing already, and adopted: whoever made it, the API says that it was not this run."""
    await nights.filed(keyed(0))
    nights.fill([*nights.rows, keyed(1)])
    nights.sandbox.faults.script("create", "exists-already")
    result = await nights.night()
    (adopted,) = [record for record in nights.ledger_state().records.values() if record.key == "K-1"]

    assert (0, State.SUBMITTED) == (result.exit_status, adopted.state)
    assert () == await planned(nights, of_run(result.run_id))


async def test_delete_keeps_a_record_that_is_called_by_another_name(nights: Nights) -> None:
    """The ledger says K-0, the API K-9 with a token of its own."""
    await nights.filed(keyed(0))
    nights.sandbox.state.keep(replace(nights.made(0), alias="K-9 ~aaaaaaaaaaaaaaaa"))

    (candidate,) = await planned(nights, of_key("K-0"))
    done = await deleted(nights, of_key("K-0"))

    assert "as another row is called" in candidate.why
    assert ((), 0, 1) == (done.deleted, nights.asked()["delete"], len(nights.sandbox.state.records))


@pytest.mark.parametrize(
    ("alias", "goes"),
    [("K-0 ~", True), ("k-0", True), ("", True), ("Acme Traders", False), ("K-0 (old) Acme", False)],
)
async def test_alias_that_was_cut_off_is_no_other_name_and_one_that_was_written_anew_is(
    nights: Nights, alias: str, goes: bool
) -> None:
    """What is left of its beginning shows whose it is; a name that somebody gave it since does not."""
    await nights.filed(keyed(0))
    nights.sandbox.state.keep(replace(nights.made(0), alias=alias))

    done = await deleted(nights, of_key("K-0"))

    assert (goes, not goes) == (bool(done.deleted), bool(nights.sandbox.state.records))


@pytest.mark.parametrize(("alias", "goes"), [("", True), ("K-9 ~aaaaaaaaaaaaaaaa", False)])
async def test_record_that_the_list_does_not_show_is_asked_for_before_it_is_deleted(
    nights: Nights, alias: str, goes: bool
) -> None:
    """Nobody else's record is deleted because a list left it out."""
    await nights.filed(keyed(0))
    nights.sandbox.state.keep(replace(nights.made(0), alias=alias or nights.made(0).alias))
    nights.sandbox.state.list_lag_s = 10.0 * 86_400

    done = await deleted(nights, of_key("K-0"))

    assert (goes, int(goes)) == (bool(done.deleted), nights.asked()["delete"])


async def test_record_that_nobody_can_look_at_stays(nights: Nights) -> None:
    """Neither the list shows it, nor can it be asked for: whose it is by now is not known."""
    await nights.filed(keyed(0))
    nights.sandbox.state.list_lag_s = 10.0 * 86_400
    nights.sandbox.faults.script("get", "refuse-400", FOR_GOOD)

    (candidate,) = await planned(nights, of_key("K-0"))

    assert (PlannedAction.KEEP, True) == (candidate.action, "could not be asked" in candidate.why)


async def test_undo_of_a_run_whose_create_met_a_record_that_was_there_before_leaves_it(nights: Nights) -> None:
    """One create was lost, and its record found: that goes. The other was answered that there is one already."""
    await nights.filed(keyed(0))
    nights.fill([*nights.rows, keyed(1), keyed(2)])
    nights.sandbox.faults.script("create", "drop-after")
    nights.sandbox.faults.script("create", "exists-already")
    result = await nights.night(concurrency="1")

    done = await deleted(nights, of_run(result.run_id))

    assert (0, ["K-1"]) == (result.exit_status, [record.key for record in done.deleted])
    assert {"K-0", "K-2"} == {record.alias.split()[0] for record in nights.sandbox.state.records}


async def refused_correction(nights: Nights) -> None:
    """A record was rejected, its document replaced, and the API refused that."""
    await nights.filed(keyed(0))
    nights.judge("rejected", 0, reason="Blurred.")
    await nights.night()
    nights.replace_document(0)
    nights.sandbox.faults.script("update", "refuse-422")
    assert 3 == (await nights.night()).exit_status


async def test_refused_correction_stays_refused_when_reviewers_speak_again(nights: Nights) -> None:
    """They ask for more instead: it is not sent again but by `--retry-refused`, and the report tells of it."""
    await refused_correction(nights)
    nights.judge("more_info_required", 0)

    again = await nights.night()
    problems, sent = nights.problems(), nights.asked()["update"]
    retried = await nights.night(retry_refused="any")

    assert (3, ["update-refused"], 1) == (again.exit_status, problems, sent)
    assert (0, 2, "pending_review") == (retried.exit_status, nights.asked()["update"], nights.made(0).review)


async def test_refused_correction_is_drift_once_the_record_is_approved(nights: Nights) -> None:
    """The API approved what it had, which is not what the row says."""
    await refused_correction(nights)
    nights.judge("approved", 0)

    result = await nights.night()

    assert (0, Drift(changed_after_approval=1)) == (result.exit_status, result.drift)


async def test_going_back_to_what_was_rejected_sends_nothing(nights: Nights) -> None:
    """After a refused correction the row says again what its reviewers sent back."""
    await nights.filed(keyed(0))
    before = (nights.documents / nights.rows[0]["Address Proof"]).read_bytes()
    nights.judge("rejected", 0, reason="Blurred.")
    nights.replace_document(0)
    nights.sandbox.faults.script("update", "refuse-422")
    await nights.night()
    (nights.documents / nights.rows[0]["Address Proof"]).write_bytes(before)

    result = await nights.night()

    assert (3, 1) == (result.exit_status, nights.asked()["update"])
    assert ["review-rejected"] == nights.problems()


async def test_changed_callback_url_alone_sends_nothing(nights: Nights) -> None:
    """It says nothing about the business, and the API cannot change it."""
    await nights.filed(keyed(0))
    nights.judge("rejected", 0, reason="Blurred.")
    nights.rows[0]["Callback URL"] = "https://example.com/hook"
    write_workbook(nights.workbook, nights.rows, (*HEADERS, "Callback URL"))

    result = await nights.night()

    assert (3, 0, "rejected") == (result.exit_status, nights.asked()["update"], nights.made(0).review)
