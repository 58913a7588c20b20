"""The report gets to its place whole or not at all, never over another file, and is recognised again."""

import fcntl
import os
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest

from bulk_onboard.reporting.target import SHEETS, TakenError, is_report, opened_in, replace


def write(content):
    """Something that fills a file with these bytes."""
    return lambda file, folder: file.write(content)


def test_file_is_replaced_and_private(tmp_path):
    """The new file has the new content, is readable by its owner alone, and nothing else is left in the folder."""
    path = tmp_path / "report.xlsx"
    path.write_bytes(b"old")
    path.chmod(0o644)

    replace(path, write(b"new"))

    assert (b"new", 0o600) == (path.read_bytes(), path.stat().st_mode & 0o777)
    assert [path] == list(tmp_path.iterdir())


def test_failure_leaves_the_old_file(tmp_path):
    """When writing fails half way the old file is untouched and no half-made one stays."""
    path = tmp_path / "report.xlsx"
    path.write_bytes(b"old")

    def fail(file, folder):
        file.write(b"half")
        (folder / "more").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        replace(path, fail)

    assert b"old" == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


def test_temporary_files_are_private(tmp_path):
    """While it is written, nobody else can look into the folder of temporary files."""
    modes = []

    replace(tmp_path / "report.xlsx", lambda file, folder: modes.append(folder.stat().st_mode & 0o777))

    assert [0o700] == modes


def test_write_protected_file_is_left_alone(tmp_path):
    """A file that its owner protected is not replaced, though the folder would let us."""
    path = tmp_path / "report.xlsx"
    path.touch(0o400)

    with pytest.raises(TakenError, match="write-protected"):
        replace(path, write(b"new"))


@pytest.mark.parametrize("lock", [".~lock.report.xlsx#", "~$report.xlsx"])
def test_file_open_in_an_office_program_is_left_alone(tmp_path, lock):
    """LibreOffice and Excel put a file beside a workbook that is open; saving there would undo what we write."""
    (tmp_path / "report.xlsx").touch()
    (tmp_path / lock).touch()

    with pytest.raises(TakenError, match="seems to be open in"):
        replace(tmp_path / "report.xlsx", write(b"new"))


def test_locked_file_is_left_alone(tmp_path):
    """A file that another program holds locked is not replaced."""
    path = tmp_path / "report.xlsx"
    with path.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        with pytest.raises(TakenError, match="locked"):
            replace(path, write(b"new"))


@pytest.mark.parametrize(
    ("lock", "content", "program"),
    [
        (".~lock.{name}#", b",asha,desk-4,29.11.2026 15:31,file:///home/asha;", "LibreOffice, by asha"),
        (".~lock.{name}#", b"Asha Rao,asha,desk-4,29.11.2026 15:31,file:///home/asha;", "LibreOffice, by Asha Rao"),
        ("~${name}", b"\x08Asha Rao" + b" " * 100, "Excel, by Asha Rao"),
        ("~${name}", b"", "Excel"),
        ("~${name}", b"\x04\xff\xfe\x00\x01", "Excel"),
    ],
)
def test_who_has_a_workbook_open_is_read_from_the_mark(tmp_path, lock, content, program):
    """The program, and the name that it left; without a name that can be shown the program alone."""
    path = tmp_path / "businesses.xlsx"
    (tmp_path / lock.format(name=path.name)).write_bytes(content)

    assert program == opened_in(path)
    assert "" == opened_in(tmp_path / "other.xlsx")


def test_only_plain_files_are_replaced(tmp_path):
    """Neither a folder nor a link nor a pipe is replaced, and a pipe makes nobody wait."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")

    for name in ("folder", "link", "pipe"):
        with pytest.raises(TakenError, match="not a plain file"):
            replace(tmp_path / name, write(b"new"))


def test_folder_is_missing(tmp_path):
    """Where there is no folder, nothing is written."""
    with pytest.raises(FileNotFoundError):
        replace(tmp_path / "missing" / "report.xlsx", write(b"new"))


def workbook(path: Path, sheets: tuple[str, ...], *, marked: bool = False) -> Path:
    """A workbook as somebody else's program writes it, with these sheets."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name in sheets:
        book.create_sheet(name)
    if marked:
        book.custom_doc_props.append(openpyxl.packaging.custom.StringProperty(name="bulk-onboard", value="report"))
    book.save(path)
    return path


def test_a_report_is_known_by_its_sheets_or_by_its_mark(tmp_path: Path) -> None:
    """Programs keep the one, the other, or both."""
    assert is_report(workbook(tmp_path / "sheets.xlsx", (*SHEETS, "My notes")))
    assert is_report(workbook(tmp_path / "mark.xlsx", ("Overview",), marked=True))
    assert not is_report(workbook(tmp_path / "other.xlsx", SHEETS[:3]))


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04 cut off", b"%PDF-1.4", b"\0" * 999])
def test_what_is_no_workbook_is_no_report(tmp_path: Path, content: bytes) -> None:
    """Whatever it begins with."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)

    assert not is_report(path)


def test_a_zip_that_claims_too_much_is_no_report(tmp_path: Path) -> None:
    """A part that unpacks to gigabytes is read to its limit and no further; a link and a folder are none either."""
    path = tmp_path / "bomb.xlsx"
    with ZipFile(path, "w", compression=8) as archive:
        archive.writestr("xl/workbook.xml", b" " * (1 << 28))
    (tmp_path / "link.xlsx").symlink_to(path)

    assert not any(map(is_report, (path, tmp_path / "link.xlsx", tmp_path, tmp_path / "nothing")))
