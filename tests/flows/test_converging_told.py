"""People are told what is theirs to do: once where they ask for news, never in vain, and without personal data."""

import json
from dataclasses import replace
from uuid import uuid4

import pytest

from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.maintenance.delete import delete_records, of_key, plan_deletion
from bulk_onboard.maintenance.refresh import Refreshed, refresh_job
from bulk_onboard.model.record import State
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.sandbox.answers import Answer
from bulk_onboard.sandbox.faults import FAULTS, FOR_GOOD, Fault, Strikes
from tests.support.nights import Nights, aside, keyed, numbered, saying
from tests.support.office import AUTH_ID, AUTH_TOKEN

CREDENTIALS = Credentials(AUTH_ID, Secret(AUTH_TOKEN))
STRANGE = "+91 44 4000 0001"  # the account does not rent it


def without_country(answer: Answer) -> Answer:
    """A number's record with the number as it is dialled at home."""
    body = json.loads(answer.body)
    return replace(answer, body=json.dumps({**body, "number": "0" + body["number"].removeprefix("91")}).encode())


@pytest.fixture(autouse=True)
def words_of_the_api(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the sandbox does not say or do of itself."""
    for fault in (
        saying("not-editable", "compliance_not_editable"),
        saying("not-approved", "compliance_not_approved"),
        saying("refuse-422", "invalid_file", "not legible"),
        Fault("without-country", Strikes.AFTER, "", without_country),
        aside("approved-after", lambda: nights.judge("approved", 0)),
    ):
        monkeypatch.setitem(FAULTS, fault.name, fault)


async def statuses(nights: Nights, number: int, **flags: object) -> list[int]:
    """How so many nights in a row end."""
    return [int((await nights.night(**flags)).exit_status) for _ in range(number)]


async def refreshed(nights: Nights) -> Refreshed:
    """What `refresh` comes to."""
    return await refresh_job(nights.job(), credentials=CREDENTIALS, clock=nights.calendar)


async def test_news_of_a_night_that_stopped_early_is_news_in_the_next(nights: Nights) -> None:
    """`--new-only`: it ended with 4, whatever was rejected; the next one ends with 3, the one after with 0."""
    await nights.filed(keyed(0), keyed(1))
    nights.rows[1]["Numbers"] = numbered(1)
    nights.save()
    nights.judge("rejected", 0, reason="Blurred.")
    nights.judge("approved", 1)
    nights.sandbox.faults.script("number", "error-500-before", 3)

    assert [4, 3, 0] == await statuses(nights, 3, new_only=True)


async def test_rejected_row_that_is_spoiled_when_mended_is_news_once(nights: Nights) -> None:
    """Its document is not there: nothing is sent, and its person is told once."""
    await nights.filed(keyed(0))
    nights.judge("rejected", 0, reason="Blurred.")
    before = await statuses(nights, 2, new_only=True)
    nights.rows[0]["Address Proof"] = "nowhere.pdf"
    nights.save()

    assert [3, 0, 3, 0] == before + await statuses(nights, 2, new_only=True)
    assert ([3], 0) == (await statuses(nights, 1), nights.asked()["update"])


async def test_record_in_a_state_that_the_api_shows_differently_is_not_corrected_twice(nights: Nights) -> None:
    """It is shown as rejected, and the API says that it cannot be edited."""
    await nights.filed(keyed(0))
    nights.judge("rejected", 0, reason="Blurred.")
    nights.replace_document(0)
    nights.sandbox.faults.script("update", "not-editable", FOR_GOOD)

    assert [3, 0] == await statuses(nights, 2, new_only=True)
    assert ([3], 1) == (await statuses(nights, 1), nights.asked()["update"])
    assert ["update-refused"] == nights.problems()


async def test_number_of_a_record_in_a_state_that_the_api_shows_differently_is_not_linked_twice(
    nights: Nights,
) -> None:
    """It is shown as approved, and the API says that it is not."""
    await nights.filed(keyed(0, Numbers=numbered(0)))
    nights.judge("approved", 0)
    nights.sandbox.faults.script("link", "not-approved", FOR_GOOD)

    assert [3, 0] == await statuses(nights, 2, new_only=True)
    assert ([3], 1) == (await statuses(nights, 1), nights.asked()["link"])
    assert ["number-refused"] == nights.problems()


async def test_number_record_that_writes_the_number_without_its_country_is_used(nights: Nights) -> None:
    """A zero before it at that."""
    await nights.filed(keyed(0, Numbers=numbered(0)))
    nights.judge("approved", 0)
    nights.sandbox.faults.script("number", "without-country", FOR_GOOD)

    assert ([0], nights.made(0).compliance_id) == (await statuses(nights, 1), nights.number_of(0))


async def test_record_that_is_approved_after_the_look_gets_its_numbers_in_the_same_run(nights: Nights) -> None:
    """It was to be corrected; just before that it turns out to be approved."""
    await nights.filed(keyed(0, Numbers=numbered(0)))
    nights.judge("rejected", 0, reason="Blurred.")
    nights.replace_document(0)
    nights.sandbox.faults.script("list", "approved-after")

    result = await nights.night()

    assert (0, 0, nights.made(0).compliance_id) == (
        result.exit_status,
        nights.asked()["update"],
        nights.number_of(0),
    )


async def test_rejected_record_whose_row_has_gone_needs_a_person(nights: Nights) -> None:
    """It counts with the rows, and is news once."""
    await nights.filed(keyed(0), keyed(1))
    nights.judge("rejected", 0, reason="Blurred.")
    del nights.rows[0]
    nights.save()

    result = await nights.night(new_only=True)

    assert (3, 1, 1) == (result.exit_status, result.need_attention, result.new)
    assert [0] == await statuses(nights, 1, new_only=True)
    assert [3] == await statuses(nights, 1)


async def test_held_record_whose_row_has_gone_needs_a_person(nights: Nights) -> None:
    """The account has it twice, so a person must look, with or without its row."""
    await nights.filed(keyed(0), keyed(1))
    nights.sandbox.state.keep(replace(nights.made(0), compliance_id=str(uuid4())))
    nights.ledger.unlink()
    await nights.night()
    del nights.rows[0]
    nights.save()

    result = await nights.night()

    assert (3, 1) == (result.exit_status, result.need_attention)
    assert State.HELD in {record.state for record in nights.ledger_state().records.values()}


async def test_what_was_refused_of_a_row_that_has_gone_needs_nobody(nights: Nights) -> None:
    """A create, and a number of an approved record: taking the row out was an answer to that."""
    nights.fill([keyed(0, Numbers=STRANGE), keyed(1), keyed(2)])
    nights.sandbox.faults.script("create", "refuse-422", after=2)
    before = await statuses(nights, 1, concurrency="1")
    nights.judge("approved", 0)
    before += await statuses(nights, 1)
    del nights.rows[:]
    nights.fill([keyed(1)])

    result = await nights.night()

    assert ([3, 3], 0, 0) == (before, result.exit_status, result.need_attention)


async def test_record_that_is_gone_is_told_once_and_not_asked_for_again(nights: Nights) -> None:
    """Somebody deleted the rejected record whose row was mended since."""
    await nights.filed(keyed(0), keyed(1))
    nights.judge("rejected", 0, reason="Blurred.")
    await nights.night(new_only=True)
    nights.sandbox.state.forget(nights.made(0))
    nights.replace_document(0)
    since = len(nights.sandbox.log)

    assert [3, 0, 0] == await statuses(nights, 3, new_only=True)
    asked = nights.asked(since)
    assert (1, 0, ["record-gone"]) == (asked["get"], asked["update"], nights.problems())


async def test_refresh_says_nothing_of_numbers(nights: Nights) -> None:
    """A number that the API refused is for a run to tell, which knows whether its row still names it."""
    await nights.filed(keyed(0, Numbers=STRANGE))
    nights.judge("approved", 0)
    told = await statuses(nights, 1)

    assert ([3], 0) == (told, (await refreshed(nights)).exit_status)


async def test_held_number_is_looked_at_once_in_a_run(nights: Nights) -> None:
    """It is used under another record; a run that waits for a review does not ask for it at each look."""
    await nights.filed(keyed(0), keyed(1, Numbers=numbered(1)), keyed(2))
    nights.judge("approved", 0, 1)
    state = nights.sandbox.state
    state.link(state.number(numbered(1).replace(" ", "")), nights.made(0))
    first = await nights.night(wait="10m")
    since = len(nights.sandbox.log)

    second = await nights.night(wait="10m")

    asked = nights.asked(since)
    assert (3, 3) == (first.exit_status, second.exit_status)
    assert (1, 2) == (asked["number"], nights.asked()["number"])
    assert asked["list"] > 3


@pytest.mark.parametrize("by", ["run", "refresh"])
async def test_reason_that_quotes_the_row_is_masked_in_the_ledger(nights: Nights, by: str) -> None:
    """Name, address and registration number."""
    await nights.filed(keyed(0))
    quoted = [nights.rows[0][header] for header in ("Business Name", "Address Line 1", "Registration Number")]
    nights.judge("rejected", 0, reason="At {1} nobody knows {0} ({2}).".format(*quoted))

    await (nights.night() if by == "run" else refreshed(nights))

    (record,) = nights.ledger_state().records.values()
    assert "At … nobody knows … (…)." == record.review_reason
    assert [] == [text for text in quoted if text in nights.ledger.read_text(encoding="utf-8")]


async def test_reason_that_quotes_what_was_mended_since_stays_masked_and_is_no_news(nights: Nights) -> None:
    """The reviewers object to a name; the row has another one now, and its e-mail address is none."""
    await nights.filed(keyed(0))
    name = nights.rows[0]["Business Name"]
    nights.judge("rejected", 0, reason=f"The name {name} is not the one on the certificate.")
    first = await statuses(nights, 1, new_only=True)
    nights.rows[0] |= {"Business Name": "Another Invented Company", "Address Proof": "nowhere.pdf"}
    nights.save()
    reason = next(iter(nights.ledger_state().records.values())).review_reason

    assert [3, 3, 0] == first + await statuses(nights, 2, new_only=True)
    (record,) = nights.ledger_state().records.values()
    assert (reason, False) == (record.review_reason, name in nights.ledger.read_text(encoding="utf-8"))


async def test_record_that_was_deleted_is_no_drift_once_its_row_has_gone(nights: Nights) -> None:
    """Both are gone on purpose."""
    await nights.filed(keyed(0), keyed(1))
    clock = nights.calendar
    job, one = nights.job(), of_key("K-0")
    candidates = await plan_deletion(job, one, credentials=CREDENTIALS, clock=clock)
    done = await delete_records(job, candidates, one, credentials=CREDENTIALS, clock=clock, stop=Stop())
    del nights.rows[0]
    nights.save()

    result = await nights.night()

    assert (1, 0, 0) == (len(done.deleted), result.exit_status, result.drift.without_row)


@pytest.mark.parametrize(
    ("flags", "marked"),
    [
        ("--retry-refused", False),
        ("--retry-refused invalid_file", False),
        ("--annotate --retry-refused invalid_file", True),
    ],
)
async def test_next_command_does_not_retry_what_was_refused(nights: Nights, flags: str, marked: bool) -> None:
    """It was sent again just now, and nobody need do that each time."""
    await nights.filed(keyed(0))
    nights.judge("rejected", 0, reason="Blurred.")

    told = await nights.type("run", "--json", *flags.split())

    assert (3, marked) == (told.status, told.json["annotated"] is not None)
    assert [] == [word for word in ("retry-refused", "invalid_file") if word in told.json["next"]]
    assert told.json["next"].startswith("bulk-onboard merge " if marked else "bulk-onboard run ")
