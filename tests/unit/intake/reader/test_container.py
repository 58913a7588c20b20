"""What a file really is, by its content against its ending; and which archives are refused before they are unpacked."""

import zipfile
from pathlib import Path

import pytest

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.reader import container
from bulk_onboard.intake.reader.container import container_kind, open_container
from bulk_onboard.model.sheet import WorkbookType
from tests.support.spreadsheets import lie_about_size, ole, texts, worksheet, write_zip, xlsx_parts

ZIPPED = b"PK\x03\x04"
XLSX = ("[content_types].xml", "xl/workbook.xml")


def kind_refusal(ending: str, content: bytes, *parts: str) -> str:
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
    assert "a.xlsx is an .xls workbook, though its name ends in .xlsx. Name it .xls." == kind_refusal(
        ".xlsx", ole("Workbook")
    )
    assert "Name it .xlsx." in kind_refusal(".xls", ZIPPED, *XLSX)
    assert "Name it .xlsx." in kind_refusal(".csv", ZIPPED, *XLSX)
    assert "Name it .xlsb." in kind_refusal(".xlsx", ZIPPED, "xl/workbook.bin")
    assert "Name it .ods." in kind_refusal(".xlsx", ZIPPED, "content.xml")


def test_password():
    """A protected workbook is said to be one, whatever its ending."""
    assert "a.xlsx is protected by a password. Save it in Excel without a password." == kind_refusal(
        ".xlsx", ole("EncryptedPackage")
    )


def test_what_is_no_workbook():
    """Each kind of other file is named."""
    assert "is a web page (HTML)" in kind_refusal(".xlsx", b"\n<!DOCTYPE html><table>")
    assert "is a web page (HTML)" in kind_refusal(".xls", b"<html xmlns:o='x'><table>")
    assert "is an XML spreadsheet of 2003" in kind_refusal(".xls", b"<?xml version='1.0'?><?mso-application x?>")
    assert "is no workbook but plain text" in kind_refusal(".xlsx", b"Key,City\n")
    assert "is a PDF" in kind_refusal(".xlsx", b"%PDF-1.7")
    assert "is a picture" in kind_refusal(".xlsx", b"\x89PNG\r\n")
    assert "is a packed archive" in kind_refusal(".xlsx", b"\x1f\x8b\x08")
    assert "is a Numbers document" in kind_refusal(".xlsx", ZIPPED, "index/document.iwa")
    assert "is a Word document" in kind_refusal(".xlsx", ZIPPED, "word/document.xml")
    assert "is a PowerPoint presentation" in kind_refusal(".xlsx", ZIPPED, "ppt/presentation.xml")
    assert "is an old Word document" in kind_refusal(".xls", ole("WordDocument"))
    assert "is a zip archive without a workbook" in kind_refusal(".xlsx", ZIPPED, "a.txt")
    assert "of no kind that is known" in kind_refusal(".xlsx", bytes(range(256)))
    assert "of no kind that is known" in kind_refusal(".xlsx", b"\0" * 512)


PARTS = xlsx_parts({"S": worksheet(texts(["Key"], ["k1"]))})


def refusal(path: Path) -> str:
    """What opening and unpacking everything complains about."""
    with pytest.raises(WorkbookError) as caught:
        unpacked(path)
    return str(caught.value)


def unpacked(path: Path) -> dict[str, bytes]:
    """Every part."""
    archive = open_container("a.xlsx", path.read_bytes())
    return {name: archive.whole(name) for name in archive.parts}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_honest_archive_is_unpacked(method, tmp_path):
    """Every part comes whole, packed or not."""
    parts = {"a.xml": b"<a/>" * 40_000, "B/c.bin": b"".join(n.to_bytes(3, "big") for n in range(300_000)), "empty": b""}
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)

    assert {name.lower(): content for name, content in parts.items()} == unpacked(tmp_path / "a.xlsx")


