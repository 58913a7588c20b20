"""The tables of a store, and every statement.

    account  who owns which ledger until when, on which server it was written last, and of which job it is
    entry    the lines of the ledgers, numbered from 1
    late     lines that an owner wanted to write after its lease
    hint     records that changed at the API and were not read since
    task     what the cluster remembers of each account that was handed over

Each statement stands for itself and is its own transaction: between us and the server there may be a pooler that hands
each of them to another connection. All instants are `clock_timestamp()`, the database's own at that very moment.

A claim and a write of the same ledger cannot cross: both lock the account's row, and whoever waited for it looks at
owner and lease again.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import psycopg

from bulk_onboard.ledger.database import lease as leases
from bulk_onboard.ledger.database.lease import Owner

SCHEMA = "bulk_onboard"
VERSION = 1
_PROGRAM = "bulk-onboard"
COMMENT = f"{_PROGRAM} store"
LINES_AT_A_TIME = 2_000

_BROKEN = ".broken-"

Connection = psycopg.Connection[tuple[Any, ...]]

_MADE = f"""
create schema if not exists {SCHEMA};
create table if not exists {SCHEMA}.account (
    name text primary key,
    owner text not null,
    until timestamptz not null,
    seen text,
    ledger text,
    job text
);
create table if not exists {SCHEMA}.entry (
    account text not null,
    seq bigint not null,
    line text not null,
    primary key (account, seq)
);
create table if not exists {SCHEMA}.late (
    account text not null,
    owner text not null,
    at timestamptz not null default clock_timestamp(),
    line text not null
);
create index if not exists late_account on {SCHEMA}.late (account);
create table if not exists {SCHEMA}.hint (
    account text not null,
    compliance_id text not null,
    claim text not null default '',
    at timestamptz not null default clock_timestamp(),
    primary key (account, compliance_id, claim)
);
comment on schema {SCHEMA} is '{COMMENT} {VERSION}';
"""


_SESSION: Mapping[str, str | None] = {
    "statement_timeout": "0",
    "transaction_timeout": "0",
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": "{lock_ms}",
    "lock_timeout": "{lock_ms}",
    "default_transaction_isolation": "read committed",
    "synchronous_commit": None,  # as it is now, whatever somebody sets meanwhile
}


def settle_session(connection: Connection) -> None:
    """Keep what is set for everybody on this server from ending our statements, or from making them less safe.

    Behind a pooler this would be set for somebody else, so there the server's own settings hold, and nothing is
    prepared. A pooler is known by the number of the server's process: it is not the one told when we connected.
    """
    (process,) = connection.execute("select pg_backend_pid()").fetchone() or (0,)
    if process != connection.info.backend_pid:
        return
    connection.prepare_threshold = 3
    lock_ms = int(leases.TIMES.lock_s * 1000)
    connection.execute(
        """
        select set_config(name, coalesce(value, current_setting(name)), false)
        from unnest(%s::text[], %s::text[]) as wanted (name, value)
        where name in (select name from pg_settings)
        """,
        [
            list(_SESSION),
            [value and value.format(lock_ms=lock_ms) for value in _SESSION.values()],
        ],
    )


def make_schema(connection: Connection) -> None:
    """Make whatever of the tables is not there; two who do this at the same time take turns."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [COMMENT])
        connection.execute(_MADE.encode())


def version(connection: Connection) -> int | None:
    """Return the version of the schema; 0 where it is somebody else's, None where there is none."""
    row = connection.execute(
        "select coalesce(obj_description(oid, 'pg_namespace'), '') from pg_namespace where nspname = %s", [SCHEMA]
    ).fetchone()
    if row is None:
        return None
    words, _, number = row[0].rpartition(" ")
    return int(number) if words == COMMENT and number.isdecimal() else 0


@dataclass(frozen=True, slots=True)
class Whose:
    """Of which job a ledger is, as absolute paths: that of the file that it would be, and that of JOB."""

    ledger: str
    job: str


def whose(connection: Connection, account: str) -> Whose | None:
    """Return whose ledger this was when it was opened last; None where there is none, or nobody knows."""
    return dict(_noted(connection, "name = %s", [account])).get(account)


