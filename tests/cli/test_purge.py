"""`purge` as people type it, and the page that says how to archive a job."""

import os
import re
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.support.businesses import business
from tests.support.office import Office, in_terminal

ROOT = Path(__file__).parents[2]


async def test_nobody_to_ask(office: Office) -> None:
    """Without a terminal and --yes nothing is done; what would be is told, and the exit status is 2."""
    office.fill(2)
    await office.run()

    told = await office.type("purge")

    assert 2 == told.status
    assert "Not a terminal, so nothing was done; use --yes" in told.err
    assert f"{office.report}: business names" in told.err
    assert office.report.exists()


async def test_purge_tells_what_goes_and_what_stays(office: Office) -> None:
    """--json names each file with its kind, what it holds and whether that is personal data."""
    office.fill(2)
    await office.run()

    told = await office.type("purge", "--yes", "--json")
    again = await office.type("purge")
    all_of_it = await office.type("purge", "--yes", "--with-ledger")

    assert (0, True) == (told.status, told.json["done"])
    assert {("report", True), ("summary", False)} == {(f["kind"], f["personal_data"]) for f in told.json["files"]}
    assert [("ledger", False), ("lock", False)] == [(f["kind"], f["personal_data"]) for f in told.json["kept"]]
    assert (0, True) == (again.status, "Nothing was removed." in again.out)
    assert (0, True) == (all_of_it.status, "has not decided on 2 records" in all_of_it.err)
    assert not office.ledger.exists()


async def test_purge_names_what_stays_behind(office: Office) -> None:
    """A copy that somebody saved, ledger, lock, workbook and documents: each with its path."""
    office.fill([business(0), business(1, Email="no address")])
    await office.run(annotate=True)
    saved = office.folder / "businesses.annotated.xlsx"
    os.utime(saved)

    purged = await office.type("purge", "--yes")

    lock = office.folder / "businesses.ledger.jsonl.lock"
    assert 0 == purged.status
    for path in (saved, office.ledger, lock, office.workbook, office.documents):
        assert str(path) in purged.out
        assert path.exists()
    assert "somebody has saved it, so it is yours" in purged.out


def test_archiving_as_the_page_says(tmp_path: Path) -> None:
    """Its two lines work when they are pasted: an archive for its owner alone, equal to the folder."""
    (tmp_path / "migration/documents").mkdir(parents=True)
    (tmp_path / "migration/job.ledger.jsonl").write_text("a ledger")
    (tmp_path / "migration/documents/a.pdf").write_text("a document")
    lines = re.findall(r"^    (.*\btar .*)$", (ROOT / "docs/retention.md").read_text(), re.MULTILINE)

    pasted = [subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, check=False) for line in lines]

    (archive,) = tmp_path.glob("migration-*.tar.gz")
    assert [(0, b"", b"")] * 2 == [(each.returncode, each.stdout, each.stderr) for each in pasted]
    assert 0o600 == stat.S_IMODE(archive.stat().st_mode)
    with tarfile.open(archive) as tar:
        assert {"migration/job.ledger.jsonl", "migration/documents/a.pdf"} <= set(tar.getnames())


@pytest.mark.parametrize(("answer", "is_done"), [(b"y\n", True), (b"n\n", False), (b"\n", False), (b"\x04", False)])
async def test_terminal_is_asked(office: Office, answer: bytes, is_done: bool) -> None:
    """Only a yes is one."""
    office.fill(1)
    await office.run()

    status, out = await in_terminal(office, "purge", answer=answer)

    assert (0, is_done) == (status, "Removed: " in out)
    assert is_done is not office.report.exists()
