"""A ledger in a database is followed as it grows: only new lines are asked for, whatever becomes of it is told."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bulk_onboard.ledger.codec import decode
from bulk_onboard.ledger.database.store import PostgresStore
from bulk_onboard.ledger.fold import fold
from tests.unit.ledger.samples import ACCOUNT, ledger_of, run_started, story

WHOLE = ledger_of(story())
LINES = WHOLE.decode().splitlines()


class Ledger:
    """A ledger in a database that somebody else writes, and what follows it."""

    def __init__(self, postgres) -> None:
        self.postgres = postgres
        self.store = PostgresStore(
            postgres.address, Path("acme.ledger.jsonl"), job=ACCOUNT["job"], base_url=ACCOUNT["base_url"]
        )
        self.store.setup()
        self.follower = self.store.follow()

    def write(self, *lines: str, after: int = 0) -> None:
        for number, line in enumerate(lines, after + 1):
            self.postgres.execute("insert into bulk_onboard.entry values ('acme', %s, %s)", number, line)

    def delete(self, after: int = 0) -> None:
        self.postgres.execute("delete from bulk_onboard.entry where account = 'acme' and seq > %s", after)

    def rewrite(self, number: int, line: str) -> None:
        self.postgres.execute(
            "update bulk_onboard.entry set line = %s where account = 'acme' and seq = %s", line, number
        )


@pytest.fixture
def ledger(postgres) -> Ledger:
    return Ledger(postgres)


def test_ledger_that_is_not_there_yet_is_waited_for(ledger):
    """No trouble, no ledger; then it is there."""
    assert not ledger.follower.look()
    assert (False, "") == (ledger.follower.is_there, ledger.follower.trouble)

    ledger.write(*LINES)

    assert ledger.follower.look()
    assert (True, len(LINES)) == (ledger.follower.is_there, ledger.follower.ledger_state.seq)
    assert decode(LINES[-1].encode()).at == ledger.follower.newest_at


def test_every_way_to_cut_the_growth_leads_to_the_state_of_the_whole(ledger):
    """A look after each further line folds what a reader of all of them would; a look without news has none."""
    for number, line in enumerate(LINES):
        ledger.write(line, after=number)
        assert ledger.follower.look()
        assert not ledger.follower.look()
        assert "" == ledger.follower.trouble

    assert fold(WHOLE).ledger_state == ledger.follower.ledger_state


def test_only_new_lines_are_read(ledger, monkeypatch):
    """Of a ledger of many lines those are decoded that were appended, and nothing where none were."""
    ledger.write(*LINES[:-2])
    ledger.follower.look()
    decoded = []
    monkeypatch.setattr("bulk_onboard.ledger.follow.decode", lambda line: decoded.append(line) or decode(line))

    assert not ledger.follower.look()
    ledger.write(*LINES[-2:], after=len(LINES) - 2)

    assert ledger.follower.look()
    assert [line.encode() for line in LINES[-2:]] == decoded


def test_many_new_lines_are_read_in_chunks(ledger, monkeypatch):
    """None is left for the next look."""
    monkeypatch.setattr("bulk_onboard.ledger.database.statements.LINES_AT_A_TIME", 2)
    ledger.write(*LINES[:5])
    ledger.follower.look()
    ledger.write(*LINES[5:], after=5)

    ledger.follower.look()

    assert fold(WHOLE).ledger_state == ledger.follower.ledger_state


def test_ledger_that_was_purged_keeps_what_was_known(ledger):
    """That it is gone is told."""
    ledger.write(*LINES)
    ledger.follower.look()
    ledger.delete()

    assert ledger.follower.look()

    assert (False, len(LINES)) == (ledger.follower.is_there, ledger.follower.ledger_state.seq)
    assert "The ledger is gone" in ledger.follower.trouble


@pytest.mark.parametrize("lines", [1, 5])
def test_backup_that_was_put_back_is_read_from_its_beginning(ledger, lines):
    """Its own state is shown, and that it is another."""
    ledger.write(*LINES)
    ledger.follower.look()
    ledger.delete(after=lines)

    assert ledger.follower.look()

    assert (lines, True) == (ledger.follower.ledger_state.seq, ledger.follower.is_there)
    assert "replaced" in ledger.follower.restarted


def test_other_ledger_of_the_name_is_read_from_its_beginning(ledger):
    """Even one that is longer: the newest line known is another there."""
    ledger.write(*LINES[:6])
    ledger.follower.look()
    header, *others = story()
    ledger.delete()
    ledger.write(*ledger_of([replace(header, job="another"), run_started(), *others]).decode().splitlines())

    assert ledger.follower.look()

    assert ("another", "") == (ledger.follower.ledger_state.opened.job, ledger.follower.trouble)
    assert "replaced" in ledger.follower.restarted


@pytest.mark.parametrize("known", [4, 0])
def test_damage_keeps_the_last_good_state_and_is_got_over(ledger, known):
    """A bad line is told, whether or not those before it were known; once it is put right the rest is read."""
    if known:
        ledger.write(*LINES[:known])
        ledger.follower.look()
    ledger.write(*LINES[known:], after=known)
    ledger.rewrite(5, LINES[4].replace('"seq":5', '"seq":6'))

    ledger.follower.look()

    assert known == ledger.follower.ledger_state.seq
    assert "ine 5" in ledger.follower.trouble
    assert "the command `ledger verify` says more" in ledger.follower.trouble.lower()
    assert not ledger.follower.look()

    ledger.rewrite(5, LINES[4])
    ledger.follower.look()
    assert ("", len(LINES)) == (ledger.follower.trouble, ledger.follower.ledger_state.seq)


def test_bad_last_line_is_told(ledger):
    """No write of a database is torn, so somebody must see to it."""
    ledger.write(*LINES[:-1], LINES[-1][:30])

    ledger.follower.look()

    assert f"Line {len(LINES)}" in ledger.follower.trouble
    assert len(LINES) - 1 == ledger.follower.ledger_state.seq


def test_database_that_is_away_is_told_and_followed_again(ledger):
    """What was known is shown on."""
    ledger.write(*LINES[:4])
    ledger.follower.look()
    ledger.postgres.server.stop()

    ledger.follower.look()
    seen = (ledger.follower.trouble != "", ledger.follower.is_there, ledger.follower.ledger_state.seq)
    ledger.postgres.server.start()
    ledger.write(*LINES[4:], after=4)
    ledger.follower.look()

    assert (True, True, 4) == seen
    assert ("", len(LINES)) == (ledger.follower.trouble, ledger.follower.ledger_state.seq)
