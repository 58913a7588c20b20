"""PDFs that a reviewer could not open, or should not: told from their bytes."""

import io
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.intake.documents.pdf import pdf_faults
from tests.support.businesses import pdf

GOOD = pdf("invented")
CATALOG = b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
EMPTY_TREE = b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
TREE = b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
PAGE = b"3 0 obj<</Type/Page/Parent 2 0 R>>endobj\n"


def made_of(*objects: bytes, trailer: bytes = b"<</Root 1 0 R>>") -> bytes:
    """A PDF of these objects."""
    return b"%PDF-1.7\n" + b"".join(objects) + b"trailer\n" + trailer + b"\nstartxref\n0\n%%EOF\n"


def stream(dictionary: bytes, data: bytes) -> bytes:
    """One object with a stream."""
    return b"9 0 obj\n<<%s/Length %d>>\nstream\n%s\nendstream\nendobj\n" % (dictionary, len(data), data)


def packed(text: bytes, extra: bytes = b"") -> bytes:
    """An object stream, deflated."""
    return stream(b"/Type/ObjStm/Filter/FlateDecode/N 1/First 4" + extra, zlib.compress(text))


def modern(*texts: bytes, extra: bytes = b"") -> bytes:
    """A PDF whose objects are all in object streams, as many programs write them."""
    table = stream(b"/Type/XRef/Root 1 0 R/W[1 2 1]" + extra, b"\0\0\0\0")
    return b"%PDF-1.7\n" + b"".join(map(packed, texts)) + table + b"startxref\n0\n%%EOF\n"


def zipped(name: str = "hidden.exe", comment: bytes = b"") -> bytes:
    """A ZIP archive."""
    with zipfile.ZipFile(content := io.BytesIO(), "w") as archive:
        archive.writestr(name, b"invented")
        archive.comment = comment
    return content.getvalue()


def codes(content: bytes) -> list[str]:
    """What is wrong, without `document-`."""
    return [fault.code.removeprefix("document-") for fault in pdf_faults(content)]


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.rstrip(),
        GOOD.replace(b"\n", b"\r\n"),
        GOOD + b"\0" * 1000,
        GOOD + b"4 0 obj<</Title(mended)>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
        made_of(CATALOG, TREE, PAGE, stream(b"", b"(/Encrypt /JavaScript /Launch) Tj endobj %%EOF")),
        made_of(CATALOG, TREE, PAGE, stream(b"", b"endstream /JavaScript trailer<</Encrypt 4 0 R>>")),
        made_of(CATALOG, TREE, PAGE, b"4 0 obj<</URI(https://example.com/JS?x=/Launch)>>endobj\n"),
        made_of(CATALOG, TREE, PAGE, b"4 0 obj<</EncryptMetadata false>>endobj\n"),
        made_of(CATALOG, b"2 0 obj<</Type/Pages/Kids[3 0 R]/MediaBox[0 0 9 9]/Count 4 0 R>>endobj\n"),
        made_of(CATALOG.replace(b"/Type", b"/T#79pe"), TREE, PAGE.replace(b"Page/", b"P#61ge/")),
        modern(b"1 0 <</Type/Catalog>>", b"3 0 <</Type/Page/Parent 2 0 R>>"),
        made_of(stream(b"/Type/ObjStm", b"3 0 <</Type/Page>>")),
        b"%PDF-1.4\n1 0 obj<</Linearized 1/L 250/H[1 2]/O 3>>endobj\n" + made_of(CATALOG, TREE, PAGE)[9:].ljust(250),
    ],
)
def test_sound_pdfs_have_no_faults(content):
    """Updates, linearised files, object streams, odd spellings, and words that stand in a page's text only."""
    assert [] == codes(content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (GOOD[:-8], "the mark of its end (%%EOF) is missing"),
        (GOOD[:40], "the mark of its end (%%EOF) is missing"),
        (b"%PDF-", "the mark of its end (%%EOF) is missing"),
        (GOOD + b"4 0 obj<</Title(lost", "it goes on after the mark of an end (%%EOF), and that part has none"),
        (
            GOOD.replace(b"1 0 obj", b"9 0 obj<</Linearized 1/L 5000>>endobj\n1 0 obj"),
            "it should have 5,000 bytes and has 220",
        ),
    ],
)
def test_cut_off(content, why):
    """A file whose end is missing is told as cut off, and as nothing else."""
    (fault,) = pdf_faults(content)

    assert ("document-truncated", {"why": why}) == fault


