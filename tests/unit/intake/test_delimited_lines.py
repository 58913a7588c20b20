"""The lines of csv files: no encoding guessed, no other format taken for text."""

from pathlib import Path

import pytest

from bulk_onboard import errors
from bulk_onboard.intake.delimited import lines_of, load_encoding


def read(content: bytes | str, *, encoding: str | None = None) -> list[str]:
    """The lines of a file with this content; text is UTF-8."""
    raw = content.encode() if isinstance(content, str) else content
    return list(lines_of(Path("firms.csv"), raw, encoding))


def refusal(content: bytes | str, **how) -> str:
    """What reading the content complains about."""
    with pytest.raises(errors.WorkbookError) as caught:
        read(content, **how)
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_read(encoding):
    """UTF-8 with or without mark and UTF-16 of both orders with its mark need no word from the user."""
    mark = "\ufeff" if encoding.endswith("e") else ""

    assert ["Key,City\n", "001,Köln 🏭\n"] == read(f"{mark}Key,City\n001,Köln 🏭\n".encode(encoding))


def test_other_encodings_are_asked_for():
    """What is not UTF-8 is never guessed, and the line where it is told is named; with its name it is read."""
    content = "Key,City\r\nk1,Pune\rk2,Köln\n".encode("cp1252")

    assert (
        'firms.csv is not UTF-8 text (line 3). Save it in Excel as "CSV UTF-8", '
        "or name the encoding it has, such as --encoding cp1252."
    ) == refusal(content)
    assert ["Key,City\r\n", "k1,Pune\r", "k2,Köln\n"] == read(content, encoding="cp1252")


@pytest.mark.parametrize("encoding", ["klingon", "locale", "hex", "a\0b"])
def test_encodings_that_are_none(encoding):
    """A name that stands for no encoding of text is told."""
    assert f"There is no encoding {encoding}. Say, for example, --encoding cp1252." == refusal(
        "Key,City\n", encoding=encoding
    )


def test_wrong_encoding_says_where():
    """An encoding that the user names wrongly is named back with the line."""
    assert refusal("Key,City\nk1,Köln\n".encode("latin-1"), encoding="ascii").startswith(
        "firms.csv is not ASCII text (line 2)."
    )


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16"])
def test_mark_is_not_contradicted(mark):
    """A file that says it is Unicode is not read as something else, which would garble every name."""
    assert "so it is not cp1252 text. Leave out the encoding" in refusal("Key,City\n".encode(mark), encoding="cp1252")


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "utf-8-sig"])
def test_mark_agrees_with_the_user(encoding):
    """Naming the encoding that the mark says changes nothing."""
    assert ["Key,City\n"] == read("Key,City\n".encode("utf-8-sig"), encoding=encoding)


@pytest.mark.parametrize("encoding", ["utf-32-le", "utf-32-be"])
def test_utf_32(encoding):
    """UTF-32 is named as what it is, and read when asked for."""
    content = "\ufeffKey,City\n".encode(encoding)

    assert refusal(content).startswith("firms.csv is UTF-32 text, which is not read unasked.")
    assert ["Key,City\n"] == read(content, encoding="utf-32")


def test_utf_16_without_mark():
    """UTF-16 without mark is no text until its order is named."""
    content = "Key,City\nk1,Pune\n".encode("utf-16-be")

    assert "it holds NUL characters (line 1)" in refusal(content)
    assert "does not begin with the mark of UTF-16" in refusal(content, encoding="utf-16")
    assert "k1,Pune\n" == read(content, encoding="utf-16-be")[1]


@pytest.mark.parametrize("end", [b"x", b"\x00\xd8"], ids=["half a character", "half a pair"])
def test_broken_utf_16(end):
    """UTF-16 that breaks off is an error with its line."""
    assert "is not UTF-16 text (line 3)" in refusal("Key,City\nk1,x\n".encode("utf-16") + end)


def test_broken_text_after_a_mark():
    """The mark is not counted when the line is told."""
    assert "is not UTF-8 text (line 3)" in refusal(b"\xef\xbb\xbfKey\nk1\n\xff\n")


def test_nul():
    """A NUL character is an error with its line."""
    assert "it holds NUL characters (line 3)" in refusal("Key,City\nk1,x\nk\0,y\n")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04rest", "an Excel workbook, or another zip file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\xef\xbb\xbf\n <!DOCTYPE HTML><table>", "a web page (HTML)"),
        ("<html><body>".encode("utf-16"), "a web page (HTML)"),
        (b"<TABLE border=1>", "a web page (HTML)"),
        (b'<?xml version="1.0"?>', "XML"),
        (b'{ "Key": 1}', "JSON"),
        (b'[\n {"Key": 1}]', "JSON"),
        (b"\x1f\x8b\x08\x00", "compressed (gzip)"),
    ],
)
def test_other_formats_are_named(content, what):
    """A file of another format under a csv's name is told as what it is."""
    assert refusal(content).startswith(f"firms.csv is {what}, though its name ends in .csv. ")


@pytest.mark.parametrize("header", ["[Key]", "{Key}", "<Key>", "PK"])
def test_headers_are_no_disguise(header):
    """Brackets around a header make no other format of the file."""
    assert [f"{header},City\n"] == read(f"{header},City\n")


def test_encoding_is_loaded_beforehand():
    """A name that stands for no encoding is told before a file is opened."""
    load_encoding(None)
    load_encoding("cp1252")

    with pytest.raises(errors.WorkbookError, match="There is no encoding klingon"):
        load_encoding("klingon")


def test_line_ends():
    """All kinds of line ends may be mixed; what only some programs take for one is none."""
    text = ["a\r\n", "\n", "b\r", "c\x0b\x0c\x85\u2028d"]

    assert text == read("".join(text))