def _noted(connection: Connection, which: str, values: Sequence[str]) -> Iterator[tuple[str, Whose | None]]:
    """Yield the names of these ledgers, and whose they are."""
    query = f"""
        select name, ledger, job from {SCHEMA}.account
        where ({which}) and exists (select from {SCHEMA}.entry where account = name)
    """  # noqa: S608
    for name, ledger, job in connection.execute(query.encode(), values):
        yield name, Whose(ledger, job) if ledger and job else None


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim found.

    Attributes:
        at: when, as seconds since 1970 by the database's clock.
        seen: on which server the ledger was last known to be complete; empty for a new one.
    """

    at: float
    seen: str


def claim(connection: Connection, account: str, owner: str, whose: Whose) -> Claimed | None:
    """Own a ledger that nobody owns now, and note whose it is; None where somebody owns it."""
    row = connection.execute(
        f"""
        insert into {SCHEMA}.account as mine (name, owner, until, ledger, job)
        values (%s, %s, clock_timestamp() + %s * interval '1 second', %s, %s)
        on conflict (name) do update
            set owner = excluded.owner, until = clock_timestamp() + %s * interval '1 second',
                ledger = excluded.ledger, job = excluded.job
            where mine.until <= clock_timestamp()
        returning extract(epoch from clock_timestamp())::float8, coalesce(mine.seen, '')
        """,  # noqa: S608 - the schema's name is a constant, here and below
        [account, owner, leases.TIMES.lease_s, whose.ledger, whose.job, leases.TIMES.lease_s],
    ).fetchone()
    return None if row is None else Claimed(*row)


def renew(connection: Connection, owned: Mapping[str, str]) -> dict[str, float]:
    """Prolong the leases of these ledgers, by name with their owners.

    Return those that were prolonged, and the database's clock; what is not among them is over for good.
    """
    return dict(
        connection.execute(
            f"""
            update {SCHEMA}.account set until = clock_timestamp() + %s * interval '1 second'
            from unnest(%s::text[], %s::text[]) as mine (name, owner)
            where account.name = mine.name and account.owner = mine.owner and account.until > clock_timestamp()
            returning account.name, extract(epoch from clock_timestamp())::float8
            """,  # noqa: S608
            [leases.TIMES.lease_s, list(owned), list(owned.values())],
        ).fetchall()
    )


def give_back(connection: Connection, account: str, owner: str) -> None:
    """End a lease, so that the next owner need not wait for its end."""
    connection.execute(
        f"update {SCHEMA}.account set until = clock_timestamp()"  # noqa: S608
        " where name = %s and owner = %s and until > clock_timestamp()",
        [account, owner],
    )


def owner_of(connection: Connection, account: str) -> Owner | None:
    """Return who owned the ledger last; None where nobody ever did."""
    row = connection.execute(
        f"""
        select owner, extract(epoch from until - clock_timestamp())::float8, extract(epoch from until)::float8
        from {SCHEMA}.account where name = %s
        """,  # noqa: S608
        [account],
    ).fetchone()
    return None if row is None else Owner(*row)


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of one ledger that are to be written together.

    Attributes:
        after: the number of the line that they follow.
    """

    account: str
    owner: str
    after: int
    lines: Sequence[bytes]


def insert(connection: Connection, groups: Sequence[Lines]) -> dict[str, int]:
    """Write lines of several ledgers in one statement: all of them, or none where the database refuses.

    Those of a ledger are written only while its owner's lease holds, and only where the ledger ends. Return how many
    lines were written, by the ledger's name.
    """
    wanted = [
        {
            "account": group.account,
            "owner": group.owner,
            "after": group.after,
            "lines": [line.decode().removesuffix("\n") for line in group.lines],
        }
        for group in groups
    ]
    return dict(
        connection.execute(
            f"""
            with owned as materialized (
                select account.name, mine.after, mine.lines
                from json_to_recordset(%s::json) as mine (account text, owner text, after bigint, lines json)
                join {SCHEMA}.account on account.name = mine.account
                where account.owner = mine.owner and account.until > clock_timestamp()
                    and mine.after = (
                        select coalesce(max(seq), 0) from {SCHEMA}.entry where entry.account = mine.account
                    )
                for no key update of account
            ), written as (
                insert into {SCHEMA}.entry (account, seq, line)
                select owned.name, owned.after + added.number, added.line
                from owned, json_array_elements_text(owned.lines) with ordinality as added (line, number)
                on conflict do nothing
                returning account
            )
            select account, count(*) from written group by account
            """,  # noqa: S608
            [json.dumps(wanted)],  # one value, since psycopg takes long to write lists
        ).fetchall()
    )


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some lines of a ledger, each with its newline; `last` is the number of the last one."""

    content: bytes
    last: int


def read(connection: Connection, account: str, after: int) -> Chunk | None:
    """Return the lines after this number, not all at once; None where there are no more."""
    last, content = connection.execute(
        f"""
        select max(seq), string_agg(line || chr(10), '' order by seq)
        from (select seq, line from {SCHEMA}.entry where account = %s and seq > %s order by seq limit %s) as chunk
        """,  # noqa: S608
        [account, after, LINES_AT_A_TIME],
    ).fetchone() or (None, None)
    return None if last is None else Chunk(content.encode(), last)


def has_lines(connection: Connection, account: str) -> bool:
    """Return whether there is such a ledger."""
    query = f"select 1 from {SCHEMA}.entry where account = %s limit 1"  # noqa: S608
    return connection.execute(query, [account]).fetchone() is not None


def called(connection: Connection, begin: str) -> dict[str, Whose | None]:
    """Return the ledgers that are called so, or begin so with a dot behind it, by their names, and whose they are."""
    return dict(_noted(connection, "name = %s or starts_with(name, %s)", [begin, f"{begin}."]))


def last_number(connection: Connection, account: str) -> int:
    """Return the number of the ledger's last line; 0 where there is none."""
    query = f"select coalesce(max(seq), 0) from {SCHEMA}.entry where account = %s"  # noqa: S608
    (number,) = connection.execute(query, [account]).fetchone() or (0,)
    return int(number)