def test_beginning_must_be_at_byte_0():
    """A header further on, or none, is told with what is before it."""
    (late,) = pdf_faults(b"HTTP/1.1 200 OK\n" + GOOD)
    (none,) = pdf_faults(b"something else")

    assert ("document-damaged", {"kind": "PDF", "why": "16 other bytes come before its beginning"}) == late
    assert ("document-damaged", {"kind": "PDF", "why": "it does not begin as one"}) == none


@pytest.mark.parametrize("size", [1025, 5000])
def test_data_after_the_end(size):
    """More than 1 KB after the last end is one file too many."""
    (fault,) = pdf_faults(GOOD.rstrip() + b"\0" * size)

    assert ("document-trailing-data", {"kind": "PDF", "size": size}) == fault


def test_archive_after_the_end():
    """An archive counts however small it is."""
    assert ["trailing-data"] == codes(GOOD + zipped())
    assert ["trailing-data"] == codes(GOOD + zipped(comment=b"and a comment"))


def test_archive_around_a_pdf():
    """A PDF that stands in the comment of an archive, or an archive whose comment ends the PDF, is both."""
    inside = b"%PDF-1.4\n%" + zipped(comment=b"\n" + GOOD[9:])

    assert ["damaged"] == codes(inside)
    assert ["damaged", "damaged"] == codes(zipped(comment=GOOD))


def test_attached_archive_is_no_archive_around():
    """An archive attached inside is active content, not a second file."""
    content = made_of(CATALOG, TREE, PAGE, stream(b"/Type/EmbeddedFile", zipped()))

    assert ["active-content"] == codes(content)


@pytest.mark.parametrize(
    "content",
    [
        made_of(CATALOG, TREE, PAGE, trailer=b"<</Root 1 0 R/Encrypt 8 0 R>>"),
        made_of(CATALOG, TREE, PAGE, trailer=b"<</Root 1 0 R/ID[(a)(b)]/Encrypt<</V 4>>>>"),
        made_of(CATALOG, TREE, PAGE, trailer=b"<</#45ncrypt 8 0 R>>"),
        modern(b"3 0 <</Type/Page>>", extra=b"/Encrypt 8 0 R"),
        modern(extra=b"/Encrypt 8 0 R"),
        made_of(CATALOG, TREE, PAGE, trailer=b"<</Encrypt 8 0 R>>") + b"4 0 obj 1 endobj trailer<<>>startxref 0 %%EOF",
    ],
)
def test_locked(content):
    """A trailer, of the classic or the modern kind, that names an encryption; pages cannot be told then."""
    assert ["encrypted"] == codes(content)


@pytest.mark.parametrize(
    "content",
    [
        made_of(CATALOG, EMPTY_TREE),
        made_of(CATALOG, EMPTY_TREE, PAGE),
        made_of(CATALOG),
        modern(b"1 0 <</Type/Catalog>>", b"2 0 <</Type/Pages/Count 0/Kids[]>>"),
        b"%PDF-1.4 not much %%EOF",
    ],
)
def test_without_pages(content):
    """No page at all, or a page tree that counts none; in object streams too."""
    assert ["without-pages"] == codes(content)


