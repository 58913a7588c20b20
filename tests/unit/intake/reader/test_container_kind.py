"""What a file really is: its content against its ending, a distinct sentence for each."""

import pytest

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.reader.container_kind import container_kind
from bulk_onboard.model.workbook_type import WorkbookType
from tests.support.spreadsheets import ole

ZIPPED = b"PK\x03\x04"
XLSX = ("[content_types].xml", "xl/workbook.xml")


def refusal(ending: str, content: bytes, *parts: str) -> str:
    """Why the content does not fit."""
    with pytest.raises(WorkbookError) as caught:
        container_kind(f"a{ending}", ending, content, parts)
    return str(caught.value)


@pytest.mark.parametrize(
    ("ending", "content", "parts", "expected"),
    [
        (".xlsx", ZIPPED, XLSX, WorkbookType.XLSX),
        (".xlsm", ZIPPED, XLSX, WorkbookType.XLSX),
        (".xlsb", ZIPPED, ("xl/workbook.bin",), WorkbookType.XLSB),
        (".ods", ZIPPED, ("mimetype", "content.xml"), WorkbookType.ODS),
        (".xls", ole("Workbook"), (), WorkbookType.XLS),
        (".xls", ole("Book"), (), WorkbookType.XLS),
        (".csv", b"Key,City\n", (), WorkbookType.TEXT),
        (".tsv", "Key\tCity\n".encode("utf-16"), (), WorkbookType.TEXT),
        (".csv", "Key,City\n".encode("utf-16-le"), (), WorkbookType.TEXT),
    ],
)
def test_content_that_fits(ending, content, parts, expected):
    """A file is what its ending says."""
    assert expected == container_kind(f"a{ending}", ending, content, parts)


def test_other_workbooks_under_a_wrong_ending():
    """The right ending is named."""
    assert "a.xlsx is an .xls workbook, though its name ends in .xlsx. Name it .xls." == refusal(
        ".xlsx", ole("Workbook")
    )
    assert "Name it .xlsx." in refusal(".xls", ZIPPED, *XLSX)
    assert "Name it .xlsx." in refusal(".csv", ZIPPED, *XLSX)
    assert "Name it .xlsb." in refusal(".xlsx", ZIPPED, "xl/workbook.bin")
    assert "Name it .ods." in refusal(".xlsx", ZIPPED, "content.xml")


def test_password():
    """A protected workbook is said to be one, whatever its ending."""
    assert "a.xlsx is protected by a password. Save it in Excel without a password." == refusal(
        ".xlsx", ole("EncryptedPackage")
    )


def test_what_is_no_workbook():
    """Each kind of other file is named."""
    assert "is a web page (HTML)" in refusal(".xlsx", b"\n<!DOCTYPE html><table>")
    assert "is a web page (HTML)" in refusal(".xls", b"<html xmlns:o='x'><table>")
    assert "is an XML spreadsheet of 2003" in refusal(".xls", b"<?xml version='1.0'?><?mso-application x?>")
    assert "is no workbook but plain text" in refusal(".xlsx", b"Key,City\n")
    assert "is a PDF" in refusal(".xlsx", b"%PDF-1.7")
    assert "is a picture" in refusal(".xlsx", b"\x89PNG\r\n")
    assert "is a packed archive" in refusal(".xlsx", b"\x1f\x8b\x08")
    assert "is a Numbers document" in refusal(".xlsx", ZIPPED, "index/document.iwa")
    assert "is a Word document" in refusal(".xlsx", ZIPPED, "word/document.xml")
    assert "is a PowerPoint presentation" in refusal(".xlsx", ZIPPED, "ppt/presentation.xml")
    assert "is an old Word document" in refusal(".xls", ole("WordDocument"))
    assert "is a zip archive without a workbook" in refusal(".xlsx", ZIPPED, "a.txt")
    assert "of no kind that is known" in refusal(".xlsx", bytes(range(256)))
    assert "of no kind that is known" in refusal(".xlsx", b"\0" * 512)
