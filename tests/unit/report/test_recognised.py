"""A report is known again after others have saved it, and nothing else is taken for one."""

from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest

from bulk_onboard.report.target import SHEETS, is_report


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
