"""What is wrong with a server, a schema, or a statement, in words for people and with the exit status it means."""

import psycopg

from bulk_onboard.errors import BulkOnboardError, StoppedError, UsageError
from bulk_onboard.ledger.database.address import shown
from bulk_onboard.ledger.database.lease import DatabaseLease
from bulk_onboard.ledger.database.statements import Connection

SILENT = "the server did not answer in time"


def settle_session(connection: Connection) -> None:
    """Keep what is set for everybody on this server from ending our statements."""


def explained(error: psycopg.Error, where: str) -> BulkOnboardError:
    """Return what an error of the database means for people."""
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
        return UsageError(f"{shown(where)} is not set up for ledgers.")
    return StoppedError(f"The database {shown(where)} failed: {str(error).strip()}. Run again.")


def lease_over(account: str, where: str) -> StoppedError:
    return StoppedError(
        f"{account} in {shown(where)} is not ours any more: its lease ended before it could be renewed, so nothing "
        "more is sent. Run again; what was in the middle of a call is settled then."
    )


def not_written(_: Connection, lease: DatabaseLease, where: str) -> StoppedError:
    return lease_over(lease.account, where)
