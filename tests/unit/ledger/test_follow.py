"""A ledger is followed as it grows, by somebody who does not write it: whatever happens to the file is told."""

import os

import pytest
from msgspec.structs import replace

from bulk_onboard.ledger import follow
from bulk_onboard.ledger.codec import decode
from bulk_onboard.ledger.fold import fold
from bulk_onboard.ledger.follow import FileFollower
from tests.unit.ledger.samples import ledger_of, run_started, story

WHOLE = ledger_of(story())
LINES = WHOLE.splitlines(keepends=True)


@pytest.fixture
def follower(path):
    return FileFollower(path)


def test_every_way_to_cut_the_growth_leads_to_the_state_of_the_whole(path, follower):
    """A look after each further byte, newlines or not, folds what a reader of the whole file would."""
    for size in range(0, len(WHOLE) + 1, 7):
        path.write_bytes(WHOLE[:size])
        follower.look()
        assert "" == follower.trouble
    path.write_bytes(WHOLE)
    follower.look()

    assert fold(WHOLE).ledger_state == follower.ledger_state


def test_only_new_lines_are_read(path, follower, monkeypatch):
    """A look at a ledger of many lines decodes those that were appended, and nothing where none were."""
    path.write_bytes(b"".join(LINES[:-2]))
    follower.look()
    decoded = []
    monkeypatch.setattr("bulk_onboard.ledger.follow.decode", lambda line: decoded.append(line) or decode(line))

    assert not follower.look()
    path.write_bytes(WHOLE)

    assert follower.look()
    assert [line.rstrip(b"\n") for line in LINES[-2:]] == decoded


def test_ledger_that_is_not_there_yet_is_waited_for(path, follower):
    """No trouble, no file; then it is there."""
    assert not follower.look()
    assert (False, "") == (follower.is_there, follower.trouble)

    path.write_bytes(WHOLE)

    assert follower.look()
    assert (True, len(LINES)) == (follower.is_there, follower.ledger_state.seq)
    assert decode(LINES[-1].rstrip(b"\n")).at == follower.newest_at


def test_ledger_that_goes_away_keeps_what_was_known(path, follower):
    """That it is gone is told; it is taken up again where it was once it is back, unchanged."""
    path.write_bytes(WHOLE)
    follower.look()
    path.rename(path.with_name("aside"))

    assert follower.look()
    assert (False, len(LINES)) == (follower.is_there, follower.ledger_state.seq)
    assert "The ledger is gone" in follower.trouble

    path.with_name("aside").rename(path)
    follower.look()
    assert (True, "", "") == (follower.is_there, follower.trouble, follower.restarted)


@pytest.mark.parametrize("lines", [1, 5])
def test_shorter_ledger_is_read_again(path, follower, lines):
    """A backup that was put back, or a file cut off: its own state is shown, and that it was shorter."""
    path.write_bytes(WHOLE)
    follower.look()
    path.write_bytes(b"".join(LINES[:lines]))

    assert follower.look()

    assert lines == follower.ledger_state.seq
    assert "shorter" in follower.restarted


def test_other_ledger_in_its_place_is_read_from_its_beginning(path, follower):
    """Even one that is longer: the bytes before the place are not those that were read."""
    path.write_bytes(b"".join(LINES[:6]))
    follower.look()
    header, *others = story()
    path.write_bytes(ledger_of([replace(header, job="another"), run_started(), *others]))

    assert follower.look()

    assert "replaced" in follower.restarted
    assert "another" == follower.ledger_state.opened.job


def test_damage_keeps_the_last_good_state_and_is_got_over(path, follower):
    """A line in the middle that is bad is told, with what to do; a ledger that was repaired is read again."""
    path.write_bytes(b"".join(LINES[:4]))
    follower.look()
    path.write_bytes(b"".join((*LINES[:4], LINES[4].replace(b'"seq":5', b'"seq":6'), *LINES[5:])))

    follower.look()

    assert 4 == follower.ledger_state.seq
    assert "Line 5" in follower.trouble

    path.write_bytes(WHOLE)
    follower.look()
    assert ("", len(LINES)) == (follower.trouble, follower.ledger_state.seq)


def test_damaged_from_the_start_is_told_with_what_to_do(path, follower):
    """As every reader of the ledger is told."""
    path.write_bytes(b"".join((*LINES[:3], b"x" + LINES[3], *LINES[4:])))

    follower.look()

    assert "ledger repair" in follower.trouble
    assert 0 == follower.ledger_state.seq


def test_unfinished_line_is_no_trouble(path, follower):
    """A run is writing it."""
    path.write_bytes(WHOLE + LINES[-1][:30])

    follower.look()

    assert ("", len(LINES)) == (follower.trouble, follower.ledger_state.seq)


def test_large_ledger_with_an_unfinished_line_is_read_from_its_beginning(path, follower, monkeypatch):
    """As that of a run that goes on, or was killed: the newest instant is that of the last whole line."""
    monkeypatch.setattr(follow, "_LAST_LINE", 1 + max(map(len, LINES)))
    path.write_bytes(WHOLE + LINES[-1][:20])

    assert follower.look()
    assert (len(LINES), "") == (follower.ledger_state.seq, follower.trouble)
    assert decode(LINES[-1].rstrip(b"\n")).at == follower.newest_at


@pytest.mark.parametrize("what", ["folder", "pipe"])
def test_what_is_no_file_is_told(path, follower, what):
    """And nobody waits for it."""
    if what == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)

    follower.look()

    assert follower.trouble
    assert not follower.is_there


def test_snapshot_does_not_change_any_more(path, follower):
    """Another thread may read it while the ledger grows."""
    path.write_bytes(b"".join(LINES[:6]))
    follower.look()
    before = follower.snapshot()
    known = dict(before.records)
    path.write_bytes(WHOLE)
    follower.look()

    assert known == before.records
    assert follower.ledger_state.records != before.records
