"""What the API has no more: told as a state of its own, ended with 3, and left to a person, against the sandbox."""

from dataclasses import replace

import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.maintenance.refresh import refresh_job
from bulk_onboard.maintenance.resolve import How, resolve_records
from bulk_onboard.model.record import Record, State
from bulk_onboard.sandbox.answers import Answer
from bulk_onboard.sandbox.faults import FAULTS, FOR_GOOD, Fault, Strikes
from tests.support.nights import Nights, aside, keyed, numbered
from tests.support.office import CREDENTIALS


@pytest.fixture
async def gone(nights: Nights) -> Nights:
    """Three rows are at the API; the next day somebody deletes the record of the first there."""
    await nights.filed(keyed(0), keyed(1), keyed(2))
    nights.calendar.tear_off(1.0)
    nights.sandbox.state.forget(nights.made(0))
    return nights


def of_key(nights: Nights, key: str = "K-0") -> Record:
    """What the ledger says of a row's record."""
    (record,) = [record for record in nights.ledger_state().records.values() if record.key == key]
    return record


async def resolved(nights: Nights, how: How, compliance_id: str = "") -> Record:
    """A person says what is to become of the first row's record."""
    (made,) = await resolve_records(
        nights.job(), ["K-0"], how=how, compliance_id=compliance_id, credentials=CREDENTIALS, clock=nights.calendar
    )
    if made.record is None:
        raise UsageError(made.objection)
    return made.record


async def test_record_that_is_gone_is_a_state_of_its_own_in_report_counts_and_exit_status(gone: Nights) -> None:
    """It is asked for by its id, once; the report says what happened, and names the commands."""
    result = await gone.night()

    told = gone.sheet("Results")[0]
    asked = gone.asked()
    assert (3, 1, 1, 2) == (
        result.exit_status,
        result.need_attention,
        result.counts["gone"],
        result.counts["submitted"],
    )
    assert ("gone", "The API no longer has the record, and this tool did not delete it.") == (
        told["State"],
        told["Reason"],
    )
    assert "Choose an answer with the command resolve" in str(told["What to do"])
    assert any(command.startswith(f"bulk-onboard resolve {gone.job().file} ") for command in gone.commands())
    assert ["record-gone"] == gone.problems()
    assert 2 == (result.reviews["pending"])
    assert 1 + 1 == asked["get"]  # the run's first record was read back


async def test_record_that_is_gone_is_news_once_and_needs_a_person_until_somebody_said_so(gone: Nights) -> None:
    """`--new-only` rings once; without it each night does. Nothing is filed anew by itself."""
    new_only = [int((await gone.night(new_only=True)).exit_status) for _ in range(2)]
    always = await gone.night()

    assert ([3, 0], 3, 3) == (new_only, always.exit_status, gone.asked()["create"])


async def test_business_is_filed_anew_when_a_person_says_so(gone: Nights) -> None:
    """`--absent`: the next run files it, once, and the ledger stays sound."""
    await gone.night()

    answered = await resolved(gone, "absent")
    result, again = await gone.night(), await gone.night()

    assert State.DEFERRED is answered.state
    assert (0, 3, 0) == (result.exit_status, result.counts["submitted"], again.exit_status)
    assert (3, 4) == (len(gone.sandbox.state.records), gone.asked()["create"])
    assert gone.made(0).compliance_id == of_key(gone).compliance_id
    assert 0 == (await gone.type("ledger verify")).status


async def test_business_is_not_filed_anew_while_the_api_has_its_record(gone: Nights) -> None:
    """It is back, under its id or another: a person who says that it is absent is contradicted."""
    await gone.night()
    lost = of_key(gone).compliance_id
    there = gone.made(1)
    gone.sandbox.state.keep(replace(there, compliance_id=lost, alias=of_key(gone).alias))

    told = await gone.type("resolve", "K-0", "--absent")

    assert (2, State.GONE) == (told.status, of_key(gone).state)
    assert "may still have" in told.err


async def test_record_that_is_shown_again_is_submitted_again(nights: Nights) -> None:
    """By the next look, without a word of anybody's."""
    await nights.filed(keyed(0), keyed(1))
    nights.calendar.tear_off(1.0)
    record = nights.made(0)
    nights.sandbox.state.forget(record)
    first = await nights.night()
    nights.sandbox.state.keep(record)

    second = await nights.night()

    assert ([3, 0], 2) == ([first.exit_status, second.exit_status], second.counts["submitted"])
    assert State.SUBMITTED is of_key(nights).state


async def test_row_is_left_at_that_when_a_person_says_so(gone: Nights) -> None:
    """`--abandon`: nobody is asked any more, and nothing is sent."""
    await gone.night()

    await resolved(gone, "abandon")
    result = await gone.night()

    assert (0, 1, 3) == (result.exit_status, result.counts["abandoned"], gone.asked()["create"])


