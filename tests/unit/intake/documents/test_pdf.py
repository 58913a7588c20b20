"""PDFs that a reviewer could not open, or should not; and odd ones that every reader opens."""

import io
import re
import resource
import zipfile
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulk_onboard.confined.limits import Limits
from bulk_onboard.intake.documents import pdf as module
from bulk_onboard.intake.documents.pdf import PdfReader, pdf_findings
from bulk_onboard.model.finding import Finding
from tests.support.businesses import pdf
from tests.support.papers import assembled, locked, objects, packed, paper, shown, stream

GOOD = paper("an invented paper")
WITHOUT_TABLE = pdf("invented")
AT_START = GOOD.index(b"startxref")


def zipped(name: str = "hidden.exe", comment: bytes = b"") -> bytes:
    """A ZIP archive."""
    with zipfile.ZipFile(content := io.BytesIO(), "w") as archive:
        archive.writestr(name, b"invented")
        archive.comment = comment
    return content.getvalue()


def with_content(body: bytes) -> bytes:
    """A PDF whose page has this content."""
    return assembled([*objects()[:3], body, objects()[4]])


def linearized(size: int) -> bytes:
    """A PDF that says it has so many bytes."""
    return GOOD.replace(b"\n1 0 obj", b"\n9 0 obj\n<</Linearized 1/L %d>>\nendobj\n1 0 obj" % size)


@pytest.fixture(scope="module")
def reader() -> Iterator[PdfReader]:
    """One child for all."""
    with PdfReader() as one:
        yield one


@pytest.fixture(scope="module")
def findings(reader):
    """What is wrong with a PDF."""
    return lambda content: tuple(pdf_findings(content, reader.open(content, with_text=False)))


@pytest.fixture(scope="module")
def codes(findings):
    """The same without `document-`, and without words."""
    return lambda content: [finding.code.removeprefix("document-") for finding in findings(content)]


SOUND = {
    "as most programs write it": GOOD,
    "no table of places": WITHOUT_TABLE,
    "packed objects and table": packed(objects("text")),
    "its last line break is missing": GOOD.rstrip(),
    "line ends of another system": GOOD.replace(b"\n", b"\r\n"),
    "the mark of its end is missing": GOOD.removesuffix(b"%%EOF\n"),
    "half of the mark of its end": GOOD.removesuffix(b"OF\n"),
    "a part of the mark, and a line break": GOOD.removesuffix(b"%%EOF\n") + b"%%\r\n",
    "the mark with one sign": GOOD.removesuffix(b"%%EOF\n") + b"%EOF\n",
    "the line of the table's place is missing": GOOD[:AT_START],
    "the table's place is wrong": GOOD.replace(b"startxref\n", b"startxref\n1"),
    "each place in the table is wrong": assembled(objects("text"), shift=9),
    "filled up with NUL": GOOD + bytes(5000),
    "filled up with blanks": GOOD + b" \r\n\t" * 800,
    "filled up with Ctrl-Z": GOOD + b"\x1a" * 2000,
    "half of the mark, and filled up": GOOD.removesuffix(b"OF\n") + bytes(2048),
    "an update": GOOD + b"6 0 obj<</Title(new)>>endobj\ntrailer<</Root 1 0 R/Size 7>>\nstartxref\n0\n%%EOF\n",
    "stream and CR": with_content(stream(shown("text"), keyword=b"stream\r")),
    "stream, blanks and a line break": with_content(stream(shown("text"), keyword=b"stream  \r\n")),
    "stream and a comment": with_content(stream(shown("text"), keyword=b"stream %page\n")),
    "a wrong length": with_content(stream(shown("text")).replace(b"/Length ", b"/Length 9")),
    "words in a page's text": with_content(stream(b"(/Encrypt /JavaScript /Launch) Tj endobj %%EOF")),
    "words in a stream": with_content(stream(b"endstream /JavaScript trailer<</Encrypt 4 0 R>>")),
    "words in a link": assembled([*objects(extra=b"/X 6 0 R"), b"<</URI(https://example.com/JS?x=/Launch)>>"]),
    "only the owner has a password": locked("text"),
    "names in another spelling": GOOD.replace(b"/Type/Page/", b"/T#79pe/P#61ge/"),
    "no number of pages": GOOD.replace(b"/Count 1", b""),
    "for fast display": linearized(1000).ljust(1000),
}


@pytest.mark.parametrize("how", SOUND)
def test_what_every_reader_opens_is_sound(how, reader):
    """However unusual its ends, streams and tables are: if it opens without a password, nothing is wrong with it."""
    opened = reader.open(SOUND[how], with_text=False)

    assert (1, []) == (opened.pages, list(pdf_findings(SOUND[how], opened)))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (GOOD[:-200], "the mark of its end (%%EOF) is missing"),
        (packed(objects("text"))[:-90], "the mark of its end (%%EOF) is missing"),
        (b"%PDF-", "the mark of its end (%%EOF) is missing"),
        (GOOD + b"6 0 obj<</Title(lost", "it goes on after the mark of an end (%%EOF), and that part has none"),
        (linearized(5000), f"it should have 5,000 bytes and has {len(linearized(5000))}"),
    ],
)
def test_cut_off(content, why, findings):
    """A file whose end is missing is told as cut off, and as nothing else."""
    assert (Finding("document-truncated", details={"why": why}),) == findings(content)


