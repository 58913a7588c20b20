"""No path that is written may be an input, a document, or another file than the job's own: exit status 2, untouched."""

import os
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.job import Job, load_job, load_jobs
from bulk_onboard.ledger.hints import FileHints, hints_folder
from bulk_onboard.pipeline.places import (
    Written,
    check_places,
    check_places_of_all,
    is_same_file,
    read_by,
    written_by,
)
from tests.support.office import Office, typed


def job_of(folder: Path, **flags: Any) -> Job:
    """A job file with all that a job can read, each there."""
    (folder / "scans").mkdir(exist_ok=True)
    for name in ("base.toml", "book.xlsx", "ca.pem", "other.ledger.jsonl", "scans/a.png"):
        (folder / name).write_text("" if name.endswith("toml") else name)
    file = folder / "job.toml"
    file.write_text('extends = "base.toml"\nworkbook = "book.xlsx"\ndocuments = "scans"\nca_bundle = "ca.pem"\n')
    return load_job(file, {"against": [str(folder / "other.ledger.jsonl")], **flags})


INPUTS = ["book.xlsx", "job.toml", "base.toml", "ca.pem", "other.ledger.jsonl"]


def direct(folder: Path, name: str) -> Path:
    return folder / name


def roundabout(folder: Path, name: str) -> Path:
    return folder / "scans" / ".." / name


def linked(folder: Path, name: str) -> Path:
    (folder / "link.xlsx").symlink_to(folder / name)
    return folder / "link.xlsx"


def hard_linked(folder: Path, name: str) -> Path:
    os.link(folder / name, folder / "hard.xlsx")
    return folder / "hard.xlsx"


@pytest.mark.parametrize(
    ("as_called", "name"),
    [(direct, "book.xlsx"), (roundabout, "book.xlsx"), *product((linked, hard_linked), INPUTS)],
)
def test_a_report_is_no_input_under_whatever_name(tmp_path: Path, as_called: Callable[..., Path], name: str) -> None:
    """Workbook, job file and what it extends, another job's ledger, certificates: by a link, a `..`, a hard link."""
    job_of(tmp_path)
    path = as_called(tmp_path, name)

    with pytest.raises(UsageError, match=r"cannot be the report: it is the .*--report"):
        check_places(job_of(tmp_path, report=str(path)))


@pytest.mark.parametrize("name", [name for name in INPUTS if name != "other.ledger.jsonl"])
def test_a_ledger_is_no_input(tmp_path: Path, name: str) -> None:
    """Another job's ledger is told where the other ledgers are read."""
    with pytest.raises(UsageError, match=r"cannot be the ledger: it is the .*--ledger"):
        check_places(job_of(tmp_path, ledger=str(tmp_path / name)))


@pytest.mark.parametrize(("flag", "name"), [("ledger", "a.png"), ("ledger", "new.xlsx"), ("report", "new.xlsx")])
def test_nothing_is_written_into_the_documents_folder(tmp_path: Path, flag: str, name: str) -> None:
    """Whether it is a document there or not; a template neither."""
    job = job_of(tmp_path, **{flag: str(tmp_path / "scans" / name)})

    with pytest.raises(UsageError, match=f"cannot be the {flag}: it is inside the documents folder"):
        check_places(job)
    with pytest.raises(UsageError, match="cannot be the template: it is inside the documents folder"):
        check_places(job_of(tmp_path), Written("the template", tmp_path / "scans/new.xlsx", "--output"))


def test_documents_and_what_is_written_may_lie_beside_each_other_and_the_workbook(tmp_path: Path) -> None:
    """As they do where nothing is said and there is no folder `documents`; a document is still nobody's report."""
    (tmp_path / "book.xlsx").write_text("a workbook")
    (tmp_path / "a.xlsx").write_text("a document")

    check_places(load_job(tmp_path / "book.xlsx"))

    with pytest.raises(UsageError, match="a file that bulk-onboard did not write is there already"):
        check_places(load_job(tmp_path / "book.xlsx", {"report": str(tmp_path / "a.xlsx")}))


@pytest.mark.parametrize("name", ["job.report.xlsx", "JOB.report.html", "job.summary.json"])
def test_no_two_things_that_are_written_are_one_file(tmp_path: Path, name: str) -> None:
    """Not even where only the case of letters differs, which is one file on some disks."""
    with pytest.raises(UsageError, match="both"):
        check_places(job_of(tmp_path, ledger=str(tmp_path / name)))


