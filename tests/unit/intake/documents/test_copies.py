"""A copy stands for the very file that it was made of, while it is what was made, and for no other."""

import hashlib
from datetime import date
from pathlib import Path

import pytest

from bulk_onboard.intake.documents.copies import (
    COPY_NAME,
    INDEX,
    Copies,
    Copy,
    Index,
    content_of_index,
    copy_name,
    is_copies_folder,
)
from bulk_onboard.intake.documents.folder import DocumentFolder
from bulk_onboard.model.application import DOCUMENT_LIMIT, FileFacts
from bulk_onboard.model.requirements import Contract
from tests.support.businesses import jpeg, pdf, png

SCAN, PDF = jpeg("a scan"), pdf("its copy")


def digest(content: bytes) -> str:
    """As the index has it."""
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    """A scan, and a copy of it."""
    documents, folder = tmp_path / "documents", tmp_path / "job.converted"
    documents.mkdir()
    folder.mkdir()
    (documents / "scan.jpg").write_bytes(SCAN)
    keep(folder, SCAN, PDF)
    return Copies(folder, DocumentFolder(documents))


def keep(folder: Path, scan: bytes, copy: bytes) -> None:
    """Put a copy of a scan into the folder."""
    name = copy_name(Path("scan.jpg"), digest(scan))
    (folder / name).write_bytes(copy)
    made = Copy(name, digest(copy), len(scan), 1, "put into a PDF", date(2026, 1, 2))
    (folder / INDEX).write_bytes(content_of_index(Index({digest(scan): made})))


def facts(copies: Copies, name: str = "scan.jpg", contract: Contract = Contract.BETA) -> FileFacts:
    """What a row with this path in its cell is judged by."""
    return copies.in_place(copies.originals.look_all([name]), contract)[name]


def test_copy_stands_for_its_file(copies):
    """With its own bytes and type, and a word that it is one; known by the digest of the file."""
    found = facts(copies)

    assert (digest(PDF), digest(SCAN), "application/pdf") == (found.sha256, found.origin, found.media_type)
    assert ["document-converted"] == [finding.code for finding in found.findings]
    assert PDF == DocumentFolder(copies.folder).root.joinpath(found.path.name).read_bytes()


def test_file_that_is_taken_needs_no_copy(copies):
    """A JPEG in the released contract; its content is the same, and so is what it is known by."""
    found = facts(copies, contract=Contract.RELEASED)

    assert (digest(SCAN), "") == (found.sha256, found.origin)


def test_changed_file_gets_no_copy_of_what_it_was(copies):
    """Under its old name; though it has as many bytes."""
    (copies.originals.root / "scan.jpg").write_bytes(jpeg("another"[:6]))

    assert "image/jpeg" == facts(copies).media_type


def test_renamed_file_keeps_its_copy(copies):
    """It is known by what is in it."""
    (copies.originals.root / "scan.jpg").rename(copies.originals.root / "other.jpg")

    assert digest(PDF) == facts(copies, "other.jpg").sha256


@pytest.mark.parametrize("other", [pdf("edited"), b"", PDF[:50]])
def test_changed_copy_does_not_count(copies, other):
    """What nobody has made of the file may be of another; the file itself is what is judged."""
    next(copies.folder.glob("*.pdf")).write_bytes(other)

    assert ("image/jpeg", digest(SCAN)) == (facts(copies).media_type, facts(copies).origin)


def test_removed_copy_does_not_count(copies):
    """Nor does it count as a change of the row."""
    next(copies.folder.glob("*.pdf")).unlink()

    assert ("image/jpeg", digest(SCAN)) == (facts(copies).media_type, facts(copies).origin)


@pytest.mark.parametrize("content", [b"", b"{", b'{"copies": 1}', b"\xff\xfe"])
def test_broken_index_is_none(copies, content):
    """As where nothing was ever converted."""
    (copies.folder / INDEX).write_bytes(content)

    assert "image/jpeg" == facts(copies).media_type


def test_file_that_is_too_large_is_known_by_all_of_it(copies):
    """Two scans with one beginning are two."""
    large = png("large" + "x" * DOCUMENT_LIMIT)
    (copies.originals.root / "large.png").write_bytes(large)
    keep(copies.folder, large, PDF)

    assert digest(PDF) == facts(copies, "large.png").sha256

    (copies.originals.root / "large.png").write_bytes(large[:-1] + b"\0")
    assert ["document-too-large"] == [finding.code for finding in facts(copies, "large.png").findings]


@pytest.mark.parametrize(
    "name", ["scan.jpg", "a b/ç é.tif", ".hidden.jpg", "~x.jpg", "x" * 200 + ".jpg", "\udce4.jpg", "…"]
)
def test_copy_has_a_name_that_any_file_may_have(tmp_path, name):
    """Its own, as far as that can be; it can be written, and is known as one of ours."""
    named = copy_name(Path(name), digest(SCAN))

    (tmp_path / named).touch()
    assert COPY_NAME.fullmatch(named)
    assert not named.startswith((".", "~"))


def test_folder_of_copies_is_known_by_its_index(copies, tmp_path):
    """Or is empty; a folder with other things in it is somebody's."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(copies.folder)

    assert [True, True, False, False, False] == [
        is_copies_folder(folder)
        for folder in (copies.folder, tmp_path / "empty", copies.originals.root, tmp_path / "none", tmp_path / "link")
    ]
