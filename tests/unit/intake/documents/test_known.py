"""What earlier looks told holds for a file as long as nothing about it has changed, and is never needed."""

import os
import stat
import time
from pathlib import Path

import pytest

from bulk_onboard.intake.documents import known as module
from bulk_onboard.intake.documents import pdf as pdf_module
from bulk_onboard.intake.documents.folder import DocumentFolder
from bulk_onboard.intake.documents.known import PAYS_FROM, KnownFacts
from bulk_onboard.model.application import Document, FileFacts
from tests.support.businesses import pdf
from tests.support.papers import paper

NAME = "Asha Invented/passport.pdf"


@pytest.fixture
def root(tmp_path) -> Path:
    """A documents folder with as many files as it pays to remember, made a while ago: one sound, the others empty."""
    root = tmp_path / "documents"
    (root / NAME).parent.mkdir(parents=True)
    (root / NAME).write_bytes(pdf("invented"))
    for number in range(PAYS_FROM):
        (root / f"{number}.pdf").touch()
    return root


@pytest.fixture(autouse=True)
def _later(monkeypatch):
    """Looks happen an hour after the files were made."""
    now_ns = time.time_ns() + 3600 * 10**9
    monkeypatch.setattr(module.time, "time_ns", lambda: now_ns)


def look(root: Path, *, with_text: bool = False) -> dict[str, FileFacts]:
    """One look at all files, which remembers; perhaps at their text."""
    known = KnownFacts(root.with_name("job.facts"))
    names = [NAME, *(f"{number}.pdf" for number in range(PAYS_FROM))]
    facts = DocumentFolder(root).look_all(names, known, legible=names if with_text else ())
    known.save()
    return facts


def forge(root: Path, *, with_text: bool = False) -> FileFacts:
    """Put facts that are not so in the remembered ones' place, so that whoever believes them shows it."""
    known = KnownFacts(root.with_name("job.facts"))
    path = root / NAME
    forged = FileFacts(path, 1, "f" * 64, "application/pdf")
    parts, file = tuple(NAME.split("/")), path.stat()
    for _ in range(PAYS_FROM):
        known.learn(parts, file, forged, with_text=with_text)
    known.save()
    return forged


def test_a_file_as_it_was_is_not_read_again(root):
    """What was remembered is told, findings included."""
    first = look(root)
    forged = forge(root)

    assert forged == look(root)[NAME]
    assert ("document-empty",) == tuple(finding.code for finding in first["0.pdf"].findings)


TEXT = ("Certificate of incorporation of Copper Heron Private Limited, CIN U72200KA2020PTC123456. " * 3, "page 1 of 1")


def test_text_is_told_each_time_and_never_kept(root):
    """Its document is looked at again, so that nothing of it is on the disk and both looks say the same."""
    (root / NAME).write_bytes(paper(*TEXT))
    first = look(root, with_text=True)
    kept = root.with_name("job.facts").read_text(encoding="utf-8").lower()

    assert first == look(root, with_text=True)
    assert first[NAME].paper
    assert first[NAME].sha256 not in kept
    assert not [word for word in ("copper", "heron", "123456") if word in kept]


def test_document_known_from_a_look_that_wanted_no_text_is_looked_at_again(root):
    """Whoever holds rows against texts does not miss one because somebody asked for less before."""
    (root / NAME).write_bytes(paper(*TEXT))
    look(root)

    assert look(root, with_text=True)[NAME].paper


def test_document_without_a_text_is_not_read_again(root):
    """A scan says nothing, and that is remembered."""
    look(root, with_text=True)
    forged = forge(root, with_text=True)

    assert forged == look(root, with_text=True)[NAME]


def test_document_that_broke_its_reader_is_not_remembered(root, monkeypatch):
    """The machine may have been too busy, so the next run asks again."""
    (root / NAME).write_bytes(paper("please crash"))
    with monkeypatch.context() as patched:
        patched.setattr(pdf_module, "_CHILD", "tests.support.fragile_reader")
        broken = look(root)[NAME]

    assert ["document-damaged"] == [finding.code for finding in broken.findings]
    assert () == look(root)[NAME].findings


def test_a_second_look_tells_the_same(root):
    """Facts and findings of all files."""
    assert look(root) == look(root)


