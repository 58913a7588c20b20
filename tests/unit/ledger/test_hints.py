"""The folder in which hints wait; what is so of every store is in tests/contract/test_hints.py."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bulk_onboard.ledger.hints import FileHints, hints_folder, is_hints_folder
from bulk_onboard.model.store import Claim


@pytest.fixture
def hints(tmp_path: Path) -> FileHints:
    return FileHints(tmp_path / "job.hints")


def test_it_lies_beside_the_ledger():
    """A job's name is the same for both."""
    assert Path("a/businesses.hints") == hints_folder(Path("a/businesses.ledger.jsonl"))
    assert Path("a/other.jsonl.hints") == hints_folder(Path("a/other.jsonl"))


def test_nobody_else_may_look_at_hints(hints):
    """The folder and its files are their owner's alone, and hold nothing but their names."""
    for compliance_id in ("c1", "c2", "c1"):
        hints.keep(compliance_id)

    assert 0o700 == stat.S_IMODE(hints.folder.stat().st_mode)
    assert {(0o600, 0)} == {(stat.S_IMODE(f.stat().st_mode), f.stat().st_size) for f in hints.folder.iterdir()}
    assert 2 == len(list(hints.folder.iterdir()))


def test_hint_is_on_disk_when_it_was_kept(hints, monkeypatch):
    """The folder that has it is written to disk, also where the file was there already; a new folder's parent, too."""
    synced: list[tuple[str, list[str]]] = []

    def fsync(fd: int) -> None:
        path = Path(f"/proc/self/fd/{fd}").readlink()
        synced.append((path.name, sorted(each.name for each in path.iterdir())))

    monkeypatch.setattr(os, "fsync", fsync)
    hints.keep("c1")
    hints.keep("c1")

    assert [(hints.folder.parent.name, ["job.hints"]), ("job.hints", ["c1"]), ("job.hints", ["c1"])] == synced


@pytest.mark.parametrize("compliance_id", ["c1", "A-b-C", "-", "a" * 64, "A" * 64, "com1"])
def test_every_id_has_its_own_file_and_comes_back(hints, compliance_id):
    """Also on a disk that does not tell capitals apart."""
    hints.keep(compliance_id)
    hints.keep(compliance_id.swapcase())

    assert {compliance_id, compliance_id.swapcase()} == set(hints.waiting())
    names = [path.name for path in hints.folder.iterdir()]
    assert len({name.casefold() for name in names}) == len(set(hints.waiting()))
    assert is_hints_folder(hints.folder)


def test_full_folder_takes_no_more(tmp_path):
    """It says so, and what it has stays; there is room again for what was forgotten."""
    hints = FileHints(tmp_path / "hints", most=1)
    hints.keep("c1")

    with pytest.raises(OSError, match="too many"):
        hints.keep("c2")
    hints.forget(hints.claim(["c1"]))
    hints.waiting()
    hints.keep("c2")

    assert ("c2",) == hints.waiting()


def test_files_of_others_are_no_hints(hints):
    """They are passed over, and tell that the folder is not ours alone."""
    hints.keep("c1")
    assert is_hints_folder(hints.folder)
    (hints.folder / "notes.txt").write_text("mine")

    hints.forget(hints.claim(hints.waiting()))

    assert ["notes.txt"] == [path.name for path in hints.folder.iterdir()]
    assert not is_hints_folder(hints.folder)


def test_where_no_hint_ever_came_there_is_no_folder(hints):
    """Whoever only looks makes none."""
    assert () == hints.waiting()
    hints.forget([Claim("c1", ())])

    assert not hints.folder.exists()


def test_link_is_not_followed(hints, tmp_path):
    """Nobody can have it write elsewhere."""
    (tmp_path / "elsewhere").mkdir()
    hints.folder.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match=r"job\.hints"):
        hints.keep("c1")

    assert [] == list((tmp_path / "elsewhere").iterdir())


def test_two_processes_lose_nothing(hints):
    """One keeps while the other claims and forgets: in the end each hint was claimed, and none is left."""
    keep = "import sys; from pathlib import Path; from bulk_onboard.ledger.hints import FileHints\n"
    keep += "for n in range(200): FileHints(Path(sys.argv[1])).keep(f'c{n}')"
    seen: set[str] = set()

    with subprocess.Popen([sys.executable, "-c", keep, str(hints.folder)], env=dict(os.environ)) as keeper:
        while keeper.poll() is None or hints.waiting():
            if waiting := hints.waiting():
                claims = hints.claim(waiting)
                seen |= {each.compliance_id for each in claims}
                hints.forget(claims)

    assert {f"c{n}" for n in range(200)} == seen
