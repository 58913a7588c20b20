"""The PostgreSQL server that tests start is one in earnest, and nothing of it stays."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import Database

ROOT = Path(__file__).parents[2]
OWNER = """
import sys
from tests.support.postgres import Server, programs
with Server.opened(programs()) as server:
    print(server.folder, server.address(), flush=True)
    sys.stdin.read()
"""


def test_each_test_has_an_empty_database(postgres: Database) -> None:
    """Tables that a test makes are in its own."""
    postgres.execute("create table only_here (n int)")

    assert [("only_here",)] == postgres.execute("select relname from pg_class where relname like 'only%%'")
    assert [] == postgres.server.execute("select relname from pg_class where relname like 'only%%'")


def test_it_syncs_as_one_in_earnest(postgres: Database) -> None:
    """Neither fsync nor synchronous_commit is off."""
    assert [("on", "on")] == postgres.execute("select current_setting('fsync'), current_setting('synchronous_commit')")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_what_was_committed_survives_a_restart(postgres: Database, mode: str) -> None:
    """It answers at its old address, and its old connections are gone."""
    with psycopg.connect(postgres.address, autocommit=True) as connection:
        connection.execute("create table kept (n int)")
        postgres.server.restart(mode)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")

    assert [] == postgres.execute("select * from kept")


def test_a_pause_keeps_connections_and_answers_nothing(postgres: Database) -> None:
    """A statement that was sent meanwhile is answered when the server goes on."""
    with psycopg.connect(postgres.address, autocommit=True) as connection:
        postgres.server.pause()
        connection.pgconn.send_query(b"select 'late'")
        time.sleep(0.05)
        connection.pgconn.consume_input()
        assert connection.pgconn.is_busy()
        postgres.server.resume()
        result = connection.pgconn.get_result()
        assert connection.pgconn.get_result() is None

    assert result is not None
    assert b"late" == result.get_value(0, 0)


def test_it_ends_with_whoever_started_it_though_he_is_killed(postgres: Database) -> None:
    """No process and no folder stays."""
    with subprocess.Popen([sys.executable, "-c", OWNER], cwd=ROOT, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout is not None
        folder, address = process.stdout.readline().split()
        psycopg.connect(address).close()
        process.send_signal(signal.SIGKILL)
        process.wait()

    until = time.monotonic() + 60
    while Path(folder).exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(folder).exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address, connect_timeout=5)
