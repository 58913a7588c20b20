"""The file in which hints wait."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bulk_onboard.callbacks.spool import Spool, Waiting, spool_path


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "job.hints.jsonl")


def ids(spool: Spool) -> list[str]:
    return [each.compliance_id for each in spool.take()]


def test_it_lies_beside_the_ledger():
    """A job's name is the same for both."""
    assert Path("a/businesses.hints.jsonl") == spool_path(Path("a/businesses.ledger.jsonl"))
    assert Path("a/other.jsonl.hints.jsonl") == spool_path(Path("a/other.jsonl"))


def test_hints_wait_in_their_order_until_they_are_forgotten(spool):
    """Taking changes nothing; a record with several hints waits once; nothing but ids stands in the file."""
    spool.keep(["c1", "c2"])
    spool.keep(["c1"])

    before = ids(spool)
    spool.forget(spool.take()[:1])

    assert ["c1", "c2"] == before
    assert ["c2"] == ids(spool) == ids(Spool(spool.path))
    assert 0o600 == stat.S_IMODE(spool.path.stat().st_mode)


def test_hint_that_came_while_its_record_was_read_stays(spool):
    """Only what was taken is forgotten: the review may have changed after the reading."""
    spool.keep(["c1"])
    taken = spool.take()
    spool.keep(["c1"])

    spool.forget(taken)

    assert ["c1"] == ids(spool)


def test_marks_are_good_for_one_hint_only(spool):
    """Whoever is late and forgets again what is forgotten takes no newer hint with it."""
    spool.keep(["c1"])
    taken = spool.take()
    spool.forget(taken)
    spool.keep(["c1"])

    Spool(spool.path).forget(taken)

    assert ["c1"] == ids(spool)


def test_file_is_cut_once_nothing_waits(spool):
    """It does not grow for ever."""
    spool.keep(f"c{n}" for n in range(100))

    spool.forget(spool.take())

    assert 0 == spool.path.stat().st_size
    assert () == spool.take()


def test_full_file_keeps_nothing_more(tmp_path):
    """It says so, and what it has stays."""
    spool = Spool(tmp_path / "hints", most_bytes=50)

    assert [True, False] == [spool.keep(["c1"]), spool.keep(["c2"])]
    assert ["c1"] == ids(spool)


@pytest.mark.parametrize("end", [b'{"keep": "0', b"\xff\xff", b"[" * 9999, b'{"keep": 1, "compliance_id": "c9"}\n'])
def test_line_that_is_none_is_passed_over(spool, end):
    """A torn or damaged end costs no hint before it, nor one after it."""
    spool.keep(["c1"])
    with spool.path.open("ab") as file:
        file.write(end)

    spool.keep(["c2"])

    assert ["c1", "c2"] == ids(spool)


def test_where_no_hint_ever_came_there_is_no_file(spool):
    """Whoever only looks makes none."""
    spool.forget([Waiting("c1", ("mark",))])

    assert () == spool.take()
    assert not spool.path.exists()


def test_link_is_not_followed(spool, tmp_path):
    """Nobody can have it write elsewhere."""
    (tmp_path / "elsewhere").touch()
    spool.path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="symbolic"):
        spool.keep(["c1"])


def test_two_processes_lose_nothing(spool):
    """One keeps while the other takes and forgets: in the end each hint was taken, and none is left."""
    keep = "import sys; from pathlib import Path; from bulk_onboard.callbacks.spool import Spool\n"
    keep += "for n in range(200): Spool(Path(sys.argv[1])).keep([f'c{n}'])"
    seen: set[str] = set()

    with subprocess.Popen([sys.executable, "-c", keep, str(spool.path)], env=dict(os.environ)) as keeper:
        while keeper.poll() is None or spool.take():
            taken = spool.take()
            seen |= {each.compliance_id for each in taken}
            spool.forget(taken)

    assert {f"c{n}" for n in range(200)} == seen
