"""Keys that are cleared, respelt, shifted or reused: a business is filed once, and no record becomes another's."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from bulk_onboard import errors
from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.errors import ExitStatus
from bulk_onboard.ledger.fold import entries
from bulk_onboard.model.entry import Adopted, Intent
from bulk_onboard.pipeline.outlook import look_ahead
from bulk_onboard.pipeline.rebuild import rebuild_ledger
from bulk_onboard.pipeline.refresh import refresh_job
from bulk_onboard.pipeline.report import report_job
from bulk_onboard.pipeline.survey import Origin, survey_account
from bulk_onboard.sandbox.faults import FAULTS, FOR_GOOD
from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import Cells, business
from tests.support.nights import Hurried, Nights, keyed, numbered, saying
from tests.support.office import AUTH_ID, AUTH_TOKEN

CREDENTIALS = Credentials(AUTH_ID, Secret(AUTH_TOKEN))
ROWS = 4
NEW = "U72999KA2020PTC999999"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Nights]:
    """An office whose nights take no time."""
    calendar = Hurried()
    async with Sandbox(clock=calendar) as sandbox:
        yield Nights(tmp_path, sandbox, calendar=calendar)


@pytest.fixture(autouse=True)
def a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox refuses only what the checks here refuse before."""
    monkeypatch.setitem(FAULTS, "refuse-400", saying("refuse-400", "invalid_parameter"))


def rows_with_numbers() -> list[Cells]:
    """Good rows with Keys, each with a phone number of its own."""
    return [keyed(row, Numbers=numbered(row)) for row in range(ROWS)]


def written(office: Nights) -> dict[str, tuple[str, tuple[str, ...]]]:
    """What the API has of each business, none of which is there twice: by number its name and its phone numbers."""
    state = office.sandbox.state
    linked = {number: n.compliance_id for n in state.numbers if (number := n.number)}
    assert len(state.records) == len({record.end_user["registration_number"] for record in state.records})
    return {
        record.end_user["registration_number"]: (
            record.end_user["name"],
            tuple(sorted(number for number, holder in linked.items() if holder == record.compliance_id)),
        )
        for record in state.records
    }


def change_keys(office: Nights, change: Callable[[int, str], str]) -> None:
    """What is done to the Key column, and to no other."""
    office.rows = [cells | {"Key": change(row, cells["Key"])} for row, cells in enumerate(office.rows)]
    office.save()


