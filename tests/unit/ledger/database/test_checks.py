"""What is wrong with a server, told in a sentence and with the exit status that it means."""

import asyncio
import os
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from bulk_onboard.errors import DatabaseError, UsageError
from bulk_onboard.ledger.database import checks, statements
from bulk_onboard.ledger.database.checks import Facts, looks
from bulk_onboard.ledger.database.link import linked
from bulk_onboard.ledger.database.store import set_up
from bulk_onboard.ledger.database.trouble import explained
from tests.support.certificates import make_certificates
from tests.support.postgres import MISSING, Server, programs
from tests.unit.ledger.database.test_store import filled, opened

NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
GOOD = Facts(
    version="15.4",
    number=150004,
    role="ann",
    is_standby=False,
    fsync="on",
    synchronous_commit="on",
    standbys="",
    comment="bulk-onboard store 1",
    clock_s=NOW.timestamp(),
    connections=3,
    connections_most=100,
)
WHERE = "postgresql://db.example.com/o"


def test_a_good_server_is_told_as_one():
    """Each look says what it saw."""
    found = list(looks(GOOD, WHERE, NOW))

    assert [] == [look for look in found if not look.is_good or look.is_warning]
    assert ["version", "primary", "durability", "schema", "clock", "connections"] == [look.name for look in found]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"number": 120007, "version": "12.7"}, "is PostgreSQL 12.7, and ledgers need 13 or newer"),
        ({"is_standby": True}, "is a standby, which takes no writes"),
        ({"fsync": "off"}, "has fsync off"),
        ({"synchronous_commit": "off"}, "has synchronous_commit off for the role ann"),
        (
            {"comment": None},
            "is not set up for ledgers yet.*type: bulk-onboard store setup postgresql://db.example.com/o",
        ),
        ({"comment": "bulk-onboard store 2"}, "a newer version of bulk-onboard; install that"),
        ({"comment": "bulk-onboard store 0"}, "an older version of bulk-onboard; type: bulk-onboard store setup"),
        ({"comment": "of somebody else"}, "has a schema bulk_onboard that is not ours"),
        ({"lacking": ("insert on bulk_onboard.entry",)}, "lacks insert on bulk_onboard.entry.*GRANT USAGE"),
    ],
)
def test_what_is_bad_is_told_with_what_to_do(change, sentence):
    """One look of them says it."""
    (bad,) = [look for look in looks(replace(GOOD, **change), WHERE, NOW) if not look.is_good]
    assert re.search(sentence, bad.sentence), bad.sentence


@pytest.mark.parametrize("setting", ["local", "remote_write", "remote_apply"])
def test_what_is_as_good_is_taken(setting):
    """Lines are on the server's own disk."""
    found = replace(GOOD, synchronous_commit=setting, standbys="b")
    assert all(look.is_good for look in looks(found, WHERE, NOW))


@pytest.mark.parametrize(
    ("change", "name"), [({"clock_s": NOW.timestamp() - 6}, "clock"), ({"connections": 95}, "connections")]
)
def test_what_is_odd_is_warned_of(change, name):
    """And keeps nobody from anything."""
    assert [name] == [look.name for look in looks(replace(GOOD, **change), WHERE, NOW) if look.is_warning]


async def test_a_server_of_the_tests_is_good(ready):
    """By what it says of itself."""
    with linked(ready.address) as link:
        found = link.ask(checks.facts)
    assert all(look.is_good for look in looks(found, ready.address, datetime.now(UTC)))


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("drop schema bulk_onboard cascade", "is not set up"),
        ("comment on schema bulk_onboard is 'bulk-onboard store 9'", "newer version"),
        ("alter database {name} set synchronous_commit = off", "synchronous_commit off"),
    ],
)
async def test_a_ledger_is_not_opened_where_it_could_not_be_kept(ready, store_at, statement, sentence):
    """It is 2, before anything was written; so is the next time."""
    ready.execute(statement.format(name=ready.name))
    store = store_at(address=f"{ready.address}?keepalives=1")  # a connection of its own
    for _ in range(2):
        with pytest.raises(UsageError, match=sentence):
            async with opened(store):
                pass


async def test_tables_of_somebody_else_or_of_a_newer_version_are_left_alone(ready):
    """Setting up says so."""
    for comment in ("bulk-onboard store 9", "mine"):
        ready.execute(f"comment on schema bulk_onboard is '{comment}'")
        with pytest.raises(UsageError, match=r"newer version|not ours"):
            await asyncio.to_thread(set_up, ready.address)
    assert [("mine",)] == ready.execute("select obj_description('bulk_onboard'::regnamespace)")


