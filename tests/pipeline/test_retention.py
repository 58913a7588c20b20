"""A finished job's files are put away whole or removed, never those of the user or of a job that goes on."""

import hashlib
import os
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bulk_onboard.errors import LedgerError, LockedError, StoppedError, UsageError
from bulk_onboard.job import load_job
from bulk_onboard.ledger.journal import read_books
from bulk_onboard.ledger.lock import LedgerLock
from bulk_onboard.pipeline.archive import archive_job, plan_archive
from bulk_onboard.pipeline.purge import plan_purge, purge_job
from bulk_onboard.pipeline.retention import pieces
from tests.support.businesses import business
from tests.support.clocks import FakeClock
from tests.support.office import Office

FOLDER = "businesses.archive-2026-01-05"
OLD = "businesses.before-merge-2026-01-04-2.xlsx"


@pytest.fixture
async def done(office: Office) -> Office:
    """A job that is finished: two rows at the API, one with an error, and a file of each kind."""
    office.fill([business(0), business(1), business(2, Email="no address")])
    await office.run(annotate=True)
    for name in ("businesses.ledger.jsonl.broken-1", "businesses.report-0badcafe.xlsx", "businesses.hints.jsonl", OLD):
        (office.folder / name).write_text(name)
    (office.folder / "businesses.facts").write_text("facts")
    return office


def names(folder: Path) -> set[str]:
    """What lies in a folder."""
    return {path.name for path in folder.iterdir()}


MADE = {
    "businesses.ledger.jsonl",
    "businesses.ledger.jsonl.broken-1",
    "businesses.report.xlsx",
    "businesses.report-0badcafe.xlsx",
    "businesses.annotated.xlsx",
    OLD,
    "businesses.facts",
    "businesses.hints.jsonl",
}
STAYS = {"businesses.xlsx", "scans", "businesses.ledger.jsonl.lock"}


def archived(office: Office, **how: Path) -> Path:
    """Put the job's files away; the folder that they are in."""
    clock = FakeClock()
    planned = plan_archive(office.job(), clock, **how)
    archive_job(office.job(), planned, clock)
    return planned.folder


def purged(office: Office, *, with_ledger: bool = False) -> None:
    """Remove the job's files."""
    clock = FakeClock()
    purge_job(office.job(), plan_purge(office.job(), clock, with_ledger=with_ledger), clock)


async def test_archive_holds_every_file_of_the_job_unchanged(done):
    """One dated folder for its owner alone; each file in it is what it was, and its sum says so."""
    before = {name: (done.folder / name).read_bytes() for name in MADE}

    folder = archived(done)

    assert FOLDER == folder.name
    assert before == {name: (folder / name).read_bytes() for name in MADE}
    assert MADE | {"SHA256SUMS"} == names(folder)
    sums = (folder / "SHA256SUMS").read_text().splitlines()
    assert {f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in before.items()} == set(sums)
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)


async def test_archive_leaves_what_is_the_users_and_a_link(done):
    """Workbook and documents stay; the ledger's name leads to the archived one, also when both are moved together."""
    archived(done)
    moved = done.folder.rename(done.folder.with_name("moved"))

    assert STAYS | {FOLDER, "businesses.ledger.jsonl"} == names(moved)
    assert 3 == len(read_books(moved / "businesses.ledger.jsonl").books.records)
    moved.rename(done.folder)


async def test_archived_job_is_not_begun_anew(done):
    """A run ends with a ledger's error and sends nothing, also where the archive has been taken elsewhere."""
    folder = archived(done)
    sent = len(done.sandbox.state.records)

    with pytest.raises(LedgerError, match="symbolic link"):
        await done.run()
    shutil.rmtree(folder)
    with pytest.raises(LedgerError, match="symbolic link"):
        await done.run()

    assert sent == len(done.sandbox.state.records)


async def test_archived_job_goes_on_once_its_ledger_is_back(done):
    """Moved over the link, the ledger is the job's again, and nothing is sent twice."""
    folder = archived(done)

    shutil.move(folder / done.ledger.name, done.folder / "back")
    (done.folder / "back").replace(done.ledger)
    await done.run()

    assert 2 == len(done.sandbox.state.records)


async def test_archive_elsewhere(done, tmp_path_factory):
    """With a folder to put it in, the link leads there; without that folder nothing is done."""
    elsewhere = tmp_path_factory.mktemp("cupboard")

    folder = archived(done, to=elsewhere)

    assert elsewhere / FOLDER == folder
    assert done.ledger.resolve() == folder / done.ledger.name
    with pytest.raises(UsageError, match="no folder"):
        plan_archive(done.job(), FakeClock(), to=elsewhere / "missing")


