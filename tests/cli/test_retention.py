"""`archive` and `purge` as people type them."""

import asyncio
import os
import pty
import sys

import pytest

from tests.support.businesses import business
from tests.support.office import AUTH_ID, Office


async def in_terminal(office: Office, *words: str, answer: bytes) -> tuple[int, str]:
    """Type a command on a terminal, and an answer; exit status and what it said."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bulk_onboard", *words, str(office.workbook),
        cwd=office.folder, stdin=theirs, stderr=theirs, stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PLIVO_AUTH_ID": AUTH_ID},
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, answer)
    out, _ = await process.communicate()
    os.close(ours)
    assert process.returncode is not None
    return process.returncode, out.decode()


async def test_nobody_to_ask(office: Office) -> None:
    """Without a terminal and --yes nothing is done; what would be is told, and the exit status is 2."""
    office.fill(2)
    await office.run()

    told = [await office.type(verb) for verb in ("archive", "purge")]

    assert [2, 2] == [each.status for each in told]
    for each in told:
        assert "nothing was done; add --yes" in each.err
        assert f"{office.report}: business names" in each.err
    assert office.report.exists()
    assert not office.ledger.is_symlink()


async def test_purge_tells_what_goes_and_what_stays(office: Office) -> None:
    """--json names each file with its kind, what it holds and whether that is personal data."""
    office.fill(2)
    await office.run()

    told = await office.type("purge", "--yes", "--json")
    again = await office.type("purge")
    all_of_it = await office.type("purge", "--yes", "--with-ledger")

    assert (0, True) == (told.status, told.json["done"])
    assert [("report", True)] == [(file["kind"], file["personal_data"]) for file in told.json["files"]]
    assert [("ledger", False), ("lock", False)] == [(f["kind"], f["personal_data"]) for f in told.json["kept"]]
    assert (0, True) == (again.status, "Nothing was removed." in again.out)
    assert (0, True) == (all_of_it.status, "2 records have no decision" in all_of_it.err)
    assert not office.ledger.exists()


async def test_purge_names_what_stays_behind(office: Office) -> None:
    """A copy that somebody saved, the lock, the link to an archive, workbook and documents: each with its path."""
    office.fill([business(0), business(1, Email="no address")])
    await office.run(annotate=True)
    saved = office.folder / "businesses.annotated.xlsx"
    os.utime(saved)

    purged = await office.type("purge", "--yes")
    await office.type("archive", "--yes")
    again = await office.type("purge", "--yes")

    lock = office.folder / "businesses.ledger.jsonl.lock"
    for told, others in ((purged, [office.ledger]), (again, [office.ledger])):
        assert 0 == told.status
        for path in (saved, lock, office.workbook, office.documents, *others):
            assert str(path) in told.out
            assert os.path.lexists(path)
    assert "somebody saved it, so it is yours" in purged.out
    assert "where the archived ledger is" in again.out


async def test_archived_job(office: Office) -> None:
    """It can still be looked at; a run ends with 6; the command that was printed makes it a job again."""
    office.fill(2)
    await office.run()

    told = await office.type("archive", "--yes")
    status, run = await office.type("status", "--json"), await office.type("run")
    command = told.out.partition("To go on with the job: ")[2].strip()
    moved = await asyncio.create_subprocess_shell(command, cwd=office.folder)
    assert 0 == await moved.wait()
    continued = await office.type("run", "--json")

    assert (0, 2, 6, 0) == (told.status, status.json["counts"]["submitted"], run.status, continued.status)
    assert 2 == len(office.sandbox.state.records)


@pytest.mark.parametrize(("answer", "is_done"), [(b"y\n", True), (b"n\n", False), (b"\n", False), (b"\x04", False)])
async def test_terminal_is_asked(office: Office, answer: bytes, is_done: bool) -> None:
    """Only a yes is one."""
    office.fill(1)
    await office.run()

    status, out = await in_terminal(office, "purge", answer=answer)

    assert (0, is_done) == (status, "Removed: 1 files." in out)
    assert is_done is not office.report.exists()
