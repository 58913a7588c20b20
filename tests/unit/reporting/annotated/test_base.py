"""Where the annotated workbook goes, and texts as its XML holds them."""

import os
import shutil
from datetime import UTC, datetime

import openpyxl
import pytest

from bulk_onboard.reporting.annotated.base import (
    as_openpyxl_reads,
    as_xlsxwriter_writes,
    escaped,
    is_untouched,
    places,
    seal,
)
from bulk_onboard.reporting.table import LONGEST_TEXT
from tests.unit.reporting.annotated.samples import CREATED


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


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("plain_text", "plain_text"),
        ("a\x01b\r", "a_x0001_b_x000D_"),
        ("_x000D_", "_x005F_x000D_"),
        ("_x005F_x0041_", "_x005F_x005F_x005F_x0041_"),
        ("_x12_ x005F_", "_x12_ x005F_"),
    ],
)
def test_text_as_excel_escapes_it(text, kept):
    """Also what only reads like an escape, and two of those that share an underscore."""
    assert kept == escaped(text)


def test_openpyxl_drops_what_it_drops_once():
    """In texts, whatever the prefix of their element; formulas stay as they are."""
    xml = b"<si><x:t>x005F_</x:t></si><f>x005F_</f>"

    assert b"<si><x:t>x005Fx005F__</x:t></si><f>x005F_</f>" == as_openpyxl_reads(xml)
    assert "x005F_" == "x005Fx005F__".replace("x005F_", "")


def test_text_too_long_is_visibly_cut():
    """XlsxWriter would leave the cell blank."""
    for text in ("x" * 40_000, "<r>" + "&" * 32_000, "_x0041_" * 4_000):
        written = as_xlsxwriter_writes(text)

        assert 20_000 < len(written) <= LONGEST_TEXT
        assert not written.startswith("<r>")


def test_what_is_no_character_becomes_the_sign_for_a_broken_one():
    """Half a character cannot be written at all."""
    assert "a\ufffdb\ufffd" == as_xlsxwriter_writes("a\ud800b\uffff")
