"""The documents folder: what is in it, what is not, and that the bytes sent are the bytes hashed."""

import hashlib
import os
import socket
import unicodedata
from pathlib import Path

import pytest

from bulk_onboard.intake.documents.folder import STRICT_LIMIT, DocumentFolder
from bulk_onboard.model.application import DOCUMENT_LIMIT, Document, FileFacts
from bulk_onboard.model.catalogue import CATALOGUE
from bulk_onboard.model.finding import Finding
from tests.support.businesses import document as made_document
from tests.support.businesses import pdf, png

PDF = pdf("invented")
DIGEST = hashlib.sha256(PDF).hexdigest()


@pytest.fixture
def root(tmp_path) -> Path:
    """A documents folder with one document, and a secret beside it."""
    root = tmp_path / "documents"
    (root / "acme").mkdir(parents=True)
    (root / "acme" / "id.pdf").write_bytes(PDF)
    (tmp_path / "secret.pdf").write_bytes(PDF)
    return root


@pytest.fixture
def folder(root) -> DocumentFolder:
    """The folder as the project sees it."""
    return DocumentFolder(root)


def codes(facts: FileFacts) -> list[str]:
    """The codes of what is wrong with a file, without `document-`; each has all that its words need."""
    for finding in facts.findings:
        assert CATALOGUE[finding.code].problem.format_map(finding.details)
        assert CATALOGUE[finding.code].fix.format_map(finding.details)
    return [finding.code.removeprefix("document-") for finding in facts.findings]


def document(facts: FileFacts) -> Document:
    """The document these facts make."""
    return Document("identity_proof", facts.path, facts.size, facts.sha256, facts.media_type)


@pytest.mark.parametrize(
    "relative", ["acme/id.pdf", "acme\\id.pdf", "./acme//id.pdf", "acme/../acme/id.pdf", ".\\acme\\id.pdf"]
)
def test_facts_of_a_file(folder, root, relative):
    """Size, digest and real type, however the way down is written."""
    assert FileFacts(root / "acme/id.pdf", len(PDF), DIGEST, "application/pdf") == folder.look(relative)


@pytest.mark.parametrize(
    "relative",
    [
        "/etc/hostname",
        "../secret.pdf",
        "acme/../../secret.pdf",
        "..\\secret.pdf",
        "C:\\scans\\id.pdf",
        "c:id.pdf",
        "\\\\server\\share\\id.pdf",
        "//server/share/id.pdf",
        "~/id.pdf",
        "~root/id.pdf",
        "file:///etc/hostname",
        "file:acme/id.pdf",
        "https://example.com/id.pdf",
        "smb://server/share/id.pdf",
    ],
)
def test_paths_that_lead_out(folder, relative):
    """Absolute paths, dots that climb out, drives, network shares and homes are outside."""
    assert ["outside"] == codes(folder.look(relative))


def test_links_lead_out(folder, root):
    """A link is outside, as the file itself and on the way to it, wherever it points."""
    (root / "link.pdf").symlink_to(root / "acme/id.pdf")
    (root / "away").symlink_to(root.parent)
    (root / "dangling.pdf").symlink_to(root / "nothing")

    facts = folder.look_all(["link.pdf", "away/secret.pdf", "dangling.pdf"])

    assert [["outside"]] * 3 == [codes(each) for each in facts.values()]


def test_folder_itself_may_be_a_link(folder, root):
    """Where the documents folder lies is the user's affair."""
    (root.parent / "link").symlink_to(root)

    assert DIGEST == DocumentFolder(root.parent / "link").look("acme/id.pdf").sha256