def place(connection: Connection) -> str:
    """Return what tells this database from one that was made of its backup, or of its standby.

    That is the number of the server's files, the database, the table, and the server's timeline, which changes when a
    backup is put back or a standby takes over. A service that does not tell the last is known by the others.
    """
    (here,) = connection.execute(
        f"""
        select concat_ws(':', (select system_identifier from pg_control_system()),
            (select oid from pg_database where datname = current_database()),
            pg_relation_filenode('{SCHEMA}.entry'::regclass))
        """  # noqa: S608
    ).fetchone() or ("",)
    try:
        (timeline,) = connection.execute("select left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)").fetchone() or (
            "",
        )
    except (psycopg.errors.FeatureNotSupported, psycopg.errors.InsufficientPrivilege):
        timeline = ""
    return f"{here}:{timeline}"


def is_elsewhere(connection: Connection, account: str) -> bool:
    """Return whether the ledger was last known to be complete on another server than this one."""
    row = connection.execute(f"select seen from {SCHEMA}.account where name = %s", [account]).fetchone()  # noqa: S608
    return row is not None and bool(row[0]) and row[0] != place(connection)


def note_place(connection: Connection, account: str, owner: str, seen: str | None) -> None:
    """Note on which server the owner knows the ledger to be complete; None for on none."""
    connection.execute(
        f"update {SCHEMA}.account set seen = %s where name = %s and owner = %s",  # noqa: S608
        [seen, account, owner],
    )


def add_late(connection: Connection, account: str, owner: str, lines: Sequence[bytes]) -> None:
    """Keep what an owner has to say after its lease; this needs none."""
    connection.execute(
        f"insert into {SCHEMA}.late (account, owner, line) select %s, %s, unnest(%s::text[])",
        [account, owner, [line.decode().removesuffix("\n") for line in lines]],
    )


def late(connection: Connection, account: str) -> list[bytes]:
    """Return the lines that owners wanted to write after their leases."""
    query = f"select line from {SCHEMA}.late where account = %s order by at"  # noqa: S608
    return [line.encode() for (line,) in connection.execute(query, [account])]


def purge(connection: Connection, account: str, owner: str) -> bool:
    """Delete whatever there is of a ledger that this owner has; return whether it still had it."""
    with connection.transaction():
        gone = connection.execute(
            f"delete from {SCHEMA}.account where name = %s and owner = %s and until > clock_timestamp()",  # noqa: S608
            [account, owner],
        )
        if not gone.rowcount:
            return False
        for table in ("entry", "late", "hint", *_tables_of_the_cluster(connection)):
            connection.execute(f"delete from {SCHEMA}.{table} where account = %s", [account])  # noqa: S608
        connection.execute(
            f"delete from {SCHEMA}.entry where starts_with(account, %s)",  # noqa: S608
            [f"{account}{_BROKEN}"],
        )
    return True


def _tables_of_the_cluster(connection: Connection) -> tuple[str, ...]:
    (there,) = connection.execute("select to_regclass(%s) is not null", [f"{SCHEMA}.task"]).fetchone() or (False,)
    return ("task",) if there else ()


def move_aside(connection: Connection, account: str) -> str:
    """Keep the lines of a damaged ledger under another name, which is returned; empty where there are none."""
    if not has_lines(connection, account):
        return ""
    names = (f"{account}{_BROKEN}{number}" for number in count(1))
    kept = next(name for name in names if not has_lines(connection, name))
    connection.execute(f"update {SCHEMA}.entry set account = %s where account = %s", [kept, account])  # noqa: S608
    return kept


def copy_in(connection: Connection, account: str, lines: Iterable[bytes]) -> None:
    """Write all lines of a ledger that has none."""
    with connection.cursor().copy(f"copy {SCHEMA}.entry (account, seq, line) from stdin") as copy:
        for seq, line in enumerate(lines, 1):
            copy.write_row((account, seq, line.decode().removesuffix("\n")))
