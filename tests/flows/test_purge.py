"""A finished job's files are removed, never those of the user or of a job that goes on."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bulk_onboard.errors import LockedError, UsageError
from bulk_onboard.job import load_job, load_jobs
from bulk_onboard.ledger.hints import FileHints, hints_folder
from bulk_onboard.ledger.lock import LedgerLock
from bulk_onboard.maintenance.retention import pieces, plan_purge, purge_job
from tests.support.businesses import business
from tests.support.clocks import FakeClock
from tests.support.office import Office

pytestmark = pytest.mark.slow

OLD = "businesses.before-merge-2026-01-04-2.xlsx"


@pytest.fixture
async def done(office: Office) -> Office:
    """A job that is finished: two rows at the API, one with an error, and a file of each kind."""
    office.fill([business(0), business(1), business(2, Email="no address")])
    await office.run(annotate=True)
    for name in ("businesses.ledger.jsonl.broken-1", "businesses.report-0badcafe.xlsx", OLD):
        (office.folder / name).write_text(name)
    (office.folder / "businesses.facts").write_text("facts")
    FileHints(hints_folder(office.ledger)).keep("c1")
    return office


def names(folder: Path) -> set[str]:
    """What lies in a folder."""
    return {path.name for path in folder.iterdir()}


MADE = {
    "businesses.ledger.jsonl",
    "businesses.ledger.jsonl.broken-1",
    "businesses.report.xlsx",
    "businesses.report.html",
    "businesses.report-0badcafe.xlsx",
    "businesses.summary.json",
    "businesses.annotated.xlsx",
    OLD,
    "businesses.facts",
    "businesses.hints",
}
STAYS = {"businesses.xlsx", "scans", "businesses.ledger.jsonl.lock"}


async def purged(office: Office, *, with_ledger: bool = False) -> None:
    """Remove the job's files."""
    clock = FakeClock()
    await purge_job(office.job(), await plan_purge(office.job(), clock, with_ledger=with_ledger), clock)


async def test_purge_removes_personal_data_and_keeps_the_trail(done):
    """Report and annotated copies go; ledger, its broken parts, workbook and documents stay."""
    await purged(done)

    assert STAYS | {"businesses.ledger.jsonl", "businesses.ledger.jsonl.broken-1"} == names(done.folder)
    assert not [piece for piece in pieces(done.job()) if piece.kind.personal]


async def test_purge_with_the_ledger(done):
    """All that the job made goes, but for the lock, which says that somebody was here."""
    await purged(done, with_ledger=True)

    assert STAYS == names(done.folder)


async def test_mended_copy_is_the_users(done):
    """An annotated copy that somebody has saved since is not removed."""
    copy = done.folder / "businesses.annotated.xlsx"
    later = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
    os.utime(copy, (later, later))

    await purged(done)

    assert copy.exists()


async def test_files_of_others_are_not_the_jobs(done):
    """Names that merely resemble the job's are passed over, and so is a link or a folder with other files."""
    strangers = {"businesses.report-final.xlsx", "businesses.ledger.jsonl.broken-1.bak", "other.report.xlsx"}
    for name in strangers:
        (done.folder / name).write_text("mine")
    done.report.replace(done.folder / "kept.xlsx")
    done.report.symlink_to("kept.xlsx")
    (hints_folder(done.ledger) / "notes.txt").write_text("mine")

    await purged(done, with_ledger=True)

    assert STAYS | strangers | {"kept.xlsx", done.report.name, "businesses.hints"} == names(done.folder)


async def test_checked_job_can_be_purged(office):
    """Where nothing was ever run there is no ledger, and no lock is made."""
    office.fill(1)
    office.report.write_text("report")

    await purged(office)

    assert {"businesses.xlsx", "scans"} == names(office.folder)


async def test_unfinished_job_says_what_finishes_it(office: Office) -> None:
    """A run, where only the end of the ledger is torn, though nothing is due."""
    office.fill(2)
    await office.run()
    office.ledger.write_bytes(office.ledger.read_bytes() + b"{")

    with pytest.raises(UsageError, match=r"is incomplete.* Finish it first: bulk-onboard run .*--base-url"):
        await purged(office)