@pytest.mark.parametrize(
    ("flag", "name", "role"),
    [
        ("report", "mine.xlsx", "the report"),
        ("ledger", "mine.jsonl", "the ledger"),
        ("ledger", "mine.lock", "the lock of the ledger"),
        ("ledger", "job.facts", "the file of known documents"),
        ("ledger", ".mine.new", "the unfinished ledger"),
    ],
)
def test_another_file_that_is_there_is_refused_and_untouched(tmp_path: Path, flag: str, name: str, role: str) -> None:
    """Also in the places that follow from the ledger's."""
    there = tmp_path / name
    there.write_text('{"name": "somebody\'s", "at": "noon"}\n')
    path = tmp_path / ("mine" if name in ("mine.lock", ".mine.new") else "x.xlsx" if flag == "report" else "x.jsonl")
    path = there if name in ("mine.xlsx", "mine.jsonl") else path

    with pytest.raises(
        UsageError, match=f"{there} cannot be {role}: a file that bulk-onboard did not write is there already"
    ):
        check_places(job_of(tmp_path, **{flag: str(path)}))

    assert '{"name": "somebody\'s", "at": "noon"}\n' == there.read_text()


@pytest.mark.parametrize(("name", "what"), [("mine.hints/theirs.txt", "did not write"), ("mine.hints", "not a folder")])
def test_another_folder_in_the_place_of_the_hints_is_refused(tmp_path: Path, name: str, what: str) -> None:
    """One with files that are no hints, or no folder at all."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("theirs")

    with pytest.raises(UsageError, match=rf"mine.hints cannot be the folder of hints: .*{what}"):
        check_places(job_of(tmp_path, ledger=str(tmp_path / "mine.ledger.jsonl")))


@pytest.mark.parametrize("flag", ["report", "ledger"])
def test_a_folder_or_a_pipe_is_neither_report_nor_ledger(tmp_path: Path, flag: str) -> None:
    """It is told before anything is sent."""
    (tmp_path / "folder.xlsx").mkdir()
    os.mkfifo(tmp_path / "pipe.xlsx")
    for path in (tmp_path / "folder.xlsx", tmp_path / "pipe.xlsx"):
        with pytest.raises(UsageError, match="it is not a file"):
            check_places(job_of(tmp_path, **{flag: str(path)}))


def test_a_report_is_none_of_the_workbooks_of_a_pattern(tmp_path: Path) -> None:
    """Or the next run would read it as the newest of them."""
    job = tmp_path / "job.toml"
    job.write_text('workbook = "*.xlsx"\ndocuments = "scans"\n')

    with pytest.raises(UsageError, match="it would be taken for a workbook"):
        check_places(load_job(job))
    check_places(load_job(job, {"report": str(tmp_path / "reports/job.xlsx")}))


def test_every_role_is_in_the_table(tmp_path: Path) -> None:
    """What a job reads and writes, by name."""
    job = job_of(tmp_path)

    assert INPUTS == [path.name for _, path in read_by(job)]
    assert ["job.report.xlsx", "job.report.html", "job.summary.json", "job.ledger.jsonl", "job.ledger.jsonl.lock"] == [
        each.path.name for each in written_by(job)
    ][:5]


def test_files_that_are_two_are_not_one(tmp_path: Path) -> None:
    """On a disk that tells `A` from `a`, both there; and links in a circle are themselves."""
    (tmp_path / "A").write_text("")
    (tmp_path / "a").write_text("")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")

    assert not is_same_file(tmp_path / "A", tmp_path / "a")
    assert is_same_file(tmp_path / "B", tmp_path / "b")
    assert is_same_file(tmp_path / "circle", tmp_path / "circle")


def accounts_of(folder: Path, acme: str = "", bravo: str = "", shared: str = "", **flags: Any) -> tuple[Job, ...]:
    """A job file with two accounts, each with these keys of its own."""
    tables = "".join(f'[[accounts]]\nname = "{name}"\n{own}\n' for name, own in (("acme", acme), ("bravo", bravo)))
    (folder / "job.toml").write_text(f'workbook = "book.xlsx"\n{shared}\n{tables}')
    return load_jobs(folder / "job.toml", flags)


def test_accounts_beside_each_other_are_fine(tmp_path: Path) -> None:
    """By default every file of theirs has a name of its own; one may hold rows against the other's ledger."""
    check_places_of_all(accounts_of(tmp_path))
    check_places_of_all(accounts_of(tmp_path, shared='against = ["job.acme.ledger.jsonl", "job.bravo.ledger.jsonl"]'))


@pytest.mark.parametrize(
    ("acme", "bravo", "told"),
    [
        ("", 'ledger = "JOB.acme.ledger.jsonl"', "the ledger of account acme: it is the ledger of account bravo"),
        ("", 'workbook = "job.acme.report.xlsx"', "the report of account acme: it is the workbook of account bravo"),
        ("", 'report = "job.report.xlsx"', "the report over all accounts: it is the report of account bravo"),
        ("", 'ledger = "job.acme.summary.json"', "the summary of account acme: it is the ledger of account bravo"),
    ],
)
def test_no_account_writes_what_another_one_has(tmp_path: Path, acme: str, bravo: str, told: str) -> None:
    """Nor does the report over all accounts; the sentence names both."""
    with pytest.raises(UsageError, match=told):
        check_places_of_all(accounts_of(tmp_path, acme, bravo))