async def test_archive_is_made_once(done):
    """A second time it says where it is; a job that was taken up again gets another folder."""
    folder = archived(done)
    with pytest.raises(UsageError, match=f"archived already, in {FOLDER}"):
        archived(done)
    (folder / done.ledger.name).replace(done.ledger)

    assert f"{FOLDER}-2" == archived(done).name


async def test_nothing_is_removed_when_the_copy_fails(done):
    """A file that cannot be read: the disk is as it was, without a half-made folder."""
    clock = FakeClock()
    planned = plan_archive(done.job(), clock)
    (done.folder / "businesses.facts").unlink()
    before = names(done.folder)

    with pytest.raises(StoppedError, match="Nothing was removed"):
        archive_job(done.job(), planned, clock)

    assert before == names(done.folder)
    assert not done.ledger.is_symlink()


async def test_copy_is_read_back(done, monkeypatch):
    """A disk that keeps something else than it was given: nothing is removed."""
    clock = FakeClock()
    planned = plan_archive(done.job(), clock)
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (os.fstat(fd).st_size and os.pwrite(fd, b"?", 0), fsync(fd)))

    with pytest.raises(StoppedError, match="not what was written"):
        archive_job(done.job(), planned, clock)

    assert MADE | STAYS == names(done.folder)


async def test_purge_removes_personal_data_and_keeps_the_trail(done):
    """Report and annotated copies go; ledger, its broken parts, workbook and documents stay."""
    purged(done)

    assert STAYS | {"businesses.ledger.jsonl", "businesses.ledger.jsonl.broken-1"} == names(done.folder)
    assert not [piece for piece in pieces(done.job()) if piece.kind.personal]


async def test_purge_with_the_ledger(done):
    """All that the job made goes, but for the lock, which says that somebody was here."""
    purged(done, with_ledger=True)

    assert STAYS == names(done.folder)


async def test_mended_copy_is_the_users(done):
    """An annotated copy that somebody has saved since is neither put away nor removed."""
    copy = done.folder / "businesses.annotated.xlsx"
    later = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
    os.utime(copy, (later, later))

    purged(done)
    folder = archived(done)

    assert copy.exists()
    assert copy.name not in names(folder)


async def test_files_of_others_are_not_the_jobs(done):
    """Names that merely resemble the job's are passed over, and so is a link under a name of the job's."""
    strangers = {"businesses.report-final.xlsx", "businesses.ledger.jsonl.broken-1.bak", "other.report.xlsx"}
    for name in strangers:
        (done.folder / name).write_text("mine")
    done.report.replace(done.folder / "kept.xlsx")
    done.report.symlink_to("kept.xlsx")

    purged(done, with_ledger=True)

    assert STAYS | strangers | {"kept.xlsx", done.report.name} == names(done.folder)


async def test_archived_job_can_be_purged_of_what_came_later(done):
    """A report that was made anew after archiving goes; the archive and the link stay."""
    folder = archived(done)
    done.report.write_text("made anew")

    purged(done, with_ledger=True)

    assert STAYS | {FOLDER, done.ledger.name} == names(done.folder)
    assert MADE | {"SHA256SUMS"} == names(folder)


async def test_checked_job_can_be_purged(office):
    """Where nothing was ever run there is no ledger, and no lock is made."""
    office.fill(1)
    office.report.write_text("report")

    purged(office)

    assert {"businesses.xlsx", "scans"} == names(office.folder)
    with pytest.raises(UsageError, match="no ledger"):
        archived(office)


async def test_unfinished_job_says_what_finishes_it(office: Office) -> None:
    """A run, where only the end of the ledger is torn, though nothing is due."""
    office.fill(2)
    await office.run()
    office.ledger.write_bytes(office.ledger.read_bytes() + b"{")

    with pytest.raises(UsageError, match=r"is torn.* Finish it first: bulk-onboard run .*--base-url"):
        archived(office)


async def test_unfinished_job_is_left_alone(done):
    """A create whose outcome the ledger does not have: neither verb does anything, and both say what waits."""
    lines = done.ledger.read_bytes().splitlines(keepends=True)
    first_intent = next(number for number, line in enumerate(lines) if b'"entry":"intent"' in line)
    done.ledger.write_bytes(b"".join(lines[: first_intent + 1]))

    for act in (archived, purged):
        with pytest.raises(UsageError, match=r"not finished: .*1 sending"):
            act(done)

    assert MADE | STAYS == names(done.folder)


async def test_torn_ledger_is_not_finished(done):
    """What a crash left unfinished is first looked at by a run."""
    with done.ledger.open("ab") as file:
        file.write(b'{"v":1,"seq"')

    with pytest.raises(UsageError, match="torn"):
        archived(done)


async def test_job_at_work_is_left_alone(done):
    """While somebody holds the lock both verbs end as a second run does."""
    with LedgerLock(done.ledger, FakeClock()):
        for act in (archived, purged):
            with pytest.raises(LockedError):
                act(done)

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