async def test_unfinished_job_is_left_alone(done):
    """A create whose outcome the ledger does not have: nothing is removed, and what waits is told."""
    lines = done.ledger.read_bytes().splitlines(keepends=True)
    first_intent = next(number for number, line in enumerate(lines) if b'"entry":"intent"' in line)
    done.ledger.write_bytes(b"".join(lines[: first_intent + 1]))

    with pytest.raises(UsageError, match=r"not finished: .*1 sending"):
        await purged(done)

    assert MADE | STAYS == names(done.folder)


async def test_ledger_behind_a_link_is_looked_at_too(done):
    """A link in the ledger's place hides no record that is waiting, and is not removed."""
    lines = done.ledger.read_bytes().splitlines(keepends=True)
    first_intent = next(number for number, line in enumerate(lines) if b'"entry":"intent"' in line)
    (done.folder / "elsewhere").write_bytes(b"".join(lines[: first_intent + 1]))
    done.ledger.unlink()
    done.ledger.symlink_to("elsewhere")

    with pytest.raises(UsageError, match=r"not finished: .*1 sending"):
        await purged(done, with_ledger=True)

    assert MADE | STAYS | {"elsewhere"} == names(done.folder)


async def test_torn_ledger_is_not_finished(done):
    """What a crash left unfinished is first looked at by a run."""
    with done.ledger.open("ab") as file:
        file.write(b'{"v":1,"seq"')

    with pytest.raises(UsageError, match="is incomplete"):
        await purged(done)


async def test_job_at_work_is_left_alone(done):
    """While somebody holds the lock it ends as a second run does."""
    with LedgerLock(done.ledger, FakeClock()), pytest.raises(LockedError):
        await purged(done)

    assert MADE | STAYS == names(done.folder)


async def test_copies_of_every_workbook_of_a_pattern_are_the_jobs(office: Office) -> None:
    """A job whose workbook is the newest of a pattern has marked another one every night; a neighbour's stay."""
    job_file = office.folder / "job.toml"
    job_file.write_text('workbook = "night-*.xlsx"\ndocuments = "scans"\n')
    office.fill([business(0, Email="no address")])
    for name in ("night-1", "night-2", "day-1"):
        office.workbook.rename(office.folder / f"{name}.xlsx")
        await office.type("check", "--offline", job=job_file if "night" in name else office.folder / f"{name}.xlsx")
        office.save()

    copies = {piece.path.name for piece in pieces(load_job(job_file))}

    assert {"night-1.annotated.xlsx", "night-2.annotated.xlsx"} == copies
    assert copies | {"day-1.annotated.xlsx"} <= names(office.folder)


async def test_what_other_accounts_need_stays(tmp_path: Path) -> None:
    """The report over all, and what was made of a workbook that they share; it is named, so that nobody forgets it."""
    tables = "".join(f'[[accounts]]\nname = "{name}"\n' for name in ("acme", "bravo"))
    (tmp_path / "job.toml").write_text(f'workbook = "businesses.xlsx"\n{tables}workbook = "bravo.xlsx"\n')
    acme, bravo = load_jobs(tmp_path / "job.toml")
    for name in ("job.report.xlsx", "job.acme.report.xlsx", "job.acme.facts", "job.bravo.facts", OLD):
        (tmp_path / name).write_text(name)
    (tmp_path / OLD.replace("businesses", "bravo")).write_text("old")

    of_acme, of_bravo = [await plan_purge(job, FakeClock(), with_ledger=True) for job in (acme, bravo)]

    assert {"job.acme.report.xlsx", "job.acme.facts"} == {piece.path.name for piece in of_acme.going}
    assert {"job.report.xlsx", OLD} == {piece.path.name for piece in of_acme.staying}
    assert {"job.bravo.facts", OLD.replace("businesses", "bravo")} == {piece.path.name for piece in of_bravo.going}
    assert {"job.report.xlsx"} == {piece.path.name for piece in of_bravo.staying}