EDITS: dict[str, Callable[[int, str], str]] = {
    "cleared in some": lambda row, key: key if row == 0 else "",
    "respelt": lambda row, key: key.replace("K-", "K-00"),
    "shifted": lambda row, key: f"K-{(row + 1) % ROWS}",
    "swapped": lambda row, key: {"K-0": "K-1", "K-1": "K-0"}.get(key, key),
    "refilled": lambda row, key: f"K-{ROWS - 1 - row}",
    "renamed": lambda row, key: f"business {row}",
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("review", ["pending_review", "approved", "rejected"])
async def test_edited_keys_file_update_and_link_nothing(office: Nights, edit: str, review: str) -> None:
    """Whatever the reviews are: not one record more, none changed, no number linked; put back, all goes on."""
    await office.filed(*rows_with_numbers())
    before = written(office)
    office.judge(review, *range(ROWS), reason="Blurred." if review == "rejected" else None)
    keys = [cells["Key"] for cells in office.rows]
    office.rows = [cells | {"City": "Mysuru"} for cells in office.rows]
    change_keys(office, EDITS[edit])
    untouched = [row for row in range(ROWS) if office.rows[row]["Key"] == keys[row]]
    since = len(office.sandbox.log)

    result = await office.night()

    assert ExitStatus.ROWS_NEED_A_PERSON is result.exit_status
    asked, due = office.asked(since), len(untouched)
    assert asked["create"] == 0
    assert asked["link"] == (due if review == "approved" else 0)
    assert asked["update"] == (due if review == "rejected" else 0)
    assert {"business-under-another-key", "key-of-another-business"} & set(office.problems())
    assert [name for name, _ in before.values()] == [name for name, _ in written(office).values()]
    for row in range(ROWS):
        assert (office.number_of(row) is not None) == (review == "approved" and row in untouched)
    change_keys(office, lambda row, key: keys[row])
    await office.night()
    for row in range(ROWS) if review == "approved" else ():
        assert office.number_of(row) == office.made(row).compliance_id


@pytest.mark.parametrize("fault", ["refuse-400", "refuse-401", "drop-after"])
@pytest.mark.parametrize("edit", ["cleared in some", "respelt", "shifted"])
async def test_edited_keys_of_rows_that_a_run_left_behind(office: Nights, fault: str, edit: str) -> None:
    """Refused, deferred, unknown or only taken in when the Keys change: each business is there once, or is told.

    What was never sent may be filed under its new Key; then that is the Key which the ledger asks back for.
    """
    office.fill(rows_with_numbers())
    office.sandbox.faults.script("create", fault, FOR_GOOD, after=1)
    await office.night(concurrency="1")
    office.sandbox.faults.clear()
    keys = [cells["Key"] for cells in office.rows]
    office.rows = [cells | {"City": "Mysuru"} for cells in office.rows]
    change_keys(office, EDITS[edit])
    await office.night()
    change_keys(office, lambda row, key: keys[row])

    await office.night()
    result = await office.night()

    told = {"business-under-another-key", "key-of-another-business"} & set(office.problems())
    assert [] == office.sandbox.state.duplicates
    assert (ExitStatus.ROWS_NEED_A_PERSON if told else ExitStatus.DONE) is result.exit_status
    assert told or ROWS == len(written(office)) == result.counts["submitted"]
    assert len(written(office)) <= ROWS


async def test_all_keys_cleared_stop_the_run_and_are_told_by_plan_and_check(office: Nights) -> None:
    """One sentence where a run would begin; a finding a row, with its Key, where nothing can be sent."""
    await office.filed(*rows_with_numbers())
    change_keys(office, lambda row, key: "")

    with pytest.raises(errors.UsageError, match="put the Key column back, with the Keys as they were"):
        await office.night()

    outlook = await look_ahead(office.job(), credentials=CREDENTIALS, clock=office.calendar)
    told = [(finding.code, finding.mend) for finding in outlook.plan.findings]
    assert ["business-under-another-key"] * ROWS == [code for code, _ in told]
    assert all(f"Write the Key K-{row} back." in mend for row, (_, mend) in enumerate(told))
    assert ROWS == outlook.plan.counts()["nothing"]


@pytest.mark.parametrize("review", ["approved", "rejected", "pending_review"])
@pytest.mark.parametrize("first_is_there", [True, False])
async def test_key_reused_for_another_business(office: Nights, review: str, first_is_there: bool) -> None:
    """Another row took the Key: never a second record or a number at the wrong one, and it is told."""
    await office.filed(*rows_with_numbers())
    office.judge(review, 0, reason="Blurred." if review == "rejected" else None)
    other = business(7, Key="K-0", Numbers=numbered(7))
    office.fill([*([office.rows[0] | {"Key": ""}] if first_is_there else []), *office.rows[1:], other])

    result = await office.night()

    assert "registration-number-changed" in office.problems() or ExitStatus.ROWS_NEED_A_PERSON is result.exit_status
    assert ROWS == len(office.sandbox.state.records)
    assert None is office.number_of(7)
    names = {record.end_user["name"] for record in office.sandbox.state.records}
    assert (other["Business Name"] in names) == (review == "rejected" and not first_is_there)


async def test_corrected_number_of_a_rejected_record_goes_out_and_is_told(office: Nights) -> None:
    """It is the same record; the run that sends it says so, and then the ledger knows its new number."""
    await office.filed(keyed(0), keyed(1))
    office.judge("rejected", 0, reason="Wrong number.")
    office.rows[0]["Registration Number"] = NEW
    office.save()
    outlook = await look_ahead(office.job(), credentials=CREDENTIALS, clock=office.calendar)
    assert ["registration-number-changed"] == [finding.code for finding in outlook.plan.findings]

    result = await office.night()

    assert (ExitStatus.DONE, 1) == (result.exit_status, result.drift.renumbered)
    assert "registration-number-changed" in office.problems()
    assert NEW == office.made(0).end_user["registration_number"]
    again = await office.night()
    assert (0, []) == (again.drift.renumbered, office.problems())
    before = keyed(0)["Registration Number"]
    office.fill([*office.rows, keyed(2, Registration_Number=NEW), keyed(3, Registration_Number=before)])
    await office.night()
    assert ["business-again"] == [code for code in office.problems() if code != "registration-number-twice"]
    assert 3 == len(office.sandbox.state.records)  # the number that the first had is free


async def test_approved_record_whose_number_changed_waits_for_a_person(office: Nights) -> None:
    """No number is linked, every night says so, also with --new-only; the approved number back, all are linked."""
    await office.filed(*rows_with_numbers())
    office.judge("approved", *range(ROWS))
    before = office.rows[0]["Registration Number"]
    office.rows[0]["Registration Number"] = NEW
    office.save()

    nights = [await office.night(), await office.night(new_only=True)]

    assert [ExitStatus.ROWS_NEED_A_PERSON] * 2 == [night.exit_status for night in nights]
    assert [None, *(office.made(row).compliance_id for row in range(1, ROWS))] == [
        office.number_of(row) for row in range(ROWS)
    ]
    assert ["approved-number-changed"] == office.problems()
    office.rows[0]["Registration Number"] = before
    office.save()
    assert ExitStatus.DONE is (await office.night()).exit_status
    assert office.made(0).compliance_id == office.number_of(0)


async def test_same_business_added_again_under_a_new_key(office: Nights) -> None:
    """Kept out until the job says that it is a branch."""
    await office.filed(keyed(0), keyed(1))
    office.fill([*office.rows, office.rows[0] | {"Key": "K-9"}])

    kept_out = await office.night()
    job = replace(office.job(), findings={"business-again": "warning"})
    outlook = await look_ahead(job, credentials=CREDENTIALS, clock=office.calendar)

    assert (ExitStatus.ROWS_NEED_A_PERSON, 2) == (kept_out.exit_status, len(office.sandbox.state.records))
    assert 1 == outlook.plan.counts()["create"]


async def test_branches_that_were_in_the_sheet_from_the_start(office: Nights) -> None:
    """One number under two Keys: two records, also when the run between them ended; then each is its own."""
    office.fill([keyed(0, Numbers=numbered(0)), business(0, Key="K-9", Numbers=numbered(9), City="Mysuru")])
    office.sandbox.faults.script("create", "refuse-401", FOR_GOOD, after=1)
    await office.night(concurrency="1")
    office.sandbox.faults.clear()

    result = await office.night()

    assert (ExitStatus.DONE, 2) == (result.exit_status, len(office.sandbox.state.records))
    for record in office.sandbox.state.records:
        office.sandbox.state.review(record, "approved", None)
    assert ExitStatus.DONE is (await office.night()).exit_status
    one, other = office.number_of(0), office.number_of(9)
    assert {one, other} == {record.compliance_id for record in office.sandbox.state.records}


async def test_adopted_records_are_known_by_their_numbers(office: Nights) -> None:
    """A lost ledger, found again by a run or made by rebuild: what the rows proved holds when the Keys change."""
    await office.filed(*rows_with_numbers())
    office.ledger.unlink()
    await office.night(settle="1s")
    adopted = [entry for entry in entries(office.ledger.read_bytes()) if isinstance(entry, Adopted)]
    office.ledger.unlink()
    await rebuild_ledger(office.job(settle="0"), credentials=CREDENTIALS, clock=office.calendar)
    rebuilt = [entry for entry in entries(office.ledger.read_bytes()) if isinstance(entry, Adopted)]

    change_keys(office, EDITS["respelt"])
    result = await office.night()

    assert ROWS == len({entry.registration_token for entry in adopted})
    assert {e.registration_token for e in adopted} == {e.registration_token for e in rebuilt}
    assert (ExitStatus.ROWS_NEED_A_PERSON, ROWS) == (result.exit_status, len(office.sandbox.state.records))


async def test_refresh_report_and_survey_take_no_row_for_another(office: Nights) -> None:
    """Reviews come in by id, whatever the Keys; no row stands for a record that is not its own."""
    await office.filed(*rows_with_numbers())
    office.judge("approved", *range(ROWS))
    change_keys(office, EDITS["shifted"])

    refreshed = await refresh_job(office.job(), credentials=CREDENTIALS, clock=office.calendar)
    survey = await survey_account(office.job(), credentials=CREDENTIALS, clock=office.calendar)
    made_anew = await report_job(office.job(), clock=office.calendar)

    assert {"approved": ROWS} == refreshed.reviews
    assert {Origin.ROW_GONE} == {origin for _, origin in survey.records}
    assert (ROWS, 0) == (made_anew.counts["invalid"], made_anew.counts["submitted"])
    assert ["key-of-another-business"] * ROWS == office.problems()


@pytest.mark.parametrize("by_run", [True, False])
async def test_reason_that_quotes_a_row_is_masked_whatever_its_key(office: Nights, by_run: bool) -> None:
    """The row is nobody by its Key, and still the one whose name the reviewers quote."""
    await office.filed(*rows_with_numbers())
    name = office.rows[1]["Business Name"]
    office.judge("rejected", 1, reason=f"The scan does not show {name}.")
    change_keys(office, EDITS["shifted"])

    if by_run:
        await office.night()
    else:
        await refresh_job(office.job(), credentials=CREDENTIALS, clock=office.calendar)

    assert "does not show" in office.ledger.read_text()
    assert name not in office.ledger.read_text()


async def test_ledger_holds_no_number_itself(office: Nights) -> None:
    """Only what it makes, beside the token, by every create and update."""
    await office.filed(keyed(0), keyed(1))
    content = office.ledger.read_text()
    intents = [entry for entry in entries(office.ledger.read_bytes()) if isinstance(entry, Intent)]

    assert 2 == len({intent.registration_token for intent in intents} - {""})
    assert all(cells["Registration Number"] not in content for cells in office.rows)


def edited(office: Nights, dice: random.Random, newest: int) -> int:
    """What people do to a sheet in a day, most of it to its Keys; the number of the newest business."""
    keys, kind = (
        [cells.get("Key", "") for cells in office.rows],
        dice.choice((*DAYS, "add", "reuse", "remove", "again")),
    )
    keys = DAYS[kind](dice, keys) if kind in DAYS else keys
    office.rows = [cells | {"Key": key} for cells, key in zip(office.rows, keys, strict=True)]
    at = dice.randrange(len(office.rows))
    if kind in ("add", "reuse"):
        newest += 1
        key = dice.choice((f"K-{newest}", "")) if kind == "add" else office.rows.pop(at)["Key"]
        office.rows.append(business(newest, Numbers=numbered(newest), Key=key))
    elif kind == "remove" and len(office.rows) > 1:
        office.rows.pop(at)
    elif kind == "again":
        office.rows.append(office.rows[at] | {"Key": dice.choice(("", f"X-{newest}"))})
    office.rows = [cells | {"City": dice.choice(("Mysuru", "Hubballi", cells["City"]))} for cells in office.rows]
    dice.shuffle(office.rows)
    office.fill(office.rows)
    return newest


DAYS: dict[str, Callable[[random.Random, list[str]], list[str]]] = {
    "clear": lambda dice, keys: [key if dice.random() < 0.5 else "" for key in keys],
    "respell": lambda dice, keys: [key.replace("K-", "00") if dice.random() < 0.7 else key for key in keys],
    "shift": lambda dice, keys: keys[1:] + keys[:1],
    "sort": lambda dice, keys: sorted(keys),
    "fill in": lambda dice, keys: [key or f"N-{place}" for place, key in enumerate(keys)],
}


@pytest.mark.parametrize("seed", range(8))
async def test_no_business_is_there_twice_and_no_number_at_another_whatever_is_done_to_the_keys(
    office: Nights, seed: int
) -> None:
    """Five days of edits, reviews, lost and refused calls."""
    dice, newest = random.Random(seed), ROWS - 1
    office.fill(rows_with_numbers())
    for _ in range(5):
        if dice.random() < 0.3:
            office.sandbox.faults.script("create", dice.choice(("refuse-401", "drop-after", "drop-before")))
        with suppress(errors.UsageError):  # no Key is left in the whole sheet
            await office.night(concurrency="1", **({"limit": "1"} if dice.random() < 0.2 else {}))
        office.sandbox.faults.clear()
        registered = {r.compliance_id: r.end_user["registration_number"] for r in office.sandbox.state.records}
        assert len(registered) == len(set(registered.values()))
        for row in range(newest + 1):
            if (holder := office.number_of(row)) is not None:
                assert registered[holder] == business(row)["Registration Number"]
        for record in office.sandbox.state.records:
            if record.review == "pending_review" and dice.random() < 0.6:
                office.sandbox.state.review(record, dice.choice(("approved", "rejected")), "Blurred.")
        newest = edited(office, dice, newest)