@pytest.fixture
def reader(ready) -> Iterator[str]:
    """The address for a role that may read, and nothing else."""
    role = f"reader-{ready.name}"
    ready.execute(f'create role "{role}" login')
    ready.execute(f'grant usage on schema bulk_onboard to "{role}"')
    ready.execute(f'grant select on all tables in schema bulk_onboard to "{role}"')
    yield ready.address.replace("postgres@", f"{role}@")
    ready.execute(f'drop owned by "{role}"')
    ready.execute(f'drop role "{role}"')


async def test_a_role_that_may_only_read_reads(store, store_at, reader):
    """And is told which rights it lacks when it wants to write, with the statement that gives them."""
    await filled(store)
    its = store_at(address=reader)

    assert 7 == its.read().seq
    with pytest.raises(UsageError, match=r"lacks insert on bulk_onboard\.account, .*GRANT SELECT, INSERT"):
        async with opened(its):
            pass
    with pytest.raises(UsageError, match="may not do this"):
        its.hints.keep("id")
    with pytest.raises(UsageError, match="may not do this"):
        set_up(reader)


async def test_the_statement_that_is_told_gives_the_rights(ready, store_at, reader):
    """It can be pasted."""
    its = store_at(address=reader)
    with pytest.raises(UsageError) as refused:
        async with opened(its):
            pass
    for statement in re.findall(r"GRANT [^;]*;", str(refused.value)):
        ready.execute(statement)
    async with opened(its) as journal:
        assert journal.is_new


# Who cannot connect.


@pytest.fixture(scope="module")
def guarded(tmp_path_factory) -> Iterator[Server]:
    """A server with TLS that asks for passwords; `ann` has one."""
    binaries = programs()
    if binaries is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    with Server.opened(binaries) as server:
        server.execute("create role ann login password 'right'")
        for name in ("good.pem", "good.key"):
            shutil.copy(folder / name, server.data / name)
            (server.data / name).chmod(0o600)
            shutil.chown(server.data / name, *(server.data.owner(), server.data.group()))
        for setting, value in {"ssl": "on", "ssl_cert_file": "good.pem", "ssl_key_file": "good.key"}.items():
            server.execute(f"alter system set {setting} = '{value}'")
        (server.data / "pg_hba.conf").write_text(
            "host all postgres 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
        )
        server.restart()
        server.authority = folder / "authority.pem"  # type: ignore[attr-defined]
        yield server


def ask(address: str) -> object:
    """Ask anything of a database."""
    with linked(address) as link:
        return link.ask(statements.version)


