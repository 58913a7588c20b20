"""The newest workbook of a pattern: what somebody dropped there last, and nothing that programs leave beside it."""

import os
from pathlib import Path

import pytest

from bulk_onboard.intake.newest import is_pattern, newest


@pytest.fixture
def drop(tmp_path):
    """Puts a file of this name into the folder, changed at this instant; its path is returned."""

    def put(name: str, at: float = 1000.0) -> Path:
        path = tmp_path / name
        path.write_text(name)
        os.utime(path, (at, at))
        return path

    return put


@pytest.mark.parametrize("name", ["businesses-*.xlsx", "june-0?.csv", "june-[0-9][0-9].XLSM", "*.tsv", "[!~]*.ods"])
def test_signs_in_the_last_part_make_a_pattern(tmp_path, name):
    """The signs of a shell, before any ending of a workbook."""
    assert is_pattern(tmp_path / name)


@pytest.mark.parametrize("name", ["businesses.xlsx", "june [1.xlsx", "june ].csv", "june[].xlsx"])
def test_other_names_are_names(tmp_path, name):
    """A bracket that nothing closes is one."""
    assert not is_pattern(tmp_path / name)


@pytest.mark.parametrize("name", ["june[1].xlsx", "what?.csv", "a*.xlsx"])
def test_what_is_there_is_no_pattern(drop, name):
    """Browsers call a second download so; who names the file means it."""
    assert not is_pattern(drop(name))


def test_folder_with_signs_that_is_there_is_a_folder(tmp_path):
    """Only the way is told by it."""
    (tmp_path / "[2026]").mkdir()

    assert not is_pattern(tmp_path / "[2026]" / "june.xlsx")
    assert is_pattern(tmp_path / "[2026]" / "*.xlsx")


@pytest.mark.parametrize("name", ["inbox-*/june.xlsx", "*/*.xlsx", "[ab]/june.xlsx", "**/june.csv"])
def test_pattern_in_a_folders_name_is_refused(tmp_path, name):
    """Which folder is meant must be said."""
    with pytest.raises(ValueError, match="Only the last part of the path may be a pattern"):
        is_pattern(tmp_path / name)


@pytest.mark.parametrize("name", ["june-*", "june.xls*", "*.*", "june-*.pdf"])
def test_pattern_must_end_like_a_workbook(tmp_path, name):
    """The type of a workbook is known by its name."""
    with pytest.raises(ValueError, match=r"must end like a workbook \(\.xlsx, "):
        is_pattern(tmp_path / name)


def test_changed_last_is_the_newest(tmp_path, drop):
    """Whatever the names say."""
    drop("businesses-09.xlsx", 1000.0)
    last = drop("businesses-01.xlsx", 3000.0)
    drop("businesses-05.xlsx", 2000.0)

    assert last == newest(tmp_path / "businesses-*.xlsx")


def test_of_the_same_instant_the_last_name_counts(tmp_path, drop):
    """Files that were unpacked together are told apart by what they are called."""
    for day in ("02", "10", "01"):
        drop(f"businesses-{day}.csv")

    assert tmp_path / "businesses-10.csv" == newest(tmp_path / "businesses-*.csv")


def test_only_names_that_match_count(tmp_path, drop):
    """Case counts, as in a shell; a name without the signs' part is another one."""
    drop("businesses-1.xlsx")
    for name in (
        "customers-1.xlsx",
        "Businesses-2.xlsx",
        "businesses-3.csv",
        "businesses-.xlsx.part",
        "businesses.xlsx",
    ):
        drop(name, 2000.0)

    assert tmp_path / "businesses-1.xlsx" == newest(tmp_path / "businesses-*.xlsx")
    assert tmp_path / "businesses-1.xlsx" == newest(tmp_path / "businesses-[0-9].xlsx")
    assert newest(tmp_path / "businesses-[!0-9].xlsx") is None


@pytest.mark.parametrize(
    "name",
    [
        "~$june.xlsx",
        ".~lock.june.xlsx",
        ".june.xlsx",
        "june.annotated.xlsx",
        "june.annotated-2.xlsx",
        "june.Annotated.XLSX",
        "june.annotated by us.xlsx",
        "june.before-merge-2026-11-28.xlsx",
    ],
)
def test_what_programs_leave_beside_a_workbook_is_none(tmp_path, drop, name):
    """Locks of Excel and LibreOffice, hidden files and our own copies, however new."""
    drop("june.xlsx")
    drop(name, 2000.0)

    assert tmp_path / "june.xlsx" == newest(tmp_path / "*.xlsx")
    assert newest(tmp_path / "*.XLSX") is None


def test_pattern_may_name_what_is_else_left_out(tmp_path, drop):
    """Annotated copies and hidden files, but never a lock."""
    annotated, hidden = drop("june.annotated-2.xlsx"), drop(".june.xlsx")
    drop("~$june.annotated.xlsx", 2000.0)
    drop(".~lock.june.xlsx", 2000.0)

    assert annotated == newest(tmp_path / "*.annotated*.xlsx")
    assert hidden == newest(tmp_path / ".*.xlsx")
    assert newest(tmp_path / "~*.xlsx") is None


def test_what_is_no_file_is_none(tmp_path, drop):
    """Folders, pipes, and links that lead nowhere; a link to a file is as old as the file."""
    (tmp_path / "a.csv").mkdir()
    os.mkfifo(tmp_path / "b.csv")
    (tmp_path / "c.csv").symlink_to("gone.csv")
    assert newest(tmp_path / "*.csv") is None

    (tmp_path / "d.csv").symlink_to(drop("elsewhere.txt"))
    assert tmp_path / "d.csv" == newest(tmp_path / "*.csv")


@pytest.mark.parametrize("pattern", ["no such folder/*.xlsx", "file.xlsx/*.xlsx", "a\0b/*.xlsx"])
def test_where_nothing_can_be_listed_nothing_is_found(tmp_path, drop, pattern):
    """Reading says later that there is no workbook."""
    drop("file.xlsx")

    assert newest(tmp_path / pattern) is None
