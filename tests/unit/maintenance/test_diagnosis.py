"""The doctor's judgement of this machine and of a job's files: facts in, a line out."""

from pathlib import Path

import pytest

from bulk_onboard.errors import ExitStatus, LedgerError
from bulk_onboard.job import job_from_flags
from bulk_onboard.ledger.verify import Verification
from bulk_onboard.maintenance import diagnosis
from bulk_onboard.maintenance.diagnosis import (
    DiskFacts,
    FolderFacts,
    JobFacts,
    LedgerFacts,
    Package,
    Sign,
    Trouble,
    WorkbookFacts,
    as_trouble,
)
from bulk_onboard.model.record import State
from bulk_onboard.model.requirements import Contract

PYTHON = Package("python", "3.11", "3.11.9")
FITTING = Package("sturdy", "2.1", "2.10.0")
LEDGER = Path("job.ledger.jsonl")


def ledger(status=ExitStatus.DONE, *sentences: str, lines: int = 9, counts=None, **facts):
    """The line about a ledger that was verified."""
    verified = Verification(exit_status=status, sentences=sentences, lines=lines, counts=counts or {})
    return diagnosis.of_ledger(LedgerFacts(str(LEDGER), verified, **facts))


def job(*, has_ledger: bool = True, is_here: bool = False, is_text: bool = False, troubles=(), **settings):
    """The line about a job with these settings."""
    return diagnosis.of_job(JobFacts(job_from_flags(settings), has_ledger, is_here, is_text, troubles))


@pytest.mark.parametrize(
    ("version", "numbers"), [("3.14", (3, 14)), ("2.10.0rc1", (2, 10, 0)), ("1.x", (1,)), ("", ()), ("4b2.1", (4,))]
)
def test_version_is_compared_by_the_numbers_it_begins_with(version, numbers):
    """2.10 is newer than 2.9, and what follows a letter is left out."""
    assert numbers == diagnosis.numbers_of(version)


def test_packages_that_are_missing_or_too_old_are_named_with_the_command_that_installs_them():
    """All of them in one line; those that fit are only counted."""
    packages = [FITTING, Package("frail", "3", "2.9.1"), Package("away", "", "")]

    line = diagnosis.of_python(PYTHON, packages)

    assert Sign.PROBLEM is line.sign
    assert "frail 2.9.1 is older than 3. away is not installed." in line.found
    assert "Type: pip install 'frail>=3' away" == line.to_do
    assert Sign.OK is diagnosis.of_python(PYTHON, [FITTING]).sign


def test_python_that_is_too_old_is_told():
    """Even where all packages fit."""
    line = diagnosis.of_python(PYTHON._replace(version="3.10.4"), [FITTING])

    assert (Sign.PROBLEM, True) == (line.sign, "3.11" in line.to_do)


@pytest.mark.parametrize(
    ("settings", "facts", "word"),
    [
        ({"stop_after": "60s"}, {"has_ledger": False}, "stop_after"),
        ({"wait": "2d", "stop_after": "5h"}, {}, "wait"),
        ({"encoding": "cp1252"}, {}, "encoding"),
        ({"settle": "5s"}, {}, "settle window"),
        ({"quota": "none"}, {}, "quota"),
    ],
)
def test_settings_that_contradict_each_other_are_told(settings, facts, word):
    """Each with what to do; the settings that are left out of it contradict nothing."""
    line = job(**facts, **settings)

    assert Sign.PROBLEM is line.sign
    assert word in line.found
    assert line.to_do


@pytest.mark.parametrize(
    ("settings", "facts"),
    [
        ({}, {"has_ledger": False}),
        ({"stop_after": "60s"}, {"has_ledger": True}),
        ({"wait": "2h", "stop_after": "5h"}, {}),
        ({"wait": "2h"}, {}),
        ({"encoding": "cp1252"}, {"is_text": True}),
        ({"settle": "1s", "quota": "none"}, {"is_here": True}),
    ],
)
def test_settings_that_fit_are_no_problem(settings, facts):
    """The same settings beside others, or for an API on this machine."""
    assert Sign.OK is job(**facts, **settings).sign