def test_one_account_alone_writes_over_no_other_ones_ledger(tmp_path: Path) -> None:
    """Though that one was not picked."""
    (bravo,) = accounts_of(tmp_path, account="bravo", ledger=str(tmp_path / "JOB.acme.ledger.jsonl"))

    with pytest.raises(UsageError, match="the ledger of account bravo: it is the ledger of account acme"):
        check_places(bravo)


def test_files_of_each_account_are_checked(tmp_path: Path) -> None:
    """The sentence begins with its name; the report over all is checked as well, unless one account was picked."""
    jobs = accounts_of(tmp_path)
    (tmp_path / "job.report.xlsx").write_text("somebody's")
    with pytest.raises(UsageError, match=r"job.report.xlsx cannot be the report over all accounts: a file that"):
        check_places_of_all(jobs)
    check_places_of_all(jobs[:1])
    (tmp_path / "job.bravo.ledger.jsonl").write_text("somebody's")
    with pytest.raises(UsageError, match=r"^Account bravo: .*job.bravo.ledger.jsonl cannot be the ledger: a file that"):
        check_places_of_all(jobs)


async def test_a_job_goes_on_with_what_it_wrote_itself(office: Office) -> None:
    """Report, ledger, lock, hints and known documents are its own, the report also when others saved it since."""
    office.fill(2)
    ran = [await office.type("run", "--json")]
    FileHints(hints_folder(office.ledger)).keep("x")
    saved = openpyxl.load_workbook(office.report)
    saved["Results"]["A1"] = "a note"
    saved.save(office.report)

    ran.append(await office.type("run", "--json"))

    assert [0, 0] == [told.status for told in ran]
    assert str(office.report) == ran[1].json["report"]
    assert "Row" == openpyxl.load_workbook(office.report)["Results"]["A1"].value


@pytest.mark.parametrize("verb", ["run", "report", "purge"])
async def test_a_report_over_somebodys_file_ends_with_2_and_touches_nothing(office: Office, verb: str) -> None:
    """Nothing is sent, written, locked or removed."""
    office.fill(1)
    theirs = office.folder / "figures.xlsx"
    book = openpyxl.Workbook()
    book.create_sheet("Summary")
    book.save(theirs)
    before = {path: path.stat().st_mtime_ns for path in office.folder.rglob("*")}

    told = await office.type(verb, "--report", str(theirs), *(["--yes"] if verb == "purge" else []))

    assert (2, 1) == (told.status, told.err.count("\n"))
    assert f"{theirs} cannot be the report" in told.err
    assert before == {path: path.stat().st_mtime_ns for path in office.folder.rglob("*")}
    assert not office.sandbox.log


@pytest.mark.parametrize("content", [b"PK\x03\x04 no ledger", b"a,b\n1,2\n", b'{"a": 1}\n'])
async def test_a_ledger_that_is_none_ends_with_2_and_is_untouched(office: Office, content: bytes) -> None:
    """Not with 6, which is for a ledger that is damaged; no lock is made beside it."""
    office.fill(1)
    theirs = office.folder / "theirs.jsonl"
    theirs.write_bytes(content)

    told = await office.type("run", "--ledger", str(theirs))

    assert 2 == told.status
    assert f"{theirs} cannot be the ledger: a file that bulk-onboard did not write is there already" in told.err
    assert content == theirs.read_bytes()
    assert not (office.folder / "theirs.jsonl.lock").exists()


async def test_a_ledger_that_is_damaged_still_ends_with_6(office: Office) -> None:
    """Its own traces tell it from another file."""
    office.fill(1)
    await office.run()
    office.ledger.write_bytes(b"\0" * 9 + office.ledger.read_bytes()[9:])

    told = await office.type("run")

    assert 6 == told.status


async def test_a_template_is_never_written_into_the_documents(tmp_path: Path) -> None:
    """Nor over anything."""
    (tmp_path / "documents").mkdir()
    (tmp_path / "mine.xlsx").write_text("mine")

    inside = await typed("template", "--offline", "--output", "documents/new.xlsx", cwd=tmp_path)
    over = await typed("template", "--offline", "--output", "mine.xlsx", cwd=tmp_path)

    assert [2, 2] == [inside.status, over.status]
    assert "inside the documents folder" in inside.err
    assert "mine" == (tmp_path / "mine.xlsx").read_text()
    assert not list((tmp_path / "documents").iterdir())


async def test_another_file_that_comes_to_lie_there_during_the_run_is_kept(office: Office) -> None:
    """The report gets another name beside it."""
    office.fill(1)

    def put_there(_: Any) -> None:
        office.report.write_text("somebody's")

    result = await office.run(watch=put_there)

    assert "somebody's" == office.report.read_text()
    assert result.report != office.report
    assert 0 == result.exit_status
