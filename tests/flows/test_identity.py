"""Keys that are cleared, respelt, shifted or reused: a business is filed once, and no record becomes another's."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from bulk_onboard import errors
from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.errors import ExitStatus
from bulk_onboard.ledger.fold import entries
from bulk_onboard.maintenance.account import Origin, take_inventory
from bulk_onboard.maintenance.rebuild import rebuild_ledger
from bulk_onboard.maintenance.refresh import refresh_job
from bulk_onboard.model.entry import Adopted, Intent
from bulk_onboard.pipeline.judge import make_dry_run
from bulk_onboard.pipeline.outputs import report_job
from bulk_onboard.sandbox.faults import FAULTS, FOR_GOOD
from tests.support.businesses import Cells, business
from tests.support.nights import Nights, keyed, numbered, saying
from tests.support.office import AUTH_ID, AUTH_TOKEN

pytestmark = pytest.mark.slow

CREDENTIALS = Credentials(AUTH_ID, Secret(AUTH_TOKEN))
ROWS = 4
NEW = "U72999KA2020PTC999999"


@pytest.fixture(autouse=True)
def a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox refuses only what the checks here refuse before."""
    monkeypatch.setitem(FAULTS, "refuse-400", saying("refuse-400", "invalid_parameter"))


def rows_with_numbers() -> list[Cells]:
    """Good rows with Keys, each with a phone number of its own."""
    return [keyed(row, Numbers=numbered(row)) for row in range(ROWS)]


def written(nights: Nights) -> dict[str, tuple[str, tuple[str, ...]]]:
    """What the API has of each business, none of which is there twice: by number its name and its phone numbers."""
    state = nights.sandbox.state
    linked = {number: n.compliance_id for n in state.numbers if (number := n.number)}
    assert len(state.records) == len({record.end_user["registration_number"] for record in state.records})
    return {
        record.end_user["registration_number"]: (
            record.end_user["name"],
            tuple(sorted(number for number, holder in linked.items() if holder == record.compliance_id)),
        )
        for record in state.records
    }


def change_keys(nights: Nights, change: Callable[[int, str], str]) -> None:
    """What is done to the Key column, and to no other."""
    nights.rows = [cells | {"Key": change(row, cells["Key"])} for row, cells in enumerate(nights.rows)]
    nights.save()


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
async def test_edited_keys_file_update_and_link_nothing(nights: Nights, edit: str, review: str) -> None:
    """Whatever the reviews are: not one record more, none changed, no number linked; put back, all goes on."""
    await nights.filed(*rows_with_numbers())
    before = written(nights)
    nights.judge(review, *range(ROWS), reason="Blurred." if review == "rejected" else None)
    keys = [cells["Key"] for cells in nights.rows]
    nights.rows = [cells | {"City": "Mysuru"} for cells in nights.rows]
    change_keys(nights, EDITS[edit])
    untouched = [row for row in range(ROWS) if nights.rows[row]["Key"] == keys[row]]
    since = len(nights.sandbox.log)

    result = await nights.night()

    assert ExitStatus.ROWS_NEED_ATTENTION is result.exit_status
    asked, due = nights.asked(since), len(untouched)
    assert asked["create"] == 0
    assert asked["link"] == (due if review == "approved" else 0)
    assert asked["update"] == (due if review == "rejected" else 0)
    assert {"business-under-another-key", "key-of-another-business"} & set(nights.problems())
    assert [name for name, _ in before.values()] == [name for name, _ in written(nights).values()]
    for row in range(ROWS):
        assert (nights.number_of(row) is not None) == (review == "approved" and row in untouched)
    change_keys(nights, lambda row, key: keys[row])
    await nights.night()
    for row in range(ROWS) if review == "approved" else ():
        assert nights.number_of(row) == nights.made(row).compliance_id


