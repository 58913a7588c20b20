"""Two machines with copies of one ledger: no lock can help, so what they make twice is reported.

See docs/design/ledger.md, Locks.

Each machine is a folder of its own with the same workbook and documents; the second one's ledger is a copy of the
first one's as it was when the first was stopped. Both carry on with the job file's `audit = "always"`.
"""

import asyncio
import itertools
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bulk_onboard.model.identity import token_in
from bulk_onboard.pipeline.stop import Stop
from tests.support.businesses import business
from tests.support.office import Office, Told

pytestmark = pytest.mark.slow

ROWS = 12
JOB = 'workbook = "businesses.xlsx"\nledger = "businesses.ledger.jsonl"\naudit = "always"\n'


async def two_machines(office: Office) -> tuple[Office, Office]:
    """A job that was stopped after some rows, and a copy of everything on a second machine."""
    office.fill([business(number, Key=f"K-{number}") for number in range(ROWS)])
    await office.run(limit="4")
    job_file(office).write_text(JOB)
    copied = Office(office.folder / "second machine", office.sandbox)
    copied.folder.mkdir()
    for path in (office.workbook, office.ledger, job_file(office)):
        shutil.copy(path, copied.folder)
    shutil.copytree(office.documents, copied.documents)
    return office, copied


def job_file(office: Office) -> Path:
    return office.folder / "job.toml"


async def carry_on(office: Office) -> Told:
    """`run` of the job file, the report beside it."""
    return await office.type("run", "--json", job=job_file(office))


def twice_at_the_api(office: Office) -> dict[str, set[str]]:
    """The tokens with several records, as the sandbox knows."""
    records = sorted(office.sandbox.state.records, key=lambda record: token_in(record.alias))
    groups = itertools.groupby(records, key=lambda record: token_in(record.alias))
    ids = {token: {record.compliance_id for record in group} for token, group in groups}
    return {token: group for token, group in ids.items() if len(group) > 1}


def twice_told(told: Told) -> dict[str, set[str]]:
    """The same by what a run printed."""
    return {each["token"]: set(each["compliance_ids"]) for each in told.json["duplicates"]}


def problems(office: Office) -> list[dict[str, Any]]:
    """The rows of the report's Problems that speak of two records."""
    report = openpyxl.load_workbook(office.folder / "job.report.xlsx")
    header, *rows = report["Problems"].iter_rows(values_only=True)
    named = [dict(zip(header, row, strict=True)) for row in rows]
    return [row for row in named if row["Code"] == "record-twice"]


def nobody_is_missing(office: Office) -> bool:
    """Whether every row has a record at the API."""
    return len({token_in(record.alias) for record in office.sandbox.state.records}) == ROWS


async def test_one_after_the_other_they_make_no_duplicate(office: Office) -> None:
    """The second sees that the account has more than its ledger knows, sweeps it, and adopts what the first made."""
    first, second = await two_machines(office)

    told = [await carry_on(first), await carry_on(second), await carry_on(first)]

    assert [0, 0, 0] == [each.status for each in told]
    assert [ROWS] * 3 == [each.json["counts"]["submitted"] for each in told]
    assert ROWS == len(office.sandbox.state.records)
    assert nobody_is_missing(office)


async def test_in_turns_they_make_no_duplicate(office: Office) -> None:
    """Neither ledger ever knows what the other machine did last; the default audit is enough for that."""
    first, second = await two_machines(office)

    for limit, machine in zip("1234", (second, first, second, first), strict=True):
        result = await machine.run(limit=limit)

    assert (0, []) == (result.exit_status, office.sandbox.state.duplicates)
    assert result.counts["submitted"] == len(office.sandbox.state.records)