@pytest.mark.parametrize(
    "content",
    [
        made_of(stream(b"/Type/ObjStm/Filter/LZWDecode", b"\x80\x0b")),
        made_of(stream(b"/Type/ObjStm/Filter[/ASCIIHexDecode/FlateDecode]", b"00")),
        made_of(stream(b"/Type/ObjStm/Filter/FlateDecode", b"damaged")),
        made_of(stream(b"/Type/ObjStm/Filter/FlateDecode", zlib.compress(b"3 0 <</Type/Page>>")[:-6])),
        made_of(packed(b"3 0 <<>>", b"/DecodeParms<</Predictor 12>>")),
        made_of(packed(bytes(9 * 1024 * 1024)), packed(b"3 0 <</Type/Page>>")),
        made_of(*[packed(b"4 0 <<>>")] * 1001),
        made_of(b"9 0 obj<</Length 5>>stream\nx"),
    ],
)
def test_what_cannot_be_told_is_not_said(content):
    """Where pages may be in what was not unpacked, nobody says that there are none."""
    assert [] == codes(content)


@pytest.mark.parametrize(
    ("spelling", "what"),
    [
        (b"/S/JavaScript/JS(app.alert(1\\))", "a program (JavaScript)"),
        (b"/S/J#61vaScript", "a program (JavaScript)"),
        (b"/S/Launch/F(calc.exe)", "a command that starts a program"),
        (b"/Names<</EmbeddedFiles 5 0 R>>", "attached files"),
        (b"/S/Launch/Next<</S/JavaScript>>", "a command that starts a program and a program (JavaScript)"),
    ],
)
@pytest.mark.parametrize("make", [made_of, modern])
def test_active_content(make, spelling, what):
    """Programs, commands and attachments are told, however they are spelt and wherever they are packed."""
    (fault,) = pdf_faults(make(PAGE, b"4 0 obj<<%s>>endobj\n" % spelling))

    assert ("document-active-content", {"what": what}) == fault


def test_bomb_costs_nothing():
    """A thousand object streams that would inflate to 5 GB are given up after 8 MiB."""
    bomb = packed(bytes(5_000_000))

    assert [] == codes(made_of(*[bomb] * 900))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "unit",
    [
        b"(/JS\\",
        b">>stream\n",
        b"1 0 obj ",
        b"trailer ",
        b"/Type    ",
        b"1",
        b"/Length 1 ",
        b"%%EOF",
        b"PK\x05\x06",
        b"#4",
    ],
)
def test_no_file_takes_long(unit):
    """Five megabytes of anything that begins something are read once, not again and again."""
    content = b"%PDF-1.7\n" + unit * (5_000_000 // len(unit)) + b"\n%%EOF"

    assert isinstance(codes(content), list)


@given(st.integers(0, len(GOOD.rstrip()) - 1))
def test_cut_anywhere_is_told(length):
    """No beginning of a good PDF passes for one."""
    assert codes(GOOD[:length]) in (["truncated"], ["damaged"])


MODERN = modern(b"1 0 <</Type/Catalog>>", b"3 0 <</Type/Page>>")
PIECES = st.sampled_from(
    [b"obj", b"endobj", b"stream\n", b"endstream", b"<<", b">>", b"(", b")", b"\\", b"#4", b"#", b"/Length 99999999999",
     b"/Type/ObjStm", b"/Type /XRef", b"trailer", b"startxref", b"%%EOF", b"%PDF-", b"/Encrypt", b"/Count -",
     b"PK\x05\x06",
     b"/Linearized 1/L 9", b"\0", b"\r"]
)  # fmt: skip


@given(
    st.sampled_from([GOOD, MODERN]),
    st.lists(st.tuples(st.integers(0, 400), PIECES | st.binary(max_size=9)), max_size=9),
)
def test_no_bytes_raise(content, changes):
    """However a PDF is mutilated, its faults are told, not raised."""
    for at, piece in changes:
        content = content[:at] + piece + content[at + len(piece) // 2 :]

    assert all(code.startswith("document-") for code, _ in pdf_faults(content))


@given(st.binary())
def test_nothing_at_all_raises(content):
    """Bytes that are no PDF are told as that."""
    assert codes(content)