@pytest.mark.cluster
class TestConnecting:
    """Each is 2 with what to do, and nothing that is secret is repeated."""

    @pytest.fixture(autouse=True)
    def _address(self, guarded: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self.safe = f"sslmode=verify-full&sslrootcert={guarded.authority}"  # type: ignore[attr-defined]
        self.ann = f"postgresql://ann@127.0.0.1:{guarded.port}/postgres?{self.safe}"

    def test_the_password_is_in_a_file_of_its_own(self, monkeypatch, tmp_path, guarded):
        """PGPASSFILE names it; the connection is encrypted."""
        file = tmp_path / "passwords"
        file.write_text("*:*:*:ann:right\n")
        file.chmod(0o600)
        monkeypatch.setenv("PGPASSFILE", str(file))
        with linked(f"{self.ann}&keepalives_idle=21") as link:
            assert link.ask(checks.facts).is_encrypted

    def test_no_password(self):
        """It says where one belongs."""
        with pytest.raises(UsageError, match=r"asks for a password, and there is none.*PGPASSFILE"):
            ask(self.ann)

    def test_a_wrong_password(self, monkeypatch):
        """It is told apart from none."""
        monkeypatch.setenv("PGPASSWORD", "wrong")
        with pytest.raises(UsageError, match=r'refuses the password.*password authentication failed for user "ann"'):
            ask(self.ann)

    @pytest.mark.parametrize(
        ("role", "database", "what"), [("nobody", "postgres", "ann|nobody"), ("postgres", "none", "none")]
    )
    def test_no_such_role_or_database(self, monkeypatch, guarded, role, database, what):
        """Some servers do not tell a role that is not there from a wrong password."""
        monkeypatch.setenv("PGPASSWORD", "wrong")
        with pytest.raises(UsageError, match=what):
            ask(f"postgresql://{role}@127.0.0.1:{guarded.port}/{database}?{self.safe}")

    def test_a_certificate_of_an_unknown_authority(self, guarded, tmp_path):
        """Or one for another name."""
        other = tmp_path / "other"
        other.mkdir()
        make_certificates(other)
        for address in (
            f"postgresql://ann@127.0.0.1:{guarded.port}/postgres?sslmode=verify-full&sslrootcert={other}/authority.pem",
            self.ann.replace("127.0.0.1", "localhost"),
        ):
            with pytest.raises(UsageError, match=r"certificate of .* cannot be trusted"):
                ask(address)

    def test_a_server_without_tls(self, postgres):
        """Where the address asks for it."""
        with pytest.raises(UsageError, match="speaks no TLS"):
            ask(f"{postgres.address}?{self.safe}")

    def test_a_connection_without_tls_where_the_server_wants_it(self, guarded):
        """It is the server that refuses."""
        with pytest.raises(UsageError, match=r"does not let us in: no pg_hba.conf entry"):
            ask(f"postgresql://ann@127.0.0.1:{guarded.port}/postgres?sslmode=disable")


def test_nobody_there_may_be_over_by_itself():
    """So it is 4."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(DatabaseError, match=r"Nobody answers at .*refused"):
            ask(f"postgresql://127.0.0.1:{taken.getsockname()[1]}/o")


def test_what_is_no_postgresql_is_told():
    """Such as a web server."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                connection.recv(100)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.close()

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(UsageError, match=r"What answers at .* is not PostgreSQL"):
            ask(f"postgresql://127.0.0.1:{listening.getsockname()[1]}/o")
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("words", "kind", "sentence"),
    [
        ("FATAL:  the database system is starting up", DatabaseError, "is ending or beginning"),
        ("FATAL:  the database system is shutting down", DatabaseError, "is ending or beginning"),
        ("FATAL:  the database system is not yet accepting connections", DatabaseError, "is ending or beginning"),
        ("FATAL:  sorry, too many clients already", DatabaseError, "no connection free"),
        ("FATAL:  remaining connection slots are reserved", DatabaseError, "no connection free"),
        ('could not translate host name "db" to address: Name or service not known', DatabaseError, "Nobody answers"),
        ("timeout expired", DatabaseError, "Nobody answers"),
        ('FATAL:  permission denied for database "o"', UsageError, "does not let us in"),
        ('FATAL:  role "ann" is not permitted to log in', UsageError, "does not let us in"),
        ('FATAL:  database "o" is not currently accepting connections', UsageError, "does not let us in"),
        ("FATAL:  der Datenbankserver fährt herunter", DatabaseError, "failed: der Datenbankserver"),
    ],
)
def test_what_is_said_before_there_is_a_connection(words, kind, sentence):
    """There it comes without a code."""
    error = psycopg.OperationalError(f'connection failed: connection to server at "127.0.0.1", port 1 failed: {words}')
    told = explained(error, WHERE)
    assert kind is type(told)
    assert sentence in str(told)
    assert "port 1" not in str(told)


@pytest.mark.parametrize(
    "parameter",
    ["keepalives_idle=x", "sslmode=foo", "target_session_attrs=foo", "connect_timeout=soon", "port=5x", "port=99999"],
)
def test_a_parameter_that_libpq_does_not_take(parameter):
    """Nobody was asked, and nobody will be before it is changed."""
    with pytest.raises(UsageError, match=r"(address of .* cannot be used: |no address of a database: )(invalid|bad) "):
        ask(f"postgresql://127.0.0.1:1/o?{parameter}")


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        *(("53100", DatabaseError), ("53300", DatabaseError), ("57P01", DatabaseError), ("57P03", DatabaseError)),
        *(("55P03", DatabaseError), ("40001", DatabaseError), ("XX000", DatabaseError), ("57014", DatabaseError)),
        *(("42P01", UsageError), ("3F000", UsageError), ("42501", UsageError), ("25006", UsageError)),
        *(("28000", UsageError), ("3D000", UsageError), ("42883", UsageError)),
    ],
)
def test_codes_of_the_server(state, kind):
    """What somebody has to change first is 2, the rest 4."""
    assert kind is type(explained(psycopg.errors.lookup(state)("said"), WHERE))