@pytest.mark.parametrize("whole", [GOOD, packed(objects("text")), WITHOUT_TABLE], ids=["plain", "packed", "no table"])
def test_cut_anywhere_is_told(whole, codes):
    """No beginning of a PDF passes for one, unless all that is missing is the way to its table."""
    needed = whole.index(b"startxref") - len("endobj\n") if whole is not WITHOUT_TABLE else whole.index(b"\n%%EOF")
    for length in range(1, needed - 1, 7):
        assert codes(whole[:length]) in (["truncated"], ["damaged"]), length


def test_beginning_must_be_at_byte_0(findings):
    """A header further on, or none, is told with what is before it."""
    (late,) = findings(b"HTTP/1.1 200 OK\n" + GOOD)
    (none,) = findings(b"something else")

    assert (
        Finding("document-damaged", details={"kind": "PDF", "why": "16 other bytes come before its beginning"}) == late
    )
    assert Finding("document-damaged", details={"kind": "PDF", "why": "it does not begin as one"}) == none


@pytest.mark.parametrize("size", [1025, 5000])
@pytest.mark.parametrize("whole", [GOOD.rstrip(), GOOD.removesuffix(b"\n%%EOF\n")], ids=["marked", "unmarked"])
def test_data_after_the_end(whole, size, findings):
    """More than 1 KB after the last end is one file too many."""
    assert (Finding("document-trailing-data", details={"kind": "PDF", "size": size}),) == findings(whole + b"x" * size)


def test_archive_after_the_end(codes):
    """An archive counts however small it is, and however far behind."""
    assert ["trailing-data"] == codes(GOOD + zipped())
    assert ["trailing-data"] == codes(GOOD + zipped(comment=b"and a comment"))
    assert ["trailing-data"] == codes(GOOD + bytes(3000) + zipped() + bytes(3000))


def test_archive_around_a_pdf(codes):
    """A PDF that stands in the comment of an archive, or an archive whose comment ends the PDF, is both."""
    inside = b"%PDF-1.4\n%" + zipped(comment=b"\n" + GOOD[9:])

    assert ["damaged"] == codes(inside)
    assert ["damaged", "damaged"] == codes(zipped(comment=GOOD))


def test_attached_archive_is_no_archive_around(codes):
    """An archive attached inside is active content, not a second file."""
    content = assembled([*objects(extra=b"/AF[6 0 R]"), stream(zipped(), b"/Type/EmbeddedFile")])

    assert ["active-content"] == codes(content)


@pytest.mark.parametrize(
    "content",
    [
        locked("text", user=b"1234"),
        assembled(objects(), in_trailer=b"/ID[(a)(b)]/Encrypt<</Filter/Standard/V 9>>"),
        assembled(objects(), in_trailer=b"/Encrypt<</Filter/Of.Somebody/V 4>>"),
    ],
    ids=["a user's password", "a cipher of the future", "a key of somebody's own"],
)
def test_locked(content, codes):
    """What asks for a password, or for a key that no reader has, cannot be opened by a reviewer."""
    assert ["encrypted"] == codes(content)


@pytest.mark.parametrize(
    "content",
    [
        assembled([objects()[0], b"<</Type/Pages/Kids[]/Count 0>>"]),
        packed([objects()[0], b"<</Type/Pages/Kids[]/Count 0>>"]),
        assembled([objects()[0]]),
        b"%PDF-1.4 not much %%EOF",
    ],
)
def test_without_pages(content, codes):
    """No page at all, or a page tree that counts none."""
    assert codes(content) in (["without-pages"], ["damaged"])


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace(b"/Kids[3 0 R]", b"/Kids[9 0 R]"),
        GOOD.replace(b"/Root 1 0 R", b"/Root 9 0 R").replace(b"/Type/Catalog", b"/Type/Nothing"),
    ],
    ids=["the page is not in it", "no catalogue"],
)
def test_what_no_reader_opens_is_damaged(content, codes):
    """Its ends are there, and yet nothing can be shown."""
    assert ["damaged"] == codes(content)


@pytest.mark.parametrize(
    ("spelling", "what"),
    [
        (b"/S/JavaScript/JS(app.alert(1))", "a program (JavaScript)"),
        (b"/S/J#61vaScript", "a program (JavaScript)"),
        (b"/S/Launch/F(calc.exe)", "a command that starts a program"),
        (b"/Names<</EmbeddedFiles 5 0 R>>", "attached files"),
        (b"/S/Launch/Next<</S/JavaScript>>", "a command that starts a program and a program (JavaScript)"),
    ],
)
@pytest.mark.parametrize("make", [assembled, packed])
def test_active_content(make, spelling, what, findings):
    """Programs, commands and attachments are told, however they are spelt and wherever they are packed."""
    assert (Finding("document-active-content", details={"what": what}),) == findings(
        make([*objects(extra=b"/OpenAction 6 0 R"), b"<<%s>>" % spelling])
    )