def test_all_troubles_of_a_job_are_told_at_once():
    """Contradictions, and what was found in other files."""
    line = job(encoding="cp1252", quota="none", troubles=[Trouble("A ledger is gone.", "Look for it.")])

    assert 3 == sum(word in line.found for word in ("encoding", "no quota", "A ledger is gone."))
    assert line.to_do.endswith("Look for it.")


def test_error_is_told_as_what_is_wrong_and_what_to_do():
    """Its first sentence, and the rest."""
    assert Trouble("It is gone.", "Look for it. Or make it anew.") == as_trouble(
        LedgerError("It is gone. Look for it. Or make it anew.")
    )
    assert Trouble("It is gone.") == as_trouble("It is gone")


def test_missing_ledger_is_no_problem_but_one_that_cannot_be_read_is():
    """The first run makes one."""
    missing = diagnosis.of_ledger(LedgerFacts(str(LEDGER)))
    unreadable = diagnosis.of_ledger(LedgerFacts(str(LEDGER), troubles=[Trouble("It cannot be read.")]))

    assert [Sign.OK, Sign.PROBLEM] == [missing.sign, unreadable.sign]
    assert "the first run makes it" in missing.found
    assert "It cannot be read." == unreadable.found


def test_sound_ledger_is_told_with_its_contract_and_records():
    """States without a record are left out, and what lies beside it is named."""
    line = ledger(
        counts={State.SUBMITTED: 1200, State.NOT_SENT: 0},
        contract=Contract.RELEASED,
        left_over={"damaged end put aside": 1, "waiting hint": 2, "unfinished ledger": 0},
    )

    assert Sign.OK is line.sign
    assert "9 lines, of the released contract; 1,200 submitted." in line.found
    assert line.found.endswith("Beside it: 1 damaged end put aside, 2 waiting hints.")


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"is_same_account": False}, "another account"),
        ({"is_same_address": False}, "another address"),
        ({"holder": "Another run (process 12 of ann on here, since 2026)"}, "process 12 of ann on here"),
        ({"lost_lines": 3}, "3 lines more"),
        ({"counts": {State.HELD: 1, State.GONE: 2}}, "3 records wait for somebody"),
        ({"troubles": [Trouble("Others can read it.")]}, "Others can read it."),
    ],
)
def test_ledger_that_keeps_a_run_from_working_is_a_problem(facts, found):
    """Whose it is, who uses it, an older copy, records that wait for a person."""
    line = ledger(**facts)

    assert (Sign.PROBLEM, True) == (line.sign, found in line.found)


def test_ledger_in_use_is_not_taken_for_an_older_copy():
    """Its lock is ahead of what has been read, since the run goes on writing."""
    assert "older copy" not in ledger(holder="Another run", lost_lines=3).found


def test_damage_is_told_in_the_words_of_the_verification_and_a_torn_end_is_not():
    """What a run will cut off by itself needs nobody."""
    damaged = ledger(ExitStatus.LEDGER, "Line 3 is damaged. Put back a copy.", lines=0)
    torn = ledger(ExitStatus.DONE, "The last 12 bytes are a line that is not finished.")

    assert ("Line 3 is damaged.", "Put back a copy.") == (damaged.found, damaged.to_do)
    assert [Sign.PROBLEM, Sign.OK] == [damaged.sign, torn.sign]


def test_folder_and_disk_are_told_with_what_is_free():
    """A remark about the file system is no problem."""
    documents = diagnosis.of_documents(FolderFacts(Path("scans"), "{registration_number}/{type}.*"))
    disk = diagnosis.of_disk(DiskFacts({Path("here"): 3 << 30}, ["It belongs to a container."]))

    assert [Sign.OK, Sign.OK] == [documents.sign, disk.sign]
    assert "{registration_number}/{type}.*" in documents.found
    assert "here has 3.0 GiB free. It belongs to a container." == disk.found


def test_missing_workbook_is_no_problem_where_the_job_allows_it():
    """And then nothing is said of its headers."""
    allowed = diagnosis.of_workbook(WorkbookFacts(Path("a.xlsx"), is_missing_allowed=True))
    missing = diagnosis.of_workbook(WorkbookFacts(Path("a.xlsx"), troubles=[Trouble("There is no workbook a.xlsx.")]))

    assert [Sign.OK, Sign.PROBLEM] == [allowed.sign, missing.sign]
    assert "missing_workbook allows" in allowed.found
