"""A job that comes again each night: another workbook, or none, and nobody who watches."""

import os
from pathlib import Path

import pytest

from tests.support.businesses import business, write_workbook
from tests.support.office import Office


@pytest.fixture
def nightly(office: Office) -> Path:
    """A job file whose workbook is the newest of a pattern; nothing has been dropped yet."""
    office.fill(2)
    office.workbook.unlink()
    job = office.folder / "nightly.toml"
    job.write_text('workbook = "inbox/businesses-*.xlsx"\n')
    (office.folder / "inbox").mkdir()
    return job


def drop(office: Office, name: str, *numbers: int, age_s: float = 100.0) -> Path:
    """Another system drops a workbook of these businesses."""
    path = write_workbook(office.folder / "inbox" / name, [business(number) for number in numbers])
    at = path.stat().st_mtime - age_s
    os.utime(path, (at, at))
    return path


async def test_each_night_the_newest_workbook_is_taken(office: Office, nightly: Path) -> None:
    """One ledger for all of them; what stood in an older one is not sent again, and an open Excel disturbs nothing."""
    first = drop(office, "businesses-1.xlsx", 0, age_s=200.0)
    (first.parent / "~$businesses-1.xlsx").write_text("a lock")

    before = await office.type("run", "--json", job=nightly)
    second = drop(office, "businesses-2.xlsx", 0, 1)
    planned = await office.type("plan", "--json", job=nightly)
    after = await office.type("run", "--json", job=nightly)

    assert [str(first), str(second), str(second)] == [told.json["workbook"] for told in (before, planned, after)]
    assert ([0, 0], [1, 2]) == (
        [before.status, after.status],
        [told.json["counts"]["submitted"] for told in (before, after)],
    )
    assert 2 == len(office.sandbox.state.records)


async def test_a_run_says_which_workbook_of_a_pattern_it_took(office: Office, nightly: Path) -> None:
    """Where the job names the file itself there is nothing to say."""
    taken = drop(office, "businesses-1.xlsx", 0)

    of_pattern = await office.type("run", job=nightly)
    of_file = await office.type("run", "--workbook", str(taken), job=nightly)

    assert f"Workbook: {taken}\n" in of_pattern.out
    assert "Workbook:" not in of_file.out


async def test_without_a_match_what_needs_no_workbook_still_works(office: Office, nightly: Path) -> None:
    """`run` says that there is none; `status` and `report` go by the ledger."""
    drop(office, "businesses-1.xlsx", 0, 1)
    await office.type("run", job=nightly)
    (office.folder / "inbox" / "businesses-1.xlsx").unlink()

    ran = await office.type("run", job=nightly)
    stands = await office.type("status", "--json", job=nightly)
    reported = await office.type("report", job=nightly)

    pattern = office.folder / "inbox" / "businesses-*.xlsx"
    assert (2, f"bulk-onboard: There is no workbook {pattern}. Correct the path.\n") == (ran.status, ran.err)
    assert (0, 2) == (stands.status, stands.json["counts"]["submitted"])
    assert 0 == reported.status
    assert f"There is no workbook {pattern}" in reported.err