@pytest.mark.parametrize("fault", ["refuse-400", "refuse-401", "drop-after"])
@pytest.mark.parametrize("edit", ["cleared in some", "respelt", "shifted"])
async def test_edited_keys_of_rows_that_a_run_left_behind(nights: Nights, fault: str, edit: str) -> None:
    """Refused, deferred, unknown or only taken in when the Keys change: each business is there once, or is told.

    What was never sent may be filed under its new Key; then that is the Key which the ledger asks back for.
    """
    nights.fill(rows_with_numbers())
    nights.sandbox.faults.script("create", fault, FOR_GOOD, after=1)
    await nights.night(concurrency="1")
    nights.sandbox.faults.clear()
    keys = [cells["Key"] for cells in nights.rows]
    nights.rows = [cells | {"City": "Mysuru"} for cells in nights.rows]
    change_keys(nights, EDITS[edit])
    await nights.night()
    change_keys(nights, lambda row, key: keys[row])

    await nights.night()
    result = await nights.night()

    told = {"business-under-another-key", "key-of-another-business"} & set(nights.problems())
    assert [] == nights.sandbox.state.duplicates
    assert (ExitStatus.ROWS_NEED_ATTENTION if told else ExitStatus.DONE) is result.exit_status
    assert told or ROWS == len(written(nights)) == result.counts["submitted"]
    assert len(written(nights)) <= ROWS


async def test_all_keys_cleared_stop_the_run_and_are_told_by_plan_and_check(nights: Nights) -> None:
    """One sentence where a run would begin; a finding a row, with its Key, where nothing can be sent."""
    await nights.filed(*rows_with_numbers())
    change_keys(nights, lambda row, key: "")

    with pytest.raises(errors.UsageError, match="put the Key column back, with the Keys as they were"):
        await nights.night()

    dry_run = await make_dry_run(nights.job(), credentials=CREDENTIALS, clock=nights.calendar)
    told = [(finding.code, finding.fix) for finding in dry_run.plan.findings]
    assert ["business-under-another-key"] * ROWS == [code for code, _ in told]
    assert all(f"Write the Key K-{row} back." in mend for row, (_, mend) in enumerate(told))
    assert ROWS == dry_run.plan.counts()["nothing"]


@pytest.mark.parametrize("review", ["approved", "rejected", "pending_review"])
@pytest.mark.parametrize("first_is_there", [True, False])
async def test_key_reused_for_another_business(nights: Nights, review: str, first_is_there: bool) -> None:
    """Another row took the Key: never a second record or a number at the wrong one, and it is told."""
    await nights.filed(*rows_with_numbers())
    nights.judge(review, 0, reason="Blurred." if review == "rejected" else None)
    other = business(7, Key="K-0", Numbers=numbered(7))
    nights.fill([*([nights.rows[0] | {"Key": ""}] if first_is_there else []), *nights.rows[1:], other])

    result = await nights.night()

    assert "registration-number-changed" in nights.problems() or ExitStatus.ROWS_NEED_ATTENTION is result.exit_status
    assert ROWS == len(nights.sandbox.state.records)
    assert None is nights.number_of(7)
    names = {record.end_user["name"] for record in nights.sandbox.state.records}
    assert (other["Business Name"] in names) == (review == "rejected" and not first_is_there)


async def test_corrected_number_of_a_rejected_record_goes_out_and_is_told(nights: Nights) -> None:
    """It is the same record; the run that sends it says so, and then the ledger knows its new number."""
    await nights.filed(keyed(0), keyed(1))
    nights.judge("rejected", 0, reason="Wrong number.")
    nights.rows[0]["Registration Number"] = NEW
    nights.save()
    dry_run = await make_dry_run(nights.job(), credentials=CREDENTIALS, clock=nights.calendar)
    assert ["registration-number-changed"] == [finding.code for finding in dry_run.plan.findings]

    result = await nights.night()

    assert (ExitStatus.DONE, 1) == (result.exit_status, result.drift.renumbered)
    assert "registration-number-changed" in nights.problems()
    assert NEW == nights.made(0).end_user["registration_number"]
    again = await nights.night()
    assert (0, []) == (again.drift.renumbered, nights.problems())
    before = keyed(0)["Registration Number"]
    nights.fill([*nights.rows, keyed(2, Registration_Number=NEW), keyed(3, Registration_Number=before)])
    await nights.night()
    assert ["business-again"] == [code for code in nights.problems() if code != "registration-number-twice"]
    assert 3 == len(nights.sandbox.state.records)  # the number that the first had is free