async def test_at_the_same_time_each_duplicate_is_reported_by_one_of_them(office: Office) -> None:
    """Neither can lock the other out; whoever ends last sees what both made."""
    first, second = await two_machines(office)
    office.sandbox.latency_s = 0.02

    both = await asyncio.gather(carry_on(first), carry_on(second))

    twice = twice_at_the_api(office)
    reported = twice_told(both[0]) | twice_told(both[1])
    assert nobody_is_missing(office)
    assert twice.keys() == reported.keys()
    assert {3 if twice_told(told) else 0 for told in both} == {told.status for told in both}


async def test_the_report_says_which_record_to_keep_and_which_to_delete(office: Office) -> None:
    """The oldest stays; a younger one whose review is pending may go, by its id."""
    office.fill([business(1, Key="K-1"), business(2, Key="K-2")])
    await office.run()
    await a_second_record_of_each(office)
    job_file(office).write_text(JOB)

    told = await carry_on(office)

    expected = {
        first.alias[-16:]: (first.compliance_id, second.compliance_id)
        for first, second in itertools.combinations(office.sandbox.state.records, 2)
        if first.alias == second.alias
    }
    printed = {each["token"]: each for each in told.json["duplicates"]}
    mend = " ".join(row["How to fix"] for row in problems(office))
    assert 3 == told.status
    assert expected == {token: tuple(each["compliance_ids"]) for token, each in printed.items()}
    assert expected.keys() == printed.keys()
    for token, (kept, deletable) in expected.items():
        assert [deletable] == printed[token]["deletable"]
        assert f"Keep {kept}. Delete {deletable} at the API." in mend
    assert [2, 3] == [row["Row"] for row in problems(office)]


async def a_second_record_of_each(office: Office) -> None:
    """What a machine that knew of nothing made an hour later: its list showed none of the records yet."""
    state = office.sandbox.state
    known = state.records
    state.list_lag_s = 600.0
    await office.run(ledger=str(office.folder / "unaware.ledger.jsonl"), report=str(office.folder / "unaware.xlsx"))
    state.list_lag_s = 0.0
    for record in known:
        state.keep(replace(record, created_at=record.created_at - timedelta(hours=1)))


async def test_what_was_deleted_is_not_told_any_more(office: Office) -> None:
    """A person deletes the younger ones: the next run ends at 0."""
    office.fill([business(1, Key="K-1"), business(2, Key="K-2")])
    await office.run()
    await a_second_record_of_each(office)
    before = await office.run(audit="always")
    for record in office.sandbox.state.records[2:]:
        office.sandbox.state.forget(record)

    after = await office.run(audit="always")

    assert (3, 2) == (before.exit_status, len(before.duplicates))
    assert (0, ()) == (after.exit_status, after.duplicates)


async def test_never_looks_at_nothing(office: Office) -> None:
    """`audit = "never"`: the duplicates are there, and nobody asked."""
    office.fill([business(1, Key="K-1")])
    await office.run()
    await a_second_record_of_each(office)
    job_file(office).write_text(JOB.replace("always", "never"))

    told = await carry_on(office)

    assert (0, []) == (told.status, told.json["duplicates"])
    assert 1 == len(twice_at_the_api(office))


async def test_an_audit_that_cannot_be_made_is_told(office: Office) -> None:
    """The list cannot be walked to its end: the run does not claim that nothing is there twice."""
    office.fill([business(1, Key="K-1")])
    await office.run()
    await a_second_record_of_each(office)
    office.sandbox.faults.script("list", "error-500-before", None, after=1)  # the first look at the account is answered

    result = await office.run(audit="always")

    assert result.exit_status != 0
    assert "twice" in str(result.error)


async def test_a_run_that_is_stopped_makes_no_audit(office: Office) -> None:
    """A stop is a stop: nothing more is asked; the next run looks."""
    office.fill([business(1, Key="K-1")])
    await office.run()
    await a_second_record_of_each(office)
    office.fill([*office.rows, business(2, Key="K-2")])
    stop = Stop()

    stopped = await office.run(stop, audit="always", watch=lambda running: stop.request("signal"))
    result = await office.run(audit="always")

    assert ((), 1) == (stopped.duplicates, len(result.duplicates))
