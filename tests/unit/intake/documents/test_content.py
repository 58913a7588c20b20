"""What files really are, and PNGs that no viewer shows."""

import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.intake.documents.content import jpeg_findings, media_type, png_findings
from bulk_onboard.model.documents import FILE_TYPES
from bulk_onboard.model.finding import Finding
from tests.support.businesses import jpeg, jpeg_segment, png, png_chunk
from tests.unit.intake.documents.test_pdf import zipped


def archive_of(*names: str) -> bytes:
    """A ZIP archive of empty files."""
    with zipfile.ZipFile(content := io.BytesIO(), "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return content.getvalue()


def compound(name: str) -> bytes:
    """The beginning of an old office file, and the name of what it holds."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + name.encode("utf-16-le")


def odf(kind: str) -> bytes:
    """An OpenDocument file, whose type stands first and unpacked."""
    with zipfile.ZipFile(content := io.BytesIO(), "w") as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"%PDF-1.7\n", "a PDF"),
        (b"\x89PNG\r\n\x1a\n\x00", "a PNG image"),
        (b"\x89PNG\n\x1a\n\x00", "a PNG image"),
        (b"\xff\xd8\xff\xe0", "a JPEG image"),
        (b"GIF89a", "a GIF image"),
        (b"BM\x36\x00\x0c\x00\x00\x00\x00\x00\x36\x00", "a BMP image"),
        (b"II*\x00", "a TIFF image"),
        (b"MM\x00*", "a TIFF image"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a WebP image"),
        (b"\x00\x00\x00\x18ftypheic", "a HEIC photo, as iPhones take them"),
        (b"\x00\x00\x00\x18ftyphevx", "a HEIC photo, as iPhones take them"),
        (b"\x00\x00\x00\x18ftypmif1", "a HEIC photo, as iPhones take them"),
        (b"\x00\x00\x00\x18ftypavif", "an AVIF image"),
        (b"\x00\x00\x00\x14ftypqt  ", "a video"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "a JPEG 2000 image"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">', "an SVG drawing"),
        (archive_of("photos/one.jpg"), "a ZIP archive"),
        (archive_of(), "a ZIP archive"),
        (archive_of("[Content_Types].xml", "word/document.xml"), "a Word document"),
        (archive_of("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook"),
        (archive_of("[Content_Types].xml", "ppt/presentation.xml"), "a PowerPoint presentation"),
        (archive_of("FixedDocSeq.fdseq"), "an XPS document"),
        (odf("text"), "an OpenDocument text"),
        (odf("spreadsheet"), "an OpenDocument spreadsheet"),
        (compound("WordDocument"), "an old Word document"),
        (compound("Workbook"), "an old Excel workbook"),
        (compound("PowerPoint Document"), "an old PowerPoint presentation"),
        (compound("EncryptedPackage"), "a Word, Excel or PowerPoint file locked with a password"),
        (compound("__properties_version1.0"), "an e-mail"),
        (b"{\\rtf1\\ansi", "an RTF text"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "a PostScript or EPS file"),
        (b"\xc5\xd0\xd3\xc6\x1e\x00", "a PostScript or EPS file"),
        (b"Rar!\x1a\x07\x01\x00", "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
        (b"\x1f\x8b\x08\x00", "a gzip archive"),
        (b"L\x00\x00\x00\x01\x14\x02\x00", "a Windows shortcut"),
        (b"\xef\xbb\xbf\r\n  <!DOCTYPE html><title>Sign in", "a web page"),
        (b"<html lang=en>", "a web page"),
        ("Dear Sir, पहचान\n".encode() * 100, "plain text"),
        ("पहचान".encode("utf-16"), "plain text"),
        (b"a caf\xe9 in Windows' letters", "plain text"),
    ],
)
def test_content_decides(content, found):
    """The type is told by what stands in the file, and has its words."""
    assert found == FILE_TYPES[media_type(content)].found


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"BM is how this begins\x00", b"\x00" * 2000 + b"%PDF-1.7"])
def test_unknown_content_has_no_type(content):
    """What none of the signatures tells, and is no text, is of no type that is known."""
    assert "" == media_type(content)


@pytest.mark.parametrize("before", [b" ", b"\xef\xbb\xbf", b"HTTP/1.1 200 OK\r\n\r\n", b"\0" * 1000])
def test_pdf_that_begins_late_is_a_pdf(before):
    """Readers look for its beginning within the first 1,024 bytes, so that is what it is; what is wrong is told."""
    assert "application/pdf" == media_type(before + b"%PDF-1.7\n")


def test_archive_with_a_pdf_in_it_is_an_archive():
    """What its signature tells goes before what stands a little later."""
    with zipfile.ZipFile(content := io.BytesIO(), "w") as archive:
        archive.writestr("scan.pdf", b"%PDF-1.7\n")

    assert "application/zip" == media_type(content.getvalue())


GOOD = png("invented")
SIGNATURE = GOOD[:8]
HEADER = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
PICTURE = png_chunk(b"IDAT", b"")
END = png_chunk(b"IEND", b"")


def codes(content: bytes) -> list[str]:
    """What is wrong, without `document-`."""
    return [finding.code.removeprefix("document-") for finding in png_findings(content)]


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD + b"\0" * 1024,
        SIGNATURE + HEADER + PICTURE * 500 + END,
        SIGNATURE + HEADER + png_chunk(b"tEXt", zipped()) + PICTURE + END,
        SIGNATURE + HEADER + png_chunk(b"tEXt", b"invented").replace(b"invented", b"damaged!") + PICTURE + END,
        png("large", width=10_000, height=10_000),
    ],
)
def test_sound_pictures_have_no_findings(content):
    """Many parts, notes, a damaged note, a little rubbish at the end: all of that is shown by any viewer."""
    assert [] == codes(content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (SIGNATURE + PICTURE + HEADER + END, "its first part is not the header of a picture"),
        (SIGNATURE + png_chunk(b"CgBI", b"\0\0\0\0") + HEADER + PICTURE + END,
         "its first part is not the header of a picture"),
        (SIGNATURE + png_chunk(b"IHDR", b"\0" * 12) + PICTURE + END, "its first part is not the header of a picture"),
        (SIGNATURE + END, "its first part is not the header of a picture"),
        (SIGNATURE + HEADER + END, "it holds no picture"),
        (png("flat", height=0), "its picture has no points"),
        (SIGNATURE + HEADER + b"\0\0\0\0I\0AT\0\0\0\0" + END, "what stands at byte 33 is no part of a picture"),
        (GOOD.replace(b"IDAT\x78", b"IDAT\x79"), "the checksum of its part IDAT is wrong"),
        (GOOD.replace(HEADER, HEADER[:-1] + b"!"), "the checksum of its part IHDR is wrong"),
        (GOOD.replace(b"\r\n", b"\n"), "its first bytes were changed, as by a transfer in text mode"),
        (SIGNATURE + HEADER + PICTURE + png_chunk(b"tEXt", zipped(comment=b"----" + END)[:-16]) + END,
         "it is a ZIP archive at the same time"),
    ],
)  # fmt: skip
def test_damaged(content, why):
    """Each way in which a picture is unsound has its words."""
    (finding,) = png_findings(content)

    assert Finding("document-damaged", details={"kind": "PNG", "why": why}) == finding


@given(st.integers(0, len(GOOD) - 1))
def test_cut_anywhere_is_told(length):
    """No beginning of a good picture passes for one."""
    assert ["truncated"] == codes(GOOD[:length])


def test_data_after_the_end():
    """More than 1 KB after IEND is one file too many, an archive however small; what only fills a file up is none."""
    (finding,) = png_findings(GOOD + b"x" * 1025)

    assert Finding("document-trailing-data", details={"kind": "PNG", "size": 1025}) == finding
    assert ["trailing-data"] == codes(GOOD + zipped())
    assert [] == codes(GOOD + b"\0" * 5000)


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (10_001, 1), (1, 2**32 - 1)])
def test_huge_picture_is_told_and_not_decoded(width, height):
    """Beyond 10,000 points on a side a warning says how large it claims to be."""
    (finding,) = png_findings(png("huge", width=width, height=height))

    assert Finding("document-huge-picture", details={"width": width, "height": height}) == finding


@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.binary(max_size=6)), min_size=1, max_size=5))
def test_no_bytes_raise(changes):
    """However a picture is mutilated, its findings are returned, not raised."""
    content = GOOD
    for at, piece in changes:
        content = content[:at] + piece + content[at + len(piece) :]

    assert all(finding.code.startswith("document-") for finding in png_findings(content))


@given(st.binary())
def test_nothing_at_all_raises(content):
    """Bytes that are no PNG are told as that."""
    assert codes(content)
    assert codes(SIGNATURE + content)


# JPEG.

PHOTO = jpeg("invented")
FRAME = b"\xff\xc0\x00\x0b"
SCAN = b"\xff\xda\x00\x08"
THUMBNAIL = jpeg_segment(0xE1, b"Exif\0\0" + jpeg("a small one"))


def faults(content: bytes) -> list[str]:
    """The codes of a JPEG's findings."""
    return [finding.code.removeprefix("document-") for finding in jpeg_findings(content)]


@pytest.mark.parametrize(
    "content",
    [
        PHOTO,
        PHOTO.replace(FRAME, THUMBNAIL + FRAME),
        PHOTO.replace(FRAME, b"\xff\xff" + FRAME),
        PHOTO.replace(FRAME, b"\xff\xc2\x00\x0b"),
        PHOTO.replace(b"\x3f\xff\xd9", b"\x3f\xff\x00\x11\xff\xd0\x12\xff\xd9"),
        PHOTO.replace(b"\x3f\xff\xd9", b"\x3f" + SCAN + b"\1\1\0\0\x3f\0\x3f\xff\xd9"),
        PHOTO + b"\0" * 5000,
        PHOTO + jpeg("a second picture") + b"....ftypmp42" + b"x" * 5000,
    ],
    ids=[
        "plain",
        "thumbnail",
        "filled up",
        "progressive",
        "marks within",
        "several scans",
        "padded",
        "what phones add",
    ],
)
def test_sound_photos_have_no_findings(content):
    """Whatever cameras, phones and scanners write; a second picture or a film behind the first disturbs no viewer."""
    assert [] == faults(content)


@given(st.integers(3, len(PHOTO) - 1))
def test_photo_cut_anywhere_is_told(length):
    """No beginning of a good photo passes for one."""
    assert ["truncated"] == faults(PHOTO[:length])


def test_thumbnail_does_not_end_a_photo():
    """The end of the small picture inside is not that of the large one."""
    assert ["truncated"] == faults(PHOTO.replace(FRAME, THUMBNAIL + FRAME)[:-2])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (PHOTO[:2] + b"\xff\xd9", "it holds no picture"),
        (PHOTO.replace(FRAME, b"\xff\xfe\x00\x0b"), "it holds no picture"),
        (jpeg("flat", height=0), "its picture has no points"),
        (PHOTO[:2] + b"?" + PHOTO[3:], "what stands at byte 2 is no part of a picture"),
        (PHOTO.replace(FRAME, b"\xff\xc0\x00\x01"), "what stands at byte 103 is no part of a picture"),
        (PHOTO.replace(FRAME, jpeg_segment(0xFE, zipped()) + FRAME)[:-2] + zipped(comment=b"\xff\xd9"),
         "it is a ZIP archive at the same time"),
    ],
)  # fmt: skip
def test_damaged_photo(content, why):
    """Each way in which a photo is unsound has its words."""
    (finding,) = jpeg_findings(content)

    assert Finding("document-damaged", details={"kind": "JPEG", "why": why}) == finding


@pytest.mark.parametrize("behind", [zipped(), b"%PDF-1.4 and so on"])
def test_photo_that_is_another_document_too(behind):
    """An archive or a PDF behind the end shows other people something else."""
    (finding,) = jpeg_findings(PHOTO + behind)

    assert Finding("document-trailing-data", details={"kind": "JPEG", "size": len(behind)}) == finding


def test_huge_photo_is_told_and_not_decoded():
    """It is a warning that says how large the photo claims to be."""
    (finding,) = jpeg_findings(jpeg("huge", width=50_000, height=50_000))

    assert Finding("document-huge-picture", details={"width": 50_000, "height": 50_000}) == finding


@given(st.lists(st.tuples(st.integers(0, len(PHOTO)), st.binary(max_size=6)), min_size=1, max_size=5))
def test_no_bytes_of_a_photo_raise(changes):
    """However a photo is mutilated, its findings are returned, not raised."""
    content = PHOTO
    for at, piece in changes:
        content = content[:at] + piece + content[at + len(piece) :]

    assert all(finding.code.startswith("document-") for finding in jpeg_findings(content))