async def test_record_that_has_another_id_now_is_named_by_a_person(nights: Nights) -> None:
    """`--found ID`: somebody filed it again by hand under the same name; no run takes it back by `undo`."""
    run_id = await nights.filed(keyed(0), keyed(1))
    nights.calendar.tear_off(1.0)
    record = nights.made(0)
    nights.sandbox.state.forget(record)
    await nights.night()
    another = "11111111-0000-4000-8000-000000000001"
    nights.sandbox.state.keep(replace(record, compliance_id=another))

    found = await resolved(nights, "found", another)
    result = await nights.night()

    ledger_state = nights.ledger_state()
    assert (State.SUBMITTED, another, 0) == (found.state, found.compliance_id, result.exit_status)
    assert [None, run_id] == [
        run and run.started.run_id
        for run in (ledger_state.creator(of_key(nights)), ledger_state.creator(of_key(nights, "K-1")))
    ]


async def test_gone_record_whose_row_has_gone_as_well_is_listed_and_told(gone: Nights) -> None:
    """Under Not in the workbook, with its id; a person is wanted all the same."""
    del gone.rows[0]
    gone.save()

    result = await gone.night()

    (listed,) = gone.sheet("Not in the workbook")
    assert (3, "K-0", "gone") == (result.exit_status, listed["Key"], listed["State"])
    assert of_key(gone).compliance_id == listed["Compliance ID"]


async def test_status_and_refresh_tell_what_is_gone(gone: Nights) -> None:
    """`refresh` ends with 3, `status` counts it, `verify` and `purge` say that a person must see to it."""
    refreshed = await refresh_job(gone.job(), credentials=CREDENTIALS, clock=gone.calendar)
    status = await gone.type("status", "--json")
    verified = await gone.type("ledger verify")
    purged = await gone.type("purge")

    assert (3, 1) == (refreshed.exit_status, refreshed.followed.gone)
    assert (1, 2) == (status.json["counts"]["gone"], status.json["counts"]["submitted"])
    assert (3, True) == (verified.status, "1 record is gone from the API" in verified.out)
    assert (2, True) == (purged.status, "1 gone" in purged.err)


@pytest.mark.parametrize("operation", ["update", "link"])
async def test_write_that_meets_a_record_that_is_gone_tells_so(
    nights: Nights, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleted between the look and the call: 404 there, and again by its id; it is not sent again."""
    looked_at = {"update": "get", "link": "number"}[operation]
    await nights.filed(keyed(0, Numbers=numbered(0)), keyed(1))
    nights.judge("rejected" if operation == "update" else "approved", 0, reason="Blurred.")
    nights.replace_document(0)
    record = nights.made(0)
    monkeypatch.setitem(FAULTS, "deleted-after", aside("deleted-after", lambda: nights.sandbox.state.forget(record)))
    nights.sandbox.faults.script(looked_at, "deleted-after")

    first = await nights.night()
    second = await nights.night()

    assert (3, 3, State.GONE) == (first.exit_status, second.exit_status, of_key(nights).state)
    assert 1 == nights.asked()[operation]


async def test_list_that_leaves_records_out_makes_none_of_them_gone(nights: Nights) -> None:
    """Asked for by their ids they are there: their reviews are taken in."""
    await nights.filed(keyed(0), keyed(1))
    nights.calendar.tear_off(1.0)
    nights.judge("rejected", 0, reason="Blurred.")
    nights.sandbox.state.list_lag_s = 10.0 * 86_400

    result = await nights.night()

    assert (1, 0, ()) == (result.reviews["rejected"], result.counts["gone"], result.warnings)


def foreign(_: Answer) -> Answer:
    """A proxy's own 404."""
    return Answer(404, b"<html><body>Not found</body></html>", "text/html")


async def test_proxy_that_says_404_makes_nothing_gone(gone: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the API's own words count; it is told as not shown, and asked for again by the next run."""
    monkeypatch.setitem(FAULTS, "foreign-404", Fault("foreign-404", Strikes.AFTER, "", foreign))
    gone.sandbox.faults.script("get", "foreign-404", FOR_GOOD)

    result = await gone.night()

    assert (0, State.SUBMITTED) == (result.exit_status, of_key(gone).state)
    assert "did not show 1 submitted record" in result.warnings[0]


async def test_fresh_record_that_is_not_known_yet_is_not_taken_for_gone(nights: Nights) -> None:
    """Lists and reads lag just after a create, also for the run that begins a moment later."""
    await nights.filed(keyed(0), keyed(1))
    record = nights.made(0)
    nights.sandbox.state.forget(record)

    at_once = await nights.night(settle="5m")
    since = len(nights.sandbox.log)
    nights.calendar.tear_off(1.0)
    later = await nights.night(settle="5m")

    assert (0, 0) == (at_once.exit_status, at_once.counts["gone"])
    assert (3, 1, 1) == (later.exit_status, later.counts["gone"], nights.asked(since)["get"])


async def test_record_that_a_run_with_a_copy_of_the_ledger_filed_in_place_of_a_gone_one_is_adopted(
    gone: Nights,
) -> None:
    """The row is at the API, under another id than this ledger has; so nobody needs to look, and nothing is filed."""
    kept = gone.ledger.read_bytes()
    gone.ledger.unlink()
    await gone.night()
    refiled = gone.made(0)
    gone.ledger.write_bytes(kept)
    gone.calendar.tear_off(1.0)

    result = await gone.night()

    record = of_key(gone)
    assert (State.SUBMITTED, refiled.compliance_id) == (record.state, record.compliance_id)
    assert (0, 3) == (result.exit_status, len(gone.sandbox.state.records))
