"""Whether a server is fit to keep ledgers: what it says of itself, and what that means for people."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bulk_onboard.errors import UsageError
from bulk_onboard.ledger.database.address import shown
from bulk_onboard.ledger.database.statements import COMMENT, SCHEMA, VERSION, Connection
from bulk_onboard.ledger.database.trouble import not_set_up
from bulk_onboard.model.command import set_up_store
from bulk_onboard.units import format_list

OLDEST = 13
CLOCKS_APART_S = 5.0
NAMED_AT_MOST = 4

_RIGHTS: Mapping[str, tuple[str, ...]] = {
    "account": ("select", "insert", "update"),
    "entry": ("select", "insert"),
    "late": ("select", "insert"),
    "hint": ("select", "insert", "update", "delete"),
}
"""What ledgers need; of the tables of workers all is needed."""
_ALL_RIGHTS = "select, insert, update, delete"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a server says of itself.

    Attributes:
        number: its version, such as 150004.
        comment: of our schema; None where there is no such schema.
        lacking: the rights that the role has not, such as `insert on entry`, and tables that are not there.
        is_encrypted: whether the connection is.
        clock_s: seconds since 1970 by its clock.
        connections, connections_most: how many there are, and may be.
    """

    version: str
    number: int
    role: str
    is_standby: bool
    fsync: str
    synchronous_commit: str
    comment: str | None
    clock_s: float
    connections: int
    connections_most: int
    lacking: tuple[str, ...] = ()
    is_encrypted: bool = False


def facts(connection: Connection) -> Facts:
    """Ask the server for what matters to a ledger."""
    row = connection.execute(
        """
        select current_setting('server_version'), current_setting('server_version_num')::int, quote_ident(current_user),
            pg_is_in_recovery(), current_setting('fsync'), current_setting('synchronous_commit'),
            (select coalesce(obj_description(oid, 'pg_namespace'), '') from pg_namespace where nspname = %s),
            extract(epoch from clock_timestamp())::float8,
            (select count(*) from pg_stat_activity where backend_type = 'client backend'),
            current_setting('max_connections')::int
        """,
        [SCHEMA],
    ).fetchone()
    found = Facts(*row or ())
    lacking = () if found.comment is None else tuple(_lacking(connection))
    return replace(found, lacking=lacking, is_encrypted=connection.pgconn.ssl_in_use)