def test_bombs(tmp_path):
    """Too large a part, too large a whole, too dense a part, too many parts: refused by what the directory claims."""
    dense = write_zip(tmp_path / "dense.xlsx", {**PARTS, "xl/media/a.bin": b"\0" * 2_000_000})
    many = write_zip(tmp_path / "many.xlsx", {**PARTS, **{f"{n}.xml": "" for n in range(5_000)}})
    large = write_zip(tmp_path / "large.xlsx", {**PARTS, "xl/media/a.bin": b"a"})
    lie_about_size(large, "xl/media/a.bin", container.MAX_PART + 1)
    whole = write_zip(tmp_path / "whole.xlsx", {**PARTS, "a.bin": b"a", "b.bin": b"b"})
    for name in ("a.bin", "b.bin"):
        lie_about_size(whole, name, container.MAX_TOTAL // 2 + 1)

    assert "packs 2,000,000 bytes into" in refusal(dense)
    assert "(a zip bomb)" in refusal(dense)
    assert "has 5,00" in refusal(many)
    assert "unpacked it would take 400," in refusal(large)
    assert "unpacked it would take 600," in refusal(whole)


def test_directory_that_claims_too_little(tmp_path):
    """A part that is longer than the directory says is refused, and no more of it is unpacked."""
    noise = b"".join(number.to_bytes(4, "big") for number in range(500_000))
    path = write_zip(tmp_path / "a.xlsx", {**PARTS, "xl/media/a.bin": noise})

    lie_about_size(path, "xl/media/a.bin", 1_000)

    assert "its part xl/media/a.bin is not what the archive says" in refusal(path)


def test_unpacking_ends_where_the_lie_shows(tmp_path):
    """A bomb that claims to be small is not unpacked first and refused then."""
    path = write_zip(tmp_path / "a.xlsx", {**PARTS, "xl/media/a.bin": b"\0" * 20_000_000})
    lie_about_size(path, "xl/media/a.bin", 300_000)
    archive = open_container("a.xlsx", path.read_bytes())
    taken: list[bytes] = []

    with pytest.raises(WorkbookError):
        taken.extend(archive.pieces("xl/media/a.bin"))

    assert 0 < sum(map(len, taken)) <= 300_000


def test_unpacked_part_with_a_flipped_byte(tmp_path):
    """What is not packed is checked too: no byte is altered without a word."""
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.xml", "<a>0012345</a>")
    path = tmp_path / "a.xlsx"

    path.write_bytes(path.read_bytes().replace(b"0012345", b"0012346"))

    assert "its part a.xml is not what the archive says" in refusal(path)


def test_damage_is_noticed(tmp_path):
    """A flipped byte, a cut end, a piece missing, so that the directory points nowhere: damaged, with what to do."""
    path = write_zip(tmp_path / "a.xlsx", PARTS)
    content = path.read_bytes()
    middle = content.index(b"xl/worksheets/sheet1.xml") + 40

    spoilt = content[:middle] + b"\xff\xff" + content[middle + 2 :]

    for broken in (spoilt, content[:-30], content[:200], content[:40] + content[60:]):
        path.write_bytes(broken)

        assert "is damaged" in refusal(path)
        assert "Open it in Excel and save it again, or copy it again." in refusal(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["xl/workbook.xml", "XL/Workbook.xml"])
def test_two_parts_of_one_name(name, tmp_path):
    """Of two parts with one name, in whatever case, two programs may show two different ones: refused."""
    path = write_zip(tmp_path / "a.xlsx", [*PARTS.items(), (name, "<a/>")])

    assert "has two parts of one name" in refusal(path)


@pytest.mark.parametrize("name", ["/etc/x", "xl/../../x", "C:/x", "xl\\x.xml"])
def test_names_that_lead_elsewhere_lead_nowhere(name, tmp_path):
    """Nothing is ever written under a part's name, so any name is read as it stands."""
    path = write_zip(tmp_path / "a.xlsx", [*PARTS.items(), (name, "<a/>")])

    assert b"<a/>" == unpacked(path)[name.lower()]


def test_part_under_another_ones_name(tmp_path):
    """An entry that points at the bytes of another part is refused, since they do not bear its name."""
    path = write_zip(tmp_path / "a.xlsx", [*PARTS.items(), ("aa.xml", "<a/>"), ("bb.xml", "<a/>")])
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        first = archive.getinfo("aa.xml").header_offset
    place = content.rindex(b"PK\x01\x02")
    content[place + 42 : place + 46] = first.to_bytes(4, "little")
    path.write_bytes(content)

    assert "its part bb.xml is not what the archive says" in refusal(path)


def test_encrypted_entry(tmp_path):
    """An archive with a password is said to have one."""
    path = write_zip(tmp_path / "a.xlsx", PARTS)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)

    assert "is protected by a password" in refusal(path)


def test_unusual_packing(tmp_path):
    """A method that calamine may not know is refused."""
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.xml", "<a/>")

    assert "is packed in an unusual way" in refusal(tmp_path / "a.xlsx")