@pytest.mark.parametrize(
    ("relative", "hint"),
    [
        ("nothing.pdf", ""),
        ("none/id.pdf", ""),
        ("acme/id.pdf/x", ""),
        ("$HOME/id.pdf", ""),
        ("%USERPROFILE%\\id.pdf", ""),
        ("acme/*.pdf", ""),
        ("x/" * 3000 + "y", ""),
        ("x" * 300, " Its name is longer than that of any file."),
        ("a\0b.pdf", " Its name holds a character that no file's name can hold."),
        ("\ud800.pdf", " Its name holds a character that no file's name can hold."),
        ("acme/ID.PDF", ' Did you mean "id.pdf"?'),
        ("acme/id.png", ' Did you mean "id.pdf"?'),
        ("acme/identity_prof.pdf", ' Did you mean "identity_proof.pdf"?'),
        ("ACME/id.pdf", ' Did you mean "acme/"?'),
        ("acmee/id.pdf", ' Did you mean "acme/"?'),
        ("acme/résumé.PDF", ' Did you mean "résumé.pdf"?'),
    ],
)
def test_files_that_are_not_there(folder, root, relative, hint):
    """Names that no file bears or could bear, with what may have been meant; a name in another case is not taken."""
    for name in ("identity_proof.pdf", "résumé.pdf"):
        (root / "acme" / name).write_bytes(PDF)

    assert (Finding("document-not-found", details={"nearest": hint}),) == folder.look(relative).findings


@pytest.mark.parametrize(
    ("on_disk", "written"),
    [
        ("at 3.45\u202fPM.pdf", "at 3.45 PM.pdf"),
        ("at 3.45 PM.pdf", "at 3.45\u00a0PM.pdf"),
        ("a  b.pdf", "a b.pdf"),
        ("a\u200bb.pdf", "ab.pdf"),
        ("ab.pdf ", "ab.pdf"),
        ("\u202aab.pdf", "ab.pdf"),
        ("re\u0301sume\u0301 \u00a01.pdf", "r\u00e9sum\u00e9 1.pdf"),
        ("the\u00a0firm/a\u3000b.pdf", "the firm/a b.pdf"),
    ],
)
def test_file_whose_name_differs_in_blanks_alone_is_meant(folder, root, on_disk, written):
    """It is taken, and read again by the name that it has."""
    path = root / on_disk
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(PDF)

    facts = folder.look(written)

    assert (path, DIGEST) == (facts.path, facts.sha256)
    assert folder.read(document(facts)) == PDF


def test_of_several_files_that_differ_in_blanks_none_is_taken(folder, root):
    """The suggestion says which blank the name has, since both look the same."""
    for name in ("a\u202fb.pdf", "a\u00a0b.pdf"):
        (root / name).write_bytes(PDF)

    (finding,) = folder.look("a b.pdf").findings

    assert (
        ' Did you mean "a b.pdf"? In that name character 2 is U+202F NARROW NO-BREAK SPACE, in the cell U+0020 SPACE.'
        == finding.details["nearest"]
    )


@pytest.mark.parametrize(
    ("on_disk", "written", "told"),
    [
        ("id\u2011card.pdf", "id-card.pdf", "U+2011 NON-BREAKING HYPHEN, in the cell U+002D HYPHEN-MINUS"),
        ("id\u00a0Card.pdf", "id card.pdf", "U+00A0 NO-BREAK SPACE, in the cell U+0020 SPACE"),
        ("c\u0430rd.pdf", "card.pdf", "U+0430 CYRILLIC SMALL LETTER A, in the cell U+0061 LATIN SMALL LETTER A"),
    ],
)
def test_suggestion_names_the_character_that_one_cannot_see(folder, root, on_disk, written, told):
    """A name is never suggested in place of what looks the very same."""
    (root / on_disk).write_bytes(PDF)

    (finding,) = folder.look(written).findings

    assert finding.details["nearest"].endswith(f" is {told}.")


def test_what_is_no_document_is_never_meant(folder, root):
    """Workbooks, ledgers and reports beside the documents are not suggested; a scan of their name is."""
    for ending in ("csv", "xlsx", "ledger.jsonl", "report.xlsx", "annotated.xlsx", "tsv"):
        (root / f"identity_proof.{ending}").write_bytes(b"x")
        (root / f"i.{ending}").write_bytes(b"x")
    (root / "i.png").write_bytes(b"x")

    facts = folder.look_all(["identity_proof.pdf", "i.jpeg"])

    assert (Finding("document-not-found", details={"nearest": ""}),) == facts["identity_proof.pdf"].findings
    assert (Finding("document-not-found", details={"nearest": ' Did you mean "i.png"?'}),) == facts["i.jpeg"].findings


