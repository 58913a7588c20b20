"""What files really are."""

import io
import zipfile

import pytest

from bulk_onboard.intake.documents.media_type import media_type
from bulk_onboard.model.file_type import FILE_TYPES


def zipped(*names: str) -> bytes:
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
        (zipped("photos/one.jpg"), "a ZIP archive"),
        (zipped(), "a ZIP archive"),
        (zipped("[Content_Types].xml", "word/document.xml"), "a Word document"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook"),
        (zipped("[Content_Types].xml", "ppt/presentation.xml"), "a PowerPoint presentation"),
        (zipped("FixedDocSeq.fdseq"), "an XPS document"),
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
