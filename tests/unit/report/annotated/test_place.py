"""Where the annotated workbook goes."""

import os
import shutil
from datetime import UTC, datetime

import openpyxl
import pytest

from bulk_onboard.report.annotated.base import is_untouched, places, seal
from tests.unit.report.annotated.samples import CREATED


@pytest.fixture
def ours(tmp_path):
    """Writes an annotated copy of that name, as we do."""

    def write(name):
        book = openpyxl.Workbook()
        book.properties.created = CREATED.replace(tzinfo=None)
        book.save(tmp_path / name)
        with (tmp_path / name).open("r+b") as file:
            seal(file, CREATED)
        return tmp_path / name

    return write


def first(folder, workbook="b.xlsx"):
    """The name of the first place."""
    return next(places(folder / workbook, "b")).name


def test_first_place_is_beside_the_workbook(tmp_path):
    """Under the job's name."""
    assert tmp_path / "b.annotated.xlsx" == next(places(tmp_path / "b.xlsx", "b"))


def test_untouched_copy_is_replaced(tmp_path, ours):
    """Nobody has worked in it."""
    ours("b.annotated.xlsx")

    assert "b.annotated.xlsx" == first(tmp_path)


@pytest.mark.parametrize("how", ["saved", "touched", "copied", "of the user's own", "no workbook", "a folder"])
def test_copy_that_may_hold_fixes_is_left_alone(tmp_path, ours, how):
    """Saved by any program, copied, or never ours: the next free name is taken."""
    path = ours("b.annotated.xlsx")
    match how:
        case "saved":
            openpyxl.load_workbook(path).save(path)
        case "touched":
            os.utime(path)
        case "copied":
            shutil.copy(path, tmp_path / "other")
            (tmp_path / "other").replace(path)
        case "of the user's own":
            openpyxl.Workbook().save(path)
        case "no workbook":
            path.write_bytes(b"mine")
        case "a folder":
            path.unlink()
            path.mkdir()

    assert not is_untouched(path)
    assert "b.annotated-2.xlsx" == first(tmp_path)


def test_workbook_that_is_checked_is_never_replaced(tmp_path, ours):
    """Also when it is an annotated copy that nobody has changed, by whatever path it is named."""
    ours("b.annotated.xlsx")
    (tmp_path / "link.xlsx").symlink_to("b.annotated.xlsx")

    assert "b.annotated-2.xlsx" == first(tmp_path, "b.annotated.xlsx")
    assert "b.annotated-2.xlsx" == first(tmp_path, "link.xlsx")


def test_sealed_file_was_written_when_it_says(tmp_path, ours):
    """To the second."""
    written = ours("b.annotated.xlsx").stat().st_mtime_ns

    assert CREATED == datetime.fromtimestamp(written / 1e9, UTC)
    assert 0 == written % 1_000_000_000