def test_suggestion_shows_no_number_of_a_person(folder, root):
    """A name that may be meant is masked as the cell itself is."""
    (root / "aadhaar 2345 6789 0124.pdf").write_bytes(PDF)

    (finding,) = folder.look("aadhaar 2345 6789 0123.pdf").findings

    assert ' Did you mean "aadhaar XXXX XXXX 0124.pdf"?' == finding.details["nearest"]


def test_folder_that_is_not_there(tmp_path):
    """Without the folder no document is there."""
    assert ["not-found"] == codes(DocumentFolder(tmp_path / "none").look("id.pdf"))


def test_very_many_missing_files_are_told_quickly(folder, root):
    """A folder with very many names, and as many names that are not there: no comparing of each with each."""
    for number in range(3000):
        (root / f"scan_{number:05d}.pdf").touch()

    facts = folder.look_all([f"scam_{number:05d}.pdf" for number in range(3000)])

    assert {("document-not-found",)} == {tuple(finding.code for finding in each.findings) for each in facts.values()}


@pytest.mark.parametrize(("written", "on_disk"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_may_be_written_either_way(folder, root, written, on_disk):
    """A name that Excel wrote in composed letters is found where a Mac wrote it in decomposed ones, and the reverse."""
    below = root / unicodedata.normalize(on_disk, "Société")
    below.mkdir()
    (below / unicodedata.normalize(on_disk, "pièce.pdf")).write_bytes(PDF)

    facts = folder.look(unicodedata.normalize(written, "Société/pièce.pdf"))

    assert DIGEST == facts.sha256
    assert PDF == folder.read(document(facts))


def test_things_that_are_no_files(folder, root, monkeypatch):
    """Folders, pipes and sockets are told at once, each by its name; nothing waits for the pipe's other end."""
    os.mkfifo(root / "pipe")
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")

        facts = folder.look_all(["acme", ".", "pipe", "socket"])

    assert [["not-a-file"]] * 4 == [codes(each) for each in facts.values()]
    assert ["a folder", "a folder", "a pipe", "a socket"] == [
        each.findings[0].details["what"] for each in facts.values()
    ]


def test_device_is_no_file():
    """A device is told as one, and not read: this one would never end."""
    assert (Finding("document-not-a-file", details={"what": "a device"}),) == DocumentFolder(Path("/dev")).look(
        "zero"
    ).findings


def test_several_hard_links_are_fine(folder, root):
    """One file under several names is a file."""
    (root / "twin.pdf").hardlink_to(root / "acme/id.pdf")

    assert ((), DIGEST) == (folder.look("twin.pdf").findings, folder.look("twin.pdf").sha256)


def test_file_that_cannot_be_read():
    """A file that is there, but whose reading fails, is unreadable (this one fails for root too)."""
    assert ["unreadable"] == codes(DocumentFolder(Path("/proc/self")).look("mem"))


@pytest.mark.parametrize("ending", ["pdf", "png"])
def test_limits(folder, root, ending):
    """Up to 5,000,000 bytes are fine, up to 5 MiB get a warning; beyond, only size and type are known."""
    sizes = (STRICT_LIMIT, STRICT_LIMIT + 1, DOCUMENT_LIMIT, DOCUMENT_LIMIT + 1)
    for size in sizes:
        (root / f"{size}.{ending}").write_bytes(made_document(f"scan.{ending}", size=size))

    facts = list(folder.look_all([f"{size}.{ending}" for size in sizes]).values())

    assert list(sizes) == [each.size for each in facts]
    assert [[], ["nearly-too-large"], ["nearly-too-large"], ["too-large"]] == [codes(each) for each in facts]
    assert [True, True, True, False] == [bool(each.sha256) for each in facts]
    assert facts[0].media_type == facts[-1].media_type != ""


def test_type_of_a_file_too_large_is_told(folder, root):
    """A photo of 12 MB is too large and a JPEG: both are worth knowing at once."""
    (root / "photo.pdf").write_bytes(b"\xff\xd8\xff\xe0".ljust(12_000_000))

    assert "image/jpeg" == folder.look("photo.pdf").media_type


def test_empty_file(folder, root):
    """Zero bytes are a finding, and no digest that two businesses could share."""
    (root / "empty.pdf").touch()

    assert FileFacts(root / "empty.pdf", findings=(Finding("document-empty"),)) == folder.look("empty.pdf")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("scan.pdf", PDF, []),
        ("SCAN.PDF", PDF, []),
        ("scan", PDF, []),
        ("scan.2024", PDF, []),
        ("scan.jpg.pdf", PDF, []),
        ("scan.png", PDF, ["misnamed"]),
        ("scan.PDF", png("x"), ["misnamed"]),
        ("scan.JPG", png("x"), ["misnamed"]),
        ("scan.docx", PDF, ["misnamed"]),
        ("scan.png", b"\xff\xd8\xff\xe0", ["misnamed", "truncated"]),
        ("scan.pdf", PDF[:-9], ["truncated"]),
        ("scan.png", png("x")[:-9], ["truncated"]),
        ("scan.pdf", b"\r\n" + PDF, ["damaged"]),
        ("scan.png", PDF.replace(b"<</Root", b"<</Encrypt<</V 4>>/Root") + b"x" * 2000,
         ["misnamed", "trailing-data", "encrypted"]),
    ],
)  # fmt: skip
def test_content_is_judged_with_the_name(folder, root, name, content, expected):
    """All that is wrong with a file is told at once; its digest is there all the same."""
    (root / name).write_bytes(content)

    facts = folder.look(name)

    assert (expected, hashlib.sha256(content).hexdigest()) == (codes(facts), facts.sha256)