def append(path: Path) -> None:
    """It grew."""
    with path.open("ab") as file:
        file.write(b"\n")


def rewrite_and_touch_back(path: Path) -> None:
    """As many other bytes, and the old mtime."""
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"invented", b"replaced"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(path: Path) -> None:
    """Another file takes its place, as old and as long."""
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("change", [append, rewrite_and_touch_back, replace])
def test_a_changed_file_is_read_again(root, change):
    """Also one that was touched back, or whose place another file took."""
    look(root)
    forge(root)

    change(root / NAME)

    assert DocumentFolder(root).look(NAME) == look(root)[NAME]


def test_a_file_changed_just_before_the_look_is_not_believed(root, monkeypatch):
    """It may change again within the same tick of the file system's clock."""
    changed_ns = (root / NAME).stat().st_mtime_ns
    monkeypatch.setattr(module.time, "time_ns", lambda: changed_ns + 10**9)
    look(root)
    forged = forge(root)

    assert forged != look(root)[NAME]


def test_other_checks_look_again(root, monkeypatch):
    """What another version of the checks told is worth nothing."""
    look(root)
    forged = forge(root)

    monkeypatch.setattr(module, "__version__", "another")

    assert forged != look(root)[NAME]


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"f" * 64 + b"\n{}", b'{"checks":"","salt":"","entries":{}}'], ids=repr
)
def test_a_broken_file_is_as_if_it_were_not_there(root, content):
    """It is ignored, and written anew."""
    facts = root.with_name("job.facts")
    first = look(root)
    facts.write_bytes(content)

    assert first == look(root)
    assert forge(root) == look(root)[NAME]


def test_a_flipped_bit_is_noticed(root):
    """Facts are believed whole or not at all."""
    look(root)
    forged = forge(root)
    facts = root.with_name("job.facts")
    facts.write_bytes(facts.read_bytes().replace(b"fff", b"eff", 1))

    assert forged != look(root)[NAME]


def test_a_link_or_a_pipe_in_its_place_is_not_followed(root, tmp_path):
    """Somebody's trick costs time, no more."""
    facts = root.with_name("job.facts")
    look(root)
    forged = forge(root)
    facts.rename(tmp_path / "elsewhere")
    facts.symlink_to(tmp_path / "elsewhere")

    assert forged != look(root)[NAME]

    facts.unlink()
    os.mkfifo(facts)

    assert look(root)


def test_it_names_nobody_and_is_this_users_alone(root):
    """Names of documents tell of people."""
    look(root)

    facts = root.with_name("job.facts")
    assert b"Asha" not in facts.read_bytes()
    assert b"passport" not in facts.read_bytes()
    assert 0o600 == stat.S_IMODE(facts.stat().st_mode)
    assert [facts] == list(facts.parent.glob("*facts*"))


def test_a_few_files_are_not_remembered(root):
    """They are read again sooner than anybody notices."""
    known = KnownFacts(root.with_name("job.facts"))

    DocumentFolder(root).look_all([NAME], known)
    known.save()

    assert not root.with_name("job.facts").exists()


def test_where_it_cannot_be_written_nothing_is_missed(root):
    """The facts are told all the same, and nothing unfinished stays."""
    facts = root.with_name("job.facts")
    facts.mkdir()

    assert look(root)
    assert [facts] == list(facts.parent.glob("*facts*"))


def test_documents_that_are_not_named_any_more_are_forgotten(root):
    """It holds the documents of one sheet, however long a job lives."""
    look(root)
    size = root.with_name("job.facts").stat().st_size
    for number in range(PAYS_FROM):
        (root / f"{number}.pdf").rename(root / f"new-{number}.pdf")
    known = KnownFacts(root.with_name("job.facts"))

    DocumentFolder(root).look_all([f"new-{number}.pdf" for number in range(PAYS_FROM)], known)
    known.save()

    assert root.with_name("job.facts").stat().st_size < 1.1 * size


def test_what_is_sent_is_hashed_whatever_is_remembered(root):
    """A wrong memory withholds a document; it never sends another one than was checked."""
    look(root)
    forge(root)
    facts = look(root)[NAME]

    document = Document("identity_proof", facts.path, facts.size, facts.sha256, facts.media_type)

    assert DocumentFolder(root).read(document) is None