def test_active_content_of_a_locked_document(findings):
    """A password of the owner alone hides nothing."""
    content = locked("text").replace(b"/Type/Catalog", b"/Type/Catalog/OpenAction<</S/JavaScript/JS(x)>>")

    assert (Finding("document-active-content", details={"what": "a program (JavaScript)"}),) == findings(content)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "unit",
    [b"(/JS\\", b">>stream\n", b"1 0 obj ", b"trailer ", b"/Type    ", b"1", b"%%EOF", b"PK\x05\x06", b"/#4a", b"[<<"],
)
def test_no_file_takes_long(unit, codes):
    """Five megabytes of anything that begins something are read once, not again and again."""
    content = b"%PDF-1.7\n" + unit * (5_000_000 // len(unit)) + b"\n%%EOF"

    assert codes(content)


@pytest.mark.slow
def test_page_that_unpacks_without_end_costs_its_document_alone(reader, findings):
    """It is told as damaged, with what happened; the next one is opened as ever."""
    inflation = zlib.compressobj(9)
    bomb = b"".join(inflation.compress(shown("x" * 60) * 50_000) for _ in range(160)) + inflation.flush()
    content = with_content(stream(bomb, b"/Filter/FlateDecode"))

    (finding,) = pdf_findings(content, reader.open(content, with_text=True))

    assert "document-damaged" == finding.code
    assert finding.details["why"] in ("it makes its reader break down (6)", "it needs more than 512.0 MiB of memory")
    assert () == findings(GOOD)


FRAGILE = "tests.support.fragile_reader"


@pytest.fixture
def fragile(monkeypatch) -> Iterator[PdfReader]:
    """A reader that some documents break; it gives up after a second."""
    monkeypatch.setattr(module, "_CHILD", FRAGILE)
    monkeypatch.setattr(module, "_LIMITS", Limits(memory=1 << 29, cpu_s=600, wall_s=1.0, answer=10_000))
    with PdfReader() as one:
        yield one


@pytest.mark.parametrize(
    ("does", "why"),
    [
        ("crash", "it makes its reader break down (11)"),
        ("hang", "it takes more than 1 s"),
        ("starve", "it needs more than 512.0 MiB of memory"),
        ("stumble", "it makes its reader break down (KeyError at __main__.py)"),
        ("pour", "it makes its reader answer without end"),
        ("babble", "it makes its reader break down (no answer)"),
        ("leave", "it makes its reader break down (no answer)"),
    ],
)
def test_document_that_breaks_its_reader_costs_one_finding(fragile, does, why):
    """It is told with what happened, and the documents before and after it are opened as if it were not there."""
    told = [fragile.open(content, with_text=False) for content in (GOOD, paper(f"please {does}"), GOOD)]

    assert ["", why, ""] == [re.sub(r":\d+\)$", ")", one.broke) for one in told]
    assert [1, 0, 1] == [one.pages for one in told]
    assert ["document-damaged"] == [finding.code for finding in pdf_findings(GOOD, told[1])]


def test_reader_that_earlier_documents_wore_out_is_replaced(fragile):
    """What the fifth document of a child cannot have, the first of the next one has: it is not to blame."""
    told = [fragile.open(paper("please tire"), with_text=False) for _ in range(12)]

    assert [""] * 12 == [one.broke for one in told]


def test_reader_that_does_not_start_blames_no_document(monkeypatch):
    """One sentence about the installation instead of a finding for each document."""
    monkeypatch.setattr(module, "_CHILD", "tests.support.not_there")

    with pytest.raises(module.StoppedError, match="process that opens PDFs does not start"), PdfReader() as one:
        one.open(GOOD, with_text=False)


def test_reader_that_cannot_be_started_blames_no_document():
    """Nor is it a bug: this machine, or its user, may open no more files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(module.StoppedError, match=r"cannot be started \(Too many open files\)"), PdfReader() as one:
            one.open(GOOD, with_text=False)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


PIECES = st.sampled_from(
    [b"obj", b"endobj", b"stream\n", b"endstream", b"<<", b">>", b"(", b")", b"\\", b"#4", b"#", b"/Length 99999999999",
     b"/Type/ObjStm", b"/Type /XRef", b"trailer", b"startxref", b"%%EOF", b"%PDF-", b"/Encrypt", b"/Count -",
     b"PK\x05\x06",
     b"/Linearized 1/L 9", b"\0", b"\r"]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from([GOOD, packed(objects("text")), locked("text")]) | st.binary(),
    st.lists(st.tuples(st.integers(0, 900), PIECES | st.binary(max_size=9)), max_size=9),
)
def test_no_bytes_raise(reader, content, changes):
    """However a PDF is mutilated, its findings are told, not raised, and its reader stays."""
    for at, piece in changes:
        content = content[:at] + piece + content[at + len(piece) // 2 :]

    opened = reader.open(content, with_text=True)

    assert "" == opened.broke
    assert all(finding.code.startswith("document-") for finding in pdf_findings(content, opened))