async def test_approved_record_whose_number_changed_waits_for_a_person(nights: Nights) -> None:
    """No number is linked, every night says so, also with --new-only; the approved number back, all are linked."""
    await nights.filed(*rows_with_numbers())
    nights.judge("approved", *range(ROWS))
    before = nights.rows[0]["Registration Number"]
    nights.rows[0]["Registration Number"] = NEW
    nights.save()

    results = [await nights.night(), await nights.night(new_only=True)]

    assert [ExitStatus.ROWS_NEED_ATTENTION] * 2 == [night.exit_status for night in results]
    assert [None, *(nights.made(row).compliance_id for row in range(1, ROWS))] == [
        nights.number_of(row) for row in range(ROWS)
    ]
    assert ["approved-number-changed"] == nights.problems()
    nights.rows[0]["Registration Number"] = before
    nights.save()
    assert ExitStatus.DONE is (await nights.night()).exit_status
    assert nights.made(0).compliance_id == nights.number_of(0)


async def test_same_business_added_again_under_a_new_key(nights: Nights) -> None:
    """Kept out until the job says that it is a branch."""
    await nights.filed(keyed(0), keyed(1))
    nights.fill([*nights.rows, nights.rows[0] | {"Key": "K-9"}])

    kept_out = await nights.night()
    job = replace(nights.job(), findings={"business-again": "warning"})
    dry_run = await make_dry_run(job, credentials=CREDENTIALS, clock=nights.calendar)

    assert (ExitStatus.ROWS_NEED_ATTENTION, 2) == (kept_out.exit_status, len(nights.sandbox.state.records))
    assert 1 == dry_run.plan.counts()["create"]


async def test_branches_that_were_in_the_sheet_from_the_start(nights: Nights) -> None:
    """One number under two Keys: two records, also when the run between them ended; then each is its own."""
    nights.fill([keyed(0, Numbers=numbered(0)), business(0, Key="K-9", Numbers=numbered(9), City="Mysuru")])
    nights.sandbox.faults.script("create", "refuse-401", FOR_GOOD, after=1)
    await nights.night(concurrency="1")
    nights.sandbox.faults.clear()

    result = await nights.night()

    assert (ExitStatus.DONE, 2) == (result.exit_status, len(nights.sandbox.state.records))
    for record in nights.sandbox.state.records:
        nights.sandbox.state.review(record, "approved", None)
    assert ExitStatus.DONE is (await nights.night()).exit_status
    one, other = nights.number_of(0), nights.number_of(9)
    assert {one, other} == {record.compliance_id for record in nights.sandbox.state.records}


async def test_adopted_records_are_known_by_their_numbers(nights: Nights) -> None:
    """A lost ledger, found again by a run or made by rebuild: what the rows proved holds when the Keys change."""
    await nights.filed(*rows_with_numbers())
    nights.ledger.unlink()
    await nights.night(settle="1s")
    adopted = [entry for entry in entries(nights.ledger.read_bytes()) if isinstance(entry, Adopted)]
    nights.ledger.unlink()
    await rebuild_ledger(nights.job(settle="0"), credentials=CREDENTIALS, clock=nights.calendar)
    rebuilt = [entry for entry in entries(nights.ledger.read_bytes()) if isinstance(entry, Adopted)]

    change_keys(nights, EDITS["respelt"])
    result = await nights.night()

    assert ROWS == len({entry.registration_token for entry in adopted})
    assert {e.registration_token for e in adopted} == {e.registration_token for e in rebuilt}
    assert (ExitStatus.ROWS_NEED_ATTENTION, ROWS) == (result.exit_status, len(nights.sandbox.state.records))


