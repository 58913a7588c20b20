"""The archive: what is refused before any parser sees it (reliability.md 4.1)."""

import zipfile
from pathlib import Path

import pytest

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.reader.archive import container
from bulk_onboard.intake.reader.archive.container import open_container
from tests.support.spreadsheets import lie_about_size, texts, worksheet, write_zip, xlsx_parts

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


@pytest.mark.parametrize("claimed", [1_000, 3_000_000])
def test_directory_that_lies_about_size(claimed, tmp_path):
    """What is unpacked is counted: neither more nor less than claimed is believed, and no more is unpacked."""
    noise = b"".join(number.to_bytes(4, "big") for number in range(500_000))
    path = write_zip(tmp_path / "a.xlsx", {**PARTS, "xl/media/a.bin": noise})

    lie_about_size(path, "xl/media/a.bin", claimed)

    assert "its part xl/media/a.bin is not what the archive says" in refusal(path)


def test_unpacking_ends_where_the_lie_shows(tmp_path):
    """A bomb that claims to be small is not unpacked first and refused then."""
    path = write_zip(tmp_path / "a.xlsx", {**PARTS, "xl/media/a.bin": b"\0" * 20_000_000})
    lie_about_size(path, "xl/media/a.bin", 300_000)
    archive = open_container("a.xlsx", path.read_bytes())
    taken: list[bytes] = []

    with pytest.raises(WorkbookError):
        taken.extend(archive.pieces(archive.parts["xl/media/a.bin"]))

    assert 0 < sum(map(len, taken)) <= 300_000


def test_unpacked_part_with_a_flipped_byte(tmp_path):
    """What is not packed is checked too: no byte is altered without a word."""
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.xml", "<a>0012345</a>")
    path = tmp_path / "a.xlsx"

    path.write_bytes(path.read_bytes().replace(b"0012345", b"0012346"))

    assert "its part a.xml is not what the archive says" in refusal(path)


def test_damage_is_noticed(tmp_path):
    """A flipped byte, a cut end, a directory that points nowhere: damaged, with what to do."""
    path = write_zip(tmp_path / "a.xlsx", PARTS)
    content = path.read_bytes()
    middle = content.index(b"xl/worksheets/sheet1.xml") + 40

    for broken in (content[:middle] + b"\xff\xff" + content[middle + 2 :], content[:-30], content[:200]):
        path.write_bytes(broken)

        assert "is damaged" in refusal(path)
        assert "Open it in Excel and save it anew, or copy it again." in refusal(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("xl/workbook.xml", "has two parts of one name"),
        ("XL/Workbook.xml", "has two parts of one name"),
        ("/etc/x", "points outside of it"),
        ("xl/../../x", "points outside of it"),
        ("C:/x", "points outside of it"),
        ("xl\\x.xml", "an impossible name"),
    ],
)
def test_names_that_two_parsers_may_read_differently(name, sentence, tmp_path):
    """Doubled names, in whatever case, and those that lead elsewhere are refused."""
    path = write_zip(tmp_path / "a.xlsx", [*PARTS.items(), (name, "<a/>")])

    assert sentence in refusal(path)


def test_overlapping_parts(tmp_path):
    """Two entries over the same bytes are refused."""
    path = write_zip(tmp_path / "a.xlsx", [*PARTS.items(), ("aa.xml", "<a/>"), ("bb.xml", "<a/>")])
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        first = archive.getinfo("aa.xml").header_offset
        place = content.rindex(b"PK\x01\x02")
    content[place + 42 : place + 46] = first.to_bytes(4, "little")
    path.write_bytes(content)

    assert "calls a part by two names" in refusal(path)

    content[place + 46 : place + 52] = b"aa.xml"
    path.write_bytes(content)
    assert "has two parts of one name" in refusal(path)


def test_entry_that_reaches_into_the_next(tmp_path):
    """An entry whose bytes run into its neighbour's is refused."""
    path = write_zip(tmp_path / "a.xlsx", PARTS)
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\x01\x02")
    size = int.from_bytes(content[place + 20 : place + 24], "little")
    content[place + 20 : place + 24] = (size + 10).to_bytes(4, "little")
    path.write_bytes(content)

    assert "has parts that overlap" in refusal(path)


def test_encrypted_entry(tmp_path):
    """An archive with a password is said to have one."""
    path = write_zip(tmp_path / "a.xlsx", PARTS)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)

    assert "is protected by a password" in refusal(path)


def test_something_before_the_archive(tmp_path):
    """Two archives in one file may be two workbooks; so they are refused."""
    path = write_zip(tmp_path / "a.xlsx", PARTS)

    path.write_bytes(path.read_bytes() * 2)

    assert "begins with something else" in refusal(path)


def test_unusual_packing(tmp_path):
    """A method that calamine may not know is refused."""
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.xml", "<a/>")

    assert "is packed in an unusual way" in refusal(tmp_path / "a.xlsx")
