"""A job that comes again each night: another workbook, or none, and nobody who watches."""

import os
import signal
from pathlib import Path

import openpyxl
import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.ledger.lock import LedgerLock
from tests.support.businesses import business, write_workbook
from tests.support.office import Office, heard

pytestmark = pytest.mark.slow

FUTURE = (4e9, 4e9)  # what a run looks at twice, however long it takes to begin


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

    assert f"Workbook            {taken}\n" in of_pattern.out
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


async def test_a_night_without_a_workbook_is_a_run_where_the_job_allows_it(office: Office, nightly: Path) -> None:
    """It has no rows, takes in the reviews, and writes the report from the ledger alone; `resume` does the same."""
    nightly.write_text(nightly.read_text() + 'missing_workbook = "ok"\n')
    drop(office, "businesses-1.xlsx", 0, 1)
    await office.type("run", job=nightly)
    (office.folder / "inbox" / "businesses-1.xlsx").unlink()
    report = office.folder / "nightly.report.xlsx"
    report.unlink()
    calls = len(office.sandbox.log)

    ran = await office.type("run", job=nightly)
    resumed = await office.type("resume", "--json", job=nightly)

    sentence = f"There is no workbook {office.folder}/inbox/businesses-*.xlsx, which missing_workbook allows."
    assert (0, 0) == (ran.status, resumed.status)
    assert f"bulk-onboard: {sentence}\n" in ran.err
    assert "Workbook:" not in ran.out
    assert 2 == resumed.json["counts"]["submitted"] == resumed.json["counts"]["rows"]
    assert ["list", "list"] == [request.operation for request in office.sandbox.log[calls:]]
    summary = [
        str(cell) for row in openpyxl.load_workbook(report)["Summary"].iter_rows(values_only=True) for cell in row
    ]
    assert sentence in summary
    assert any("made from the ledger alone" in cell for cell in summary)


async def test_without_workbook_and_ledger_there_is_nothing_to_do(office: Office, nightly: Path) -> None:
    """One sentence, exit status 0, and nothing is written or asked; without the setting it is an error."""
    before = sorted(office.folder.rglob("*"))
    refused = await office.type("run", job=nightly)
    nightly.write_text(nightly.read_text() + 'missing_workbook = "ok"\n')

    ran = await office.type("run", job=nightly)
    as_json = await office.type("run", "--json", job=nightly)
    resumed = await office.type("resume", job=nightly)

    told = "which missing_workbook allows. There is no ledger either, so there is nothing to do.\n"
    assert [2, 0, 0, 0] == [each.status for each in (refused, ran, as_json, resumed)]
    assert ("", 1, True) == (ran.out, ran.err.count("\n"), ran.err.endswith(told))
    assert ("", None, 0) == tuple(as_json.json[name] for name in ("run_id", "report", "exit_status"))
    assert before == sorted(office.folder.rglob("*"))
    assert not office.sandbox.log


async def test_a_resume_of_nothing_stays_an_error_while_there_is_a_workbook(office: Office, nightly: Path) -> None:
    """Nothing was begun that could be finished."""
    nightly.write_text(nightly.read_text() + 'missing_workbook = "ok"\n')
    drop(office, "businesses-1.xlsx", 0)

    told = await office.type("resume", job=nightly)

    assert 2 == told.status
    assert "nothing was begun" in told.err


@pytest.mark.parametrize("content", [b"", b"no workbook at all"])
async def test_a_workbook_that_cannot_be_read_is_an_error_all_the_same(
    office: Office, nightly: Path, content: bytes
) -> None:
    """It is there, so somebody meant it to be read."""
    nightly.write_text(nightly.read_text() + 'missing_workbook = "ok"\n')
    path = drop(office, "businesses-1.xlsx", 0)
    path.write_bytes(content)
    os.utime(path, (1000.0, 1000.0))

    told = await office.type("run", job=nightly)

    assert 2 == told.status
    assert str(path) in told.err


async def test_a_run_waits_for_a_workbook_that_is_still_being_written(office: Office, nightly: Path) -> None:
    """Whoever drops it writes its second half after the run has begun; a plan reads what there is."""
    path = drop(office, "businesses-1.xlsx", 0, 1)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    os.utime(path, FUTURE)

    planned = await office.type("plan", job=nightly)
    run = await office.start("run", "--json", job=nightly)
    waiting = (await run.stderr.readline()).decode()
    path.write_bytes(whole)
    told = await heard(run)

    assert 2 == planned.status
    assert f"bulk-onboard: {path} was changed a moment ago; waiting until it has not changed for 2 s.\n" == waiting
    assert (0, 2) == (told.status, told.json["counts"]["submitted"])


async def test_a_signal_ends_the_waiting(office: Office, nightly: Path) -> None:
    """Exit status 143, and nothing was begun."""
    os.utime(drop(office, "businesses-1.xlsx", 0), FUTURE)
    run = await office.start("run", job=nightly)
    await run.stderr.readline()

    run.send_signal(signal.SIGTERM)
    told = await heard(run)

    assert 143 == told.status
    assert "Stopped before anything was sent." in told.err
    assert not office.sandbox.log


async def test_last_nights_run_that_still_goes_on_is_told_by_the_status_alone(office: Office, nightly: Path) -> None:
    """With `--quiet`, for cron; a script still gets its object, and a person the sentence."""
    drop(office, "businesses-1.xlsx", 0)
    with LedgerLock(office.folder / "nightly.ledger.jsonl", SystemClock()):
        quiet = await office.type("run", "--quiet", job=nightly)
        as_json = await office.type("run", "--quiet", "--json", job=nightly)
        told = await office.type("run", job=nightly)

    assert (5, "", "") == (quiet.status, quiet.out, quiet.err)
    assert (5, "") == (as_json.status, as_json.err)
    assert "Another run (process" in as_json.json["error"]
    assert told.status == 5
    assert f"bulk-onboard: {as_json.json['error']}\n" in told.err
