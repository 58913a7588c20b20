"""`--key` and `--rows`: a run of chosen rows sends these, and leaves all others as they are."""

import pytest

from tests.support.businesses import business
from tests.support.office import Office

pytestmark = pytest.mark.slow


@pytest.fixture
async def six(office: Office) -> Office:
    """Six good rows, 2 to 7, with the Keys K-0 to K-5."""
    office.fill([business(n, Key=f"K-{n}") for n in range(6)])
    return office


def sent(office: Office) -> list[str]:
    """The Keys at the API, in order."""
    return sorted(record.alias.split(" ")[0] for record in office.sandbox.state.records)


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (["--key", "K-1", "--key", "k-4"], ["K-1", "K-4"]),
        (["--rows", "2-3,7"], ["K-0", "K-1", "K-5"]),
        (["--key", "K-5", "--rows", "2"], ["K-0", "K-5"]),
        (["--rows", "3-7", "--limit", "2"], ["K-1", "K-2"]),
    ],
)
async def test_only_chosen_rows_are_sent(six: Office, words: list[str], keys: list[str]) -> None:
    """By Key in any case, by number, by both; `--limit` counts among them. The next run, as printed, sends the rest."""
    told = await six.type("run", *words)
    first = sent(six)
    again = await six.type("run")

    assert (0, keys) == (told.status, first)
    assert "Only the rows that were chosen were done" in told.err
    assert "--key" not in told.out
    assert "--rows" not in told.out
    assert (0, 6) == (again.status, len(six.sandbox.state.records))


async def test_plan_after_a_pilot_is_about_the_run_that_it_prints(six: Office) -> None:
    """It waits as long as that run's settle window, and what is at the API is one line, whatever its ids."""
    await six.type("run", "--key", "K-0", "--key", "K-1")

    told = await six.type("plan")

    (cost,) = [line for line in told.out.splitlines() if line.startswith("A run would make")]
    assert "min" not in cost  # two windows of 90 s, the default, are three
    assert "  rows 2-3: submitted\n" in told.out
    assert "--settle 0.6s" in told.out


async def test_others_stay_as_they_are(six: Office) -> None:
    """They are in the report as not chosen, none counts as gone from the sheet, and a corrected one is not updated."""
    await six.type("run", "--key", "K-0")
    counts = (await six.type("run", "--key", "K-1", "--json")).json
    results = {each["Key"]: each for each in six.sheet("Results")}

    assert (2, 4) == (counts["counts"]["submitted"], counts["counts"]["not sent"])
    assert 0 == counts["drift"]["without_row"]
    assert "Not chosen" in str(results["K-3"]["Reason"])


async def test_what_is_unknown_is_settled_all_the_same(six: Office) -> None:
    """A create of an earlier run whose outcome is not known is looked for, though its row was not chosen."""
    six.sandbox.faults.script("create", "drop-after")
    await six.run_until_unknown(limit="1")
    (before,) = sent(six)
    other = "K-5" if before != "K-5" else "K-4"

    told = await six.type("run", "--key", other)
    states = {record.key: str(record.state) for record in six.ledger_state().records.values()}

    assert 0 == told.status
    assert "submitted" == states[before]
    assert sorted({before, other}) == sent(six)


async def test_plan_and_check_take_them_too(six: Office) -> None:
    """`plan` has creates for the chosen rows alone; `check` tells only what is wrong with these."""
    six.fill([business(n, Key=f"K-{n}") | ({"City": ""} if n in (1, 2) else {}) for n in range(6)])

    plan = await six.type("plan", "--rows", "5-6", "--json")
    check = await six.type("check", "--key", "K-1", "--json")
    sound = await six.type("check", "--key", "K-0", "--json")

    assert ["create", "create"] == [each["action"] for each in plan.json["decisions"] if each["row"] in (5, 6)]
    assert {"not chosen"} == {each["reason"] for each in plan.json["decisions"] if each["row"] in (2, 7)}
    assert (3, {3}) == (check.status, {each["row"] for each in check.json["findings"]})
    assert (0, []) == (sound.status, sound.json["findings"])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--key", "K-11"], "has the Key 'K-11'. Did you mean K-1?"),
        (["--rows", "3,40"], "has nothing in row 40: it has rows 2 to 7."),
        (["--rows", "40-50"], "has nothing in rows 40 to 50: it has rows 2 to 7."),
    ],
)
async def test_a_row_that_is_not_there_is_an_error(six: Office, words: list[str], sentence: str) -> None:
    """Nothing is sent, not even the rows that are there."""
    told = await six.type("run", *words)

    assert 2 == told.status
    assert sentence in told.err
    assert [] == sent(six)
