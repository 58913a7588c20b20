"""A person settles a held record, and the API is asked whether that can be true."""

from pathlib import Path

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.model import entry as entries
from bulk_onboard.model.entry import Op
from bulk_onboard.sandbox.behaviours import LIST
from tests.support.businesses import business
from tests.support.office import CREDENTIALS, Office

pytestmark = pytest.mark.slow


@pytest.fixture
async def held(office: Office) -> Office:
    """One row whose create was lost on an empty account, so that its absence could not be shown."""
    office.fill([business(1, Key="K-1")])
    office.sandbox.faults.script("create", "drop-before")
    await office.run()
    return office


async def test_an_absent_record_is_sent_by_the_next_run(held: Office) -> None:
    """`--absent`: the person says it is not there, the API agrees, the row is due again."""
    told = await held.type("resolve", "K-1", "--absent", "--json")
    result = await held.run()

    assert (told.status, told.json["records"][0]["state"]) == (0, "deferred")
    assert (result.exit_status, result.counts["submitted"]) == (0, 1)
    assert len(held.sandbox.state.records) == 1


async def test_absent_is_not_taken_while_the_api_shows_the_record(office: Office) -> None:
    """The API contradicts the person, and names the id; with `--found` it is adopted."""
    office.fill([business(1, Key="K-1")])
    office.sandbox.faults.script("create", "drop-after")
    await office.run_until_unknown()
    (record,) = office.sandbox.state.records

    refused = await office.type("resolve", "K-1", "--absent")
    found = await office.type("resolve", "K-1", "--found", record.compliance_id, "--json")

    assert refused.status == 2
    assert record.compliance_id in refused.err
    assert (found.status, found.json["records"][0]["state"]) == (0, "submitted")


async def test_an_abandoned_row_is_not_sent_any_more(held: Office) -> None:
    """`--abandon`: further runs leave it alone and say so."""
    told = await held.type("resolve", "K-1", "--abandon", "--json")
    result = await held.run()

    assert (told.json["records"][0]["state"], result.counts["abandoned"]) == ("abandoned", 1)
    assert not held.sandbox.state.records


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["K-1", "--absent", "--abandon"], "one of --found"),
        (["K-2", "--absent"], "knows no record"),
        (["K-1", "--found", "00000000-0000-4000-8000-000000000000"], "does not show"),
    ],
)
async def test_an_answer_that_cannot_be_is_refused(held: Office, words: list[str], sentence: str) -> None:
    """Exit status 2, and the record stays held."""
    told = await held.type("resolve", *words)

    assert told.status == 2
    assert sentence in told.err


async def test_without_an_answer_the_api_is_asked_and_nothing_is_written(held: Office) -> None:
    """Each answer that the API does not contradict is told as a command; here it shows no record."""
    before = held.ledger.read_bytes()

    told, as_json = await held.type("resolve", "K-1"), await held.type("resolve", "K-1", "--json")

    assert (3, 3) == (told.status, as_json.status)
    assert [line.strip() for line in told.out.splitlines()[-2:]] == as_json.json["records"][0]["answers"]
    assert ["--absent", "--abandon"] == [answer.split()[4] for answer in as_json.json["records"][0]["answers"]]
    assert before == held.ledger.read_bytes()


async def test_a_record_that_is_not_held_is_not_for_a_person(office: Office, tmp_path: Path) -> None:
    """A submitted one stays as it is."""
    office.fill([business(1, Key="K-1")])
    await office.run()

    told = await office.type("resolve", "K-1", "--absent")

    assert told.status == 2
    assert "is submitted" in told.err


async def test_absent_is_not_taken_of_a_list_that_may_leave_the_record_out(office: Office) -> None:
    """A list that can neither be walked to its end nor asked for one alias shows nobody's absence."""
    office.fill([business(number) for number in range(1, 31)])
    await office.run()
    office.fill([business(31, Key="K-31")])
    office.sandbox.faults.script("create", "drop-after")
    await office.run_until_unknown()
    office.sandbox.behaviours.set(["ignore-alias", "ignore-offset", "no-meta", "cap-20"], LIST)

    told = await office.type("resolve", "K-31", "--absent")

    assert (told.status, "could not be read to its end" in told.err) == (2, True)


@pytest.fixture
async def three_held(office: Office) -> Office:
    """Three rows whose creates were lost, so that somebody has to look."""
    office.fill([business(n, Key=f"K-{n}") for n in range(3)])
    office.sandbox.faults.script("create", "drop-before", times=3)
    await office.run()
    async with office.job().store.opened(auth_id=CREDENTIALS.auth_id, clock=SystemClock()) as journal:
        for record in tuple(journal.ledger_state.records.values()):
            await journal.append(entries.Held(token=record.token, key=record.key, op=Op.CREATE, why="lost"))
    return office


async def test_one_answer_for_several_records(three_held: Office) -> None:
    """Each is checked and resolved; a Key that is not there is named with the nearest, and keeps none back."""
    told = await three_held.type("resolve", "K-0", "K-2", "K-22", "--abandon")
    states = {record.key: str(record.state) for record in three_held.ledger_state().records.values()}

    assert 3 == told.status
    assert {"K-0": "abandoned", "K-1": "held", "K-2": "abandoned"} == states
    assert "Record K-22 stays as it is: The ledger knows no record 'K-22'. Did you mean K-2?" in told.out


async def test_all_held_records_are_asked_for_and_answered(three_held: Office) -> None:
    """`--all-held` stands for their Keys: without an answer each gets its commands, with one each is resolved."""
    asked = await three_held.type("resolve", "--all-held", "--json")
    told = await three_held.type("resolve", "--all-held", "--absent", "--json")
    nothing = await three_held.type("resolve", "--all-held", "--absent")

    assert (3, ["K-0", "K-1", "K-2"]) == (asked.status, [each["key"] for each in asked.json["records"]])
    assert all(f" {each['key']} " in each["answers"][0] for each in asked.json["records"])
    assert (0, {"deferred"}) == (told.status, {each["state"] for each in told.json["records"]})
    assert (2, True) == (nothing.status, "No record is held" in nothing.err)


async def test_found_is_about_one_record(three_held: Office) -> None:
    """An id cannot be two rows' record; without a Key the command that lists the held ones is named."""
    found = await three_held.type("resolve", "K-0", "K-1", "--found", "00000000-0000-4000-8000-000000000000")
    nobody = await three_held.type("resolve", "--absent")

    assert (2, True) == (found.status, "--found ID is about one record" in found.err)
    assert (2, True) == (nobody.status, "bulk-onboard status " in nobody.err and "--state held" in nobody.err)