def test_misnamed_file_is_told_what_it_is(folder, root):
    """The ending as written, what it really is, and the ending it should have."""
    (root / "scan.JPG").write_bytes(png("x"))

    (finding,) = folder.look("scan.JPG").findings

    assert Finding("document-misnamed", details={"ending": ".JPG", "found": "a PNG image", "right": ".png"}) == finding


def test_each_path_is_looked_at_once(folder):
    """Many paths come back under the names they were asked by."""
    facts = folder.look_all(["acme/id.pdf", "none.pdf"] * 50)

    assert {"acme/id.pdf": folder.look("acme/id.pdf"), "none.pdf": folder.look("none.pdf")} == facts


def test_nothing_stays_open(folder, root):
    """Looking leaves no descriptor behind, whatever it finds."""
    before = len(list(Path("/proc/self/fd").iterdir()))

    folder.look_all(["acme/id.pdf", "acme/none.pdf", "acme", "acme/id.pdf/x", "../x"])

    assert before == len(list(Path("/proc/self/fd").iterdir()))


def test_read_gives_the_bytes_that_were_hashed(folder):
    """An untouched document is read as it was."""
    assert PDF == folder.read(document(folder.look("acme/id.pdf")))


def test_read_gives_nothing_of_a_changed_document(folder, root):
    """Another content of the same size, another size, a link in its place, no file: each is no document any more."""
    looked = document(folder.look("acme/id.pdf"))
    file = root / "acme/id.pdf"

    file.write_bytes(PDF.replace(b"invented", b"replaced"))
    assert folder.read(looked) is None

    file.write_bytes(PDF + b"more")
    assert folder.read(looked) is None

    file.unlink()
    assert folder.read(looked) is None

    file.symlink_to(root.parent / "secret.pdf")
    assert folder.read(looked) is None


def test_folder_swapped_for_a_link_after_the_check(folder, root):
    """The very same bytes, but by way of a link that came between check and sending, are not read."""
    looked = document(folder.look("acme/id.pdf"))

    (root / "acme").rename(root.parent / "elsewhere")
    (root / "acme").symlink_to(root.parent / "elsewhere")

    assert PDF == (root / "acme/id.pdf").read_bytes()
    assert folder.read(looked) is None


def test_read_stays_below_the_folder(folder, root):
    """A document that lies elsewhere is not read, even with the right digest."""
    assert folder.read(Document("identity_proof", root.parent / "secret.pdf", len(PDF), DIGEST, "")) is None
    assert folder.read(Document("identity_proof", root / "../secret.pdf", len(PDF), DIGEST, "")) is None
