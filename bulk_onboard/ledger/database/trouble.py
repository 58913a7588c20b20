"""What an error of the database means, in words for people and with the exit status that follows.

What somebody has to change first is 2, what may be over by itself is 4 (docs/when_a_run_stops.md, Exit statuses).
"""

import re

import psycopg

from bulk_onboard.errors import BulkOnboardError, DatabaseError, UsageError
from bulk_onboard.ledger.database.address import HOW_TO_AUTHENTICATE, shown
from bulk_onboard.ledger.database.lease import DatabaseLease
from bulk_onboard.ledger.database.statements import Connection, last_number, owner_of
from bulk_onboard.model.command import set_up_store

SILENT = "the server does not answer"


def not_set_up(where: str) -> str:
    """Return what to do where there are no tables."""
    return f"{shown(where)} is not set up for ledgers yet. To make the tables, type: {set_up_store(where)}"


def explained(error: psycopg.Error, where: str) -> BulkOnboardError:
    """Return what an error of the database means for people."""
    name, words = shown(where), _words(error)
    if error.sqlstate is None and error.pgconn is not None and error.pgconn.needs_password:
        return UsageError(f"{name} asks for a password, and there is none. {HOW_TO_AUTHENTICATE}")
    for states, kind, sentence in _BY_STATE:
        if error.sqlstate and re.match(states, error.sqlstate):
            return kind(sentence.format(name=name, words=words, setup=set_up_store(where)))
    for pattern, kind, sentence in _BY_WORDS if error.sqlstate is None else ():
        if re.search(pattern, str(error), re.IGNORECASE):
            return kind(sentence.format(name=name, words=words))
    return DatabaseError(f"{name} failed: {words}. Run again; if that fails too, look into the server's log.")


def _words(error: psycopg.Error) -> str:
    """Return what the server or libpq said, in one line."""
    text = error.diag.message_primary or next((line for line in str(error).splitlines() if line.strip()), "")
    said = re.sub(r"^(.* failed: (FATAL: +)?|connection is bad: )", "", text.strip())
    return said.rstrip(".") or type(error).__name__


_Row = tuple[str, type[BulkOnboardError], str]

_BY_STATE: tuple[_Row, ...] = (  # the server's codes (its manual, PostgreSQL Error Codes)
    ("42P01|3F000", UsageError, "{name} is not set up for ledgers yet. To make the tables, type: {setup}"),
    (
        "42501",
        UsageError,
        "The role may not do this in {name}: {words}. Give it the rights, which `doctor` names, or use another role.",
    ),
    ("25006", UsageError, "{name} takes no writes ({words}). Name the primary server, and a role that may write."),
    ("28|3D", UsageError, "{name} does not let us in: {words}. Check the address, and who may connect."),
    ("42|0A|22", UsageError, "{name} does not do what PostgreSQL does: {words}. Use another server."),
    ("53100", DatabaseError, "The disk of {name} is full ({words}). Free space there, then run again."),
    ("53300", DatabaseError, "{name} has no connection free ({words}). End others or raise its limit, then run again."),
    ("57P0[1-3]", DatabaseError, "{name} is ending or beginning ({words}). Run again when it is there."),
    (
        "55P03",
        DatabaseError,
        "Somebody's transaction in {name} holds rows that we need ({words}). End it, then run again.",
    ),
)
_BY_WORDS: tuple[_Row, ...] = (  # where nobody tells a code: while connecting, or with a broken connection
    (
        "password authentication failed",
        *(UsageError, "{name} refuses the password ({words}). Check the file that PGPASSFILE names, and PGPASSWORD."),
    ),
    (
        'no pg_hba|(role|database|user) ".*" (does not exist|is not)|authentication failed|permission denied',
        *(UsageError, "{name} does not let us in: {words}. Check the address, and who may connect."),
    ),
    (
        r"invalid (port number|integer value|\w+ value)|bad value for|requires a value|replication connection",
        *(UsageError, "The address of {name} cannot be used: {words}. Change that."),
    ),
    (
        "does not support SSL",
        *(UsageError, "{name} speaks no TLS, so nobody would know who answers there. Switch TLS on at the server."),
    ),
    (
        "certificate|SSL error|tlsv1|root\\.crt",
        UsageError,
        (
            "The certificate of {name} cannot be trusted: {words}. Name the file of its authority in the address "
            "(?sslrootcert=/path/to/ca.pem), and the host as the certificate does."
        ),
    ),
    (
        "SSL negotiation|expected authentication request|invalid response|unexpected response|unsupported protocol",
        *(UsageError, "What answers at {name} is not PostgreSQL: {words}. Check host and port."),
    ),
    (
        "too many clients|connection slots|too many connections",
        *(DatabaseError, "{name} has no connection free ({words}). End others or raise its limit, then run again."),
    ),
    (
        "starting up|shutting down|recovery|not yet accepting",
        *(DatabaseError, "{name} is ending or beginning ({words}). Run again when it is there."),
    ),
    (
        "translate host name|resolve host|name or service|refused|timeout|no route|unreachable|no such file",
        *(DatabaseError, "Nobody answers at {name}: {words}. Check that the server is there, then run again."),
    ),
)


def lease_over(lease: DatabaseLease, where: str) -> DatabaseError:
    """Return why a ledger is not ours any more: its lease could not be prolonged in time."""
    return DatabaseError(
        f"The lease of {lease.account} in {shown(where)} ended before it could be prolonged, because this machine "
        "slept, was too busy, or could not reach the database. Nothing more is sent; run again, and what was in the "
        "middle of a call is settled then."
    )


def not_written(connection: Connection, lease: DatabaseLease, after: int, where: str) -> DatabaseError:
    """Return why lines that follow line `after` were not written."""
    owner = owner_of(connection, lease.account)
    if owner is not None and owner.name == lease.owner and owner.left_s > 0:
        return DatabaseError(
            f"Something else wrote to {lease.account} in {shown(where)}: its last line is number "
            f"{last_number(connection, lease.account)}, and this run knows of {after}. Nothing more is sent; find out "
            "what did, then run again."
        )
    if owner is None:
        return DatabaseError(f"{lease.account} is not in {shown(where)} any more. Nothing more is sent; run again.")
    if owner.name != lease.owner:
        return DatabaseError(
            f"{owner.words} has taken over {lease.account} in {shown(where)}: our lease had ended. Nothing "
            "more is sent from here."
        )
    return lease_over(lease, where)