def _lacking(connection: Connection) -> Iterator[str]:
    """Yield the rights that our role has not, on our tables and on those of the workers."""
    found = connection.execute(
        """
        select relname::text, relkind = 'S', array[has_table_privilege(c.oid, 'select'),
            has_table_privilege(c.oid, 'insert'), has_table_privilege(c.oid, 'update'),
            has_table_privilege(c.oid, 'delete')],
            relkind = 'S' and has_sequence_privilege(c.oid, 'usage')
        from pg_class c join pg_namespace n on n.oid = relnamespace
        where nspname = %s and relkind in ('r', 'p', 'S') and has_schema_privilege(n.oid, 'usage')
        order by relname
        """,
        [SCHEMA],
    ).fetchall()
    if not found:
        yield f"usage on schema {SCHEMA}"
        return
    every = _ALL_RIGHTS.split(", ")
    tables: dict[str, list[bool]] = dict.fromkeys(_RIGHTS, [False] * len(every))
    tables |= {name: rights for name, is_sequence, rights, _ in found if not is_sequence}
    for table, rights in tables.items():
        has = dict(zip(every, rights, strict=True))
        yield from (f"{right} on {SCHEMA}.{table}" for right in _RIGHTS.get(table, every) if not has[right])
    yield from (f"usage on {SCHEMA}.{name}" for name, is_sequence, _, may_use in found if is_sequence and not may_use)


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at.

    Attributes:
        name: what it is, in a word or two.
        sentence: how it is; where something is wrong, with what to do about it.
        is_good: whether ledgers can be kept there as far as this goes.
        is_warning: whether something is odd about it all the same.
    """

    name: str
    sentence: str
    is_good: bool = True
    is_warning: bool = False


def looks(found: Facts, where: str, now: datetime) -> Iterator[Look]:
    """Yield all that was looked at, good or bad.

    Args:
        where: the address.
        now: this machine's own time when the facts were asked for.
    """
    name = shown(where)
    yield Look(
        "version",
        f"{name} is PostgreSQL {found.version}."
        if found.number >= OLDEST * 10_000
        else f"{name} is PostgreSQL {found.version}, and ledgers need {OLDEST} or newer. Use a newer server.",
        found.number >= OLDEST * 10_000,
    )
    yield Look(
        "primary",
        f"{name} is a standby, which takes no writes. Name the server that it follows."
        if found.is_standby
        else f"{name} takes writes.",
        not found.is_standby,
    )
    unsafe = [setting for setting in ("fsync", "synchronous_commit") if getattr(found, setting) == "off"]
    yield Look(
        "durability",
        f"{name} has {' and '.join(unsafe)} off{_of_role(unsafe, found)}, so it may forget what it has confirmed, and "
        "rows would be sent twice. Switch that on."
        if unsafe
        else f"{name} confirms only what is on its disk (fsync on, synchronous_commit {found.synchronous_commit}).",
        not unsafe,
    )
    yield _schema(found, where)
    apart_s = found.clock_s - now.timestamp()
    is_apart = abs(apart_s) > CLOCKS_APART_S
    yield Look("clock", clocks_apart(apart_s, where) if is_apart else f"{name} has our time.", is_warning=is_apart)
    free = found.connections_most - found.connections
    yield Look(
        "connections",
        f"{name} has {found.connections} of {found.connections_most} connections in use; each process here takes one.",
        is_warning=free < found.connections_most // 10,
    )


def _of_role(unsafe: list[str], found: Facts) -> str:
    return f" for the role {found.role}" if "synchronous_commit" in unsafe else ""


def _schema(found: Facts, where: str) -> Look:
    name = shown(where)
    if found.comment is None:
        return Look("schema", not_set_up(where), is_good=False)
    words, _, number = found.comment.rpartition(" ")
    if words != COMMENT or not number.isdecimal():
        why = f"{name} has a schema {SCHEMA} that is not ours, by its comment. Use another database, or rename that."
        return Look("schema", why, is_good=False)
    if int(number) != VERSION:
        age, what = ("newer", "install that") if int(number) > VERSION else ("older", f"type: {set_up_store(where)}")
        why = f"{name} is set up for a{'n' * (age == 'older')} {age} version of bulk-onboard; {what}."
        return Look("schema", why.removesuffix(".") if age == "older" else why, is_good=False)
    if found.lacking:
        why = (
            f"The role {found.role} lacks {format_list(found.lacking, at_most=NAMED_AT_MOST)} in {name}. As the owner "
            f"of the schema, type: GRANT USAGE ON SCHEMA {SCHEMA} TO {found.role}; "
            f"GRANT {_ALL_RIGHTS.upper()} ON ALL TABLES IN SCHEMA {SCHEMA} TO {found.role}; "
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {SCHEMA} TO {found.role};"
        )
        return Look("schema", why, is_good=False)
    return Look("schema", f"{name} is set up (version {number}), and the role {found.role} may write.")


def check(connection: Connection, where: str) -> None:
    """Raise UsageError unless ledgers can be kept in this database."""
    found = facts(connection)
    for look in looks(found, where, datetime.fromtimestamp(found.clock_s, UTC)):
        if not look.is_good:
            raise UsageError(look.sentence)


def check_before_setup(connection: Connection, where: str) -> None:
    """Raise UsageError unless the tables may be made here."""
    found = facts(connection)
    for look in looks(found, where, datetime.fromtimestamp(found.clock_s, UTC)):
        if not look.is_good and (look.name != "schema" or _is_of_others(found)):
            raise UsageError(look.sentence)


def _is_of_others(found: Facts) -> bool:
    """Return whether the schema is somebody else's, or newer than we are."""
    words, _, number = (found.comment or f"{COMMENT} 0").rpartition(" ")
    return words != COMMENT or not number.isdecimal() or int(number) > VERSION


def clocks_apart(seconds: float, where: str) -> str:
    """Return what follows from two clocks that differ; `seconds` is how much the database's is ahead."""
    ahead = "ahead of" if seconds > 0 else "behind"
    return (
        f"The clock of {shown(where)} is {abs(seconds):.0f} s {ahead} this machine's. The ledger goes by the "
        "database's; set both by a time server."
    )
