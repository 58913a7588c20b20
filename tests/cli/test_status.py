"""`status`: the job at a glance, and lists of what needs attention."""

from pathlib import Path

import pytest

from tests.support.businesses import business
from tests.support.office import Office

pytestmark = pytest.mark.slow


@pytest.fixture
async def mixed(office: Office) -> Office:
    """Twelve rows sent, three of them rejected by reviewers, and one that is invalid."""
    rows = [business(n, Key=f"K-{n}") for n in range(12)]
    office.fill([*rows, business(12, Key="K-12", City="")])
    await office.run()
    for record in office.sandbox.state.records[:3]:
        office.sandbox.state.review(record, "rejected", "The scan is blurred.")
    await office.run()
    return office


async def test_pilot_says_what_is_not_taken_in_yet(office: Office) -> None:
    """The ledger has the rows that were sent; how many the workbook has besides, its newest run has written down."""
    office.fill(9)
    await office.run(limit="2")

    told, as_json = await office.type("status"), await office.type("status", "--json")

    assert "Not taken in yet: 7 rows of the workbook" in told.out
    assert 7 == as_json.json["not_taken_in"]


async def test_times_are_those_of_the_clock_on_the_wall(office: Office) -> None:
    """How long ago, and the time of day; no instant of a machine."""
    office.fill(1)
    await office.run()

    told = await office.type("status")

    assert "began just now (" in told.out
    assert "+00:00" not in told.out


async def test_failed_lists_what_needs_attention(mixed: Office) -> None:
    """Rejected and invalid rows, with the name and row number as the workbook is at hand, why, and what to do."""
    told = await mixed.type("status", "--failed", "--json")

    assert 4 == told.json["fit"] == len(told.json["records"])
    assert {"K-12"} < {each["key"] for each in told.json["records"]}
    assert all(each["row"] and each["name"] and each["why"] and each["to_do"] for each in told.json["records"])


async def test_filters_must_all_hold_and_ten_are_shown(mixed: Office) -> None:
    """By state, review and Key; of more than ten the rest is counted, and `--all` shows it."""
    submitted = await mixed.type("status", "--state", "submitted")
    every = await mixed.type("status", "--state", "submitted", "--all", "--json")
    rejected = await mixed.type("status", "--state", "submitted", "--review", "rejected", "--json")
    sound = next(f"K-{n}" for n in range(12) if f"K-{n}" not in {each["key"] for each in rejected.json["records"]})
    one = await mixed.type("status", "--key", sound, "--json")
    neither = await mixed.type("status", "--key", sound, "--failed", "--json")

    assert "12 of 13 records fit." in submitted.out
    assert "… and 2 more; --all shows them all." in submitted.out
    assert 12 == len(every.json["records"])
    assert (3, 1, 0) == (rejected.json["fit"], one.json["fit"], neither.json["fit"])


async def test_without_the_workbook_names_are_left_out(mixed: Office) -> None:
    """The ledger alone lists the records by Key, and a sentence says why there are no names."""
    mixed.workbook.rename(Path(f"{mixed.workbook}.away"))

    told = await mixed.type("status", "--failed")

    assert 0 == told.status
    assert "K-12" in told.out
    assert "Business Name" not in told.out
    assert "Names and row numbers are left out." in told.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--state", "heldd"], "--state heldd: there is no such word. Did you mean held?"),
        (
            ["--review", "zzz"],
            "--review zzz: there is no such word. There is draft, pending, approved, rejected, more-info, ",
        ),
        (["--state", "rejected"], "--state rejected: there is no such word. Type --review rejected."),
        (["--review", "approved,held"], "--review held: there is no such word. Type --state held."),
        (["--key", "K-99"], "The ledger knows no record 'K-99'. Did you mean K-9?"),
    ],
)
async def test_strangers_are_named_with_the_nearest(mixed: Office, words: list[str], sentence: str) -> None:
    """Exit status 2."""
    told = await mixed.type("status", *words)

    assert (2, True) == (told.status, sentence in told.err)