async def test_refresh_report_and_survey_take_no_row_for_another(nights: Nights) -> None:
    """Reviews come in by id, whatever the Keys; no row stands for a record that is not its own."""
    await nights.filed(*rows_with_numbers())
    nights.judge("approved", *range(ROWS))
    change_keys(nights, EDITS["shifted"])

    refreshed = await refresh_job(nights.job(), credentials=CREDENTIALS, clock=nights.calendar)
    survey = await take_inventory(nights.job(), credentials=CREDENTIALS, clock=nights.calendar)
    made_anew = await report_job(nights.job(), clock=nights.calendar)

    assert {"approved": ROWS} == refreshed.reviews
    assert {Origin.ROW_GONE} == {origin for _, origin in survey.records}
    assert (ROWS, 0) == (made_anew.counts["invalid"], made_anew.counts["submitted"])
    assert ["key-of-another-business"] * ROWS == nights.problems()


@pytest.mark.parametrize("by_run", [True, False])
async def test_reason_that_quotes_a_row_is_masked_whatever_its_key(nights: Nights, by_run: bool) -> None:
    """The row is nobody by its Key, and still the one whose name the reviewers quote."""
    await nights.filed(*rows_with_numbers())
    name = nights.rows[1]["Business Name"]
    nights.judge("rejected", 1, reason=f"The scan does not show {name}.")
    change_keys(nights, EDITS["shifted"])

    if by_run:
        await nights.night()
    else:
        await refresh_job(nights.job(), credentials=CREDENTIALS, clock=nights.calendar)

    assert "does not show" in nights.ledger.read_text()
    assert name not in nights.ledger.read_text()


async def test_ledger_holds_no_number_itself(nights: Nights) -> None:
    """Only what it makes, beside the token, by every create and update."""
    await nights.filed(keyed(0), keyed(1))
    content = nights.ledger.read_text()
    intents = [entry for entry in entries(nights.ledger.read_bytes()) if isinstance(entry, Intent)]

    assert 2 == len({intent.registration_token for intent in intents} - {""})
    assert all(cells["Registration Number"] not in content for cells in nights.rows)


def edited(nights: Nights, dice: random.Random, newest: int) -> int:
    """What people do to a sheet in a day, most of it to its Keys; the number of the newest business."""
    keys, kind = (
        [cells.get("Key", "") for cells in nights.rows],
        dice.choice((*DAYS, "add", "reuse", "remove", "again")),
    )
    keys = DAYS[kind](dice, keys) if kind in DAYS else keys
    nights.rows = [cells | {"Key": key} for cells, key in zip(nights.rows, keys, strict=True)]
    at = dice.randrange(len(nights.rows))
    if kind in ("add", "reuse"):
        newest += 1
        key = dice.choice((f"K-{newest}", "")) if kind == "add" else nights.rows.pop(at)["Key"]
        nights.rows.append(business(newest, Numbers=numbered(newest), Key=key))
    elif kind == "remove" and len(nights.rows) > 1:
        nights.rows.pop(at)
    elif kind == "again":
        nights.rows.append(nights.rows[at] | {"Key": dice.choice(("", f"X-{newest}"))})
    nights.rows = [cells | {"City": dice.choice(("Mysuru", "Hubballi", cells["City"]))} for cells in nights.rows]
    dice.shuffle(nights.rows)
    nights.fill(nights.rows)
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
    nights: Nights, seed: int
) -> None:
    """Five days of edits, reviews, lost and refused calls."""
    dice, newest = random.Random(seed), ROWS - 1
    nights.fill(rows_with_numbers())
    for _ in range(5):
        if dice.random() < 0.3:
            nights.sandbox.faults.script("create", dice.choice(("refuse-401", "drop-after", "drop-before")))
        with suppress(errors.UsageError):  # no Key is left in the whole sheet
            await nights.night(concurrency="1", **({"limit": "1"} if dice.random() < 0.2 else {}))
        nights.sandbox.faults.clear()
        registered = {r.compliance_id: r.end_user["registration_number"] for r in nights.sandbox.state.records}
        assert len(registered) == len(set(registered.values()))
        for row in range(newest + 1):
            if (holder := nights.number_of(row)) is not None:
                assert registered[holder] == business(row)["Registration Number"]
        for record in nights.sandbox.state.records:
            if record.review == "pending_review" and dice.random() < 0.6:
                nights.sandbox.state.review(record, dice.choice(("approved", "rejected")), "Blurred.")
        newest = edited(nights, dice, newest)
