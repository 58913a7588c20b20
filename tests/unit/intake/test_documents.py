"""The documents folder: what is in it, what is not, and that the bytes sent are the bytes hashed."""

import hashlib
import os
import socket
from pathlib import Path

import pytest

from bulk_onboard.intake.documents import DocumentFolder
from bulk_onboard.model.application import DOCUMENT_LIMIT, Document, FileFacts, FileTrouble

PDF = b"%PDF-1.7\ninvented\n%%EOF\n"
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
    ],
)
def test_paths_that_lead_out(folder, relative):
    """Absolute paths, dots that climb out, drives, network shares and homes are outside."""
    assert FileTrouble.OUTSIDE is folder.look(relative).trouble


def test_links_lead_out(folder, root):
    """A link is outside, as the file itself and on the way to it, wherever it points."""
    (root / "link.pdf").symlink_to(root / "acme/id.pdf")
    (root / "away").symlink_to(root.parent)
    (root / "dangling.pdf").symlink_to(root / "nothing")

    facts = folder.look_all(["link.pdf", "away/secret.pdf", "dangling.pdf"])

    assert {FileTrouble.OUTSIDE} == {each.trouble for each in facts.values()}


def test_folder_itself_may_be_a_link(folder, root):
    """Where the documents folder lies is the user's affair."""
    (root.parent / "link").symlink_to(root)

    assert DIGEST == DocumentFolder(root.parent / "link").look("acme/id.pdf").sha256


@pytest.mark.parametrize(
    "relative",
    ["acme/none.pdf", "none/id.pdf", "acme/id.pdf/x", "x" * 300, "a\0b.pdf", "\ud800.pdf", "x/" * 3000 + "y"],
)
def test_files_that_are_not_there(folder, relative):
    """Names that no file bears, and names that none could bear."""
    assert FileTrouble.NOT_FOUND is folder.look(relative).trouble


def test_folder_that_is_not_there(tmp_path):
    """Without the folder no document is there."""
    assert FileTrouble.NOT_FOUND is DocumentFolder(tmp_path / "none").look("id.pdf").trouble


def test_things_that_are_no_files(folder, root, monkeypatch):
    """Folders, pipes and sockets are told at once; nothing waits for the pipe's other end."""
    os.mkfifo(root / "pipe")
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")

        facts = folder.look_all(["acme", ".", "pipe", "socket"])

    assert {FileTrouble.NOT_A_FILE} == {each.trouble for each in facts.values()}


def test_file_that_cannot_be_read():
    """A file that is there, but whose reading fails, is unreadable (this one fails for root too)."""
    assert FileTrouble.UNREADABLE is DocumentFolder(Path("/proc/self")).look("mem").trouble


def test_limit_is_inclusive(folder, root):
    """A file of just the limit is hashed; one byte more and only its size is known."""
    (root / "most.pdf").write_bytes(PDF.ljust(DOCUMENT_LIMIT))
    (root / "more.pdf").write_bytes(PDF.ljust(DOCUMENT_LIMIT + 1))

    most, more = folder.look("most.pdf"), folder.look("more.pdf")

    assert (DOCUMENT_LIMIT, hashlib.sha256(PDF.ljust(DOCUMENT_LIMIT)).hexdigest()) == (most.size, most.sha256)
    assert FileFacts(root / "more.pdf", DOCUMENT_LIMIT + 1) == more


def test_empty_file_has_facts(folder, root):
    """Zero bytes are no trouble of the file system."""
    (root / "empty.pdf").touch()

    assert FileFacts(root / "empty.pdf", 0, hashlib.sha256(b"").hexdigest(), "") == folder.look("empty.pdf")


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


def test_read_stays_below_the_folder(folder, root):
    """A document that lies elsewhere is not read, even with the right digest."""
    assert folder.read(Document("identity_proof", root.parent / "secret.pdf", len(PDF), DIGEST, "")) is None
    assert folder.read(Document("identity_proof", root / "../secret.pdf", len(PDF), DIGEST, "")) is None
